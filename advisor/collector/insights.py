"""Container Insights by task-definition family: the only metrics of tasks without a service.

UNCONFIRMED: whether a sample is of one task, or of all tasks of the family together. Either way the highest one is no
less than what a task used. Memory is in "Megabytes", taken as MiB.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from advisor.collector.asking import ask
from advisor.collector.metrics import KEPT, Batch, Series
from advisor.collector.older import DAY, OLDEST, SERVICES_PER_BATCH, midnight
from advisor.collector.sessions import AwsSession
from advisor.collector.several import each
from advisor.domain.errors import AwsFailed
from advisor.domain.service import ServiceId

NAMESPACE = "ECS/ContainerInsights"
CLUSTERS_PER_CALL = 100  # documented: DescribeClusters takes at most 100
COLUMNS = {"units": "CpuUtilized", "mib": "MemoryUtilized"}


def measured_families(
    session: AwsSession, region: str, families: Iterable[ServiceId], services: Iterable[Mapping[str, Any]]
) -> tuple[tuple[ServiceId, ...], tuple[AwsFailed, ...]]:
    """The families of clusters where Container Insights is on; what could not be read comes second.

    Left out: a family that a service runs too, as its tasks are measured under the same name, and one that is called
    like a service.
    """
    taken = {_cluster(s["clusterArn"], str(s.get("taskDefinition", ""))) for s in services}
    taken |= {_cluster(s["clusterArn"], str(s["serviceName"])) for s in services}
    wanted = [family for family in dict.fromkeys(families) if family.service not in taken]
    clusters = sorted({family.cluster for family in wanted})
    calls = [clusters[i : i + CLUSTERS_PER_CALL] for i in range(0, len(clusters), CLUSTERS_PER_CALL)]
    measured, failures = each(lambda some: _measured(session, region, some), calls)
    return tuple(sorted(family for family in wanted if family.cluster in measured)), tuple(failures)


def family_batches(families: Iterable[ServiceId], *, known: Collection[ServiceId], now: datetime) -> Iterator[Batch]:
    """What to ask for of families: days of 455 days at first, then, of those that are `known`, of the last 15."""
    end = midnight(now) + DAY
    every = sorted(families)
    for before, some in ((OLDEST, [f for f in every if f not in known]), (KEPT, [f for f in every if f in known])):
        for first in range(0, len(some), SERVICES_PER_BATCH):
            part = tuple(some[first : first + SERVICES_PER_BATCH])
            yield Batch(services=part, start=midnight(now - before) + DAY, end=end, period=DAY, of=_series)


def _measured(session: AwsSession, region: str, clusters: list[str]) -> Iterator[str]:
    answer = ask(session, region, "ecs", "DescribeClusters", clusters=clusters, include=["SETTINGS"])
    for cluster in answer.get("clusters", ()):
        settings = {setting.get("name"): setting.get("value") for setting in cluster.get("settings", ())}
        if settings.get("containerInsights") in ("enabled", "enhanced"):
            yield str(cluster["clusterName"])


def _series(number: int, family: ServiceId, labels: tuple[str, ...]) -> Iterator[Series]:
    assert not labels  # noqa: S101  (no load balancer counts for a family)
    place = {"ClusterName": family.cluster, "TaskDefinitionFamily": family.name}
    for column, name in COLUMNS.items():
        yield Series(service=number, column=column, namespace=NAMESPACE, name=name, statistic="Maximum", place=place)


def _cluster(cluster_arn: str, name: str) -> str:
    return f"{cluster_arn.rpartition('/')[2]}/{name.rpartition('/')[2].partition(':')[0]}"
