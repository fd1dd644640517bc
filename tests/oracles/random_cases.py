"""Random cases of the simulation contract, from a seed: every policy kind, schedules, floors, delays, both ticks."""

import random
from typing import Any


def random_case(seed: int) -> dict[str, Any]:
    """A demand with a setup, in the form of the setup file."""
    rng = random.Random(seed)
    ticks, maximum = rng.randint(1, 220), rng.randint(4, 30)
    cpu = rng.choice((256, 512, 1024, 2048))
    minimum = rng.randint(0, 4)
    setup: dict[str, Any] = {
        "cpu": cpu,
        "memory": cpu * 2,
        "initial": rng.randint(0, maximum),
        "minimum": minimum,
        "maximum": maximum,
        "policies": [_policy(rng) for _ in range(rng.choice((0, 1, 1, 1, 2, 2, 3)))],
        "schedule": _schedule(rng, ticks) if rng.random() < 0.5 else [],
        "tick_seconds": rng.choice((20, 60)),
        "startup_ticks": rng.randint(0, 4),
        "metric_delay_ticks": rng.randint(0, 3),
        "drain_ticks": rng.randint(0, 5),
        "memory_model": {"base_mib": rng.uniform(50, 300), "mib_per_vcpu": rng.uniform(0, 300)},
    }
    if rng.random() < 0.3:
        setup["floor"] = [rng.choice((0, 0, rng.randint(0, 8))) for _ in range(ticks)]
    level, demand = rng.uniform(0, maximum * cpu / 1024), []
    for _ in range(ticks):
        level = (
            max(0.0, level + rng.gauss(0, cpu / 1024)) if rng.random() > 0.02 else rng.uniform(0, maximum * cpu / 1024)
        )
        demand.append(level if rng.random() > 0.05 else 0.0)
    case = {"demand_vcpu": demand, "requests": [d * 60 for d in demand], "setup": setup}
    if rng.random() < 0.4:
        case["deploying"] = [int(rng.random() < 0.1) for _ in range(ticks)]
    return case


def _policy(rng: random.Random) -> dict[str, Any]:
    metric = rng.choice(("cpu", "cpu", "memory", "requests"))
    level = rng.choice((20, 40, 50, 60, 70, 90))
    cooldown = rng.choice((0, 60, 90, 300, 600))
    if rng.random() < 0.6:
        return {
            "type": "TargetTracking",
            "metric": metric,
            "target": level,
            "scale_out_cooldown": cooldown,
            "scale_in_cooldown": rng.choice((0, 60, 300, 900)),
            "disable_scale_in": rng.random() < 0.2,
        }
    out = rng.random() < 0.6
    kind = rng.choice(("ChangeInCapacity", "PercentChangeInCapacity", "ExactCapacity"))
    size = rng.choice((1, 2, 5, 50)) if kind == "PercentChangeInCapacity" else rng.randint(1, 6)
    signs = 1 if out or kind == "ExactCapacity" else -1
    steps = (
        [[0, 10, signs * size], [10, None, signs * size * 2]]
        if out
        else [[-10, 0, signs * size], [None, -10, signs * size * 2]]
    )
    return {
        "type": "StepScaling",
        "metric": metric,
        "direction": "out" if out else "in",
        "threshold": level,
        "points": rng.randint(1, 5),
        "adjustment_type": kind,
        "steps": steps,
        "cooldown": cooldown,
        "min_adjustment_magnitude": rng.choice((0, 0, 2)) if kind == "PercentChangeInCapacity" else 0,
    }


def _schedule(rng: random.Random, ticks: int) -> list[dict[str, Any]]:
    ticks_due = sorted(rng.sample(range(ticks), k=min(ticks, rng.randint(1, 2))))
    return [
        {
            "at_tick": tick,
            "minimum": rng.choice((None, rng.randint(0, 4))),
            "maximum": rng.choice((None, rng.randint(4, 30))),
        }
        for tick in ticks_due
    ]
