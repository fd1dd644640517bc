"""GetMetricData: the queries, metric math over them, and the pages."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from advisor.demo.aws.faults import take_hiccup
from advisor.demo.aws.metric_math import Dense, evaluate
from advisor.demo.aws.metric_reading import (
    Series,
    Window,
    checked_key,
    checked_period,
    checked_statistic,
    checked_window,
    read_series,
)
from advisor.demo.aws.metrics import MetricStore, metric_store
from advisor.demo.aws.paging import read_token, write_token
from advisor.demo.aws.wire import AwsError, Call, LocalAws, answers

MOST_QUERIES = 500
MOST_DATAPOINTS = 100_800
_ID = re.compile(r"[a-z][A-Za-z0-9_]{0,254}")


@answers("cloudwatch", "GetMetricData")
def get_metric_data(aws: LocalAws, call: Call) -> dict[str, Any]:
    """500 queries, 100,800 datapoints a page, newest first unless asked otherwise.  [B44:cloudwatch, FACTS 6]

    moto mixes namespaces, aggregates over dimensions, needs them in one order, knows no percentiles, no limits,
    no pages and no retention.
    """
    data = _Data(
        store=metric_store(aws, account=call.account, region=call.region),
        queries=_checked_queries(call.params.get("MetricDataQueries") or []),
        window=checked_window(call.params, now=aws.clock()),
    )
    return _page(data, call.params, hiccup=take_hiccup(aws, account=call.account, region=call.region))


def _checked_queries(queries: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The queries by Id, in order; refuses what CloudWatch refuses."""
    if not queries:
        raise AwsError("ValidationError", "The parameter MetricDataQueries is required.")
    if len(queries) > MOST_QUERIES:
        raise AwsError(
            "ValidationError", f"The collection MetricDataQueries must not have a size greater than {MOST_QUERIES}."
        )
    by_id: dict[str, dict[str, Any]] = {}
    for number, query in enumerate(queries, 1):
        _check_query(query, where=f"MetricDataQueries.member.{number}")
        if query["Id"] in by_id:
            raise AwsError("ValidationError", f"The values for parameter id in {query['Id']} are not unique.")
        by_id[query["Id"]] = query
    return by_id


def _check_query(query: Mapping[str, Any], *, where: str) -> None:
    if not _ID.fullmatch(str(query.get("Id", ""))):
        raise AwsError("ValidationError", f"The value {query.get('Id')} for parameter {where}.Id is not matching")
    if ("MetricStat" in query) == ("Expression" in query):
        raise AwsError("ValidationError", f"{where} must have either MetricStat or Expression, not both.")
    if "MetricStat" in query:
        checked_period(query["MetricStat"].get("Period"))
        checked_statistic(query["MetricStat"].get("Stat", ""))


@dataclass(slots=True)
class _Data:
    """The queries of one request, answered when they are needed."""

    store: MetricStore
    queries: Mapping[str, Mapping[str, Any]]
    window: Window
    _under_way: list[str] = field(default_factory=list)

    def returned(self) -> list[str]:
        """The ids whose data are wanted."""
        return [name for name, query in self.queries.items() if query.get("ReturnData", True)]

    def series(self, name: str) -> Series:
        """The datapoints of one query."""
        query = self.queries[name]
        if "Expression" in query:
            return self._computed(name)
        stat = query["MetricStat"]
        return read_series(
            self.store,
            checked_key(stat["Metric"]),
            stat=stat["Stat"],
            period=stat["Period"],
            window=self.window,
            unit=stat.get("Unit"),
        )

    def _computed(self, name: str) -> Series:
        period = self._period()
        start = self.window.first_period(period)
        values = self._dense(name)
        known = np.flatnonzero(~np.isnan(values))
        return Series(seconds=start + known * period, values=values[known])

    def _period(self) -> int:
        periods = {query["MetricStat"]["Period"] for query in self.queries.values() if "MetricStat" in query}
        if len(periods) != 1:
            raise AwsError("ValidationError", "The local AWS does metric math on queries of one period only.")
        return int(periods.pop())

    def _dense(self, name: str) -> Dense:
        query = self.queries.get(name)
        if query is None or name in self._under_way:
            raise AwsError("ValidationError", f"Error in expression: {name!r} is not the Id of another query.")
        if "Expression" in query:
            self._under_way.append(name)
            values = evaluate(query["Expression"], self._dense)
            self._under_way.remove(name)
            return values
        period, series = self._period(), self.series(name)
        start = self.window.first_period(period)
        values = np.full(-((start - self.window.end) // period), np.nan)
        values[(series.seconds - start) // period] = series.values
        return values


def _page(data: _Data, params: Mapping[str, Any], *, hiccup: bool) -> dict[str, Any]:
    """One page: unfinished queries are PartialData, and the token says where the next page begins.

    AWS promises no order of the results: from the second page on they come in reverse, so that nobody relies on
    one. No token is given with metric math [B44:cloudwatch MetricDataResult.StatusCode]. On a hiccup the page is
    empty, its first query says InternalError, and the token leads to what is missing.
    """
    number, done, attempt = read_token(params, "InvalidNextToken", default=(0, 0, 0))
    results: list[dict[str, Any]] = []
    room, skip = 0 if hiccup else _room(params), done
    for name in data.returned()[number:]:
        results.append(_result(data, name, newest_first=_newest_first(params), skip=skip, room=room))
        room, skip = room - len(results[-1]["Values"]), 0
    if hiccup and results:
        results[0]["StatusCode"] = "InternalError"
    complete = sum(result["StatusCode"] == "Complete" for result in results)
    page: dict[str, Any] = {"MetricDataResults": results[:: -1 if number or done else 1], "Messages": []}
    if complete < len(results) and not any("Expression" in query for query in data.queries.values()):
        read = len(results[complete]["Values"]) + (0 if complete else done)
        page["NextToken"] = write_token(params, (number + complete, read, attempt + hiccup))
    return page


def _result(data: _Data, name: str, *, newest_first: bool, skip: int, room: int) -> dict[str, Any]:
    """A query's part of a page: at most `room` datapoints after the first `skip`; without room it only waits."""
    query = data.queries[name]
    result: dict[str, Any] = {
        "Id": name,
        "Label": _label(query),
        "Timestamps": [],
        "Values": [],
        "StatusCode": "PartialData",
    }
    if not room:
        return result
    series = data.series(name)
    order, part = slice(None, None, -1 if newest_first else 1), slice(skip, skip + room)
    result["Timestamps"], result["Values"] = series.seconds[order][part], series.values[order][part]
    if skip + room >= len(series):
        result["StatusCode"] = "Complete"
    return result


def _label(query: Mapping[str, Any]) -> str:
    name = query.get("Expression") or query["MetricStat"]["Metric"]["MetricName"]
    return str(query.get("Label") or name)


def _room(params: Mapping[str, Any]) -> int:
    room = params.get("MaxDatapoints", MOST_DATAPOINTS)
    if not 1 <= room <= MOST_DATAPOINTS:
        raise AwsError("ValidationError", f"The parameter MaxDatapoints must be 1 to {MOST_DATAPOINTS}: {room}")
    return int(room)


def _newest_first(params: Mapping[str, Any]) -> bool:
    order = params.get("ScanBy", "TimestampDescending")
    if order not in ("TimestampDescending", "TimestampAscending"):
        raise AwsError("ValidationError", f"The value {order} for parameter ScanBy is not supported.")
    return bool(order == "TimestampDescending")
