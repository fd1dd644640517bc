"""CloudWatch's statistics, over the statistic sets of each period.

A statistic is a function `(sets, first) -> values`: `first` holds the row where each period begins, `values` one
number per period, NaN where CloudWatch has none. The five simple ones are exact for any sets. Those of the
distribution (percentiles, trimmed and winsorized means ...) exist only where every sample of the period is known:
raw values, SampleCount 1 or Minimum = Maximum, and nothing negative [B44:cloudwatch GetMetricStatistics].

Which sample a percentile picks, CloudWatch does not document; here it is the nearest rank (chosen).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from advisor.demo.aws.metrics import StatisticSets

Floats = NDArray[np.float64]
Statistic = Callable[[StatisticSets, NDArray[np.intp]], Floats]
Measure = Callable[[Floats, Floats], float]  # sorted samples, how often each -> value

SIMPLE: dict[str, Statistic] = {
    "SampleCount": lambda sets, first: np.add.reduceat(sets.count, first),
    "Sum": lambda sets, first: np.add.reduceat(sets.total, first),
    "Average": lambda sets, first: np.add.reduceat(sets.total, first) / np.add.reduceat(sets.count, first),
    "Minimum": lambda sets, first: np.minimum.reduceat(sets.low, first),
    "Maximum": lambda sets, first: np.maximum.reduceat(sets.high, first),
}
_PERCENTILE = re.compile(r"p(100|\d{1,2}(?:\.\d{1,10})?)")
_SHORT = re.compile(r"(tm|wm|tc|ts)(100|\d{1,2}(?:\.\d{1,10})?)")
_RANGE = re.compile(r"(TM|WM|TC|TS|PR)\((\d*\.?\d*)(%?):(\d*\.?\d*)(%?)\)")


def statistic(name: str) -> Statistic | None:
    """The statistic of this name, as GetMetricData's `Stat` takes it; None if CloudWatch has no such one."""
    if name in SIMPLE:
        return SIMPLE[name]
    measure = _measure("TM(25%:75%)" if name == "IQM" else name)
    return None if measure is None else _of_known_samples(measure)


def _of_known_samples(measure: Measure) -> Statistic:
    def over(sets: StatisticSets, first: NDArray[np.intp]) -> Floats:
        ends = np.append(first[1:], len(sets))
        sample = sets.total / sets.count
        known = ((sets.low == sets.high) | (sets.count == 1)) & (sets.low >= 0)
        values = np.full(len(first), np.nan)
        for period in np.flatnonzero(np.logical_and.reduceat(known, first)):
            rows = slice(first[period], ends[period])
            order = np.argsort(sample[rows])
            values[period] = measure(sample[rows][order], sets.count[rows][order])
        return values

    return over


def _measure(name: str) -> Measure | None:
    if found := _PERCENTILE.fullmatch(name):
        share = float(found[1]) / 100
        return lambda samples, counts: percentile(samples, counts, share)
    if found := _SHORT.fullmatch(name):
        return _Trim(kind=found[1].upper(), low=0.0, high=float(found[2]) / 100, shares=True)
    found = _RANGE.fullmatch(name)
    return _trim(*found.groups()) if found else None


def _trim(kind: str, low: str, low_percent: str, high: str, high_percent: str) -> "_Trim | None":
    shares = "%" in (low_percent, high_percent)
    mixed = bool(low) and bool(high) and low_percent != high_percent
    if mixed or (not low and not high) or (shares and kind == "PR"):
        return None
    scale = 100.0 if shares else 1.0
    ends = (float(low or 0) / scale, float(high) / scale if high else (1.0 if shares else np.inf))
    return _Trim(kind=kind, low=ends[0], high=ends[1], shares=shares, open_below=not low)


def percentile(samples: Floats, counts: Floats, share: float) -> float:
    """The smallest sample that at least `share` of all samples do not exceed; `samples` sorted.

    >>> percentile(np.array([1.0, 2.0, 3.0]), np.array([1.0, 1.0, 2.0]), 0.5)
    2.0
    """
    reached = np.cumsum(counts)
    return float(samples[min(np.searchsorted(reached, share * reached[-1] - 1e-9), len(samples) - 1)])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trim:
    """TM, WM, TC, TS or PR between two bounds: shares of the samples, or values (above `low`, up to `high`)."""

    kind: str
    low: float
    high: float
    shares: bool
    open_below: bool = False

    def __call__(self, samples: Floats, counts: Floats) -> float:
        if self.kind == "WM":
            return self._winsorized(samples, counts)
        inside = self._inside(samples, counts)
        count, total = float(inside.sum()), float((samples * inside).sum())
        if self.kind == "TM":
            return total / count if count else np.nan
        return {"TC": count, "TS": total, "PR": 100 * count / float(counts.sum())}[self.kind]

    def _inside(self, samples: Floats, counts: Floats) -> Floats:
        if not self.shares:
            above = (samples > self.low) | self.open_below
            return np.where(above & (samples <= self.high), counts, 0.0)
        reached = np.cumsum(counts)
        low, high = self.low * reached[-1], self.high * reached[-1]
        inside: Floats = np.minimum(reached, high) - np.maximum(reached - counts, low)
        return np.maximum(inside, 0.0)

    def _winsorized(self, samples: Floats, counts: Floats) -> float:
        low, high = self.low, self.high
        if self.shares:
            low, high = (percentile(samples, counts, share) for share in (low, high))
        return float((np.clip(samples, low, high) * counts).sum() / counts.sum())
