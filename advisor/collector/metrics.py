"""CPU, memory and task counts of services, minute by minute, in full batches of GetMetricData."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
from botocore.exceptions import BotoCoreError, ClientError

from advisor.collector.asking import aws_failed
from advisor.collector.sessions import AwsSession
from advisor.domain.errors import AwsFailed
from advisor.domain.inventory import Service
from advisor.domain.service import ServiceId

PERIOD = 60
QUERIES_PER_CALL = 500  # documented quota of GetMetricData
POINTS_PER_PAGE = 100_800  # documented quota of GetMetricData
KEPT = timedelta(days=15)  # documented: how long CloudWatch keeps one-minute data
MARGIN = timedelta(minutes=15)  # chosen: the collection itself takes time, and older than KEPT is refused
SETTLED = timedelta(minutes=3)  # chosen: a minute may still change until then
READ_AGAIN = timedelta(minutes=10)  # chosen: late points before the newest one held
SERIES: tuple[tuple[str, str, str], ...] = (  # our column, metric, statistic
    ("tasks", "CPUUtilization", "SampleCount"),
    ("cpu_avg", "CPUUtilization", "Average"),
    ("cpu_max", "CPUUtilization", "Maximum"),
    ("memory_avg", "MemoryUtilization", "Average"),
    ("memory_max", "MemoryUtilization", "Maximum"),
)
PER_BATCH = QUERIES_PER_CALL // len(SERIES)
_SAME_BATCH = timedelta(hours=6)  # chosen: services whose reading starts this near are asked for together

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Services to ask for in one call, from `start` (inclusive) to `end` (exclusive), on whole minutes."""

    services: tuple[ServiceId, ...]
    start: datetime
    end: datetime


def collect_usage(
    session: AwsSession,
    region: str,
    services: Sequence[Service],
    *,
    since: Mapping[ServiceId, datetime],
    now: datetime,
    progress: Progress | None = None,
) -> Iterator[dict[ServiceId, pd.DataFrame]]:
    """Usage frames (schema USAGE without requests), batch by batch; only what is newer than `since`, and settled.

    Some minutes before `since` come again, for points that were late. A batch that fails does not stop the
    others; its AwsFailed is raised at the end. `progress` is called with (services done, services in all).
    """
    failed: list[AwsFailed] = []
    done = 0
    for batch in batches([s.id for s in services], since=since, now=now):
        try:
            yield read_batch(session, region, batch)
        except AwsFailed as error:
            failed.append(error)
        done += len(batch.services)
        if progress:
            progress(done, len(services))
    if failed:
        more = f" ({len(failed) - 1} more batches failed)" if len(failed) > 1 else ""
        raise AwsFailed(f"{failed[0]}{more}") from failed[0]


def batches(ids: Sequence[ServiceId], *, since: Mapping[ServiceId, datetime], now: datetime) -> Iterator[Batch]:
    """The services in full batches; those whose reading starts far apart are not asked for together."""
    end = _minute(now - SETTLED)
    oldest = _minute(now - KEPT + MARGIN)
    starts = {id: max(oldest, since[id] - READ_AGAIN) if id in since else oldest for id in ids}
    waiting = sorted((start, id) for id, start in starts.items() if start < end)
    while waiting:
        start = waiting[0][0]
        some = [id for begin, id in waiting[:PER_BATCH] if begin - start <= _SAME_BATCH]
        yield Batch(services=tuple(some), start=start, end=end)
        waiting = waiting[len(some) :]


