"""The demo fleet: fifteen days of a small company's ECS on Fargate, put into the local AWS.

Demand is replayed from public traces (data/README.md); tasks follow from each service's own setup. The fleet
also holds what advisor does not cover and must list: a service on EC2, and tasks that a schedule starts.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

from numpy.typing import ArrayLike

from advisor.demo.aws.ecs_state import held
from advisor.demo.aws.ecs_tasks import Launch, run, start_task, stop
from advisor.demo.aws.metrics import put_series
from advisor.demo.aws.wire import LocalAws
from advisor.demo.fleet_balancer import publish_balancer
from advisor.demo.fleet_control import ask, create_clusters, create_service
from advisor.demo.fleet_history import DAYS, History, Statistics, make_history
from advisor.demo.fleet_insights import publish_insights
from advisor.demo.fleet_scaling import add_scaling
from advisor.demo.fleet_services import ON_EC2, SERVICES, STANDALONE
from advisor.demo.fleet_spec import CANARY, DATA, IRELAND, SHOP, VIRGINIA, DemoService, canaries, container
from advisor.domain.service import ServiceId

ACCOUNTS, REGIONS = (SHOP, DATA), (VIRGINIA, IRELAND)
UNCOVERED_SLUGS = ("prod-warehouse-agent", "data-hourly-report")
CANARIES: tuple[str, ...] = tuple(
    value for slug in (*(service.slug for service in SERVICES), *UNCOVERED_SLUGS) for value in canaries(slug).values()
)

__all__ = ["ACCOUNTS", "CANARIES", "CANARY", "REGIONS", "SERVICES", "build_fleet"]


def build_fleet(
    aws: LocalAws,
    *,
    now: datetime,
    services: Sequence[DemoService] = SERVICES,
    days: int = DAYS,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Put the fleet into the local AWS, with its history until `now`; the same `now` gives the same fleet.

    `progress` is told how many services are done, of how many.
    """
    create_clusters(aws, [*(service.id for service in services), ON_EC2, STANDALONE])
    for done, service in enumerate(services, start=1):
        history = make_history(service, now=now, days=days)
        create_service(aws, service, desired=history.desired, now=now)
        if service.setup.minimum is not None:
            add_scaling(aws, service, now=now)
        _publish(aws, service, history)
        publish_balancer(aws, service, history)
        publish_insights(aws, service, history)
        if progress is not None:
            progress(done, len(services))
    _add_service_on_ec2(aws, ON_EC2)
    _add_scheduled_task(aws, STANDALONE, now=now)


def _publish(aws: LocalAws, service: DemoService, history: History) -> None:
    """Put the history of CPU and memory where CloudWatch has it."""
    id = service.id
    put = partial(put_series, aws, account=id.account, region=id.region, start=history.start, step_seconds=60)
    ecs = partial(
        put,
        namespace="AWS/ECS",
        dimensions={"ClusterName": id.cluster, "ServiceName": id.name},
        unit="Percent",
    )
    ecs(name="CPUUtilization", **_columns(history.cpu))
    ecs(name="MemoryUtilization", **_columns(history.memory))


def _columns(values: Statistics) -> dict[str, ArrayLike]:
    return {
        "samples": values.samples,
        "sum": values.sum,
        "minimum": values.minimum,
        "maximum": values.maximum,
    }


def _add_service_on_ec2(aws: LocalAws, id: ServiceId) -> None:
    slug = UNCOVERED_SLUGS[0]
    answer = ask(
        aws,
        id,
        "ecs",
        "RegisterTaskDefinition",
        family=slug,
        requiresCompatibilities=["EC2"],
        networkMode="bridge",
        containerDefinitions=[container("app", slug, cpu=256, memory=512)],
    )
    ask(
        aws,
        id,
        "ecs",
        "CreateService",
        cluster=id.cluster,
        serviceName=id.name,
        taskDefinition=answer["taskDefinition"]["taskDefinitionArn"],
        desiredCount=2,
        launchType="EC2",
        tags=[{"key": "team", "value": "warehouse"}],
    )


def _add_scheduled_task(aws: LocalAws, id: ServiceId, *, now: datetime) -> None:
    """A task that a rule starts every hour; its last run ended twenty minutes ago, so that ECS still lists it."""
    slug = UNCOVERED_SLUGS[1]
    answer = ask(
        aws,
        id,
        "ecs",
        "RegisterTaskDefinition",
        family=slug,
        cpu="1024",
        memory="4096",
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        containerDefinitions=[container("app", slug)],
    )
    ask(aws, id, "events", "PutRule", Name=id.name, ScheduleExpression="rate(1 hour)", State="ENABLED")
    cluster = f"arn:aws:ecs:{id.region}:{id.account}:cluster/{id.cluster}"
    runs = {"TaskDefinitionArn": answer["taskDefinition"]["taskDefinitionArn"]}
    target = {
        "Id": "report",
        "Arn": cluster,
        "RoleArn": f"arn:aws:iam::{id.account}:role/events-run-task",
        "EcsParameters": runs | {"TaskCount": 1, "LaunchType": "FARGATE"},
    }
    ask(aws, id, "events", "PutTargets", Rule=id.name, Targets=[target])
    launch = Launch(
        cluster_arn=cluster,
        definition=answer["taskDefinition"],
        spec={"launchType": "FARGATE"},
        group=f"family:{slug}",
        started_by=f"events-rule/{id.name}",
    )
    task = start_task(held(aws, id.account, id.region), launch, provider=None, created=now - timedelta(minutes=34))
    run(task, now=now)
    stop(
        [task],
        now=now - timedelta(minutes=20),
        code="EssentialContainerExited",
        reason="Essential container in task exited",
    )
