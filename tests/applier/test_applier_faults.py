"""Faults, kills and other hands in between: nothing is left half done without being said."""

import errno
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from applier_runs import plan_for, run, take_back
from applier_world import (
    SECRETS,
    WRITES,
    Faults,
    Killed,
    World,
    make_service,
    refused,
)

from advisor.domain.errors import ApplyFailed

WRITES_OF_ONE_CHANGE = 5  # revision, bounds up, service, policy, bounds down
WRITES_OF_ONE_UNDO = 4  # bounds, service, policy, revision away


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "plan.journal"


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("at", range(WRITES_OF_ONE_CHANGE))
def test_a_throttled_call_anywhere_rolls_the_change_back(world: World, journal: Path, at: int, when: str) -> None:
    service = make_service(world)
    before = world.state()
    Faults(world, at=at, when=when, error=lambda op: refused("ThrottlingException", "Rate exceeded", op))
    with pytest.raises(ApplyFailed, match=r"ThrottlingException.*Rolled back: it stands as before"):
        run(world, plan_for(service), journal)
    assert world.state() == before


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("at", range(2 * WRITES_OF_ONE_CHANGE))
def test_an_apply_killed_at_any_call_is_undone_from_its_journal(
    world: World, journal: Path, at: int, when: str
) -> None:
    services = make_service(world), make_service(world, "cart")
    before = world.state()
    Faults(world, at=at, when=when, error=lambda _: Killed())
    with pytest.raises(Killed):
        run(world, plan_for(*services), journal)
    take_back(world, journal)
    assert world.state() == before


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("at", range(WRITES_OF_ONE_UNDO))
def test_an_undo_killed_at_any_call_is_finished_by_the_next(world: World, journal: Path, at: int, when: str) -> None:
    service = make_service(world)
    before = world.state()
    run(world, plan_for(service), journal)
    Faults(world, at=at, when=when, error=lambda _: Killed())
    with pytest.raises(Killed):
        take_back(world, journal)
    take_back(world, journal)
    assert world.state() == before


def test_a_torn_last_line_of_a_killed_run_counts_for_nothing(world: World, journal: Path) -> None:
    before = (make_service(world), world.state())
    run(world, plan_for(before[0]), journal)
    with journal.open("ab") as file:
        file.write(b'{"at": "2026-11-23T12:00:00+00:00", "eve')
    take_back(world, journal)
    assert world.state() == before[1]
    assert all(json.loads(line) for line in journal.read_text().splitlines())


def test_a_failure_says_what_was_kept_and_what_was_not_begun(world: World, journal: Path) -> None:
    services = [make_service(world, name, scaled=False) for name in ("a", "b", "c")]
    Faults(world, at=2, when="before", error=lambda op: refused("AccessDeniedException", "no", op))
    with pytest.raises(ApplyFailed, match=r"kept: prod/a. Not begun: prod/c"):
        run(world, plan_for(*services), journal)
    take_back(world, journal)
    assert all(s["taskDefinition"].endswith(":1") for s in world.services.values())


def test_a_rollback_that_fails_says_so_and_undo_finishes_it(world: World, journal: Path) -> None:
    service = make_service(world)
    before = world.state()
    outage: list[bool] = [True]
    seen: list[str] = []

    def fail(operation: str, _: Mapping[str, Any]) -> None:
        seen.append(operation)
        if outage[0] and "put_scaling_policy" in seen:
            raise refused("ServiceUnavailableException", "down", operation)

    world.before.append(fail)
    with pytest.raises(ApplyFailed, match="Not rolled back whole"):
        run(world, plan_for(service), journal)
    outage[0] = False
    take_back(world, journal)
    assert world.state() == before


def test_a_full_disk_stops_before_the_call_that_cannot_be_announced(
    world: World, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_for(make_service(world))
    before, write, left = world.state(), os.write, [2]

    def full(descriptor: int, data: bytes) -> int:
        if not left[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        left[0] -= 1
        return write(descriptor, data)

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(ApplyFailed, match=r"journal cannot be written \(No space left on device\)"):
        run(world, plan, journal)
    assert world.state() == before


def at_write(world: World, number: int, change: Callable[[], object]) -> None:
    """Somebody else acts right before the n-th write."""
    seen: list[str] = []

    def watch(operation: str, _: Mapping[str, Any]) -> None:
        if operation in WRITES:
            seen.append(operation)
            if len(seen) == number:
                change()

    world.before.append(watch)


def test_a_service_changed_after_the_check_is_left_alone(world: World, journal: Path) -> None:
    plan = plan_for(make_service(world, "cart"), make_service(world))
    bounds = world.targets["service/prod/checkout"]
    at_write(world, 1, lambda: bounds.update(MaxCapacity=33))
    expected = r"maximum: expected 10, live 33.*It was not changed.*kept: prod/cart. Not begun: none"
    with pytest.raises(ApplyFailed, match=expected):
        run(world, plan, journal)
    assert world.services["prod/checkout"]["taskDefinition"].endswith(":1")


def test_a_change_by_somebody_else_in_between_is_never_rolled_back(world: World, journal: Path) -> None:
    plan = plan_for(make_service(world))
    bounds = world.targets["service/prod/checkout"]
    at_write(world, 5, lambda: bounds.update(SuspendedState={"DynamicScalingInSuspended": True}))
    expected = r"does not read back as set: scalable_target.scale_in_suspended.*Not rolled back, somebody else"
    with pytest.raises(ApplyFailed, match=expected):
        run(world, plan, journal)
    assert bounds["SuspendedState"] == {"DynamicScalingInSuspended": True}


def test_a_revision_that_lost_a_field_is_never_rolled_out(world: World, journal: Path) -> None:
    service = make_service(world)
    before = world.state()

    def lose(operation: str, _: Mapping[str, Any]) -> None:
        if operation == "register_task_definition":
            world.definitions[max(world.definitions)]["taskDefinition"].pop("volumes")

    world.after.append(lose)
    with pytest.raises(ApplyFailed, match=r":2 does not carry over volumes.*Rolled back"):
        run(world, plan_for(service), journal)
    assert world.state() == before
    assert "update_service" not in world.calls


def test_a_bug_in_between_rolls_back_and_tells_its_kind_only(world: World, journal: Path) -> None:
    service = make_service(world)
    before = world.state()
    Faults(world, at=2, when="after", error=lambda _: KeyError(SECRETS[0]))
    with pytest.raises(ApplyFailed, match=r"prod/checkout: KeyError\. Rolled back") as failed:
        run(world, plan_for(service), journal)
    assert SECRETS[0] not in str(failed.value)
    assert world.state() == before


def test_an_undo_that_aws_refuses_says_what_is_restored_and_can_run_again(world: World, journal: Path) -> None:
    services = make_service(world), make_service(world, "cart")
    before = world.state()
    run(world, plan_for(*services), journal)
    Faults(world, at=5, when="before", error=lambda op: refused("ThrottlingException", "Rate exceeded", op))
    seen: list[tuple[int, int]] = []
    with pytest.raises(ApplyFailed, match=r"ThrottlingException.*Restored before: prod/cart"):
        take_back(world, journal, progress=lambda done, total: seen.append((done, total)))
    take_back(world, journal, progress=lambda done, total: seen.append((done, total)))
    assert world.state() == before
    assert seen == [(0, 2), (1, 2), (0, 1), (1, 1)]
