"""Sizes: the whole table, both spellings, and refusals that name what to take instead."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.domain.errors import InputRefused, SizeRefused
from advisor.domain.service import TaskSize
from advisor.domain.units import CpuUnits, Mib
from advisor.fargate.sizes import check_size, legal_sizes, nearest_sizes, parse_cpu, parse_memory

# RegisterTaskDefinition of botocore 1.44.5, in its own words: vCPU, first GB, last GB, step in GB.
TABLE = [(0.5, 1, 4, 1), (1, 2, 8, 1), (2, 4, 16, 1), (4, 8, 30, 1), (8, 16, 60, 4), (16, 32, 120, 8)]
LINUX = {(0.25, 0.5), (0.25, 1), (0.25, 2)} | {
    (vcpu, gb) for vcpu, first, last, step in TABLE for gb in range(first, last + 1, step)
}
WINDOWS = {(vcpu, gb) for vcpu, gb in LINUX if vcpu in (1, 2, 4)}


def pairs(sizes: tuple[TaskSize, ...]) -> set[tuple[float, float]]:
    return {(size.vcpu, size.gib) for size in sizes}


@pytest.mark.parametrize("architecture", ["X86_64", "ARM64"])
def test_linux_has_74_sizes_on_either_architecture(architecture: str) -> None:
    sizes = legal_sizes("LINUX", architecture)  # type: ignore[arg-type]
    assert pairs(sizes) == LINUX
    assert len(sizes) == 74
    assert sizes == tuple(sorted(sizes))


def test_windows_has_43_sizes_and_none_on_arm() -> None:
    assert pairs(legal_sizes("WINDOWS")) == WINDOWS
    assert len(legal_sizes("WINDOWS")) == 43
    assert legal_sizes("WINDOWS", "ARM64") == ()


@pytest.mark.parametrize(("os", "table"), [("LINUX", LINUX), ("WINDOWS", WINDOWS)])
def test_a_size_is_taken_if_and_only_if_it_is_in_the_table(os: str, table: set[tuple[float, float]]) -> None:
    taken = set()
    for cpu in (0, 128, 256, 512, 768, 1024, 2048, 4096, 8192, 16384, 32768):
        for memory in range(0, 122880 + 4096, 512):
            size = TaskSize(cpu=CpuUnits(cpu), memory=Mib(memory))
            with suppress(SizeRefused):
                check_size(size, os=os, architecture="X86_64", where="here")  # type: ignore[arg-type]
                taken |= pairs((size,))
    assert taken == table


def test_a_refusal_names_where_which_and_what_to_take() -> None:
    with pytest.raises(SizeRefused) as caught:
        check_size(
            TaskSize.of(vcpu=0.25, gib=3), os="LINUX", architecture="X86_64", where="inventory.json: services[2]"
        )
    text = str(caught.value)
    assert text.startswith("inventory.json: services[2]: not a Fargate size: 'cpu 256 with memory 3072 MiB'. ")
    assert "take cpu 256 with memory 2048 MiB or cpu 512 with memory 3072 MiB" in text
    assert "\n" not in text
    assert caught.value.exit_code == 2
    assert isinstance(caught.value, InputRefused)


def test_a_linux_size_is_refused_on_windows_and_every_size_on_windows_arm() -> None:
    small = TaskSize.of(vcpu=0.5, gib=1)
    check_size(small, os="LINUX", architecture="ARM64", where="here")
    with pytest.raises(SizeRefused, match="43 pairs"):
        check_size(small, os="WINDOWS", architecture="X86_64", where="here")
    with pytest.raises(SizeRefused, match="Windows on X86_64 only"):
        check_size(TaskSize.of(vcpu=1, gib=2), os="WINDOWS", architecture="ARM64", where="here")


@given(st.integers(-10, 200_000), st.integers(-10, 500_000), st.sampled_from(["LINUX", "WINDOWS"]))
def test_what_a_refusal_offers_is_legal_and_a_legal_size_is_nearest_to_itself(cpu: int, memory: int, os: str) -> None:
    asked = TaskSize(cpu=CpuUnits(cpu), memory=Mib(memory))
    near = nearest_sizes(asked, os=os)  # type: ignore[arg-type]
    assert len(near) == 3
    assert set(near) <= set(legal_sizes(os))  # type: ignore[arg-type]
    assert asked not in legal_sizes(os) or near[0] == asked  # type: ignore[arg-type]


@pytest.mark.parametrize("size", legal_sizes(), ids=str)
def test_every_size_is_read_in_both_spellings(size: TaskSize) -> None:
    for text in (str(size.cpu), f"{size.vcpu:g} vCPU", f"{size.vcpu:g}vcpu", f" {size.vcpu} VCPU "):
        assert parse_cpu(text) == size.cpu
    for text in (str(size.memory), f"{size.gib:g} GB", f"{size.gib:g}gb", f"{size.gib} Gb"):
        assert parse_memory(text) == size.memory
    assert (parse_cpu(size.cpu), parse_memory(size.memory)) == (size.cpu, size.memory)


def test_leading_points_are_read_as_aws_writes_them() -> None:
    assert parse_cpu(".25 vCPU") == 256
    assert parse_memory(".5 GB") == 512


UNREADABLE = ["", " ", "one", "1 cpu", "vCPU", ". vCPU", "-1", "-1 vCPU", "0", "0 vCPU", "1,5 vCPU", "1e3", "nan"]
UNREADABLE += ["inf vCPU", "0.3333 vCPU", "1.5", "٣", "1024\x1b[31m", "9" * 40]


@pytest.mark.parametrize("text", [*UNREADABLE, True])
def test_unreadable_cpu_is_refused_on_one_clean_line(text: str) -> None:
    with pytest.raises(SizeRefused) as caught:
        parse_cpu(text, where="td.json: cpu")
    assert str(caught.value).isprintable()
    assert str(caught.value).startswith("td.json: cpu: ")


@pytest.mark.parametrize("text", ["2 MB", "2 GiB", "GB", "0 GB", "0.0001 GB", "2048 MiB", "-2 GB", "2 GB 1", False])
def test_unreadable_memory_is_refused(text: str) -> None:
    with pytest.raises(SizeRefused):
        parse_memory(text)
