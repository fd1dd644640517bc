"""One quantity of all the tasks of a service, step by step, and the quantiles that other advisors take of it.

CloudWatch tells the average and the highest over the tasks, so all but the hottest are taken to be alike: their mean
is what the average leaves for them. Average, highest and count of the tasks are kept; of one task nothing is assumed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_RATIO = 1.05  # of the exponential buckets of the Vertical Pod Autoscaler


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Samples:
    """Arrays of one length, oldest first, in one unit; NaN where a step is missing.

    `hottest`: of the task that had most; `others`: of each other task; `count`: how many these are, 0 of a lone task.
    """

    hottest: Floats
    others: Floats
    count: Ints

    def __len__(self) -> int:
        return len(self.hottest)

    def __getitem__(self, steps: slice) -> "Samples":
        return Samples(hottest=self.hottest[steps], others=self.others[steps], count=self.count[steps])

    @property
    def average(self) -> Floats:
        """The mean over the tasks of each step."""
        rest = np.where(self.count > 0, self.count * self.others, 0.0)
        return np.asarray((self.hottest + rest) / (1 + self.count))

    @property
    def values(self) -> Floats:
        """Samples of the hottest task, and of the others: two rows."""
        return np.stack([self.hottest, self.others])

    @property
    def tasks(self) -> Ints:
        """How many tasks each of `values` is of; 0 where it is missing."""
        tasks = np.stack([np.ones_like(self.count), self.count])
        return np.where(np.isfinite(self.values), tasks, 0)

    def windows(self, steps: int) -> Iterator["Samples"]:
        """Windows of so many steps, counted from the end; the first may be shorter."""
        ends = range(len(self), 0, -steps)
        return (self[max(0, end - steps) : end] for end in reversed(ends))

    def peaks(self, steps: int) -> "Samples":
        """The highest of each of the windows, and the most tasks that ran at once in it."""
        starts = [max(0, end - steps) for end in reversed(range(len(self), 0, -steps))]
        hottest, others = (np.fmax.reduceat(values, starts) for values in (self.hottest, self.others))
        return Samples(hottest=hottest, others=others, count=np.maximum.reduceat(self.count, starts))


def quantile(values: Floats, share: float) -> float:
    """Linear between the values that are known; 0 where none is."""
    known = values[np.isfinite(values)]
    return float(np.quantile(known, share)) if known.size else 0.0


def pooled_quantile(samples: Samples, share: float) -> float:
    """The same, of the samples of all the tasks together."""
    tasks = samples.tasks
    values, tasks = samples.values[tasks > 0], tasks[tasks > 0]
    if not values.size:
        return 0.0
    order = np.argsort(values)
    last = np.cumsum(tasks[order]) - 1  # a value that n tasks had has n places in a row
    places = np.column_stack([last - tasks[order] + 1, last])
    return float(np.interp(share * last[-1], places.ravel(), np.repeat(values[order], 2)))


class Buckets(Protocol):
    """Where a histogram is cut: which bucket a value falls in, and where buckets end."""

    def at(self, values: Floats) -> Ints:
        """Numbers of the buckets, from 0."""

    def ends(self, at: Ints) -> Floats:
        """Ends of the buckets, in the unit of the values."""


@dataclass(frozen=True, slots=True)
class Linear:
    """Buckets of one width."""

    width: float

    def at(self, values: Floats) -> Ints:
        """The whole widths in each value."""
        return np.floor(values / self.width).astype(np.int64)

    def ends(self, at: Ints) -> Floats:
        """The width times one more."""
        return np.asarray((at + 1.0) * self.width)


@dataclass(frozen=True, slots=True)
class Exponential:
    """Buckets that start at first x (1.05^i - 1) / 0.05, those of the Vertical Pod Autoscaler."""

    first: float

    def at(self, values: Floats) -> Ints:
        """0 below the first end, then by the logarithm."""
        found = np.floor(np.log(values * (_RATIO - 1) / self.first + 1) / np.log(_RATIO))
        return np.where(values < self.first, 0, found).astype(np.int64)

    def ends(self, at: Ints) -> Floats:
        """Where the next bucket starts."""
        return np.asarray(self.first * (_RATIO ** (at + 1.0) - 1) / (_RATIO - 1))


def decayed_quantile(
    samples: Samples, half_life: float, share: float, buckets: Buckets, *, by_load: bool = False
) -> float:
    """End of the bucket in which the quantile is; a sample counts half as much for every `half_life` steps of age.

    The samples of all the tasks together. `by_load`: a bucket weighs by its end too, so that use is counted, not time.
    """
    tasks = samples.tasks
    weights = tasks * 0.5 ** (np.arange(len(samples))[::-1] / half_life)
    if not tasks.any():
        return 0.0
    held = np.bincount(buckets.at(samples.values[tasks > 0]), weights[tasks > 0])
    ends = buckets.ends(np.arange(len(held)))
    histogram = np.asarray(held * ends if by_load else held)
    reached = np.cumsum(histogram) >= share * histogram.sum() * (1 - 1e-12)
    return float(ends[np.argmax(reached)])
