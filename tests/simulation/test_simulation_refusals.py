"""What cannot be replayed is refused, with where, value and rule on one line; nothing is guessed."""

from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest

from advisor.domain.errors import SetupRefused
from advisor.domain.policy import OtherPolicy, Policy, PredictiveScaling, ScheduledAction, StepScaling, TargetTracking
from advisor.domain.service import Setup, TaskSize
from advisor.simulation import Conditions, Load, simulate
from tests.strategies import MONDAY

TICKS = 120
LOAD = Load(vcpu=np.full(TICKS, 2.0), start=MONDAY)
SETUP = Setup(size=TaskSize.of(vcpu=1, gib=2), desired=3, minimum=2, maximum=10)
OUT = StepScaling(metric="cpu", direction="out", threshold=60, steps=((0, 10, 1), (10, None, 2)))
NAN, INF = float("nan"), float("inf")


def refusal(load: Load = LOAD, setup: Setup = SETUP, **more: object) -> str:
    with pytest.raises(SetupRefused) as caught:
        simulate(load, setup, **more)  # type: ignore[arg-type]
    text = str(caught.value)
    assert "Rule: " in text
    assert text.isprintable()
    assert caught.value.exit_code == 2
    return text


def under(*policies: Policy) -> Setup:
    return replace(SETUP, policies=policies)


def acting(*schedule: ScheduledAction) -> Setup:
    return replace(SETUP, schedule=schedule)


@pytest.mark.parametrize("value", [NAN, INF, -INF, -0.001])
@pytest.mark.parametrize("column", ["vcpu", "requests"])
def test_gaps_and_negatives_are_refused_with_their_tick(column: str, value: float) -> None:
    bad = np.full(TICKS, 2.0)
    bad[[17, 40]] = value
    text = refusal(replace(LOAD, **{column: bad}))  # type: ignore[arg-type]
    assert {"vcpu": "demand, tick 17: ", "requests": "requests, tick 17: "}[column] in text
    assert str(value) in text


def test_columns_of_other_lengths_are_refused() -> None:
    assert refusal(replace(LOAD, requests=np.ones(TICKS - 1))).startswith("requests: other length: 119")
    assert refusal(replace(LOAD, deploying=np.ones(TICKS + 1, bool))).startswith("deploying: other length: 121")
    assert refusal(floor=[1] * (TICKS + 1)).startswith("floor: other length: 121")


@pytest.mark.parametrize("tick", [0, -60, 1, 30, 300])
def test_a_tick_that_no_ecs_metric_has_is_refused(tick: int) -> None:
    assert "60 or 20 s" in refusal(replace(LOAD, tick_seconds=tick))


@pytest.mark.parametrize("value", [NAN, INF, -1, 2.5])
def test_a_floor_is_whole_tasks(value: float) -> None:
    assert refusal(floor=[0.0] * 9 + [value] + [0.0] * (TICKS - 10)).startswith(f"floor, tick 9: bad value: {value:g}")


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param((), id="none"),
        pytest.param(((0, 10, 1), (20, None, 2)), id="hole"),
        pytest.param(((0, 10, 1), (5, None, 2)), id="overlap"),
        pytest.param(((0, 10, 1), (0, 10, 2)), id="twice"),
        pytest.param(((0, None, 1), (10, None, 2)), id="two without an end"),
        pytest.param(((0, 0, 1), (0, None, 2)), id="empty"),
        pytest.param(((10, 0, 1),), id="backward"),
        pytest.param(((NAN, 10, 1),), id="not a number"),
        pytest.param(((0, NAN, 1), (NAN, None, 1)), id="not numbers"),
    ],
)
def test_steps_with_holes_overlaps_and_empty_ones_are_refused(
    steps: tuple[tuple[float | None, float | None, int], ...],
) -> None:
    assert "no hole, no overlap, none empty" in refusal(setup=under(replace(OUT, steps=steps)))


@pytest.mark.parametrize(
    ("steps", "says"),
    [
        (((0, 10, 1),), "no hole to infinity"),
        (((-10, 0, -1),), "no hole to infinity"),
        (((None, -5, -2), (-5, 5, -1)), "no hole to infinity"),
        (((None, None, 1),), "null for both"),
    ],
)
def test_outer_steps_that_aws_would_refuse_are_refused(
    steps: tuple[tuple[float | None, float | None, int], ...], says: str
) -> None:
    text = refusal(setup=under(replace(OUT, steps=steps)))
    assert says in text
    assert str(list(steps)) in text


def test_an_exact_capacity_is_never_negative() -> None:
    below = replace(OUT, adjustment_type="ExactCapacity", steps=((0, None, -1),))
    assert "0 or more" in refusal(setup=under(below))


@pytest.mark.parametrize(
    "steps",
    [
        OUT.steps[::-1],
        ((5, None, 1),),
        ((None, 0, -1),),
        ((None, -10, -2), (-10, 0, -1)),
        ((None, 0, -1), (0, None, 1)),
    ],
)
def test_steps_that_aws_takes_are_taken_in_any_order(
    steps: tuple[tuple[float | None, float | None, int], ...],
) -> None:
    simulate(LOAD, under(replace(OUT, steps=steps)))


