"""The past of services over HTTP: every deployment that ECS lists is kept with its times, whatever became of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aws_samples import REGION, client, create, register

from advisor.collection import run_collection
from advisor.collector import open_sessions
from advisor.demo.aws.wire import LocalAws
from advisor.domain.deployments import Deployment
from advisor.store import Store, open_store

pytestmark = pytest.mark.usefixtures("endpoint")
ACCOUNT = "123456789012"
BEGIN = datetime(2026, 11, 2, 12, tzinfo=UTC)
LASTS = timedelta(minutes=10)


@contextmanager
def at(aws: LocalAws, instant: datetime) -> Iterator[None]:
    """The local AWS's clock stands at an instant; a deployment lasts ten minutes."""
    aws.state("ecs", ACCOUNT, REGION)["deployment_seconds"] = LASTS.total_seconds()
    clock, aws.clock = aws.clock, lambda: instant
    try:
        yield
    finally:
        aws.clock = clock


def deploy(aws: LocalAws, instant: datetime, definition: str | None = None) -> None:
    """A new revision of the task definition, or the same one again, by force."""
    more = {"taskDefinition": definition} if definition else {"forceNewDeployment": True}
    with at(aws, instant):
        client("ecs").update_service(cluster="prod", service="api", **more)


def collect(aws: LocalAws, folder: Path, now: datetime) -> Store:
    with at(aws, now):
        run_collection(open_store(folder, create=True), open_sessions(profile=None, role_arns=()), [REGION], now=now)
    return open_store(folder)


def served(aws: LocalAws) -> str:
    """A service with a circuit breaker, made at BEGIN; returns its task definition."""
    breaker = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
    with at(aws, BEGIN):
        client("ecs").create_cluster(clusterName="prod", capacityProviders=["FARGATE"])
        first = register("api")
        create("prod", "api", first, deploymentConfiguration=breaker)
    return first


def told(deployments: tuple[Deployment, ...]) -> list[tuple[timedelta, timedelta | None, str, str]]:
    """Start after BEGIN, length, end and revision of each."""
    return [
        (d.begun - BEGIN, d.finished and d.finished - d.begun, d.status, d.task_definition.rpartition("/")[2])
        for d in deployments
    ]


def test_every_deployment_is_kept_forced_and_failed_ones_too(local_aws: LocalAws, tmp_path: Path) -> None:
    served(local_aws)
    for hours in (1, 2):
        deploy(local_aws, BEGIN + timedelta(hours=hours))
    bad = register("api", cpu="1024", memory="2048")
    local_aws.state("ecs", ACCOUNT, REGION)["failing"] = {bad}
    deploy(local_aws, BEGIN + timedelta(hours=3), bad)
    store = collect(local_aws, tmp_path, BEGIN + timedelta(hours=3, minutes=30))
    kept = told(store.deployments)
    assert [(start, status, revision) for start, _, status, revision in kept] == [
        (timedelta(0), "SUCCESSFUL", "api:1"),
        (timedelta(hours=1), "SUCCESSFUL", "api:1"),
        (timedelta(hours=2), "SUCCESSFUL", "api:1"),
        (timedelta(hours=3), "ROLLBACK_SUCCESSFUL", "api:2"),
    ]
    assert [length for _, length, _, _ in kept[:2]] == [LASTS, LASTS]
    assert kept[3][1] == LASTS
    (service,) = store.services
    assert [change.size.cpu for change in service.sizes] == [512]  # what failed, and what is the same, changed no size


def test_one_that_was_under_way_has_its_end_in_the_next_collection(local_aws: LocalAws, tmp_path: Path) -> None:
    served(local_aws)
    deploy(local_aws, BEGIN + timedelta(hours=1))
    during = collect(local_aws, tmp_path, BEGIN + timedelta(hours=1, minutes=2))
    assert told(during.deployments)[1][1:3] == (None, "IN_PROGRESS")
    after = collect(local_aws, tmp_path, BEGIN + timedelta(hours=2))
    assert told(after.deployments)[1][1:3] == (LASTS, "SUCCESSFUL")


def test_what_aws_no_longer_lists_is_still_held(local_aws: LocalAws, tmp_path: Path) -> None:
    served(local_aws)
    deploy(local_aws, BEGIN + timedelta(hours=1))
    before = collect(local_aws, tmp_path, BEGIN + timedelta(hours=2)).deployments
    held = local_aws.state("ecs", ACCOUNT, REGION)["world"].services["prod", "api"]
    del held.rollouts[0]
    assert collect(local_aws, tmp_path, BEGIN + timedelta(hours=3)).deployments == before
    assert len(before) == 2
