"""How long requests took where the tasks were as busy as a change makes them: a caution, with the numbers seen.

Minutes of two bands of the tasks' CPU are held against each other: as cool as today's usual minute or cooler, and
hotter than half-way to the usual minute of what is advised. Of each band the median of the minutes' p99 counts, so that
a bad hour moves neither. That requests wait for CPU is not shown by it: what else comes with load may slow them down.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, floor

import numpy as np
import numpy.typing as npt
import pandas as pd

from advisor.advice.replay import Replay
from advisor.advice.rules import (
    FEWEST_DAYS_OF_BAND,
    FEWEST_MINUTES,
    FEWEST_REQUESTS,
    HOTTER_POINTS,
    LEAST_SLOWER_SECONDS,
    SLOWER,
)
from advisor.advice.work import Bools, Floats, Work
from advisor.domain.finding import Caution
from advisor.domain.schema import OBSERVED
from advisor.domain.units import DAY_SECONDS
from advisor.profile import Demand


def response_cautions(demand: Demand, work: Work, *, today: Replay, then: Replay) -> Iterator[Caution]:
    """What requests took in cool and in hot minutes, where a change makes hot ones usual and they were slower there.

    `work`: that of `demand`, over which both setups were replayed. Only minutes that were observed count: no start,
    no gap, none in which CPU was at its limit.
    """
    before, after = usual_cpu(today, work), usual_cpu(then, work)
    if not after - before >= HOTTER_POINTS:
        return
    below, above = ceil(before), floor((before + after) / 2)
    seen = _seen(demand)
    cool, hot = seen.band(seen.cpu <= below), seen.band(seen.cpu > above)
    if cool is None or hot is None or hot < SLOWER * cool or hot - cool < LEAST_SLOWER_SECONDS:
        return
    text = (
        f"99 of 100 requests were answered within {seconds(cool)} in minutes with CPU up to {below} %, and within"
        f" {seconds(hot)} above {above} %: this change moves the usual CPU of its tasks from {before:.0f} % to"
        f" {after:.0f} %. Watch response times after it."
    )
    yield Caution(code="slower-when-busy", text=text)


def usual_cpu(replay: Replay, work: Work) -> float:
    """The median CPU of the tasks of a replay over minutes that are known  [percent]; NaN where none ran."""
    ran = work.known & (replay.running > 0)
    used = work.vcpu[ran] / (replay.running[ran] * replay.setup.size.vcpu)
    return 100 * min(1.0, float(np.median(used))) if ran.any() else float("nan")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Seen:
    """Steps with known response times: CPU of the average task [percent], p99 [s], and on which day each was."""

    cpu: Floats
    p99: Floats
    day: npt.NDArray[np.int64]
    step_seconds: int

    def band(self, those: Bools) -> float | None:
        """The median p99 of some of the steps  [s]; None where they are too few, or all of a day or two."""
        enough = np.count_nonzero(those) * self.step_seconds >= FEWEST_MINUTES * 60
        several = np.unique(self.day[those]).size >= FEWEST_DAYS_OF_BAND
        return float(np.median(self.p99[those])) if enough and several else None


def _seen(demand: Demand) -> _Seen:
    frame = demand.frame
    told = (frame["state"] == OBSERVED) & frame["response_p99"].notna() & (frame["requests"] >= FEWEST_REQUESTS)
    rows = frame[told.to_numpy()]
    return _Seen(
        cpu=(100 * rows["vcpu"] / (rows["tasks"] * rows["task_vcpu"])).to_numpy(),
        p99=rows["response_p99"].to_numpy(),
        day=pd.DatetimeIndex(rows.index).as_unit("s").asi8 // DAY_SECONDS,
        step_seconds=demand.step_seconds,
    )


def seconds(value: float) -> str:
    """A response time in words.

    >>> seconds(0.1234), seconds(2.345), seconds(31.4)
    ('0.12 s', '2.3 s', '31 s')
    """
    return f"{value:.2g} s" if value < 10 else f"{value:.0f} s"
