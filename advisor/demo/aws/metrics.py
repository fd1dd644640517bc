"""The metric store: each series is columns of statistic sets, found by namespace, name and dimensions.

A raw value is a statistic set whose minimum is its maximum, so percentiles need no second store: CloudWatch
serves them where every set of a period is such a one [B44:cloudwatch PutMetricData].
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from advisor.demo.aws.wire import LocalAws

Dimensions = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, order=True)
class MetricKey:
    """What makes a metric unique in CloudWatch: namespace, name and dimensions (sorted by name)."""

    namespace: str
    name: str
    dimensions: Dimensions

    @classmethod
    def of(cls, namespace: str, name: str, dimensions: Mapping[str, str]) -> "MetricKey":
        """The key of a metric; the order of the dimensions does not matter."""
        return cls(namespace, name, tuple(sorted(dimensions.items())))


@dataclass(frozen=True, slots=True, kw_only=True)
class StatisticSets:
    """Statistic sets of one series, sorted by time; equally long columns."""

    seconds: NDArray[np.int64]  # instants [s since 1970]
    count: NDArray[np.float64]  # samples
    total: NDArray[np.float64]  # sum of the samples
    low: NDArray[np.float64]  # smallest sample
    high: NDArray[np.float64]  # largest sample

    def __len__(self) -> int:
        return len(self.seconds)

    def where(self, rows: slice | NDArray[Any]) -> "StatisticSets":
        """The rows at a slice, mask or order."""
        return StatisticSets(
            seconds=self.seconds[rows],
            count=self.count[rows],
            total=self.total[rows],
            low=self.low[rows],
            high=self.high[rows],
        )

    def between(self, start: int, end: int) -> "StatisticSets":
        """The rows from `start` (inclusive) to `end` (exclusive) [s since 1970]."""
        first, last = np.searchsorted(self.seconds, [start, end])
        return self.where(slice(int(first), int(last)))


def statistic_sets(
    seconds: ArrayLike, count: ArrayLike, total: ArrayLike, low: ArrayLike, high: ArrayLike
) -> StatisticSets:
    """Statistic sets from columns in any order; rows without samples or with NaN are left out."""
    sets = StatisticSets(
        seconds=np.asarray(seconds, dtype=np.int64),
        count=np.asarray(count, dtype=np.float64),
        total=np.asarray(total, dtype=np.float64),
        low=np.asarray(low, dtype=np.float64),
        high=np.asarray(high, dtype=np.float64),
    )
    known = (sets.count > 0) & ~np.isnan(sets.total + sets.low + sets.high)
    return sets.where(known)


def _joined(parts: list[StatisticSets]) -> StatisticSets:
    whole = StatisticSets(
        seconds=np.concatenate([part.seconds for part in parts]),
        count=np.concatenate([part.count for part in parts]),
        total=np.concatenate([part.total for part in parts]),
        low=np.concatenate([part.low for part in parts]),
        high=np.concatenate([part.high for part in parts]),
    )
    if np.all(whole.seconds[1:] >= whole.seconds[:-1]):
        return whole
    return whole.where(np.argsort(whole.seconds, kind="stable"))


_NOTHING = statistic_sets([], [], [], [], [])


@dataclass(slots=True)
class MetricStore:
    """The metrics of one account and region."""

    _series: dict[MetricKey, dict[str, list[StatisticSets]]] = field(default_factory=dict)

    def add(self, key: MetricKey, unit: str, sets: StatisticSets) -> None:
        """Add statistic sets to a series; sets of the same instant are merged when they are read."""
        if len(sets):
            self._series.setdefault(key, {}).setdefault(unit, []).append(sets)

    def units(self, key: MetricKey) -> tuple[str, ...]:
        """The units in which a metric was published; none if there is no such metric."""
        return tuple(sorted(self._series.get(key, {})))

    def read(self, key: MetricKey, unit: str | None = None) -> StatisticSets:
        """All statistic sets of a metric, sorted by time, in one unit or in any."""
        units = self._series.get(key, {})
        wanted = [self._one(units, name) for name in units if unit in (None, name)]
        return wanted[0] if len(wanted) == 1 else _joined([_NOTHING, *wanted])

    def keys(self) -> Iterator[MetricKey]:
        """Every metric once, sorted."""
        return iter(sorted(self._series))

    def last_seconds(self, key: MetricKey) -> int:
        """The newest instant of a metric that is there.  [s since 1970]"""
        return max(int(part.seconds.max()) for parts in self._series[key].values() for part in parts)

    @staticmethod
    def _one(units: dict[str, list[StatisticSets]], name: str) -> StatisticSets:
        units[name] = [_joined(units[name])]
        return units[name][0]


def metric_store(aws: LocalAws, *, account: str, region: str) -> MetricStore:
    """The store of an account and region, empty at first."""
    store: MetricStore = aws.state("cloudwatch", account, region).setdefault("metrics", MetricStore())
    return store


def put_series(
    aws: LocalAws,
    *,
    account: str,
    region: str,
    namespace: str,
    name: str,
    dimensions: Mapping[str, str],
    start: datetime,
    step_seconds: int,
    samples: ArrayLike,
    sum: ArrayLike,
    minimum: ArrayLike,
    maximum: ArrayLike,
    unit: str = "None",
) -> None:
    """Seed a series in process, of any age and in any namespace, as AWS's own services publish.

    `samples`, `sum`, `minimum`, `maximum`: equally long, one value per step from `start` on; a step with no
    samples (0 or NaN) gets no datapoint. `unit` is CloudWatch's name: Percent, Count, None ...
    """
    first = int(start.astimezone(UTC).timestamp())
    seconds = first + step_seconds * np.arange(np.size(samples), dtype=np.int64)
    sets = statistic_sets(seconds, samples, sum, minimum, maximum)
    with aws.lock:
        metric_store(aws, account=account, region=region).add(MetricKey.of(namespace, name, dimensions), unit, sets)
