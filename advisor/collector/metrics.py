"""CPU, memory, tasks, requests and response times of services, by the minute, in full batches of GetMetricData."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property, partial
from typing import Any

import numpy as np
import pandas as pd

from advisor.collector import balancers
from advisor.collector.asking import pages
from advisor.collector.meter import Asked, asked_by
from advisor.collector.missing import Missing, failed, in_part
from advisor.collector.packing import POINTS_PER_PAGE, Slab, slabs
from advisor.collector.sessions import AwsSession
from advisor.collector.several import tried
from advisor.collector.steps import (
    KEPT_SHORT,
    LATE,
    MARGIN,
    MINUTE,
    SHORT,
    oldest_minute,
    rounded_down,
    rounded_up,
    settled,
    together,
)
from advisor.domain.collecting import Into
from advisor.domain.errors import AwsFailed
from advisor.domain.inventory import Service
from advisor.domain.schema import SHORT_STEP
from advisor.domain.service import ServiceId

READ_AGAIN = timedelta(minutes=10)  # chosen: late points before the newest one held
SERIES: tuple[tuple[str, str, str], ...] = (  # of every service, in AWS/ECS: our column, metric, statistic
    ("tasks", "CPUUtilization", "SampleCount"),
    ("cpu_avg", "CPUUtilization", "Average"),
    ("cpu_max", "CPUUtilization", "Maximum"),
    ("memory_avg", "MemoryUtilization", "Average"),
    ("memory_max", "MemoryUtilization", "Maximum"),
)
PER_MINUTE = ("tasks", "requests")  # columns that CloudWatch adds up over a period
PARTIAL = "PartialData"  # a status of a series
_SAME_BATCH = timedelta(hours=6)  # chosen: services whose reading starts this near are asked for together

Progress = Callable[[int, int], None]
NO_LABELS: Mapping[ServiceId, tuple[str, ...]] = {}
NEVER: Mapping[ServiceId, datetime] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One metric to ask for: for which service of the batch, for which column of its frame."""

    service: int
    column: str
    namespace: str
    name: str
    statistic: str
    place: Mapping[str, str]

    def query(self, number: int, period: int) -> dict[str, Any]:
        """The MetricDataQuery, numbered, in steps of `period` seconds."""
        dimensions = [{"Name": key, "Value": value} for key, value in self.place.items()]
        metric = {"Namespace": self.namespace, "MetricName": self.name, "Dimensions": dimensions}
        return {"Id": f"q{number}", "MetricStat": {"Metric": metric, "Period": period, "Stat": self.statistic}}


SeriesOf = Callable[[int, ServiceId, tuple[str, ...]], Iterator[Series]]


def service_series(number: int, id: ServiceId, labels: tuple[str, ...]) -> Iterator[Series]:
    """What is asked for of a service: CPU, memory and tasks, and by target group requests and how long they took."""
    place = {"ClusterName": id.cluster, "ServiceName": id.name}
    for column, name, stat in SERIES:
        yield Series(service=number, column=column, namespace="AWS/ECS", name=name, statistic=stat, place=place)
    for label in labels:
        place = balancers.place_of(label)
        for column, name, stat in balancers.SERIES:
            namespace = balancers.NAMESPACE
            yield Series(service=number, column=column, namespace=namespace, name=name, statistic=stat, place=place)


def count_of_series(labels: tuple[str, ...]) -> int:
    """How many series are asked for of a service with these target groups."""
    return len(SERIES) + len(balancers.SERIES) * len(labels)


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Services to ask for together, from `start` (inclusive) to `end` (exclusive), on whole minutes.

    `labels`: the target groups that count a service's requests, as `Service.target_groups` has them. `of`: what is
    asked for of each of the services, in steps of `period`. `into`: what of the store is made of it. `since`: where a
    service's own rows begin, if later.
    """

    services: tuple[ServiceId, ...]
    start: datetime
    end: datetime
    labels: Mapping[ServiceId, tuple[str, ...]] = field(default_factory=dict)
    period: timedelta = MINUTE
    of: SeriesOf = service_series
    into: Into = "usage"
    since: Mapping[ServiceId, datetime] = field(default_factory=dict)

    @property
    def steps(self) -> int:
        """The number of steps."""
        return (self.end - self.start) // self.period

    @property
    def step_seconds(self) -> int | None:
        """The steps of usage as the store has them: None = a service's own, which are minutes."""
        return None if self.period == MINUTE else int(self.period.total_seconds())

    @cached_property
    def series(self) -> list[Series]:
        """What is asked for, service by service."""
        return [one for i, id in enumerate(self.services) for one in self.of(i, id, self.labels.get(id, ()))]

    def slabs(self) -> Iterator[Slab]:
        """The requests that it takes."""
        return slabs(len(self.series), self.steps)

    @property
    def asked(self) -> Asked:
        """What the requests count for."""
        return sum((asked_by(self.queries(slab)) for slab in self.slabs()), Asked())

    def queries(self, slab: Slab) -> list[dict[str, Any]]:
        """The MetricDataQueries of a request."""
        seconds = int(self.period.total_seconds())
        return [self.series[n].query(n, seconds) for n in range(slab.first, slab.last)]


