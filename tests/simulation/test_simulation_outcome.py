"""Outcomes: what is reported of a replay, checked by hand on short ones."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings

from advisor.domain.policy import ScheduledAction, TargetTracking
from advisor.domain.service import Setup, TaskSize
from advisor.fargate.prices import PriceBook
from advisor.simulation import Conditions, Load, Outcome, outcome_to_dict, price, simulate, simulate_many
from advisor.simulation.elasticity import elasticity, ideal_supply
from tests.strategies import conditions, loads, setups

SIZE = TaskSize.of(vcpu=1, gib=2)
KEYS = {
    "task_seconds",
    "ticks",
    "actions",
    "unmet_share",
    "unmet_tick_share",
    "utilization_limit",
    "ticks_over_limit",
    "under_accuracy",
    "over_accuracy",
    "under_time_share",
    "over_time_share",
    "instability",
}


def fixed(demand: list[float], tasks: int, **more: object) -> Outcome:
    load = Load(vcpu=np.array(demand, dtype=float), region="us-east-1", **more)  # type: ignore[arg-type]
    return simulate(load, Setup(size=SIZE, desired=tasks))


def test_unmet_work_is_what_exceeds_capacity_and_is_not_carried_over() -> None:
    outcome = fixed([1, 3, 2.5, 0], 2)
    assert outcome.unmet.tolist() == [0, 1, 0.5, 0]
    assert outcome.utilization.tolist() == [50, 100, 100, 0]
    assert outcome.unmet_share == pytest.approx(1.5 / 6.5)
    summary = outcome.summary()
    assert summary["unmet_tick_share"] == 0.5
    assert summary["ticks_over_limit"] == 2


def test_without_a_task_there_is_no_utilization_and_all_work_is_unmet() -> None:
    outcome = fixed([1, 0], 0)
    assert np.isnan(outcome.utilization).all()
    assert outcome.unmet_share == 1
    assert outcome.summary()["ticks_over_limit"] == 0


def test_nothing_asked_is_nothing_unmet() -> None:
    assert fixed([0, 0], 0).unmet_share == 0


@pytest.mark.parametrize("tick", [20, 60])
def test_task_seconds_are_billed_tasks_times_the_tick(tick: int) -> None:
    outcome = fixed([1, 1, 1], 2, tick_seconds=tick)
    assert outcome.task_seconds == 3 * 2 * tick
    assert outcome.tick_seconds == tick


def test_pending_and_draining_tasks_are_billed_and_serve_nothing() -> None:
    policy = TargetTracking(metric="cpu", target=50, scale_out_cooldown=600)
    setup = Setup(size=SIZE, desired=1, minimum=1, maximum=2, policies=(policy,))
    outcome = simulate(Load(vcpu=np.ones(8)), setup, conditions=Conditions(startup_ticks=3))
    assert outcome.running.tolist() == [1, 1, 1, 1, 1, 1, 1, 2]
    assert outcome.billed.tolist() == [1, 1, 1, 1, 2, 2, 2, 2]
    down = replace(setup, desired=3, policies=())
    drained = simulate(Load(vcpu=np.ones(5)), down, initial=3, conditions=Conditions(drain_ticks=2))
    assert drained.running.tolist() == [3, 2, 2, 2, 2]
    assert drained.billed.tolist() == [3, 3, 3, 2, 2]


def test_a_summary_has_these_keys_and_is_json() -> None:
    summary = fixed([1, 2], 2).summary()
    assert set(summary) == KEYS
    assert json.loads(json.dumps(summary)) == summary
    assert all(type(value) in (int, float) for value in summary.values())


def test_the_ideal_supply_is_the_fewest_tasks_at_the_target_and_never_under_the_minimum() -> None:
    outcome = fixed([0, 0.7, 0.71, 1.4, 7], 1)
    assert ideal_supply(outcome, target=70).tolist() == [1, 1, 2, 2, 10]
    assert ideal_supply(outcome, target=100).tolist() == [1, 1, 1, 2, 7]


def test_the_elasticity_set_is_that_of_the_paper() -> None:
    # ideal at 50 %: 2, 4, 2, 6 tasks; supply: 4 all the time
    found = elasticity(fixed([1, 2, 1, 3], 4), target=50)
    # the minimum of a fixed count is the count itself, so only the last tick lacks: (6 - 4) / 6
    assert found["under_accuracy"] == pytest.approx(2 / 6 / 4)
    assert found["under_time_share"] == 0.25
    assert found["over_accuracy"] == found["over_time_share"] == 0
    assert found["instability"] == pytest.approx(1 / 3)
    free = simulate(Load(vcpu=np.array([1.0, 2, 1, 3])), Setup(size=SIZE, desired=4, minimum=1, maximum=9))
    found = elasticity(free, target=50)
    assert found["over_accuracy"] == pytest.approx((2 / 2 + 2 / 2) / 4)
    assert found["over_time_share"] == 0.5
    assert found["instability"] == 1


def test_a_replay_of_no_ticks_is_empty_and_free() -> None:
    outcome = fixed([], 3)
    assert outcome.task_seconds == outcome.actions == outcome.unmet_share == 0
    assert set(outcome.summary()) == KEYS
    assert price(outcome, PriceBook.shipped()).total == 0


def test_the_documented_form_has_null_where_no_task_ran() -> None:
    outcome = fixed([1, 1], 0)
    told = outcome_to_dict(outcome, price(outcome, PriceBook.shipped()))
    assert told["utilization"] == [None, None]
    assert set(told) == {
        "format",
        "running",
        "billed",
        "desired",
        "utilization",
        "unmet",
        "actions",
        "task_seconds",
        "cost_usd",
        "summary",
    }
    json.dumps(told, allow_nan=False)


def test_many_setups_give_what_each_gives_alone_in_their_order() -> None:
    load = Load(vcpu=np.linspace(0.5, 8, 90))
    tracked = Setup(size=SIZE, desired=2, minimum=1, maximum=9, policies=(TargetTracking(metric="cpu", target=60),))
    several = [Setup(size=SIZE, desired=4), tracked, replace(tracked, minimum=3)]
    for setup, together in zip(several, simulate_many(load, several), strict=True):
        alone = simulate(load, setup)
        assert together.setup == setup
        assert together.desired.tolist() == alone.desired.tolist()
    assert simulate_many(load, []) == ()


def test_the_first_count_is_the_desired_one_within_the_bounds_of_tick_0() -> None:
    for desired, first in ((0, 2), (3, 3), (50, 9)):
        setup = Setup(size=SIZE, desired=desired, minimum=2, maximum=9)
        assert simulate(Load(vcpu=np.ones(3)), setup).running.tolist() == [first] * 3


@pytest.mark.parametrize(
    ("offset", "tick", "zone", "first"),
    [
        (timedelta(minutes=-2), 60, "UTC", 2),
        (timedelta(seconds=-90), 60, "UTC", 2),  # due within tick 1: in force from the first tick that starts after it
        (timedelta(minutes=-2), 20, "UTC", 6),
        (timedelta(minutes=-2), 60, "Asia/Tokyo", 2),
        (timedelta(0), 60, "UTC", 0),
        (timedelta(seconds=1), 60, "UTC", None),  # a day too early for the next one
    ],
)
def test_a_scheduled_action_is_in_force_from_the_first_tick_at_its_instant_or_later(
    offset: timedelta, tick: int, zone: str, first: int | None
) -> None:
    eight = datetime(2026, 3, 2, 8, tzinfo=ZoneInfo(zone))
    load = Load(vcpu=np.ones(12), start=eight.astimezone(UTC) + offset, tick_seconds=tick)
    morning = ScheduledAction(expression="cron(0 8 * * ? *)", timezone=zone, minimum=5)
    outcome = simulate(load, Setup(size=SIZE, desired=1, minimum=1, maximum=9, schedule=(morning,)))
    before = 12 if first is None else first
    assert outcome.desired.tolist() == [1] * before + [5] * (12 - before)


@settings(deadline=None)
@given(loads(), setups(), conditions)
def test_served_and_unmet_work_are_the_demand_and_utilization_is_a_share(
    load: Load, setup: Setup, delays: Conditions
) -> None:
    outcome = simulate(load, setup, conditions=delays)
    capacity = outcome.running * setup.size.vcpu
    ran = outcome.running > 0
    np.testing.assert_allclose(np.minimum(load.vcpu, capacity) + outcome.unmet, load.vcpu, rtol=1e-12)
    assert (np.isnan(outcome.utilization) == ~ran).all()
    assert ((outcome.utilization[ran] >= 0) & (outcome.utilization[ran] <= 100)).all()
    assert 0 <= outcome.unmet_share <= 1
