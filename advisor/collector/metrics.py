"""CPU, memory and task counts of services, minute by minute, in full batches of GetMetricData."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from advisor.collector.asking import ask
from advisor.collector.packing import POINTS_PER_PAGE, Slab, slabs
from advisor.collector.sessions import AwsSession
from advisor.domain.errors import AwsFailed
from advisor.domain.inventory import Service
from advisor.domain.service import ServiceId

PERIOD = 60
POINTS_PER_BATCH = 10_800_000  # chosen: 100 services of 15 days; 43 MB
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
_SAME_BATCH = timedelta(hours=6)  # chosen: services whose reading starts this near are asked for together

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Services to ask for together, from `start` (inclusive) to `end` (exclusive), on whole minutes."""

    services: tuple[ServiceId, ...]
    start: datetime
    end: datetime

    @property
    def steps(self) -> int:
        """The number of minutes."""
        return int((self.end - self.start).total_seconds()) // PERIOD

    def slabs(self) -> Iterator[Slab]:
        """The requests that it takes; series are numbered service by service."""
        return slabs(len(self.services) * len(SERIES), self.steps)

    def queries(self, slab: Slab) -> list[dict[str, Any]]:
        """The MetricDataQueries of a request."""
        return [_query(self.services[n // len(SERIES)], n) for n in range(slab.first, slab.last)]


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

    Some minutes before `since` come again, for points that were late. A request that fails does not stop the
    others; the first failure is raised at the end. `progress` is called with (services done, services in all).
    """
    failed: list[AwsFailed] = []
    done = 0
    for batch in batches([s.id for s in services], since=since, now=now):
        frames, failures = read_batch(session, region, batch)
        yield frames
        failed += failures
        done += len(batch.services)
        if progress:
            progress(done, len(services))
    if failed:
        more = f" ({len(failed) - 1} more requests failed)" if len(failed) > 1 else ""
        raise AwsFailed(f"{failed[0]}{more}") from failed[0]


def batches(ids: Sequence[ServiceId], *, since: Mapping[ServiceId, datetime], now: datetime) -> Iterator[Batch]:
    """The services in batches as large as memory allows; those whose reading starts far apart are in different ones."""
    end = _minute(now - SETTLED)
    oldest = _minute(now - KEPT + MARGIN)
    starts = {id: max(oldest, since[id] - READ_AGAIN) if id in since else oldest for id in ids}
    waiting = sorted((start, id) for id, start in starts.items() if start < end)
    while waiting:
        start = waiting[0][0]
        most = POINTS_PER_BATCH // (len(SERIES) * int((end - start).total_seconds() // PERIOD))
        some = [id for begin, id in waiting[:most] if begin - start <= _SAME_BATCH]
        yield Batch(services=tuple(some), start=start, end=end)
        waiting = waiting[len(some) :]


def read_batch(
    session: AwsSession, region: str, batch: Batch
) -> tuple[dict[ServiceId, pd.DataFrame], tuple[AwsFailed, ...]]:
    """The frames of a batch, and what failed; a frame ends where the first of its series is not known.

    Points may come in whatever order and however often.
    """
    grid = np.full((len(batch.services) * len(SERIES), batch.steps), np.nan, dtype="float32")
    ends = np.full(len(grid), batch.steps)
    failures: list[AwsFailed] = []
    for slab in batch.slabs():
        try:
            status = _read_slab(session, region, batch, slab, grid)
        except AwsFailed as error:
            failures.append(error)
            status = dict.fromkeys(range(slab.first, slab.last), "")
        for n, said in status.items():
            if said != "Complete":
                known = slab.start + (_known(grid[n, slab.start : slab.end]) if said == "PartialData" else 0)
                ends[n] = min(ends[n], known)
    index = pd.date_range(batch.start, periods=batch.steps, freq="60s", name="ts").as_unit("us")
    frames = {}
    for i, id in enumerate(batch.services):
        mine = slice(i * len(SERIES), (i + 1) * len(SERIES))
        frames[id] = _frame(grid[mine, : ends[mine].min()], index)
    return frames, tuple(failures)


def _read_slab(session: AwsSession, region: str, batch: Batch, slab: Slab, grid: np.ndarray) -> dict[int, str]:
    """Fill in what one request gives, from all its pages; returns the last status of each series."""
    status: dict[int, str] = {}
    for page in _pages(session, region, batch, slab):
        for result in page.get("MetricDataResults", ()):
            n = int(result["Id"][1:])
            at = (_epochs(result.get("Timestamps", ())) - batch.start.timestamp()) // PERIOD
            inside = (at >= slab.start) & (at < slab.end)
            grid[n, at[inside].astype("int64")] = np.asarray(result.get("Values", ()))[inside]
            status[n] = result.get("StatusCode", "Complete")
    if bad := sorted(set(status.values()) - {"Complete", "PartialData"}):
        place = f"cloudwatch:GetMetricData in {session.account}/{region}"
        raise AwsFailed(f"AWS: {place} answered {', '.join(bad)} for some metrics. Next: run this again.")
    return status


def _pages(session: AwsSession, region: str, batch: Batch, slab: Slab) -> Iterator[Mapping[str, Any]]:
    """The pages of one request: one, but where AWS gives less at a time."""
    asked: dict[str, Any] = {
        "MetricDataQueries": batch.queries(slab),
        "StartTime": batch.start + timedelta(seconds=PERIOD * slab.start),
        "EndTime": batch.start + timedelta(seconds=PERIOD * slab.end),
        "ScanBy": "TimestampAscending",
        "MaxDatapoints": POINTS_PER_PAGE,
    }
    seen: set[str] = set()
    while True:
        page = ask(session, region, "cloudwatch", "GetMetricData", **asked)
        yield page
        token = page.get("NextToken")
        if not token:
            return
        if token in seen:
            place = f"cloudwatch:GetMetricData in {session.account}/{region}"
            raise AwsFailed(f"AWS: {place} gave the same page token twice. Next: run this again.")
        seen.add(token)
        asked["NextToken"] = token


def _query(id: ServiceId, number: int) -> dict[str, Any]:
    _, metric, statistic = SERIES[number % len(SERIES)]
    dimensions = [{"Name": "ClusterName", "Value": id.cluster}, {"Name": "ServiceName", "Value": id.name}]
    wanted = {"Namespace": "AWS/ECS", "MetricName": metric, "Dimensions": dimensions}
    return {"Id": f"q{number}", "MetricStat": {"Metric": wanted, "Period": PERIOD, "Stat": statistic}}


def _epochs(instants: Any) -> np.ndarray:
    """Instants as epoch seconds: numbers as the JSON protocol has them, or what another parser made of them."""
    if len(instants) and not isinstance(instants[0], int | float):
        return np.asarray(pd.DatetimeIndex(pd.to_datetime(instants, utc=True)).as_unit("s").asi8, dtype="float64")
    return np.asarray(instants, dtype="float64")


def _frame(values: np.ndarray, index: pd.DatetimeIndex) -> pd.DataFrame:
    """One service's frame, without empty minutes."""
    data = {name: values[j] for j, (name, _, _) in enumerate(SERIES)}
    return pd.DataFrame(data, index=index[: values.shape[1]]).dropna(how="all")


def _known(series: np.ndarray) -> int:
    """How many minutes there are up to the last point."""
    held = np.flatnonzero(~np.isnan(series))
    return int(held[-1]) + 1 if len(held) else 0


def _minute(instant: datetime) -> datetime:
    return instant.replace(second=0, microsecond=0)
