"""CloudWatch: the metrics that are there, what is put in, and GetMetricStatistics.

GetMetricData is in `cloudwatch_data`, alarms are in `cloudwatch_alarms`.
"""

import math
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from advisor.demo.aws import cloudwatch_alarms, cloudwatch_data  # noqa: F401  (they register their corrections)
from advisor.demo.aws.metric_reading import (
    DAY,
    HOUR,
    Window,
    checked_key,
    checked_period,
    checked_window,
    dimension_list,
    read_series,
    seconds_of,
)
from advisor.demo.aws.metric_statistics import SIMPLE, statistic
from advisor.demo.aws.metrics import MetricKey, MetricStore, metric_store, statistic_sets
from advisor.demo.aws.paging import page_of
from advisor.demo.aws.wire import AwsError, Call, LocalAws, answers

LISTED_FOR = 14 * DAY  # "haven't reported data in the past two weeks" [B44:cloudwatch ListMetrics]
RECENT = {"PT3H": 3 * HOUR}
PAGE = 500
MOST_STATISTICS = 1440
MOST_DATUMS = 1000
MOST_VALUES = 150
MOST_DIMENSIONS = 30
OLDEST, NEWEST = 14 * DAY, 2 * HOUR  # how far from now a datum may be [B44:cloudwatch PutMetricData]
BIGGEST = 2.0**360


@answers("cloudwatch", "ListMetrics")
def list_metrics(aws: LocalAws, call: Call) -> dict[str, Any]:
    """Every metric once, 500 a page, if it had data in the past two weeks.  [B44:cloudwatch]

    moto lists a metric of two dimensions once per datapoint, and knows no RecentlyActive.
    """
    store, params = metric_store(aws, account=call.account, region=call.region), call.params
    recent = params.get("RecentlyActive")
    if recent not in (None, *RECENT):
        raise AwsError("InvalidParameterValue", f"The value {recent} for parameter RecentlyActive is not supported.")
    since = aws.clock().timestamp() - RECENT.get(str(recent), LISTED_FOR)
    found = [key for key in store.keys() if store.last_seconds(key) >= since and _is_asked(key, params)]  # noqa: SIM118
    page, token = page_of(found, params, size=PAGE, error_code="InvalidParameterValue")
    owners = {"OwningAccounts": [call.account] * len(page)} if params.get("IncludeLinkedAccounts") else {}
    return {"Metrics": [_metric(key) for key in page], **owners, **token}


def _metric(key: MetricKey) -> dict[str, Any]:
    return {"Namespace": key.namespace, "MetricName": key.name, "Dimensions": dimension_list(key)}


def _is_asked(key: MetricKey, params: Mapping[str, Any]) -> bool:
    """Namespace and name exact; the dimensions asked for may be fewer than the metric has, values optional."""
    has = dict(key.dimensions)
    return (
        params.get("Namespace") in (None, key.namespace)
        and params.get("MetricName") in (None, key.name)
        and all(
            asked["Name"] in has and asked.get("Value") in (None, has[asked["Name"]])
            for asked in params.get("Dimensions") or []
        )
    )


@answers("cloudwatch", "GetMetricStatistics")
def get_metric_statistics(aws: LocalAws, call: Call) -> dict[str, Any]:
    """The same reading as GetMetricData; at most 1,440 datapoints, in no order, each unit apart.  [B44:cloudwatch]

    moto answers percentiles with datapoints that have no value.
    """
    store, params = metric_store(aws, account=call.account, region=call.region), call.params
    names, extended = params.get("Statistics") or [], params.get("ExtendedStatistics") or []
    if bool(names) == bool(extended):
        raise AwsError("InvalidParameterCombination", "Must specify either Statistics or ExtendedStatistics")
    for name in (*names, *extended):
        if (name in SIMPLE) != bool(names) or statistic(name) is None:
            raise AwsError("InvalidParameterValue", f"The value {name} for parameter Statistics is not supported.")
    window, period = checked_window(params, now=aws.clock()), checked_period(params.get("Period"))
    _check_room(window, period)
    points = list(_points(store, params, window, period))
    return {"Label": params["MetricName"], "Datapoints": points[1::2] + points[::2]}