def collect_usage(
    session: AwsSession,
    region: str,
    services: Sequence[Service],
    *,
    since: Mapping[ServiceId, datetime],
    now: datetime,
    progress: Progress | None = None,
) -> Iterator[dict[ServiceId, pd.DataFrame]]:
    """Usage frames (schema USAGE), batch by batch: only what is newer than `since`, and settled.

    Requests and response times are there where a load balancer knows them of the service alone.
    Some minutes before `since` come again, for points that were late. A request that fails does not stop the
    others; the first failure is raised at the end. `progress` is called with (services done, services in all).
    """
    failures: list[AwsFailed] = []
    done = 0
    labels = {service.id: service.target_groups for service in services}
    for batch in batches([s.id for s in services], since=since, now=now, labels=labels):
        frames, missing = read_batch(session, region, batch)
        yield frames
        failures += (one.why for one in missing)
        done += len(batch.services)
        if progress:
            progress(done, len(services))
    if failures:
        more = f" ({len(failures) - 1} more requests failed)" if len(failures) > 1 else ""
        raise AwsFailed(f"{failures[0]}{more}") from failures[0]


def batches(
    ids: Sequence[ServiceId],
    *,
    since: Mapping[ServiceId, datetime],
    now: datetime,
    reach: Mapping[ServiceId, datetime] = NEVER,
    labels: Mapping[ServiceId, tuple[str, ...]] = NO_LABELS,
) -> Iterator[Batch]:
    """The services in batches as large as memory allows; those whose reading starts far apart are in different ones.

    Each from its newest row (`since`) on, or from where it was read whole before (`reach`), if nothing ran since then;
    what may be late comes again.
    """
    end, oldest = settled(now), oldest_minute(now)
    known = ((since, READ_AGAIN), (reach, LATE))
    starts = {id: max((oldest, *(at[id] - again for at, again in known if id in at))) for id in ids}
    waiting = {id: start for id, start in starts.items() if start < end}
    near_by = together(
        waiting,
        series=lambda id: count_of_series(labels.get(id, ())),
        steps=lambda at: (end - at) // MINUTE,
        near=lambda _: _SAME_BATCH,
    )
    for start, some in near_by:
        yield Batch(services=some, start=start, end=end, labels=labels)


def short_batches(
    services: Iterable[Service], *, since: Mapping[ServiceId, datetime], now: datetime
) -> Iterator[Batch]:
    """What is still known in steps of 20 seconds, of services that ECS measures so; `since` has the newest of each."""
    end, oldest = settled(now), rounded_up(now - KEPT_SHORT + MARGIN, MINUTE)
    ids = [service.id for service in services if service.resolution_seconds == SHORT_STEP]
    starts = {id: max(oldest, rounded_down(since.get(id, oldest) - READ_AGAIN, MINUTE)) for id in ids}
    waiting = {id: start for id, start in starts.items() if start < end}
    near_by = together(
        waiting, series=lambda _: len(SERIES), steps=lambda at: (end - at) // SHORT, near=lambda _: KEPT_SHORT
    )
    for start, some in near_by:
        yield Batch(services=some, start=start, end=end, period=SHORT)


