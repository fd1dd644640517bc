"""A fleet of any size in a local AWS, with metrics made when they are asked for: for the soak and the table of calls.

Every value is made from the name of its series, so that the AWS's own memory stays small and two runs see the same.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from typing import Any
from zlib import crc32

import numpy as np

from advisor.demo.aws.metrics import MetricKey, MetricStore, StatisticSets, statistic_sets
from advisor.demo.aws.scaling_activities import record_activity
from advisor.demo.aws.wire import LocalAws, serve

UNITS = {  # of all metrics that there are
    "CPUUtilization": "Percent",
    "MemoryUtilization": "Percent",
    "RequestCount": "Count",
    "TargetResponseTime": "Seconds",
    "CpuUtilized": "None",
    "MemoryUtilized": "Megabytes",
    "EphemeralStorageUtilized": "Gigabytes",
    "PendingTaskCount": "Count",
    "ContainerCpuUtilized": "None",
    "ContainerMemoryUtilized": "Megabytes",
    "RestartCount": "Count",
}
BALANCED_OF_TEN = 3  # chosen: services of ten that are behind a load balancer, with a target group of their own
SCALED, SIDECAR, SHORT = 3, 4, 5  # chosen: of ten, the one that scales, has two containers, has 20-second metrics
ACTIVITIES = 3  # chosen: of each service that scales
NOW = datetime(2026, 11, 23, 20, 10, tzinfo=UTC)
_SHORT = {"metricNames": ["CPUUtilization", "MemoryUtilization"], "resolutionSeconds": 20}
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
    """By the minute CPU and memory of every service, what Container Insights adds, and what target groups count."""

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

    app = {"name": "app", "image": "nginx", "memory": 512, "essential": True}
    beside = {**app, "name": "beside", "memory": 256, "essential": False, "restartPolicy": {"enabled": True}}
    size = {"cpu": "512", "memory": "1024", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"]}
    network = {"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"]}}
    for n in range(services):
        cluster = f"{CLUSTER}-{n // SERVICES_PER_CLUSTER}"
        if n % SERVICES_PER_CLUSTER == 0:
            ecs("CreateCluster", clusterName=cluster, settings=[{"name": "containerInsights", "value": "enhanced"}])
            _start(aws, cluster, app, size, network, account=account, region=region)
        containers = [app, beside] if n % 10 == SIDECAR else [app]
        ecs("RegisterTaskDefinition", family=f"family-{n}", containerDefinitions=containers, **size)
        ecs(
            "CreateService",
            cluster=cluster,
            serviceName=f"service-{n}",
            taskDefinition=f"family-{n}",
            desiredCount=0,  # its metrics say how many ran: tasks would only cost the local AWS time
            launchType="FARGATE",
            networkConfiguration=network,
            loadBalancers=_balancers(n, place=f"{region}:{account}") if is_balanced(n) else [],
            **({"monitoring": {"metricConfigurations": [_SHORT]}} if n % 10 == SHORT else {}),
        )
        if n % 10 == SCALED:
            _scale(aws, f"service/{cluster}/service-{n}", account=account, region=region)


def _start(
    aws: LocalAws, cluster: str, app: dict[str, Any], size: dict[str, str], network: Any, *, account: str, region: str
) -> None:
    """A task without a service, running, and a rule that starts such ones every hour."""
    call = partial(aws.call, account=account, region=region)
    call("ecs", "RegisterTaskDefinition", family=f"{cluster}-batch", containerDefinitions=[app], **size)
    place = {"launchType": "FARGATE", "networkConfiguration": network}
    call("ecs", "RunTask", cluster=cluster, taskDefinition=f"{cluster}-batch", **place)
    call("events", "PutRule", Name=cluster, ScheduleExpression="rate(1 hour)")
    arn = f"arn:aws:ecs:{region}:{account}"
    started = {"TaskDefinitionArn": f"{arn}:task-definition/{cluster}-batch:1", "LaunchType": "FARGATE"}
    role = f"arn:aws:iam::{account}:role/events"
    target = {"Id": "t", "Arn": f"{arn}:cluster/{cluster}", "RoleArn": role, "EcsParameters": started}
    call("events", "PutTargets", Rule=cluster, Targets=[target])


def _scale(aws: LocalAws, resource: str, *, account: str, region: str) -> None:
    """A policy that tracks CPU, and that it scaled."""
    named = {"ServiceNamespace": "ecs", "ResourceId": resource, "ScalableDimension": "ecs:service:DesiredCount"}
    scale = partial(aws.call, "application-autoscaling", account=account, region=region, **named)
    scale("RegisterScalableTarget", MinCapacity=1, MaxCapacity=9)
    metric = {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}
    tracking = {"TargetValue": 60.0, "PredefinedMetricSpecification": metric}
    scale(
        "PutScalingPolicy",
        PolicyName="cpu",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=tracking,
    )
    for hour in range(1, ACTIVITIES + 1):
        at = NOW - timedelta(hours=hour)
        record_activity(aws, account, region, resource, start=at, end=at, desired=hour, cause="monitor alarm")


def is_balanced(number: int) -> bool:
    """Whether a service is behind a load balancer, with a target group of its own."""
    return number % 10 < BALANCED_OF_TEN


def _group(number: int) -> str:
    return f"targetgroup/service-{number}/{number:016x}"


def _balancers(number: int, *, place: str) -> list[dict[str, Any]]:
    arn = f"arn:aws:elasticloadbalancing:{place}:{_group(number)}"
    return [{"targetGroupArn": arn, "containerName": "app", "containerPort": 80}]