def _check_room(window: Window, period: int) -> None:
    asked = math.ceil((window.end - window.start) / period)
    if asked > MOST_STATISTICS:
        raise AwsError(
            "InvalidParameterCombination",
            f"You have requested up to {asked:,} datapoints, which exceeds the limit of {MOST_STATISTICS:,}. You may "
            "reduce the datapoints requested by increasing Period, or decreasing the time range.",
        )


def _points(store: MetricStore, params: Mapping[str, Any], window: Window, period: int) -> Iterator[dict[str, Any]]:
    key, extended = checked_key(params), params.get("ExtendedStatistics") or []
    for unit in store.units(key):
        points: dict[int, dict[str, Any]] = {}
        if params.get("Unit") in (None, unit):
            for stat in (*(params.get("Statistics") or []), *extended):
                series = read_series(store, key, stat=stat, period=period, window=window, unit=unit)
                for second, value in zip(series.seconds.tolist(), series.values.tolist(), strict=True):
                    point = points.setdefault(second, {"Timestamp": second, "Unit": unit})
                    (point.setdefault("ExtendedStatistics", {}) if extended else point)[stat] = value
        yield from points.values()


@answers("cloudwatch", "PutMetricData")
def put_metric_data(aws: LocalAws, call: Call) -> dict[str, Any]:
    """Custom metrics: 1,000 datums, not in AWS/ namespaces, two weeks back, two hours ahead.  [B44:cloudwatch]

    moto takes any number, namespace and age.
    """
    namespace = str(call.params.get("Namespace", ""))
    if namespace.startswith("AWS/") or not namespace:
        raise _invalid("Namespace", namespace)
    datums = list(call.params.get("MetricData") or [])
    for entity in call.params.get("EntityMetricData") or []:
        datums += entity.get("MetricData") or []
    if len(datums) > MOST_DATUMS:
        raise AwsError(
            "InvalidParameterValue", f"The collection MetricData must not have a size greater than {MOST_DATUMS}."
        )
    store = metric_store(aws, account=call.account, region=call.region)
    for parts in [_checked_datum(datum, namespace, number, now=aws.clock()) for number, datum in enumerate(datums, 1)]:
        store.add(*parts)
    return {}


def _checked_datum(datum: Mapping[str, Any], namespace: str, number: int, *, now: datetime) -> tuple[Any, ...]:
    """A datum as (key, unit, statistic sets); each raw value is a set of its own."""
    where = f"MetricData.member.{number}"
    second = seconds_of(datum.get("Timestamp") or now)
    if not -NEWEST <= now.timestamp() - second <= OLDEST:
        raise _invalid(f"{where}.Timestamp", second)
    if len(datum.get("Dimensions") or []) > MOST_DIMENSIONS:
        raise _invalid(f"{where}.Dimensions", f"more than {MOST_DIMENSIONS}")
    second -= second % (1 if datum.get("StorageResolution") == 1 else 60)
    columns = _columns(datum, where)
    if not all(math.isfinite(number) and abs(number) <= BIGGEST for column in columns for number in column):
        raise _invalid(f"{where}.Value", "outside -2^360 to 2^360")
    key = checked_key({**datum, "Namespace": namespace})
    return key, datum.get("Unit", "None"), statistic_sets([second] * len(columns[0]), *columns)


def _columns(datum: Mapping[str, Any], where: str) -> tuple[list[float], ...]:
    """Sample counts, sums, minima, maxima."""
    given = [name for name in ("Value", "Values", "StatisticValues") if datum.get(name) is not None]
    if len(given) != 1:
        raise AwsError("InvalidParameterCombination", f"{where} must have one of Value, Values, StatisticValues.")
    if given == ["StatisticValues"]:
        sets = datum["StatisticValues"]
        return tuple([float(sets[name])] for name in ("SampleCount", "Sum", "Minimum", "Maximum"))
    values = [float(value) for value in datum.get("Values") or [datum.get("Value")]]
    counts = [float(count) for count in datum.get("Counts") or [1.0] * len(values)]
    if len(values) > MOST_VALUES or len(counts) != len(values):
        raise _invalid(f"{where}.Values", f"{len(values)} values, {len(counts)} counts")
    return counts, [value * count for value, count in zip(values, counts, strict=True)], values, values


def _invalid(name: str, value: object) -> AwsError:
    return AwsError("InvalidParameterValue", f"The value {value} for parameter {name} is invalid.")
