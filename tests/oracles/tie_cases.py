"""Cases whose CPU lies on an alarm's level, or a neighbouring float away: where > and >= part."""

import math
import random
from typing import Any

LEVELS = (0.001, 0.1, 12.5, 33.3, 50, 60, 70, 99.99999999999999, 100.0)


def tie_case(seed: int) -> dict[str, Any]:
    """A demand of level pieces with a setup, in the form of the setup file."""
    rng = random.Random(seed)
    cpu, minimum = rng.choice((256, 512, 1024, 4096)), rng.randint(0, 3)
    levels = [rng.choice(LEVELS) for _ in range(rng.randint(1, 3))]
    demand: list[float] = []
    while len(demand) < 200:
        demand += [_near(rng, rng.choice(levels), cpu / 1024)] * rng.choice((1, 3, 18, 35))
    setup = {
        "cpu": cpu,
        "memory": cpu * 2,
        "initial": rng.randint(0, 15),
        "minimum": minimum,
        "maximum": 30,
        "policies": [_policy(rng, level) for level in levels],
        "tick_seconds": rng.choice((20, 60)),
        "startup_ticks": rng.randint(0, 3),
        "metric_delay_ticks": rng.randint(0, 2),
    }
    return {"demand_vcpu": demand, "setup": setup}


def _near(rng: random.Random, level: float, vcpu: float) -> float:
    """The demand that takes some tasks to the level or to nine tenths of it, give or take two floats."""
    share, tasks = rng.choice((1, 0.9)) * level, rng.choice((1, 2, 3, 5, 7, 10, 13))
    demand = rng.choice((share / 100 * tasks * vcpu, share * tasks * vcpu / 100, share / 100 * (tasks * vcpu)))
    for _ in range(rng.randint(0, 2)):
        demand = math.nextafter(demand, rng.choice((0.0, math.inf)))
    return demand


def _policy(rng: random.Random, level: float) -> dict[str, Any]:
    cooldown = rng.choice((0, 60, 300))
    if rng.random() < 0.5:
        return {
            "type": "TargetTracking",
            "metric": "cpu",
            "target": level,
            "scale_out_cooldown": cooldown,
            "scale_in_cooldown": rng.choice((0, 60, 300)),
        }
    out = rng.random() < 0.5
    return {
        "type": "StepScaling",
        "metric": "cpu",
        "direction": "out" if out else "in",
        "threshold": level,
        "points": rng.randint(1, 4),
        "adjustment_type": "ChangeInCapacity",
        "steps": [[0, None, 1]] if out else [[None, 0, -1]],
        "cooldown": cooldown,
    }
