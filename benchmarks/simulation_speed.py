"""How fast a setup is replayed: `.venv/bin/python benchmarks/simulation_speed.py [days] [repeats]`.

The compiled engine and the plain oracle (tests/oracles/simulator.py) replay the same load in the same run: 15 days at
one minute, under one target-tracking policy, then under four policies and a schedule. The script stops where their
task counts differ. A policy-minute is one policy over one minute of history. Prints a Markdown table; times are the
best of the repeats, with everything that `simulate` does around the loop (checks, bounds, records). `simulate_many`
keeps all its outcomes, so its memory is new each time, where `simulate` gets the same again.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from advisor.codec import simulation_from_json
from advisor.domain.service import Setup
from advisor.simulation import Load, Outcome, simulate, simulate_many
from tests.oracles import simulator

COOLDOWNS = {"scale_out_cooldown": 300, "scale_in_cooldown": 300}
TRACK = {"type": "TargetTracking", "metric": "cpu", "target": 60, **COOLDOWNS}
STEP = {"type": "StepScaling", "metric": "cpu", "adjustment_type": "ChangeInCapacity"}
OUT = {**STEP, "direction": "out", "threshold": 80, "steps": [[0, 10, 1], [10, None, 3]], "cooldown": 120}
IN = {**STEP, "direction": "in", "threshold": 20, "steps": [[None, 0, -1]], "points": 5, "cooldown": 300}
FOUR = [TRACK, {**TRACK, "metric": "requests", "target": 45}, OUT, IN]
MANY = 50


def main() -> None:
    """Measure both cases and print the table."""
    days, repeats = (int(a) for a in (*sys.argv[1:], *("15", "20")[len(sys.argv) - 1 :]))
    vcpu = demand(days)
    print(f"{days} days at one minute, {len(vcpu):,} ticks; best of {repeats}\n")
    print("| case | way | ns per tick | million policy-minutes per second | times the oracle | actions |")
    print("|---|---|---:|---:|---:|---:|")
    for name, policies, schedule in (
        ("one target-tracking policy", [TRACK], []),
        ("four policies and a schedule", FOUR, mornings(days)),
    ):
        report(name, case(vcpu, policies, schedule), repeats)


def demand(days: int) -> np.ndarray:
    """A day's wave with noise, a burst now and then, and calmer weekends  [vCPU per minute]."""
    random = np.random.default_rng(11)
    minute = np.arange(days * 1440)
    wave = 4 + 3 * np.sin(2 * np.pi * minute / 1440)
    bursts = np.where(random.random(len(minute) // 30).repeat(30) < 0.03, 2.5, 1.0)
    weekend = np.where((minute // 1440) % 7 >= 5, 0.6, 1.0)
    return wave * weekend * bursts * random.lognormal(0, 0.1, len(minute))


def mornings(days: int) -> list[dict[str, int]]:
    """Eight in the morning up, eight in the evening down, every day."""
    up = [{"at_tick": day * 1440 + 480, "minimum": 6, "maximum": 40} for day in range(days)]
    down = [{"at_tick": day * 1440 + 1200, "minimum": 2, "maximum": 30} for day in range(days)]
    return up + down


def case(vcpu: np.ndarray, policies: list[dict[str, Any]], schedule: list[dict[str, int]]) -> dict[str, Any]:
    """The oracle's form of a replay; the engine reads the same through the codec."""
    setup: dict[str, Any] = {"cpu": 512, "memory": 1024, "initial": 4, "minimum": 2, "maximum": 40}
    setup |= {"policies": policies, "schedule": schedule}
    return {"demand_vcpu": vcpu.tolist(), "requests": (vcpu * 60).tolist(), "setup": setup}


def report(name: str, asked: dict[str, Any], repeats: int) -> None:
    """One case: check that both agree, then time both and print the lines."""
    setup, initial, tick, _, _ = simulation_from_json(json.dumps(asked["setup"]), where="benchmark")
    load = Load(vcpu=np.array(asked["demand_vcpu"]), requests=np.array(asked["requests"]), tick_seconds=tick)
    outcome = simulate(load, setup, initial=initial)
    agree(outcome, simulator.simulate(asked))
    several = [setup] * MANY
    slow = best(lambda: simulator.simulate(asked), 1)
    one = best(lambda: simulate(load, setup, initial=initial), repeats)
    many = best(lambda: simulate_many(load, several, initial=initial), repeats) / MANY
    for way, seconds in (("plain oracle", slow), ("`simulate`", one), (f"one of {MANY} in simulate_many", many)):
        row(name, way, seconds, slow, setup=setup, outcome=outcome)


def agree(outcome: Outcome, expected: dict[str, list[int]]) -> None:
    """Stop where the engine and the oracle differ: then nothing was measured."""
    for key, values in expected.items():
        if getattr(outcome, key).tolist() != values:
            raise SystemExit(f"engine and oracle differ in {key}: nothing measured")


def best(work: Callable[[], object], repeats: int) -> float:
    """The least time of a call  [s]."""
    times = []
    for _ in range(repeats):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return min(times)


def row(name: str, way: str, seconds: float, slow: float, *, setup: Setup, outcome: Outcome) -> None:
    """Print one line of the table."""
    ticks = len(outcome.running)
    rate = ticks * len(setup.policies) / seconds / 1e6
    ratio = slow / seconds
    print(f"| {name} | {way} | {seconds / ticks * 1e9:,.0f} | {rate:,.2f} | {ratio:,.0f} | {outcome.actions} |")


if __name__ == "__main__":
    main()
