"""Rollouts: capacity is held up, steadiness is waited for within bounds, what ECS gives up is taken back."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from applier_runs import plan_for, run
from applier_world import (
    NOW,
    World,
    advice_for,
    make_service,
    review_of,
)

from advisor.applier import make_plan
from advisor.domain.errors import ApplyFailed
from advisor.domain.service import TaskSize


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "plan.journal"


def test_the_minimum_holds_the_capacity_up_during_the_rollout(world: World, journal: Path) -> None:
    plan = plan_for(make_service(world, desired=4))
    during: list[int] = []

    def look(operation: str, _: Mapping[str, Any]) -> None:
        if operation == "update_service":
            during.append(world.targets["service/prod/checkout"]["MinCapacity"])

    world.before.append(look)
    run(world, plan, journal)
    assert during == [8]  # 4 tasks of 1 vCPU become 8 of 0.5


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


def test_a_rollout_that_the_circuit_breaker_rolls_back_is_a_failure(world: World, journal: Path) -> None:
    service = make_service(world)
    before, old = world.state(), world.services["prod/checkout"]["taskDefinition"]

    def break_circuit(operation: str, parameters: Mapping[str, Any]) -> None:
        if operation == "update_service" and parameters["taskDefinition"].endswith(":2"):
            world._update_service(cluster="prod", service="checkout", taskDefinition=old)

    world.after.append(break_circuit)
    with pytest.raises(ApplyFailed, match=r"rolled the deployment of .*:2 back.*Rolled back: it stands"):
        run(world, plan_for(service), journal)
    assert world.state() == before


def test_one_stale_read_after_the_update_is_no_failure(world: World, journal: Path) -> None:
    plan = plan_for(make_service(world))
    stale = dict(world.services["prod/checkout"]["deployments"][0])
    fresh: list[dict[str, Any]] = []

    def serve_stale(operation: str, _: Mapping[str, Any]) -> None:
        service = world.services["prod/checkout"]
        if operation == "describe_services" and service["taskDefinition"].endswith(":2"):
            service["deployments"] = service["deployments"] if fresh else [stale]

    def remember(operation: str, _: Mapping[str, Any]) -> None:
        service = world.services["prod/checkout"]
        if (
            operation == "describe_services"
            and service["deployments"] == [stale]
            and world.writes()[-1:] == ["update_service"]
        ):
            fresh.append({**stale, "taskDefinition": service["taskDefinition"]})
            service["deployments"] = fresh

    world.before.append(serve_stale)
    world.after.append(remember)
    assert not run(world, plan, journal).changes[0].rolling
    assert fresh