def read_batch(session: AwsSession, region: str, batch: Batch) -> dict[ServiceId, pd.DataFrame]:
    """The frames of a batch, from all its pages, in whatever order and however often their points come."""
    minutes = int((batch.end - batch.start).total_seconds()) // PERIOD
    grid = np.full((len(batch.services), len(SERIES), minutes), np.nan, dtype="float32")
    status: dict[str, str] = {}
    for page in _pages(session, region, batch):
        for result in page.get("MetricDataResults", ()):
            service, series = _place(result["Id"])
            at = (_epochs(result.get("Timestamps", ())) - batch.start.timestamp()) // PERIOD
            inside = (at >= 0) & (at < minutes)
            grid[service, series, at[inside].astype("int64")] = np.asarray(result.get("Values", ()))[inside]
            status[result["Id"]] = result.get("StatusCode", "Complete")
    _check_status(session, region, status)
    index = pd.date_range(batch.start, periods=minutes, freq="60s", name="ts").as_unit("us")
    return {id: _frame(grid[i], index, _partial(i, status)) for i, id in enumerate(batch.services)}


def _pages(session: AwsSession, region: str, batch: Batch) -> Iterator[Mapping[str, Any]]:
    asked: dict[str, Any] = {
        "MetricDataQueries": [_query(id, i, j) for i, id in enumerate(batch.services) for j in range(len(SERIES))],
        "StartTime": batch.start,
        "EndTime": batch.end,
        "ScanBy": "TimestampAscending",
        "MaxDatapoints": POINTS_PER_PAGE,
    }
    seen: set[str] = set()
    place = f"cloudwatch:GetMetricData in {session.account}/{region}"
    while True:
        try:
            page = session.metrics_client(region).get_metric_data(**asked)
        except (ClientError, BotoCoreError) as error:
            action = "cloudwatch:GetMetricData"
            raise aws_failed(error, action, account=session.account, region=region) from error
        yield page
        token = page.get("NextToken")
        if not token:
            return
        if token in seen:
            raise AwsFailed(f"AWS: {place} gave the same page token twice. Next: run this again.")
        seen.add(token)
        asked["NextToken"] = token


def _query(id: ServiceId, service: int, series: int) -> dict[str, Any]:
    _, metric, statistic = SERIES[series]
    dimensions = [{"Name": "ClusterName", "Value": id.cluster}, {"Name": "ServiceName", "Value": id.name}]
    wanted = {"Namespace": "AWS/ECS", "MetricName": metric, "Dimensions": dimensions}
    return {"Id": f"q{service}_{series}", "MetricStat": {"Metric": wanted, "Period": PERIOD, "Stat": statistic}}


def _place(query: str) -> tuple[int, int]:
    service, _, series = query[1:].partition("_")
    return int(service), int(series)


def _epochs(instants: Any) -> np.ndarray:
    """Instants as epoch seconds: numbers as the JSON protocol has them, or what another parser made of them."""
    if len(instants) and not isinstance(instants[0], int | float):
        return np.asarray(pd.DatetimeIndex(pd.to_datetime(instants, utc=True)).as_unit("s").asi8, dtype="float64")
    return np.asarray(instants, dtype="float64")


def _check_status(session: AwsSession, region: str, status: Mapping[str, str]) -> None:
    bad = sorted(set(status.values()) - {"Complete", "PartialData"})
    if bad:
        place = f"cloudwatch:GetMetricData in {session.account}/{region}"
        raise AwsFailed(f"AWS: {place} answered {', '.join(bad)} for some metrics. Next: run this again.")


def _partial(service: int, status: Mapping[str, str]) -> list[int]:
    """The series of a service that AWS left incomplete after the last page."""
    return [j for j in range(len(SERIES)) if status.get(f"q{service}_{j}") == "PartialData"]


def _frame(values: np.ndarray, index: pd.DatetimeIndex, partial: list[int]) -> pd.DataFrame:
    """One service's frame, without empty minutes; it ends where the first incomplete series ends."""
    end = min((_known(values[j]) for j in partial), default=len(index))
    data = {name: values[j, :end] for j, (name, _, _) in enumerate(SERIES)}
    return pd.DataFrame(data, index=index[:end]).dropna(how="all")


def _known(series: np.ndarray) -> int:
    """How many minutes there are up to the last point."""
    held = np.flatnonzero(~np.isnan(series))
    return int(held[-1]) + 1 if len(held) else 0


def _minute(instant: datetime) -> datetime:
    return instant.replace(second=0, microsecond=0)
