"""How well supply follows demand: the SPEC elasticity set.

Source: Herbst et al., "Ready for Rain?", SPEC-RG-2016-01, and TOMPECS 2018.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from advisor.fargate.scaling import CEIL_TOLERANCE

if TYPE_CHECKING:
    from advisor.simulation.records import Floats, Outcome


def elasticity(outcome: "Outcome", *, target: float) -> dict[str, float]:
    """Shares of 0 to 1, except the accuracies, which have no upper bound.

    d = max(minimum, ceil(demand / (vCPU x target share)))     ideal supply [tasks]
    under accuracy = mean of (d - s)+ / d;    under time share = share of ticks with d > s
    over accuracy  = mean of (s - d)+ / d;    over time share  = share of ticks with s > d
    instability    = share of ticks where supply and ideal supply move in different directions
    """
    supply = outcome.running.astype(np.float64)
    ideal = ideal_supply(outcome, target=target)
    lacking, spare = np.maximum(ideal - supply, 0), np.maximum(supply - ideal, 0)
    base = np.maximum(ideal, 1)
    moves = np.sign(np.diff(supply)) != np.sign(np.diff(ideal))
    return {
        "under_accuracy": _mean(lacking / base),
        "over_accuracy": _mean(spare / base),
        "under_time_share": _mean(lacking > 0),
        "over_time_share": _mean(spare > 0),
        "instability": _mean(moves),
    }


def ideal_supply(outcome: "Outcome", *, target: float) -> "Floats":
    """The fewest tasks that keep utilisation at or under `target` percent, never under the minimum  [tasks]."""
    per_task = outcome.setup.size.vcpu * target / 100
    needed = np.ceil(outcome.load.vcpu / per_task - CEIL_TOLERANCE.value)
    ideal: Floats = np.maximum(needed, outcome.setup.bounds[0])
    return ideal


def _mean(values: NDArray[Any]) -> float:
    return float(np.mean(values)) if len(values) else 0.0
