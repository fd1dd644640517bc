"""How CloudWatch reads a metric: which instants, in which periods, of which age."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from advisor.demo.aws.metric_statistics import Statistic, statistic
from advisor.demo.aws.metrics import MetricKey, MetricStore
from advisor.demo.aws.wire import AwsError

HOUR, DAY = 3600, 86400
# Retention by resolution [s] -> age [s]: FACTS 6 [B44:cloudwatch GetMetricData, CW23]
RETENTION = {60: 15 * DAY, 300: 63 * DAY, 3600: 455 * DAY}
HIGH_RESOLUTION_RETENTION = 3 * HOUR
HIGH_RESOLUTION_PERIODS = (1, 5, 10, 20, 30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What is asked for: from `start` (inclusive) to `end` (exclusive), asked at `now`  [s since 1970]."""

    start: int
    end: int
    now: int

    def first_period(self, period: int) -> int:
        """Where the first period begins: the start rounded down, by its age.  [s since 1970]

        To the minute within 15 days, to 5 minutes within 63, to the hour when older; periods under a minute to
        their own division of the minute [B44:cloudwatch GetMetricData.StartTime]. Later periods follow from there,
        not from the hour: AWS's own answer in boto3 issue 3457.
        """
        if period in HIGH_RESOLUTION_PERIODS:
            return self.start - self.start % period
        age = self.now - self.start
        step = next((step for step, kept in RETENTION.items() if age < kept), HOUR)
        return self.start - self.start % step

    def kept_since(self, period: int) -> int:
        """The oldest instant that is still there at this period.  [s since 1970]

        The period must be a multiple of 60 s beyond 3 hours, 300 s beyond 15 days, 3600 s beyond 63 days, "or no
        data points in that time range is returned" [B44:cloudwatch MetricStat.Period].
        """
        steps = [step for step in RETENTION if period % step == 0]
        return self.now - (RETENTION[steps[-1]] if steps else HIGH_RESOLUTION_RETENTION)


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Datapoints in order of time: where each period begins [s since 1970], and its value."""

    seconds: NDArray[np.int64]
    values: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.seconds)


def read_series(
    store: MetricStore, key: MetricKey, *, stat: str, period: int, window: Window, unit: str | None = None
) -> Series:
    """One statistic of one metric; periods without data have no datapoint."""
    start = window.first_period(period)
    sets = store.read(key, unit).between(max(start, window.kept_since(period)), window.end)
    if not len(sets):
        return Series(seconds=sets.seconds, values=sets.total)
    number = (sets.seconds - start) // period
    first = np.flatnonzero(np.diff(number, prepend=-1))
    values = checked_statistic(stat)(sets, first)
    known = ~np.isnan(values)
    return Series(seconds=(start + number[first] * period)[known], values=values[known])


def checked_statistic(name: str) -> Statistic:
    """The statistic of this name; an unknown one is refused, never answered with nothing."""
    found = statistic(name)
    if found is None:
        raise AwsError("ValidationError", f"The value {name} for parameter Stat is not supported.")
    return found


def checked_period(period: Any) -> int:
    """A period that CloudWatch has: 1, 5, 10, 20, 30 or a multiple of 60 s [B44:cloudwatch MetricStat.Period]."""
    if isinstance(period, int) and (period in HIGH_RESOLUTION_PERIODS or (period > 0 and period % 60 == 0)):
        return period
    raise AwsError("ValidationError", f"The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60: {period}")


def checked_window(params: Mapping[str, Any], *, now: datetime) -> Window:
    """The window of a request; refuses one that is empty or runs backwards."""
    start, end = seconds_of(params["StartTime"]), seconds_of(params["EndTime"])
    if start == end:
        raise AwsError("ValidationError", "The parameter StartTime must not equal parameter EndTime.")
    if start > end:
        raise AwsError("ValidationError", "The parameter EndTime must be greater than StartTime.")
    return Window(start=start, end=end, now=int(now.timestamp()))


def checked_key(metric: Mapping[str, Any]) -> MetricKey:
    """The key of a request's Namespace, MetricName and Dimensions; a dimension may be there once."""
    dimensions = metric.get("Dimensions") or []
    names = [dimension["Name"] for dimension in dimensions]
    if len(set(names)) < len(names):
        raise AwsError("InvalidParameterValue", "No duplicate dimension names are allowed.")
    return MetricKey.of(
        metric.get("Namespace", ""),
        metric.get("MetricName", ""),
        {dimension["Name"]: dimension["Value"] for dimension in dimensions},
    )


def dimension_list(key: MetricKey) -> list[dict[str, str]]:
    """Dimensions in AWS's shape."""
    return [{"Name": name, "Value": value} for name, value in key.dimensions]


def seconds_of(instant: object) -> int:
    """An instant of a request, as the wire (seconds) or a caller in process (datetime) gives it.  [s since 1970]"""
    if isinstance(instant, datetime):
        return int(instant.timestamp())
    if isinstance(instant, (int, float)):
        return int(instant)
    raise AwsError("ValidationError", f"Not an instant: {str(instant)[:40]!r}")
