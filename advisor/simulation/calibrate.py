"""How well a replay of today's setup meets what was recorded."""

import numpy as np
from numpy.typing import ArrayLike

from advisor.simulation.records import Outcome


def replay_error(outcome: Outcome, recorded_tasks: ArrayLike) -> float:
    """Mean absolute difference of running tasks, as a share of the recorded ones  [0 = exact].

        sum |replayed - recorded| / sum recorded,  over the steps with a recorded count

    `recorded_tasks` has one value per tick or per step of whole ticks; NaN = not recorded. Missing and surplus
    tasks do not cancel. NaN where nothing was recorded.
    """
    recorded = np.asarray(recorded_tasks, dtype=np.float64)
    repeats = len(outcome.running) // max(1, len(recorded))
    if repeats * len(recorded) != len(outcome.running):
        raise ValueError(f"{len(recorded)} recorded counts do not fit {len(outcome.running)} ticks")
    replayed = outcome.running.reshape(len(recorded), repeats).mean(axis=1)
    known = ~np.isnan(recorded)
    total = float(recorded[known].sum())
    return float(np.abs(replayed[known] - recorded[known]).sum()) / total if total > 0 else float("nan")
