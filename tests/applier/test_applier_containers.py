"""Container limits follow the size so that the revision is legal; limits of several containers are never cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.applier.containers import fit_containers
from advisor.domain.inventory import Container, TaskDefinition
from advisor.domain.service import OperatingSystem, TaskSize
from advisor.fargate.sizes import legal_sizes

SIZE = TaskSize(cpu=1024, memory=2048)


def task(*containers: Container, size: TaskSize = SIZE, os: OperatingSystem = "LINUX") -> TaskDefinition:
    return TaskDefinition(arn="arn:1", family="f", revision=1, size=size, os=os, containers=containers)


def only(**limits: int) -> TaskDefinition:
    return task(Container(name="app", **limits))  # type: ignore[arg-type]


def size(cpu: int, memory: int) -> TaskSize:
    return TaskSize(cpu=cpu, memory=memory)


@pytest.mark.parametrize(
    ("held", "new", "changed"),
    [
        ({}, size(512, 1024), {}),
        ({"cpu": 256, "memory": 512}, size(512, 1024), {}),
        ({"cpu": 1024, "memory": 2048}, size(512, 1024), {"cpu": 512, "memory": 1024}),
        ({"memory": 2048}, size(1024, 4096), {"memory": 4096}),
        ({"memory": 1024}, size(1024, 4096), {"memory": 4096}),
        ({"memory_reservation": 2048}, size(512, 1024), {"memoryReservation": 1024}),
        ({"memory": 2048, "memory_reservation": 1536}, size(512, 1024), {"memory": 1024, "memoryReservation": 1023}),
        ({"cpu": 1024}, size(2048, 4096), {}),
    ],
)
def test_an_only_container_follows_the_task(held: dict[str, int], new: TaskSize, changed: dict[str, int]) -> None:
    found = fit_containers(only(**held), new)
    assert found == ([{"name": "app", **changed}] if changed else [])


def test_shares_of_several_containers_shrink_in_proportion() -> None:
    definition = task(Container(name="app", cpu=768), Container(name="proxy", cpu=256))
    assert fit_containers(definition, size(512, 1024)) == [{"name": "app", "cpu": 384}, {"name": "proxy", "cpu": 128}]


def test_windows_shares_are_absolute_so_they_grow_with_the_task() -> None:
    definition = task(Container(name="app", cpu=1024), os="WINDOWS")
    assert fit_containers(definition, size(2048, 4096)) == [{"name": "app", "cpu": 2048}]


@pytest.mark.parametrize(
    ("containers", "new", "reason"),
    [
        ((Container(name="a", memory=1536), Container(name="b")), size(512, 1024), "1536 MiB does not fit"),
        ((Container(name="a", memory=1024), Container(name="b", memory=512)), size(512, 1024), "set aside 1536"),
        ((Container(name="a", memory=1024), Container(name="b", memory=512)), size(1024, 4096), "not reach them"),
    ],
)
def test_limits_of_several_containers_are_never_cut(
    containers: tuple[Container, ...], new: TaskSize, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        fit_containers(task(*containers), new)


def test_memory_that_grows_only_because_the_cpu_does_is_no_obstacle() -> None:
    definition = task(Container(name="a", memory=1024), Container(name="b", memory=512))
    assert fit_containers(definition, size(4096, 8192)) == []


SIZES = st.sampled_from(legal_sizes())


@st.composite
def legal_tasks(draw: st.DrawFn) -> TaskDefinition:
    held = draw(SIZES)
    count = draw(st.integers(1, 4))
    cpu, memory = held.cpu // count, held.memory // count
    containers = []
    for number in range(count):
        limit = draw(st.none() | st.integers(8, memory))
        reserved = draw(st.none() | st.integers(4, (limit or memory + 1) - 1))
        share = draw(st.none() | st.integers(0, cpu))
        containers.append(Container(name=f"c{number}", cpu=share, memory=limit, memory_reservation=reserved))
    return task(*containers, size=held, os=draw(st.sampled_from(["LINUX", "WINDOWS"])))


@given(legal_tasks(), SIZES)
def test_what_fits_is_legal(definition: TaskDefinition, new: TaskSize) -> None:
    try:
        changes = {c["name"]: c for c in fit_containers(definition, new)}
    except ValueError:
        return
    shares, set_aside = 0, 0
    for held in definition.containers:
        change = changes.get(held.name, {})
        limit = change.get("memory", held.memory)
        reserved = change.get("memoryReservation", held.memory_reservation)
        shares += change.get("cpu", held.cpu) or 0
        set_aside += reserved or limit or 0
        assert limit is None or limit <= new.memory
        assert limit is None or reserved is None or reserved < limit
    assert shares <= new.cpu
    assert set_aside <= new.memory
