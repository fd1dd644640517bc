"""Stretches that the engine passes over: long replays in which alarms rest, hold without effect, or nearly fire."""

import random
from typing import Any

import numpy as np
import pytest

from advisor.domain.policy import StepScaling, TargetTracking
from advisor.domain.service import Setup, TaskSize
from advisor.simulation import Load, alarms, engine, simulate
from tests.oracles import simulator
from tests.oracles.random_cases import random_case
from tests.simulation.test_simulation_contract import replayed


def long_case(seed: int) -> dict[str, Any]:
    """A random case of some thousand ticks: each level of its demand held, with more noise or less."""
    rng = random.Random(seed)
    case, held = random_case(seed), rng.choice((7, 20, 60))
    noise = np.random.default_rng(seed).lognormal(0, rng.choice((0.0, 0.02, 0.1, 0.3)), len(case["demand_vcpu"]) * held)
    demand = np.repeat(case["demand_vcpu"], held) * noise
    case |= {"demand_vcpu": demand.tolist(), "requests": (demand * 60).tolist()}
    for action in case["setup"]["schedule"]:
        action["at_tick"] *= held
    for name, holder in (("floor", case["setup"]), ("deploying", case)):
        if name in holder:
            holder[name] = np.repeat(holder[name], held).tolist()
    return case


def test_engine_and_oracle_agree_over_long_replays() -> None:
    ticks = changes = 0
    for seed in range(70):
        case = long_case(seed)
        outcome, expected = replayed(case), simulator.simulate(case)
        for key in ("running", "billed", "desired"):
            assert getattr(outcome, key).tolist() == expected[key], (seed, key)
        ticks, changes = ticks + len(outcome.running), changes + outcome.actions
    assert ticks > 10 * alarms.BLOCK * 70
    assert changes > 500


def full_memory_case(seed: int) -> dict[str, Any]:
    """Tasks that are full at times, and whose memory then lies on an alarm's level but for rounding."""
    rng = random.Random(seed)
    cpu, target = rng.choice((256, 512, 1024)), rng.choice((30, 70, 90, 99))
    case = random_case(seed)
    share = rng.choice((1, 0.9)) * target / 100
    demand = [rng.choice((0.1, 0.5, 1, 2, 3, 99)) for _ in range(60) for _ in range(rng.choice((2, 5, 20)))]
    policies = [
        {
            "type": "TargetTracking",
            "metric": "memory",
            "target": target,
            "scale_out_cooldown": 0,
            "scale_in_cooldown": 0,
        },
        {"type": "StepScaling", "metric": "cpu", "direction": "out", "threshold": 80, "points": 2, "cooldown": 300}
        | {"adjustment_type": "ChangeInCapacity", "steps": [[0, None, rng.randint(1, 5)]]},
    ]
    setup = {
        **{key: case["setup"][key] for key in ("initial", "minimum", "maximum", "startup_ticks", "metric_delay_ticks")},
        "cpu": cpu,
        "memory": cpu * 2,
        "policies": policies,
        "memory_model": {"base_mib": 0.0, "mib_per_vcpu": share * cpu * 2 / (cpu / 1024)},
    }
    return {"demand_vcpu": demand, "setup": setup}


def test_engine_and_oracle_agree_where_the_memory_of_full_tasks_is_on_an_alarms_level() -> None:
    scaled = 0
    for seed in range(200):
        case = full_memory_case(seed)
        outcome, expected = replayed(case), simulator.simulate(case)
        for key in ("running", "billed", "desired"):
            assert getattr(outcome, key).tolist() == expected[key], (seed, key)
        scaled += outcome.actions > 1
    assert scaled > 100


@pytest.mark.parametrize("burst_at", [0, 31, 32, 33, 63, 64, 500, 995])
@pytest.mark.parametrize("length", [2, 3])
def test_a_burst_is_seen_wherever_it_stands_in_a_quiet_replay(burst_at: int, length: int) -> None:
    demand = np.full(1000, 2.0)
    demand[burst_at : burst_at + length] = 3.9
    policy = TargetTracking(metric="cpu", target=60)
    setup = Setup(size=TaskSize.of(vcpu=1, gib=2), desired=4, minimum=1, maximum=9, policies=(policy,))
    outcome = simulate(Load(vcpu=demand), setup)
    seen = burst_at + length + 1  # the decision after the tick in which the third datapoint is known
    assert outcome.desired[seen] == (7 if length == 3 else 4)
    assert (outcome.desired[:seen] == 4).all()


def test_alarms_of_more_points_than_ticks_and_the_largest_loads_are_told_too() -> None:
    step = StepScaling(metric="requests", direction="in", threshold=1e308, steps=((None, 0, -1),), points=10**9)
    track = TargetTracking(metric="requests", target=1.0)
    setup = Setup(size=TaskSize.of(vcpu=1, gib=2), desired=4, minimum=1, maximum=9, policies=(step, track))
    load = Load(vcpu=np.full(200, 1e308), requests=np.full(200, 1.7e308))
    assert simulate(load, setup).desired[-1] == 9


def test_the_cache_of_the_engine_knows_the_file_of_its_alarms() -> None:
    simulate(Load(vcpu=np.ones(2)), Setup(size=TaskSize.of(vcpu=1, gib=2), desired=4))
    assert all(str(alarms.SOURCE) in str(signature) for signature in engine.replay.signatures)