def read_batch(
    session: AwsSession, region: str, batch: Batch
) -> tuple[dict[ServiceId, pd.DataFrame], tuple[Missing, ...]]:
    """The frames of a batch, and what failed or came in part; a frame ends where the first of its series is not known.

    Points may come in whatever order and however often. What is counted over a step is given per minute.
    """
    grid = np.full((len(batch.series), batch.steps), np.nan, dtype="float32")
    ends = np.full(len(grid), batch.steps)
    missing: list[Missing] = []
    for slab in batch.slabs():
        read = partial(_read_slab, session, region, _request(batch, slab), slab, grid)
        cut = tried(session, region, "cloudwatch:GetMetricData", read)
        if isinstance(cut, AwsFailed):
            missing.append(failed(batch, range(slab.first, slab.last), cut))
            ends[slab.first : slab.last] = np.minimum(ends[slab.first : slab.last], slab.start)
            continue
        if cut:
            missing.append(in_part(batch, cut, place=f"{session.account}/{region}"))
        for n in cut:
            ends[n] = min(ends[n], slab.start + _known(grid[n, slab.start : slab.end]))
    counted = [n for n, one in enumerate(batch.series) if one.column in PER_MINUTE]
    grid[counted] /= max(1.0, batch.period / MINUTE)
    index = pd.date_range(batch.start, periods=batch.steps, freq=batch.period, name="ts").as_unit("us")
    owner = np.array([one.service for one in batch.series])
    frames = {}
    for i, id in enumerate(batch.services):
        mine = np.flatnonzero(owner == i)
        frame = _frame([batch.series[n] for n in mine], grid[mine, : ends[mine].min()], index)
        frames[id] = frame[frame.index >= batch.since[id]] if id in batch.since else frame
    return frames, tuple(missing)


def _request(batch: Batch, slab: Slab) -> dict[str, Any]:
    """The parameters of one call of GetMetricData."""
    return {
        "MetricDataQueries": batch.queries(slab),
        "StartTime": batch.start + slab.start * batch.period,
        "EndTime": batch.start + slab.end * batch.period,
        "ScanBy": "TimestampAscending",
        "MaxDatapoints": POINTS_PER_PAGE,
    }


def _read_slab(session: AwsSession, region: str, asked: Mapping[str, Any], slab: Slab, grid: np.ndarray) -> list[int]:
    """Fill in what one request gives, from all its pages; returns the series of which the last page gave a part."""
    status = dict.fromkeys(range(slab.first, slab.last), PARTIAL)  # until something is said of it
    step = (asked["EndTime"] - asked["StartTime"]).total_seconds() / (slab.end - slab.start)
    for result in pages(session, region, "cloudwatch", "GetMetricData", "MetricDataResults", **asked):
        n = int(result["Id"][1:])
        at = (_epochs(result.get("Timestamps", ())) - asked["StartTime"].timestamp()) // step + slab.start
        inside = (at >= slab.start) & (at < slab.end)
        grid[n, at[inside].astype("int64")] = np.asarray(result.get("Values", ()))[inside]
        status[n] = result.get("StatusCode", "Complete")
    if bad := sorted(set(status.values()) - {"Complete", PARTIAL}):
        place = f"cloudwatch:GetMetricData in {session.account}/{region}"
        raise AwsFailed(f"AWS: {place} answered {', '.join(bad)} for some metrics. Next: run this again.")
    return [n for n, said in status.items() if said == PARTIAL]


def _epochs(instants: Any) -> np.ndarray:
    """Instants as epoch seconds: numbers as the JSON protocol has them, or what another parser made of them."""
    if len(instants) and not isinstance(instants[0], int | float):
        return np.asarray(pd.DatetimeIndex(pd.to_datetime(instants, utc=True)).as_unit("s").asi8, dtype="float64")
    return np.asarray(instants, dtype="float64")


def _frame(series: Sequence[Series], values: np.ndarray, index: pd.DatetimeIndex) -> pd.DataFrame:
    """One service's frame, without empty minutes; several series of one column are those of several target groups."""
    told: dict[str, list[np.ndarray]] = {}
    for one, row in zip(series, values, strict=True):
        told.setdefault(one.column, []).append(row)
    rows = {column: np.stack(each) for column, each in told.items()}
    data = {column: balancers.as_one(column, rows) for column in rows}
    return pd.DataFrame(data, index=index[: values.shape[1]]).dropna(how="all")


def _known(series: np.ndarray) -> int:
    """How many minutes there are up to the last point."""
    held = np.flatnonzero(~np.isnan(series))
    return int(held[-1]) + 1 if len(held) else 0
