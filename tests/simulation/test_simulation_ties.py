"""Alarms compare strictly: exactly at its level, none is raised, and a neighbouring float decides."""

import math
from typing import Any

import numpy as np
import pytest

from advisor.domain.policy import Policy, StepScaling, TargetTracking
from advisor.domain.service import Setup, TaskSize
from advisor.simulation import Load, simulate
from tests.oracles import simulator
from tests.oracles.tie_cases import tie_case
from tests.simulation.test_simulation_contract import replayed

ONE_VCPU = TaskSize.of(vcpu=1, gib=2)
TRACK = {"metric": "cpu", "scale_out_cooldown": 0, "scale_in_cooldown": 0}


def last(policy: Policy, demand: float, *, first: int = 4, most: int = 10) -> int:
    setup = Setup(size=ONE_VCPU, desired=first, minimum=1, maximum=most, policies=(policy,))
    return int(simulate(Load(vcpu=np.full(40, demand)), setup).desired[-1])


def test_engine_and_oracle_agree_where_every_alarm_is_on_its_edge() -> None:
    scaled = 0
    for seed in range(1000):
        case = tie_case(seed)
        outcome, expected = replayed(case), simulator.simulate(case)
        for key in ("running", "billed", "desired"):
            assert getattr(outcome, key).tolist() == expected[key], (seed, key)
        scaled += outcome.actions > 1
    assert scaled > 500, "most cases must scale, or agreement means nothing"


def test_at_the_target_nothing_scales_and_one_float_above_it_does() -> None:
    assert last(TargetTracking(target=50.0, **TRACK), 2.0) == 4  # type: ignore[arg-type]
    above = StepScaling(metric="cpu", direction="out", threshold=50.0, steps=((0, None, 1),), cooldown=0)
    assert last(above, 2.0) == 4
    assert last(above, math.nextafter(2.0, 3.0)) > 4


def test_a_full_task_never_exceeds_a_level_of_one_hundred() -> None:
    above: dict[str, Any] = {"metric": "cpu", "direction": "out", "steps": ((0, None, 1),), "cooldown": 0}
    assert last(StepScaling(threshold=100.0, **above), 400.0) == 4
    assert last(StepScaling(threshold=99.99999999999999, **above), 400.0) == 10


@pytest.mark.parametrize("level", [5e-324, 1e-310, 1e-300, 0.0, -1.0, -1e308, 100.00000000000001, 1e308])
@pytest.mark.parametrize("demand", [0.0, 5e-324, 1.0, 1e300])
def test_levels_far_from_any_percentage_end_and_mean_what_they_say(level: float, demand: float) -> None:
    out = StepScaling(metric="cpu", direction="out", threshold=level, steps=((0, None, 1),), cooldown=0)
    into = StepScaling(metric="cpu", direction="in", threshold=level, steps=((None, 0, -1),), cooldown=0)
    most = 2**31 - 1
    percent = 100 * min(1.0, demand / most)
    assert (last(out, demand, first=most - 1, most=most) == most) == (percent > level)
    assert (last(into, demand, first=most, most=most) < most) == (percent < level)
