"""What a history leaves out: how much of it is missing, and which times of the day nearly always are."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from advisor.domain.finding import Caution
from advisor.domain.schema import GAP
from advisor.domain.units import DAY_SECONDS
from advisor.profile.records import Demand

Bools = npt.NDArray[np.bool_]

TOLD_GAP_SHARE = 0.05  # chosen: of the steps; one day of twenty
UNSEEN_SHARE = 0.9  # chosen: of the steps of one time of the day, over all days
PERIOD_SECONDS = 900  # chosen: a quarter of an hour, which every step divides


def gap_cautions(demand: Demand) -> tuple[Caution, ...]:
    """How much of a history is missing, from `TOLD_GAP_SHARE` on, and the times of the day that are hardly ever seen.

    Both speak of what may have happened there. No number is changed by them.
    """
    missing = demand.frame["state"].to_numpy() == GAP
    return (*_share(missing, demand.step_seconds), *_times(missing, demand)) if missing.any() else ()


def _share(missing: Bools, step_seconds: int) -> Iterator[Caution]:
    share, per_day = float(missing.mean()), DAY_SECONDS / step_seconds
    if share >= TOLD_GAP_SHARE:
        text = (
            f"{share:.1%} of the history is missing, {missing.sum() / per_day:.1f} of {len(missing) / per_day:.1f} days"
            " in all: what the service needed then was not seen."
        )
        yield Caution(code="gaps", text=text.replace("%", " %"))


def _times(missing: Bools, demand: Demand) -> Iterator[Caution]:
    index = pd.DatetimeIndex(demand.frame.index)
    period = np.asarray(index.hour * 3600 + index.minute * 60) // PERIOD_SECONDS
    periods = DAY_SECONDS // PERIOD_SECONDS
    steps, gone = np.bincount(period, minlength=periods), np.bincount(period[missing], minlength=periods)
    unseen = (steps > 0) & (gone >= UNSEEN_SHARE * steps)
    if unseen.any() and not unseen.all():
        text = (
            f"Of {' and '.join(_spans(unseen))} UTC next to nothing was measured on any day: what the service needs"
            " then was never seen, and no stated risk covers it."
        )
        yield Caution(code="unseen-hours", text=text)


def _spans(unseen: Bools) -> list[str]:
    """Times of the day as from and to, one over midnight as one."""
    starts = np.flatnonzero(unseen & ~np.roll(unseen, 1))
    ends = np.flatnonzero(unseen & ~np.roll(unseen, -1)) + 1
    if ends[0] <= starts[0]:
        ends = np.roll(ends, -1)
    return [f"{_clock(low)} to {_clock(high)}" for low, high in zip(starts.tolist(), ends.tolist(), strict=True)]


def _clock(period: int) -> str:
    minutes = period * PERIOD_SECONDS // 60
    return f"{minutes // 60 % 24:02d}:{minutes % 60:02d}"
