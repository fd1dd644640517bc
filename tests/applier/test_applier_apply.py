"""Laws of apply and undo over a small AWS in memory, with faults at every call."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from applier_runs import plan_for, run, take_back
from applier_world import (
    NOW,
    SECRETS,
    WRITES,
    Faults,
    Killed,
    World,
    advice_for,
    make_service,
    refused,
    review_of,
)

from advisor.applier import make_plan
from advisor.domain.errors import ApplyFailed
from advisor.domain.service import TaskSize

WRITES_OF_ONE_CHANGE = 5  # revision, bounds up, service, policy, bounds down
WRITES_OF_ONE_UNDO = 4  # bounds, service, policy, revision away


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "plan.journal"


def test_apply_sets_the_size_the_bounds_and_the_policy(world: World, journal: Path) -> None:
    run(world, plan_for(make_service(world)), journal)
    arn = world.services["prod/checkout"]["taskDefinition"]
    definition = world.definitions[arn]["taskDefinition"]
    assert arn.endswith("checkout:2")
    assert (definition["cpu"], definition["memory"]) == ("512", "1024")
    assert world.targets["service/prod/checkout"]["MinCapacity"] == 1
    config = world.policies["service/prod/checkout"]["cpu70"]["TargetTrackingScalingPolicyConfiguration"]
    assert (config["TargetValue"], config["ScaleOutCooldown"]) == (55.0, 60)
    assert config["PredefinedMetricSpecification"] == {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}


def test_a_new_revision_carries_over_every_field_but_the_size_and_the_limits(world: World, journal: Path) -> None:
    service = make_service(world)
    run(world, plan_for(service), journal)
    old, new = (world.definitions[a] for a in sorted(world.definitions))
    assert new["tags"] == old["tags"]
    expected = {**old["taskDefinition"], "cpu": "512", "memory": "1024"}
    expected["containerDefinitions"] = [
        {**old["taskDefinition"]["containerDefinitions"][0], "cpu": 512, "memory": 1024}
    ]
    for key in ("revision", "taskDefinitionArn"):
        expected[key] = new["taskDefinition"][key]
    assert new["taskDefinition"] == expected


def test_the_minimum_holds_the_capacity_up_during_the_rollout(world: World, journal: Path) -> None:
    plan = plan_for(make_service(world, desired=4))
    during: list[int] = []

    def look(operation: str, _: Mapping[str, Any]) -> None:
        if operation == "update_service":
            during.append(world.targets["service/prod/checkout"]["MinCapacity"])

    world.before.append(look)
    run(world, plan, journal)
    assert during == [8]  # 4 tasks of 1 vCPU become 8 of 0.5


def test_undo_restores_exactly_what_stood_before(world: World, journal: Path) -> None:
    scaled, fixed = make_service(world), make_service(world, "cart", scaled=False)
    before = world.state()
    run(world, plan_for(scaled, fixed), journal)
    assert world.state() != before
    undone = take_back(world, journal)
    assert world.state() == before
    assert [d.id.name for d in undone.changes] == ["cart", "checkout"]


def test_undo_twice_calls_nothing_the_second_time(world: World, journal: Path) -> None:
    run(world, plan_for(make_service(world)), journal)
    take_back(world, journal)
    world.calls.clear()
    again = take_back(world, journal)
    assert (world.calls, again.changes, len(again.already)) == ([], (), 1)


def test_a_plan_can_be_applied_again_after_undo(world: World, journal: Path, tmp_path: Path) -> None:
    plan = plan_for(make_service(world))
    run(world, plan, journal)
    take_back(world, journal)
    run(world, plan, tmp_path / "second.journal")
    assert world.services["prod/checkout"]["taskDefinition"].endswith(":3")


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


def test_each_call_is_in_the_journal_before_it_is_made(world: World, journal: Path) -> None:
    plan = plan_for(make_service(world))

    def look(operation: str, parameters: Mapping[str, Any]) -> None:
        if operation in WRITES - {"register_task_definition"}:
            entry = json.loads(journal.read_text().splitlines()[-1])
            assert (entry["event"], entry["kind"]) == ("before", operation.replace("_", "-"))
            assert entry["parameters"].items() <= parameters.items()

    world.before.append(look)
    run(world, plan, journal)
    take_back(world, journal)
    assert len(world.writes()) == WRITES_OF_ONE_CHANGE + WRITES_OF_ONE_UNDO
    assert oct(journal.stat().st_mode & 0o777) == "0o600"


def test_no_secret_is_in_the_plan_the_journal_or_an_error(world: World, journal: Path) -> None:
    from advisor.codec import to_json

    plan = plan_for(make_service(world))

    def echo(operation: str, parameters: Mapping[str, Any]) -> None:
        if operation == "register_task_definition":
            raise refused("ClientException", f"bad: {parameters}", operation)

    world.before.append(echo)
    with pytest.raises(ApplyFailed) as failed:
        run(world, plan, journal)
    said = to_json(plan) + journal.read_text() + repr(failed.value)
    chain = failed.value.__context__, failed.value.__cause__
    assert not [secret for secret in SECRETS if secret in said]
    assert chain == (None, None)


def test_a_failed_rollout_is_rolled_back(world: World, journal: Path) -> None:
    service = make_service(world)
    before = world.state()

    def fail(operation: str, parameters: Mapping[str, Any]) -> None:
        if operation == "update_service" and parameters["taskDefinition"].endswith(":2"):
            world.services["prod/checkout"]["deployments"][0]["rolloutState"] = "FAILED"

    world.after.append(fail)
    with pytest.raises(ApplyFailed, match=r"deployment of .*:2 failed.*Rolled back"):
        run(world, plan_for(service), journal)
    assert world.state() == before


def test_a_slow_rollout_is_told_and_the_wait_is_bounded(world: World, journal: Path) -> None:
    world.polls_until_steady = 10**6
    naps: list[float] = []
    done = run(world, plan_for(make_service(world)), journal, wait_seconds=60, poll_seconds=5, sleep=naps.append)
    assert done.changes[0].rolling
    assert sum(naps) == 60


def test_a_lower_fixed_count_waits_for_the_rollout(world: World, journal: Path) -> None:
    service = make_service(world, scaled=False, size=(512, 1024))
    wanted = replace(service.setup, size=TaskSize.of(vcpu=1, gib=2), desired=2)
    plan = make_plan(review_of(advice_for(service, wanted)), [service], made_at=NOW, made_from="")
    assert [s.kind for s in plan.changes[0].steps] == ["register-task-definition", "update-service", "update-service"]
    world.polls_until_steady = 10**6
    done = run(world, plan, journal, wait_seconds=10)
    assert done.changes[0].left == ("tasks: 2",)
    assert world.services["prod/checkout"]["desiredCount"] == 4


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


def test_progress_counts_services(world: World, journal: Path) -> None:
    seen: list[tuple[int, int]] = []
    run(world, plan_for(make_service(world)), journal, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(0, 1), (1, 1)]
