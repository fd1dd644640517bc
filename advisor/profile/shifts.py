"""Deployments that changed behaviour: a task holds, or a request takes, another amount from one day to the next."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from advisor.domain.units import DAY_SECONDS
from advisor.profile.records import Demand

Floats = npt.NDArray[np.float64]
Sides = tuple[Floats, Floats]

MS_PER_MINUTE = 60_000
FEWEST_TOLD, FEWEST_TO_SPEAK = 3, 7  # chosen: days on either side; a whole week, so that no weekend looks like a change
MOST_COMPARED = 14  # chosen: days on either side
APART = 0.95  # chosen: share of the pairs of days, one before and one after, that lie the same way
LEAST_SHIFT = 1.2  # chosen: ratio of the medians, of all days and of the nearest `FEWEST_TOLD`
MOST_DEPLOYMENTS = 20  # chosen: the latest ones


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """A deployment at `at` after which `what` is `after` and no longer `before`, medians of days in `unit`.

    `speaks`: whether there are days enough on both sides for the later ones to speak alone.
    """

    at: datetime
    what: str
    unit: str
    before: float
    after: float
    speaks: bool


def find_shift(demand: Demand, deployments: Iterable[datetime]) -> Shift | None:
    """The latest deployment that changed behaviour; None where none is seen to have.

    Looked at: the median memory of the fullest task per day, where the work did not move likewise, and the work of a
    request. A change must show at once (in the nearest days) and last (in nearly all pairs of days).
    """
    start, end = demand.frame.index[0], demand.frame.index[-1]
    inside = sorted({at for at in deployments if start < at <= end}, reverse=True)
    return next((shift for at in inside[:MOST_DEPLOYMENTS] if (shift := _at(demand, at)) is not None), None)


def _at(demand: Demand, at: datetime) -> Shift | None:
    held, work, asked = (_sides(demand, at, name) for name in ("hot_gib", "vcpu", "requests"))
    each = (MS_PER_MINUTE * work[0] / asked[0], MS_PER_MINUTE * work[1] / asked[1])
    if _moved(held) not in (0, _moved(work)):
        return _shift(at, "the memory of a task", "GiB", held)
    return _shift(at, "the work of a request", "vCPU ms", each) if _moved(each) else None


def _shift(at: datetime, what: str, unit: str, sides: Sides) -> Shift:
    before, after = map(_known, sides)
    return Shift(
        at=at,
        what=what,
        unit=unit,
        before=float(np.median(before)),
        after=float(np.median(after)),
        speaks=min(len(before), len(after)) >= FEWEST_TO_SPEAK,
    )


def _sides(demand: Demand, at: datetime, name: str) -> Sides:
    """Medians of the days before and after an instant, the nearest first; NaN where nothing is known."""
    values, per_day = demand.frame[name].to_numpy(), DAY_SECONDS // demand.step_seconds
    cut, most = int(demand.frame.index.searchsorted(pd.Timestamp(at))), MOST_COMPARED * per_day
    return _medians(values[max(0, cut - most) : cut][::-1], per_day), _medians(values[cut : cut + most], per_day)


def _medians(values: Floats, per_day: int) -> Floats:
    whole = values[: len(values) // per_day * per_day].reshape(-1, per_day)
    return np.array([np.median(known) if (known := _known(day)).size else np.nan for day in whole])


def _known(values: Floats) -> Floats:
    return values[np.isfinite(values)]


def _moved(sides: Sides) -> int:
    """1 where the days after are plainly higher, -1 where lower, else 0."""
    before, after = map(_known, sides)
    if min(len(before), len(after)) < FEWEST_TOLD or np.median(before) <= 0 or np.median(before[:FEWEST_TOLD]) <= 0:
        return 0
    nearest = float(np.median(after[:FEWEST_TOLD]) / np.median(before[:FEWEST_TOLD]))
    ratios = (float(np.median(after) / np.median(before)), nearest)
    higher, lower = (float(np.mean(way)) for way in (after[:, None] > before, after[:, None] < before))
    if higher >= APART and min(ratios) >= LEAST_SHIFT:
        return 1
    return -1 if lower >= APART and max(ratios) <= 1 / LEAST_SHIFT else 0
