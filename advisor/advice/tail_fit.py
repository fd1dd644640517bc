"""Fit a tail: how far the days ahead went above the days before, over many series."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from advisor.advice.shortage import LEAST_SHORT, daily_work, exceeded, shortage_evidence
from advisor.advice.tail import LEAST_STATED, Evidence, Floats, evidence
from advisor.domain.errors import NoData
from advisor.domain.settings import TailModel
from advisor.domain.units import DAY_SECONDS
from advisor.profile.fit import daily_peaks

FEWEST_DAYS_SEEN = 3
HORIZONS = (1, 2, 3, 5, 7, 10, 14, 21, 30)
SHORT_DAYS = 12  # series up to so long are looked at from every day, longer ones from every second
ROOMS = (0.0, 0.01, 0.02, 0.04, 0.07, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8, 1.1)  # logarithms of memory over the highest
MEMORY_WEIGHT = 3.0  # chosen: memory is what is asked for, CPU of other fleets only teaches how series move
STRENGTH = 1.0  # chosen: of the ridge penalty, for a sample that counts as a thousand
SHORT_SHARE = 0.01  # of the time: what CPU is fitted for, the default limit on throttling
_SAMPLE = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Series:
    """One series on a complete grid (NaN where a step is missing), and the source (or group of a fleet) it is from."""

    source: str
    values: Floats
    step_seconds: int
    is_memory: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What some days said, and how far the `days` days after them went above their highest peak  [logarithm]."""

    seen: Evidence
    days: int
    above: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tail:
    """A tail to fit: what days say (None = too few), and how many of the days ahead are known and what they reached.

    Both take values and the step [s]. `of_memory`: the series whose statements are scored; `least` is never gone below.
    """

    told: Callable[[Floats, int], Evidence | None]
    reached: Callable[[Floats, int], tuple[int, float]]
    of_memory: bool
    least: float


def _peaks_told(values: Floats, step_seconds: int) -> Evidence | None:
    peaks = daily_peaks(values, step_seconds)
    return evidence(peaks, float(np.nanmedian(values))) if len(peaks) >= FEWEST_DAYS_SEEN else None


def _peaks_reached(values: Floats, step_seconds: int) -> tuple[int, float]:
    peaks = daily_peaks(values, step_seconds)
    return len(peaks), max(peaks, default=0.0)


def _work_told(values: Floats, step_seconds: int) -> Evidence | None:
    return shortage_evidence(values, step_seconds, SHORT_SHARE)


def _work_reached(values: Floats, step_seconds: int) -> tuple[int, float]:
    return len(daily_work(values, step_seconds, SHORT_SHARE)), exceeded(values, SHORT_SHARE)


MEMORY = Tail(told=_peaks_told, reached=_peaks_reached, of_memory=True, least=LEAST_STATED)
CPU = Tail(told=_work_told, reached=_work_reached, of_memory=False, least=LEAST_SHORT)


def looks(series: Series, tail: Tail = MEMORY) -> Iterator[Look]:
    """Looks ahead from many days of one series; they overlap, so they count as one series together."""
    per_day = DAY_SECONDS // series.step_seconds
    total = len(series.values) // per_day
    for now in range(FEWEST_DAYS_SEEN, total, 1 if total <= SHORT_DAYS else 2):
        seen = tail.told(series.values[: now * per_day], series.step_seconds)
        if seen is None:
            continue
        for ahead in (ahead for ahead in HORIZONS if now + ahead <= total):
            later = series.values[now * per_day : (now + ahead) * per_day]
            days, reached = tail.reached(later, series.step_seconds)
            if days > ahead / 2:
                yield Look(seen=seen, days=days, above=float(np.log(max(reached, 1e-9) / seen.highest)))


def fit(all_series: Sequence[Series], tail: Tail = MEMORY) -> TailModel:
    """The model of many series: logistic regression on whether each of `ROOMS` was outgrown.

    A series counts once, however long; a source counts as the root of its number of series, CPU and memory apart.
    Raises NoData where no series ever outgrew its past, or each one always did.
    """
    from sklearn.linear_model import LogisticRegression

    count = Counter((series.source, series.is_memory) for series in all_series)
    rows, above, weights = [], [], []
    for series in all_series:
        found = list(looks(series, tail))
        weight = (MEMORY_WEIGHT if series.is_memory else 1.0) / np.sqrt(count[series.source, series.is_memory])
        rows += [_row(look) for look in found]
        above += [look.above for look in found]
        weights += [weight / len(found)] * len(found)
    table, outgrown, weight = _stacked(np.array(rows), np.array(above), np.array(weights))
    if outgrown.all() or not outgrown.any():
        often = "always" if outgrown.any() else "never"
        raise NoData(
            f"memory tail: the days ahead {often} went above the days before in these {len(all_series)} series."
            " Rule: some did and some did not. Next: collect more services and days."
        )
    mean, spread = table.mean(axis=0), table.std(axis=0) + 1e-12
    fitted = LogisticRegression(C=STRENGTH, max_iter=1000).fit((table - mean) / spread, outgrown, sample_weight=weight)
    slopes = fitted.coef_[0] / spread
    names = ("headroom", "days_ahead", "days_seen", "apart", "fallen")
    exponents = {name: round(float(slope), 4) for name, slope in zip(names, slopes, strict=True)}
    return TailModel(base=round(float(fitted.intercept_[0] - slopes @ mean), 4), **exponents)


def _row(look: Look) -> tuple[float, ...]:
    """Scale, then the logarithms that `tail.chance` multiplies, but for headroom."""
    seen = look.seen
    near, last = np.log1p(seen.apart / seen.move), np.log1p(seen.fallen / seen.move)
    return (seen.scale, seen.growth * look.days, np.log(look.days), np.log(seen.days), float(near), float(last))


def _stacked(rows: Floats, above: Floats, weights: Floats) -> tuple[Floats, Floats, Floats]:
    """Every look once per room: what was known, whether the room was outgrown, what it counts."""
    ahead = [np.maximum(room - rows[:, 1], 0.0) / rows[:, 0] for room in ROOMS]
    table = np.concatenate([np.column_stack([np.log1p(part), rows[:, 2:]]) for part in ahead])
    outgrown = np.concatenate([above > room for room in ROOMS])
    weight = np.tile(weights, len(ROOMS))
    return table, outgrown, weight / weight.sum() * _SAMPLE