@pytest.mark.parametrize(
    "change",
    [{"points": 0}, {"cooldown": -1}, {"threshold": NAN}, {"threshold": INF}, {"min_adjustment_magnitude": -1}],
    ids=str,
)
def test_a_step_policy_with_impossible_numbers_is_refused(change: dict[str, float]) -> None:
    assert refusal(setup=under(replace(OUT, **change))).startswith("policies: bad StepScaling: 'points ")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change",
    [{"target": value} for value in (0, -5, NAN, INF)] + [{f"scale_{way}_cooldown": -1} for way in ("in", "out")],
    ids=str,
)
def test_a_target_tracking_policy_with_impossible_numbers_is_refused(change: dict[str, float]) -> None:
    policy = replace(TargetTracking(metric="cpu", target=50), **change)  # type: ignore[arg-type]
    assert refusal(setup=under(policy)).startswith("policies: bad ")


@pytest.mark.parametrize(
    "policy", [TargetTracking(metric="requests", target=50), replace(OUT, metric="requests")], ids=["target", "step"]
)
def test_a_policy_on_requests_needs_requests(policy: Policy) -> None:
    assert "the load has requests per tick" in refusal(setup=under(policy))
    simulate(replace(LOAD, requests=np.ones(TICKS)), under(policy))


def test_a_policy_that_cannot_be_replayed_says_why_and_hides_control_characters() -> None:
    text = refusal(setup=under(OtherPolicy(why="custom metric Queue\x1b[2J\nDepth")))
    assert "custom metric Queue" in text
    assert "policies of the contract" in text


def test_a_predictive_policy_that_scales_needs_its_floor_and_one_that_forecasts_does_not() -> None:
    policy = PredictiveScaling(metric="cpu", target=50, mode="ForecastAndScale")
    assert "needs its floor" in refusal(setup=under(policy))
    assert simulate(LOAD, under(policy), floor=[5] * TICKS).running[-1] == 5
    assert simulate(LOAD, under(replace(policy, mode="ForecastOnly"))).actions == 0


@pytest.mark.parametrize(
    ("schedule", "tick"),
    [
        ((ScheduledAction(at_tick=7, minimum=11),), 7),
        ((ScheduledAction(at_tick=7, maximum=1),), 7),
        ((ScheduledAction(at_tick=0, minimum=4, maximum=3),), 0),
        ((ScheduledAction(at_tick=9, maximum=-1),), 9),
        ((ScheduledAction(at_tick=3, maximum=5), ScheduledAction(at_tick=20, minimum=6)), 20),
    ],
)
def test_bounds_that_a_schedule_makes_cross_are_refused_at_the_tick_where_they_do(
    schedule: tuple[ScheduledAction, ...], tick: int
) -> None:
    assert refusal(setup=acting(*schedule)).startswith(f"tick {tick}: bounds cross: ")


def test_two_actions_of_one_tick_are_judged_together() -> None:
    raised = acting(ScheduledAction(at_tick=5, minimum=20), ScheduledAction(at_tick=5, maximum=30))
    assert simulate(LOAD, raised).desired[5] == 20


@pytest.mark.parametrize(
    "action",
    [
        ScheduledAction(expression="cron(0 8 * * * *)", minimum=3),
        ScheduledAction(expression="cron(0 8 ? * MON *)", timezone="Mars/Olympus", minimum=3),
        ScheduledAction(expression="every monday", minimum=3),
        ScheduledAction(at_tick=-1, minimum=3),
        ScheduledAction(minimum=3),
    ],
    ids=["cron", "zone", "form", "tick", "no time"],
)
def test_a_schedule_that_aws_would_refuse_is_refused(action: ScheduledAction) -> None:
    assert refusal(setup=acting(action)).startswith("schedule: ")


def test_an_expression_needs_a_load_with_instants() -> None:
    action = ScheduledAction(expression="cron(0 8 ? * MON *)", minimum=3)
    assert "a load with instants" in refusal(replace(LOAD, start=None), acting(action))
    naive = datetime(2026, 3, 2)  # noqa: DTZ001
    assert "time zone" in refusal(replace(LOAD, start=naive), acting(action))


@pytest.mark.parametrize(
    "conditions",
    [
        Conditions(startup_ticks=-1),
        Conditions(metric_delay_ticks=-1),
        Conditions(drain_ticks=-1),
        Conditions(memory_base_mib=NAN),
        Conditions(memory_base_mib=-1),
        Conditions(memory_mib_per_vcpu=INF),
    ],
    ids=str,
)
def test_impossible_conditions_are_refused(conditions: Conditions) -> None:
    refusal(conditions=conditions)


def test_a_negative_initial_count_is_refused() -> None:
    assert "(-1, 1, 1, 0)" in refusal(initial=-1)


@pytest.mark.parametrize("vcpu", [[1.0, 2.0], np.ones((3, 2))], ids=["list", "table"])
def test_a_load_is_one_row_of_numbers(vcpu: np.ndarray) -> None:
    assert "one value per tick" in refusal(replace(LOAD, vcpu=vcpu))


def test_more_tasks_than_aws_counts_are_refused_with_their_number() -> None:
    assert "4000000000" in refusal(initial=4_000_000_000)


def test_a_size_of_nothing_is_refused() -> None:
    for size in (TaskSize.of(vcpu=0, gib=2), TaskSize.of(vcpu=1, gib=0)):
        assert "more than 0" in refusal(setup=replace(SETUP, size=size))
