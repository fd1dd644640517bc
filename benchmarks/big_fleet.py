"""A fleet of any size in a local AWS, with metrics made when they are asked for: for the soak and the table of calls.

Every value is made from the name of its series, so that the AWS's own memory stays small and two runs see the same.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from zlib import crc32

import numpy as np

from advisor.demo.aws.metrics import MetricKey, MetricStore, StatisticSets, statistic_sets
from advisor.demo.aws.wire import LocalAws, serve

UNITS = {  # of all metrics that there are
    "CPUUtilization": "Percent",
    "MemoryUtilization": "Percent",
    "RequestCount": "Count",
    "TargetResponseTime": "Seconds",
}
BALANCED_OF_TEN = 3  # chosen: services of ten that are behind a load balancer, with a target group of their own
NOW = datetime(2026, 11, 23, 20, 10, tzinfo=UTC)
CLUSTER, SERVICES_PER_CLUSTER = "prod", 1000  # chosen, below the quota of 5,000 services in a cluster


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """So many services in each account and region, with metrics of so many days up to `NOW`."""

    services: int
    accounts: Sequence[str] = ("123456789012",)
    regions: Sequence[str] = ("eu-west-1",)
    days: float = 15

    @property
    def roles(self) -> list[str]:
        """A role to read each account with."""
        return [f"arn:aws:iam::{account}:role/advisor" for account in self.accounts]


class MadeOnRequest(MetricStore):
    """CPU and memory of every service by the minute, requests and response times of target groups, nothing else."""

    def __init__(self, place: str, fleet: Fleet) -> None:
        super().__init__()
        self._place, self._minutes = place, int(fleet.days * 1440)
        self._groups = [
            {"LoadBalancer": "app/fleet/0", "TargetGroup": _group(n)} for n in range(fleet.services) if is_balanced(n)
        ]
        self._sets = lru_cache(maxsize=32)(self._made)

    def units(self, key: MetricKey) -> tuple[str, ...]:
        """As ECS and a load balancer have them."""
        return (UNITS[key.name],) if key.name in UNITS else ()

    def keys(self) -> Iterator[MetricKey]:
        """Requests of target groups, which is all that is looked for in a list."""
        return (MetricKey.of("AWS/ApplicationELB", "RequestCount", group) for group in self._groups)

    def last_seconds(self, key: MetricKey) -> int:  # noqa: ARG002  (the same for all)
        """The newest minute of any metric.  [s since 1970]"""
        return int(self._seconds()[-1])

    def read(self, key: MetricKey, unit: str | None = None) -> StatisticSets:
        """The statistic sets of a series; `unit` does not matter."""
        return self._sets(key) if key.name in UNITS else super().read(key, unit)

    def _seconds(self) -> np.ndarray:
        return int(NOW.timestamp()) // 60 * 60 + 60 * np.arange(-self._minutes, 0)

    def _made(self, key: MetricKey) -> StatisticSets:
        random = np.random.default_rng(crc32(f"{self._place}/{key}".encode()))
        mean = random.uniform(1, 60, self._minutes).round(4)
        if UNITS[key.name] != "Percent":
            return statistic_sets(self._seconds(), np.ones(self._minutes), mean, mean, mean)
        return statistic_sets(self._seconds(), np.full(self._minutes, 2.0), mean * 2, mean * 0.5, mean * 1.5)


@contextmanager
def in_process(context: Any, work: Callable[..., None], *given: Any) -> Iterator[Any]:
    """A server in a process of its own, until the end: `work(*given, ready, done)` puts its URL into `ready`."""
    ready, done = context.Queue(), context.Event()
    process = context.Process(target=work, args=(*given, ready, done))
    process.start()
    try:
        yield ready.get()
    finally:
        done.set()
        process.join()


def serve_fleet(fleet: Fleet, ready: Any, done: Any) -> None:
    """Work for `in_process`: a local AWS with the fleet."""
    with serve(local_aws_with(fleet)) as url:
        ready.put(url)
        done.wait()


def local_aws_with(fleet: Fleet) -> LocalAws:
    """A local AWS where the fleet has run for two months, and the clock stands at `NOW`."""
    clock = [NOW - timedelta(days=60)]
    aws = LocalAws(clock=lambda: clock[0])
    for account in fleet.accounts:
        for region in fleet.regions:
            made = MadeOnRequest(f"{account}/{region}", fleet)
            aws.state("cloudwatch", account, region)["metrics"] = made
            _create(aws, fleet.services, account=account, region=region)
    clock[0] = NOW
    return aws


def _create(aws: LocalAws, services: int, *, account: str, region: str) -> None:
    def ecs(action: str, **params: Any) -> dict[str, Any]:
        return aws.call("ecs", action, account=account, region=region, **params)

    container = {"name": "app", "image": "nginx", "memory": 512, "essential": True}
    size = {"cpu": "512", "memory": "1024", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"]}
    network = {"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"]}}
    for n in range(services):
        cluster = f"{CLUSTER}-{n // SERVICES_PER_CLUSTER}"
        if n % SERVICES_PER_CLUSTER == 0:
            ecs("CreateCluster", clusterName=cluster)
        if n % 10 == 0:
            ecs("RegisterTaskDefinition", family=f"family-{n // 10}", containerDefinitions=[container], **size)
        ecs(
            "CreateService",
            cluster=cluster,
            serviceName=f"service-{n}",
            taskDefinition=f"family-{n // 10}",
            desiredCount=0,  # its metrics say how many ran: tasks would only cost the local AWS time
            launchType="FARGATE",
            networkConfiguration=network,
            loadBalancers=_balancers(n, place=f"{region}:{account}") if is_balanced(n) else [],
        )


def is_balanced(number: int) -> bool:
    """Whether a service is behind a load balancer, with a target group of its own."""
    return number % 10 < BALANCED_OF_TEN


def _group(number: int) -> str:
    return f"targetgroup/service-{number}/{number:016x}"


def _balancers(number: int, *, place: str) -> list[dict[str, Any]]:
    arn = f"arn:aws:elasticloadbalancing:{place}:{_group(number)}"
    return [{"targetGroupArn": arn, "containerName": "app", "containerPort": 80}]
