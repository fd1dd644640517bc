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
    World,
    advice_for,
    make_service,
    refused,
    review_of,
)

from advisor.applier import make_plan
from advisor.domain.errors import ApplyFailed
from advisor.domain.policy import TargetTracking

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


def test_progress_counts_services(world: World, journal: Path) -> None:
    seen: list[tuple[int, int]] = []
    run(world, plan_for(make_service(world)), journal, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(0, 1), (1, 1)]


def test_a_policy_keeps_every_field_that_the_plan_does_not_set(world: World, journal: Path) -> None:
    service = make_service(world)
    label = {"PredefinedMetricType": "ALBRequestCountPerTarget", "ResourceLabel": "app/a/1/targetgroup/b/2"}
    config = world.policies["service/prod/checkout"]["cpu70"]["TargetTrackingScalingPolicyConfiguration"]
    config |= {"PredefinedMetricSpecification": label, "ScaleInCooldown": 111}
    held, wanted = (TargetTracking(metric="requests", target=t, scale_in_cooldown=111) for t in (70.0, 900.0))
    assert service.scaling is not None
    named = replace(service.scaling.policies[0], policy=held)
    service = replace(
        service,
        setup=replace(service.setup, policies=(held,)),
        scaling=replace(service.scaling, policies=(named,)),
    )
    advice = advice_for(service, replace(service.setup, policies=(wanted,)))
    before = world.state()
    run(world, make_plan(review_of(advice), [service], made_at=NOW, made_from=""), journal)
    now = world.policies["service/prod/checkout"]["cpu70"]["TargetTrackingScalingPolicyConfiguration"]
    assert now == {"TargetValue": 900.0, "PredefinedMetricSpecification": label, "ScaleInCooldown": 111}
    take_back(world, journal)
    assert world.state() == before
