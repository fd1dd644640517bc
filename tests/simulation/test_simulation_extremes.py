"""Numbers far beyond any service: the engine counts in 64 bits, and nothing may wrap around in it."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from advisor.domain.errors import SetupRefused
from advisor.domain.policy import ScheduledAction, StepScaling, TargetTracking
from advisor.domain.service import Setup, TaskSize
from advisor.domain.units import CpuUnits, Mib
from advisor.simulation import Conditions, Load, Outcome, simulate

HUGE = 10**30
TRACKING = TargetTracking(metric="requests", target=50.0, scale_out_cooldown=0, scale_in_cooldown=0)
STEP = StepScaling(metric="cpu", direction="out", threshold=50.0, steps=((0, None, 1),), cooldown=0)
SETUP = Setup(size=TaskSize.of(vcpu=0.25, gib=0.5), desired=1, minimum=1, maximum=10)


def replay(policy: Any = None, *, ticks: int = 30, requests: float = 600.0, **conditions: int) -> Outcome:
    load = Load(vcpu=np.full(ticks, 100.0), requests=np.full(ticks, requests))
    policies = () if policy is None else (policy,)
    return simulate(load, replace(SETUP, policies=policies), conditions=Conditions(**conditions))  # type: ignore[arg-type]


def test_a_proposal_beyond_64_bits_is_the_maximum() -> None:
    assert replay(replace(TRACKING, target=1e-9), requests=1e13).desired[-1] == 10
    assert replay(replace(TRACKING, target=5e-324), requests=1e300).desired[-1] == 10
    assert replay(replace(STEP, steps=((0, None, HUGE),))).desired[-1] == 10
    assert replay(replace(STEP, steps=((0, None, HUGE),), adjustment_type="PercentChangeInCapacity")).desired[-1] == 10
    assert replay(replace(STEP, steps=((0, None, HUGE),), adjustment_type="ExactCapacity")).desired[-1] == 10


def test_a_cooldown_without_end_lets_one_scale_out_pass() -> None:
    assert replay(replace(STEP, cooldown=HUGE)).desired[-1] == 2


def test_an_alarm_over_more_points_than_there_are_is_never_raised() -> None:
    assert replay(replace(STEP, points=HUGE)).actions == 0


def test_delays_beyond_the_end_are_as_long_as_the_replay() -> None:
    late = replay(STEP, startup_ticks=HUGE)
    assert late.running.max() == 1
    assert late.billed[-1] == late.desired[-1] > 1
    assert replay(STEP, metric_delay_ticks=HUGE).actions == 0
    down = replay(replace(TRACKING, target=100.0), ticks=60, requests=10.0, drain_ticks=HUGE)
    assert down.billed[0] == down.billed[-1]


@pytest.mark.parametrize(
    "wrong",
    [
        {"maximum": HUGE},
        {"minimum": 2**31, "maximum": 2**31},
        {"minimum": None, "maximum": None, "desired": HUGE},
        {"schedule": (ScheduledAction(at_tick=3, maximum=HUGE),)},
    ],
)
def test_more_tasks_than_aws_can_count_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(SetupRefused, match=r"too many tasks: \d{10,}\. Rule: at most 2147483647"):
        simulate(Load(vcpu=np.ones(5)), replace(SETUP, **wrong))


def test_a_floor_beyond_what_aws_can_count_is_refused() -> None:
    with pytest.raises(SetupRefused, match=r"floor, tick 2.*at most 2147483647"):
        simulate(Load(vcpu=np.ones(3)), SETUP, floor=[0, 2**31 - 1, 2**31])


def test_an_action_long_after_the_end_changes_nothing() -> None:
    later = replace(SETUP, schedule=(ScheduledAction(at_tick=HUGE, minimum=7),))
    assert simulate(Load(vcpu=np.ones(5)), later).desired.tolist() == [1] * 5


@pytest.mark.parametrize(
    ("cpu", "memory"), [(0, 512), (256, 0), (-256, 512), pytest.param(10**400, 512, id="beyond floats")]
)
def test_a_task_of_no_size_or_beyond_measure_is_refused(cpu: int, memory: int) -> None:
    with pytest.raises(SetupRefused, match="more than 0"):
        simulate(Load(vcpu=np.ones(5)), replace(SETUP, size=TaskSize(cpu=CpuUnits(cpu), memory=Mib(memory))))


@pytest.mark.parametrize("values", [np.ones((2, 3)), [1.0, 2.0], 3.0])
def test_a_load_that_is_no_row_of_numbers_is_refused(values: Any) -> None:
    with pytest.raises(SetupRefused, match="one value per tick"):
        simulate(Load(vcpu=values), SETUP)
