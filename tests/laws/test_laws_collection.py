"""Law 10: collecting twice changes nothing; a collection killed anywhere and run again gives the same store."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from botocore.httpsession import URLLib3Session
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from advisor.collection import run_collection
from advisor.collector import open_sessions
from advisor.demo.aws.metrics import put_series
from advisor.demo.aws.scaling_activities import record_activity
from advisor.demo.aws.wire import ACCOUNT, LocalAws
from advisor.store import open_store
from advisor.store.place import Folder
from tests.aws_watch import watched

REGIONS = ("eu-west-1", "us-east-1")
NOW = datetime(2026, 11, 3, 12, 10, 30, tzinfo=UTC)  # a month has just been over for two days
MINUTES = 4 * 1440 - 900  # from the old month into the young one: compaction has months and days to make
ACTIVITY_HOURS = 16 * 24  # a day more than is asked for at first
SOAK = Path(__file__).parents[2] / "benchmarks" / "soak.py"


Days = tuple[Path, dict[str, bytes], list[str]]


class Killed(BaseException):
    """Stands for SIGKILL: no `except Exception` may catch it."""


def fill(aws: LocalAws) -> None:
    """Two services in each of two regions, with days of metrics and an activity every six hours."""
    size = {"cpu": "512", "memory": "1024", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"]}
    network = {"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"]}}
    place: dict[str, Any]
    for place in ({"account": ACCOUNT, "region": region} for region in REGIONS):
        insights = [{"name": "containerInsights", "value": "enhanced"}]
        aws.call("ecs", "CreateCluster", clusterName="prod", settings=insights, **place)
        container = {"name": "app", "image": "nginx", "memory": 512, "restartPolicy": {"enabled": True}}
        aws.call("ecs", "RegisterTaskDefinition", family="app", containerDefinitions=[container], **size, **place)
        for name in ("api", "web"):
            asked = {"cluster": "prod", "serviceName": name, "taskDefinition": "app", "desiredCount": 1}
            aws.call("ecs", "CreateService", launchType="FARGATE", networkConfiguration=network, **asked, **place)
            target = {"ResourceId": f"service/prod/{name}", "ScalableDimension": "ecs:service:DesiredCount", **place}
            bounds = {"MinCapacity": 1, "MaxCapacity": 2}
            aws.call("application-autoscaling", "RegisterScalableTarget", ServiceNamespace="ecs", **target, **bounds)
            for hours in range(0, ACTIVITY_HOURS, 6):
                at, cause = NOW - timedelta(hours=hours), "monitor alarm a in state ALARM triggered policy p"
                resource = target["ResourceId"]
                record_activity(aws, resource=resource, start=at, end=at, desired=2, cause=cause, **place)
            of_service = {"ClusterName": "prod", "ServiceName": name}
            of_container = {**of_service, "ContainerName": "app"}
            for metric, namespace, dimensions in (
                ("CPUUtilization", "AWS/ECS", of_service),
                ("MemoryUtilization", "AWS/ECS", of_service),
                ("PendingTaskCount", "ECS/ContainerInsights", of_service),
                ("ContainerMemoryUtilized", "ECS/ContainerInsights", of_container),
                ("RestartCount", "ECS/ContainerInsights", of_container),
            ):
                values = np.linspace(1, 50, MINUTES)
                put_series(
                    aws,
                    namespace=namespace,
                    name=metric,
                    dimensions=dimensions,
                    start=NOW.replace(second=0) - timedelta(minutes=MINUTES),
                    step_seconds=60,
                    samples=np.ones(MINUTES),
                    sum=values,
                    minimum=values,
                    maximum=values,
                    unit="Percent",
                    **place,
                )


def collect(folder: Path, now: datetime = NOW) -> None:
    sessions = open_sessions(profile=None, role_arns=())
    assert run_collection(open_store(folder, create=True), sessions, REGIONS, now=now).failures == ()


def known(folder: Path) -> dict[str, bytes]:
    """Every file but the lock and the log of runs, which tells of kills by its nature."""
    files = {str(p.relative_to(folder)): p for p in folder.rglob("*") if p.is_file()}
    return {name: path.read_bytes() for name, path in files.items() if not name.startswith((".lock", "runs/"))}


@contextmanager
def killing(at: int | None) -> Iterator[list[str]]:
    """Raise at one boundary, counted over calls to AWS, writes and removals; yields the steps that were taken."""
    steps: list[str] = []

    def step(name: str) -> None:
        steps.append(name)
        if len(steps) - 1 == at:
            raise Killed

    def around(name: str, plain: Callable[..., Any]) -> Callable[..., Any]:
        def stepping(*given: Any) -> Any:
            step(f"before {name}")
            done = plain(*given)
            step(f"after {name}")
            return done

        return stepping

    with pytest.MonkeyPatch.context() as patched:
        for kind, name in ((URLLib3Session, "send"), (Folder, "write"), (Folder, "delete")):
            patched.setattr(kind, name, around(name, getattr(kind, name)))
        yield steps


@pytest.fixture
def local_aws() -> Iterator[LocalAws]:
    """Two months after its services were made, and watched."""
    clock = [NOW - timedelta(days=60)]
    aws = LocalAws(clock=lambda: clock[0])
    fill(aws)
    clock[0] = NOW
    with watched(aws):
        yield aws


@pytest.fixture
def days(endpoint: str, tmp_path: Path) -> Days:
    """The store of yesterday, what a collection that nothing stops makes of it today, and in how many steps."""
    assert endpoint
    collect(tmp_path / "yesterday", NOW - timedelta(days=1))
    shutil.copytree(tmp_path / "yesterday", tmp_path / "today")
    with killing(at=None) as steps:
        collect(tmp_path / "today")
    want = known(tmp_path / "today")
    store = open_store(tmp_path / "today")
    assert [len(store.usage(service)) for service in store.services] == [MINUTES - 3] * 4, "all that has settled"
    every = [service.id for service in store.services]
    assert store.reach("usage") == dict.fromkeys(every, NOW.replace(second=0) - timedelta(minutes=3))
    assert store.reach("insights") == dict.fromkeys(every, NOW.replace(hour=0, minute=0, second=0))
    assert {(seen.container, len(seen.days) > 0) for seen in store.insights} == {("", True), ("app", True)}
    assert len(store.scaling_activities) == 4 * (4 * 16 - 1), "all but what is not settled"
    collect(tmp_path / "today")
    assert known(tmp_path / "today") == want, "twice changes nothing"
    return tmp_path / "yesterday", want, steps


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_collection_killed_anywhere_and_run_again_gives_the_same_store(
    days: Days, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    yesterday, want, steps = days
    folder = tmp_path_factory.mktemp("killed") / "store"
    shutil.copytree(yesterday, folder)
    writing = [n for n, step in enumerate(steps) if "send" not in step]
    anywhere = st.integers(0, len(steps) - 1) | st.sampled_from(writing)
    for at in data.draw(st.lists(anywhere, min_size=1, max_size=2), label="killed at the steps"):
        with killing(at=at), suppress(Killed):
            collect(folder)
    collect(folder)
    assert known(folder) == want


def test_a_small_soak_ends_in_the_store_of_a_clean_run() -> None:
    """Real processes, real SIGKILLs, a real proxy that hurts every tenth request."""
    size = ("--services=3", "--accounts=2", "--regions=1", "--days=0.2", "--kills=2")
    done = subprocess.run([sys.executable, str(SOAK), *size], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("killed after") == 2
    assert "different: none" in done.stdout
