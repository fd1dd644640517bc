"""Two collections of one account at once, in processes of their own: the store is that of one of them."""

import multiprocessing
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pytest
from aws_samples import REGION, client, create, register, scale

from advisor.collection import run_collection
from advisor.collector import open_sessions
from advisor.demo.aws.ecs_history import backdate
from advisor.demo.aws.metrics import put_series
from advisor.demo.aws.scaling_activities import record_activity
from advisor.demo.aws.wire import ACCOUNT, LocalAws
from advisor.store import Store, open_store
from advisor.store.bucket import place_of

NOW = datetime.now(UTC).replace(second=30, microsecond=0)
HOURS = 40 * 24
NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"]}}


def fleet(aws: LocalAws) -> None:
    """Two services, one of which nothing is known, a task by hand; 40 days of usage, Container Insights, activities."""
    ecs = client("ecs")
    ecs.create_cluster(clusterName="prod", settings=[{"name": "containerInsights", "value": "enhanced"}])
    for name in ("api", "idle"):
        create("prod", name, register(name), desiredCount=1)
        backdate(aws, ACCOUNT, REGION, "prod", name, created=NOW - timedelta(days=50), deployments=[])
    scale("prod", "api")
    place: dict[str, Any] = {"account": ACCOUNT, "region": REGION}
    at = NOW - timedelta(hours=5)
    record_activity(aws, resource="service/prod/api", start=at, end=at, desired=2, cause="monitor alarm a", **place)
    ecs.run_task(cluster="prod", taskDefinition=register("lone"), launchType="FARGATE", networkConfiguration=NETWORK)
    of_service, of_family = {"ServiceName": "api"}, {"TaskDefinitionFamily": "lone"}
    for namespace, metric, dimensions in (
        ("AWS/ECS", "CPUUtilization", of_service),
        ("AWS/ECS", "MemoryUtilization", of_service),
        ("ECS/ContainerInsights", "PendingTaskCount", of_service),
        ("ECS/ContainerInsights", "ContainerMemoryUtilized", {**of_service, "ContainerName": "app"}),
        ("ECS/ContainerInsights", "MemoryUtilized", of_family),
    ):
        values = np.linspace(1, 50, HOURS)
        put_series(
            aws,
            namespace=namespace,
            name=metric,
            dimensions={"ClusterName": "prod", **dimensions},
            start=NOW.replace(minute=0, second=0) - timedelta(hours=HOURS),
            step_seconds=3600,
            samples=np.ones(HOURS),
            sum=values,
            minimum=values,
            maximum=values,
            **place,
        )


@pytest.fixture(params=["folder", "s3"])
def url(request: pytest.FixtureRequest, tmp_path: Path, endpoint: str) -> str:
    assert endpoint
    if request.param == "s3":
        boto3.client("s3").create_bucket(Bucket="stores")
    return "s3://stores/of/us" if request.param == "s3" else str(tmp_path / "store")


def collect(url: str, now: datetime, begin: Callable[[], object] = int) -> None:
    sessions = open_sessions(profile=None)
    begin()
    assert run_collection(open_store(url, create=True), sessions, [REGION], now=now).failures == ()


def content(url: str) -> dict[str, bytes]:
    """Every file but the lock and the logs of the runs."""
    place = place_of(url)
    return {path: place.read(path) for path in place.list() if not path.startswith((".lock", "runs/"))}


def told(store: Store) -> dict[str, Any]:
    """What the store tells, table by table."""
    reach = {of: store.reach(of) for of in ("usage", "peaks", "insights")}
    tables = ("services", "schedules", "task_runs", "month_peaks", "insights", "scaling_activities", "skipped")
    return {name: getattr(store, name) for name in tables} | reach


def test_two_collections_at_once_give_the_store_of_one(url: str, tmp_path: Path, local_aws: LocalAws) -> None:
    """A first collection each, and a later one each, so that there is something held and something new."""
    fleet(local_aws)
    context = multiprocessing.get_context("spawn")
    alone = str(tmp_path / "alone")
    for now in (NOW - timedelta(days=2), NOW):
        gate = context.Barrier(2)
        others = [context.Process(target=collect, args=(url, now, gate.wait)) for _ in range(2)]
        for other in others:
            other.start()
        for other in others:
            other.join(120)
        assert [other.exitcode for other in others] == [0, 0]
        collect(alone, now)
    both, one = open_store(url), open_store(alone)
    assert told(both) == told(one)
    assert all(told(one)[name] for name in told(one) if name not in ("schedules", "skipped")), (
        "each table says something"
    )
    newest = both.logs()
    assert len(newest) == 4
    overlap = [max(a.started, b.started) < min(a.ended, b.ended) for a, b in (newest[:2], newest[2:])]
    assert any(overlap), "they ran at once"
    both.compact(NOW)
    assert content(url) == content(alone)
