"""A plan that replaces every task says who takes it back, how long it lasts and what a slower start meets."""

from dataclasses import replace

import pytest
from applier_world import World, make_service, smaller

from advisor.applier.words import words_of
from advisor.domain.inventory import Service
from advisor.domain.rollout import Rollout
from advisor.domain.service import Setup, TaskSize

SAFE = Rollout(circuit_breaker=True, rollback=True, grace_seconds=60)


@pytest.fixture
def service() -> Service:
    return replace(make_service(World()), rollout=SAFE, load_balanced=True)


def said(service: Service, wanted: Setup | None = None) -> list[str]:
    """What is said beside the size."""
    size, *rest = words_of(service, wanted or replace(service.setup, size=smaller(service).size))
    assert "->" in size
    return rest


def test_nothing_is_said_where_ecs_itself_takes_a_failing_size_back(service: Service) -> None:
    assert said(service) == []
    assert said(replace(service, rollout=None)) == []


@pytest.mark.parametrize(
    ("rollout", "words"),
    [
        (replace(SAFE, rollback=False), "no circuit breaker takes it back if it fails"),
        (replace(SAFE, circuit_breaker=False, alarms=("5xx",)), "no circuit breaker takes it back if it fails"),
        (
            replace(SAFE, circuit_breaker=False, alarms=("5xx",), alarms_roll_back=True),
            "only an alarm takes it back if it fails",
        ),
        (
            replace(SAFE, threshold=20, threshold_type="COUNT"),
            "the circuit breaker takes it back only after 20 failed tasks",
        ),
        (
            replace(SAFE, threshold=500, threshold_type="UNBOUNDED_PERCENT"),
            "the circuit breaker takes it back only after 20 failed tasks",  # of four tasks
        ),
        (
            replace(SAFE, strategy="BLUE_GREEN", bake_minutes=30),
            "ECS keeps both sets of tasks for 30 minutes more",
        ),
        (
            replace(SAFE, grace_seconds=0),
            "no grace period: a task that starts slower with less CPU may fail its health checks",
        ),
    ],
)
def test_what_a_rollout_lacks_is_said(service: Service, rollout: Rollout, words: str) -> None:
    assert said(replace(service, rollout=rollout)) == [words]


def test_a_grace_period_matters_only_behind_a_balancer_with_less_cpu_and_where_it_is_known(service: Service) -> None:
    none = replace(service, rollout=replace(SAFE, grace_seconds=0))
    assert said(replace(none, load_balanced=False)) == []
    assert said(replace(none, rollout=replace(SAFE, grace_seconds=None))) == []
    assert said(none, replace(none.setup, size=TaskSize.of(vcpu=2, gib=4))) == []


def test_tasks_that_had_not_started_are_told(service: Service) -> None:
    assert said(replace(service, pending=2)) == ["2 of its tasks had not started when it was read"]
    assert said(replace(service, pending=0)) == []


def test_a_change_that_replaces_no_task_says_nothing_of_it(service: Service) -> None:
    bare = replace(service, rollout=Rollout(grace_seconds=0), pending=2)
    assert list(words_of(bare, replace(bare.setup, maximum=20))) == ["maximum 10 -> 20"]
