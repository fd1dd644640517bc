"""Container Insights: what it adds of services and their containers, and all that there is of tasks without a service.

==================================  ==========================================================================
of                                  what is asked for, in days
==================================  ==========================================================================
a family without a service          CPU units, memory: the highest of a task
a service                           ephemeral storage (Linux): the highest of a task; tasks pending: the fewest
its containers, in enhanced mode    restarts, where a policy allows them; CPU units and memory, where there are several,
                                    and the memory of an only one that has a limit of its own: the highest
==================================  ==========================================================================

UNCONFIRMED: whether a sample is of one task, or of all tasks together. Either way the highest one is no less than what
a task used. Memory is in "Megabytes", taken as MiB. Not known either is whether RestartCount goes on counting or starts
again with each sample: only its rise from one day to the next says something under both.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from advisor.collector.asking import ask
from advisor.collector.metrics import Batch, Series, SeriesOf
from advisor.collector.older import OLDEST, SERVICES_PER_BATCH, midnight
from advisor.collector.sessions import AwsSession
from advisor.collector.several import each
from advisor.collector.steps import DAY, settled_day
from advisor.domain.collecting import Into
from advisor.domain.errors import AwsFailed
from advisor.domain.insights import NUMBERS, TASK, InsightsMode, InsightsMonth, merge_insights
from advisor.domain.inventory import Container, Service
from advisor.domain.service import ServiceId

NAMESPACE = "ECS/ContainerInsights"
_EVER = datetime(1970, 1, 1, tzinfo=UTC)
CLUSTERS_PER_CALL = 100  # documented: DescribeClusters takes at most 100
COLUMNS = {"units": "CpuUtilized", "mib": "MemoryUtilized"}
_METRICS = {  # of a month: metric, statistic
    "storage_gib": ("EphemeralStorageUtilized", "Maximum"),
    "pending": ("PendingTaskCount", "Minimum"),
    "restarts": ("RestartCount", "Maximum"),
    "cpu_units": ("ContainerCpuUtilized", "Maximum"),
    "memory_mib": ("ContainerMemoryUtilized", "Maximum"),
}

Modes = Mapping[str, InsightsMode]


def modes_of(session: AwsSession, region: str, ids: Iterable[ServiceId]) -> tuple[Modes, tuple[AwsFailed, ...]]:
    """How Container Insights measures the clusters of these, where it does; what could not be read comes second."""
    clusters = sorted({id.cluster for id in ids})
    calls = [clusters[i : i + CLUSTERS_PER_CALL] for i in range(0, len(clusters), CLUSTERS_PER_CALL)]
    found, failures = each(session, region, "ecs:DescribeClusters", lambda some: _modes(session, region, some), calls)
    return dict(found), tuple(failures)


def measured_families(
    families: Iterable[ServiceId], services: Iterable[Mapping[str, Any]], modes: Modes
) -> tuple[ServiceId, ...]:
    """The families of clusters that are measured.

    Left out: a family that a service runs too, as its tasks are measured under the same name, and one that is called
    like a service.
    """
    described = list(services)
    taken = {_cluster(s["clusterArn"], str(s.get("taskDefinition", ""))) for s in described}
    taken |= {_cluster(s["clusterArn"], str(s["serviceName"])) for s in described}
    return tuple(sorted(f for f in set(families) if f.service not in taken and f.cluster in modes))


def family_batches(
    families: Iterable[ServiceId], *, reach: Mapping[ServiceId, datetime], now: datetime
) -> Iterator[Batch]:
    """What to ask for of families: days of 455 days at first, then from `reach` on, the day that is not over too."""
    starts = {id: max(midnight(now - OLDEST) + DAY, reach.get(id, _EVER)) for id in families}
    return _batches(starts, end=midnight(now) + DAY, of=_of_family, into="peaks")


def insights_batches(
    services: Iterable[Service], *, reach: Mapping[ServiceId, datetime], now: datetime
) -> Iterator[Batch]:
    """What to ask for of services: whole days, because a part of one has other minima; of 455 at first.

    Later from `reach` on: a day that is over and was read does not change.
    """
    by_id = {service.id: service for service in services if service.insights}
    starts = {id: max(midnight(now - OLDEST), reach.get(id, _EVER)) for id in by_id}
    return _batches(starts, end=settled_day(now), of=partial(_of_service, by_id), into="insights")


def insights_months(frames: Mapping[ServiceId, pd.DataFrame]) -> tuple[InsightsMonth, ...]:
    """Daily frames as months."""
    return merge_insights(month for id, frame in frames.items() for month in _months(id, frame))


def _modes(session: AwsSession, region: str, clusters: list[str]) -> Iterator[tuple[str, InsightsMode]]:
    answer = ask(session, region, "ecs", "DescribeClusters", clusters=clusters, include=["SETTINGS"])
    for cluster in answer.get("clusters", ()):
        settings = {setting.get("name"): setting.get("value") for setting in cluster.get("settings", ())}
        mode = settings.get("containerInsights")
        if mode in ("enabled", "enhanced"):
            yield str(cluster["clusterName"]), mode


def _batches(starts: Mapping[ServiceId, datetime], *, end: datetime, of: SeriesOf, into: Into) -> Iterator[Batch]:
    """Days from each start to the end, those with one start together."""
    for start in sorted({start for start in starts.values() if start < end}):
        some = sorted(id for id, own in starts.items() if own == start)
        for first in range(0, len(some), SERVICES_PER_BATCH):
            part = tuple(some[first : first + SERVICES_PER_BATCH])
            yield Batch(services=part, start=start, end=end, period=DAY, of=of, into=into)


def _of_family(number: int, family: ServiceId, labels: tuple[str, ...]) -> Iterator[Series]:
    assert not labels  # noqa: S101  (no load balancer counts for a family)
    place = {"ClusterName": family.cluster, "TaskDefinitionFamily": family.name}
    for column, name in COLUMNS.items():
        yield Series(service=number, column=column, namespace=NAMESPACE, name=name, statistic="Maximum", place=place)


def _of_service(
    services: Mapping[ServiceId, Service], number: int, id: ServiceId, labels: tuple[str, ...]
) -> Iterator[Series]:
    """A column is called by what is measured and the container, with a space between."""
    assert not labels  # noqa: S101  (no load balancer counts for it)
    service = services[id]
    place = {"ClusterName": id.cluster, "ServiceName": id.name}
    for measure, container in _wanted(service):
        name, statistic = _METRICS[measure]
        where = {**place, "ContainerName": container} if container else place
        column = f"{measure} {container}"
        yield Series(service=number, column=column, namespace=NAMESPACE, name=name, statistic=statistic, place=where)


def _wanted(service: Service) -> Iterator[tuple[str, str]]:
    """What of which container: what other metrics do not say already."""
    if service.setup.os == "LINUX":
        yield "storage_gib", TASK
    yield "pending", TASK
    containers = _containers(service) if service.insights == "enhanced" else ()
    for container in containers:
        if container.restarts:  # documented: else ECS starts no container again without its task
            yield "restarts", container.name
        if len(containers) > 1:
            yield "cpu_units", container.name
        if len(containers) > 1 or container.memory:
            yield "memory_mib", container.name


def _containers(service: Service) -> tuple[Container, ...]:
    return service.task_definition.containers if service.task_definition else ()


def _months(id: ServiceId, frame: pd.DataFrame) -> Iterator[InsightsMonth]:
    at, values = pd.DatetimeIndex(frame.index), frame.to_numpy(dtype=np.float64)
    columns: dict[str, dict[str, int]] = {}
    for number, column in enumerate(frame.columns):
        measure, _, container = column.partition(" ")
        columns.setdefault(container, {})[measure] = number
    for rows in np.split(np.arange(len(at)), np.flatnonzero(np.diff(12 * at.year + at.month)) + 1):
        for container, mine in columns.items():
            days, part = at.day.to_numpy()[rows], values[rows][:, np.array([*mine.values()])]
            known = np.isfinite(part).any(axis=1)
            if known.any():
                seen = dict(zip(mine, part[known].T, strict=True))
                yield _month(id, container, f"{at[rows[0]]:%Y-%m}", days[known], seen)


def _month(
    id: ServiceId, container: str, month: str, days: np.ndarray, seen: Mapping[str, np.ndarray]
) -> InsightsMonth:
    counts = {
        name: [(int(day), int(count)) for day, count in zip(days, seen[name], strict=True) if count >= 1]
        for name in ("restarts", "pending")
        if name in seen
    }
    highest = {name: float(np.fmax.reduce(seen[name])) for name in NUMBERS if name in seen}
    return InsightsMonth(
        id=id,
        container=container,
        month=month,
        days=tuple(map(int, days)),
        restarts=tuple(counts.get("restarts", ())),
        pending=tuple(day for day, _ in counts.get("pending", ())),
        **{name: round(value, 3) for name, value in highest.items() if np.isfinite(value)},
    )


def _cluster(cluster_arn: str, name: str) -> str:
    return f"{cluster_arn.rpartition('/')[2]}/{name.rpartition('/')[2].partition(':')[0]}"
