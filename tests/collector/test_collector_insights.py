"""What Container Insights has of tasks without a service: found by cluster, kept as the highest of each month."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from aws_samples import REGION, client, create, register

from advisor.advice import task_families
from advisor.collection import run_collection
from advisor.collector import gather, open_sessions
from advisor.collector.insights import family_batches
from advisor.demo.aws.faults import Fault, denied
from advisor.demo.aws.metrics import put_series
from advisor.demo.aws.wire import Call, LocalAws
from advisor.domain.service import ServiceId
from advisor.fargate.prices import PriceBook
from advisor.store import open_store

pytestmark = pytest.mark.usefixtures("endpoint")
NOW = datetime.now(UTC)
ACCOUNT = "123456789012"
NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"]}}


def fleet() -> None:
    """prod is measured, dev is not; in prod, api is run by a service and by hand."""
    on = [{"name": "containerInsights", "value": "enhanced"}]
    client("ecs").create_cluster(clusterName="prod", settings=on)
    client("ecs").create_cluster(clusterName="dev")
    create("prod", "web", register("api"), desiredCount=0)
    register("batch")
    for cluster, family in (("prod", "batch"), ("prod", "api"), ("dev", "batch")):
        client("ecs").run_task(
            cluster=cluster, taskDefinition=family, launchType="FARGATE", networkConfiguration=NETWORK
        )


def seed(aws: LocalAws, *, days: int) -> None:
    """Hourly: 100 to 400 CPU units, 512 to 1,536 MiB."""
    hours = 24 * days
    for name, low, high, unit in (("CpuUtilized", 100, 400, "None"), ("MemoryUtilized", 512, 1536, "Megabytes")):
        values = np.linspace(low, high, hours)
        put_series(
            aws,
            account=ACCOUNT,
            region=REGION,
            namespace="ECS/ContainerInsights",
            name=name,
            dimensions={"ClusterName": "prod", "TaskDefinitionFamily": "batch"},
            start=NOW.replace(minute=0, second=0, microsecond=0) - timedelta(hours=hours),
            step_seconds=3600,
            samples=np.ones(hours),
            sum=values,
            minimum=values,
            maximum=values,
            unit=unit,
        )


def test_the_highest_use_of_a_family_reaches_its_line(tmp_path: Path, local_aws: LocalAws) -> None:
    fleet()
    seed(local_aws, days=40)
    asked: list[Call] = []
    local_aws.before.append(lambda call: asked.append(call) if call.action == "GetMetricData" else None)
    store = open_store(tmp_path, create=True)
    for _ in range(2):
        report = run_collection(store, open_sessions(profile=None, role_arns=()), [REGION], now=NOW)
        assert report.failures == ()
    mine = [call.params for call in asked if "Family" in str(call.params["MetricDataQueries"])]
    assert [len(params["MetricDataQueries"]) for params in mine] == [2, 2]
    first, then = (round((params["EndTime"] - params["StartTime"]) / 86_400) for params in mine)
    assert first == 455
    assert then <= 2, "today, and yesterday where that is over for less than two hours"
    peaks = [peak for peak in store.month_peaks if peak.task_gib_max is not None]
    assert {str(peak.id) for peak in peaks} == {f"{ACCOUNT}/{REGION}/prod/batch"}
    lines = {f.service: f for f in task_families(store.task_runs, (), PriceBook.shipped(), store.month_peaks)}
    assert (lines["prod/batch"].peak_vcpu, lines["prod/batch"].peak_gib) == (0.391, 1.5)
    assert lines["dev/batch"].peak_gib is None


def test_only_families_of_their_own_in_measured_clusters_are_asked_for(local_aws: LocalAws) -> None:
    fleet()
    (session,) = open_sessions(profile=None, role_arns=())
    assert [str(id) for id in gather(session, REGION, now=NOW).inventory.measured] == [f"{ACCOUNT}/{REGION}/prod/batch"]
    local_aws.before.append(Fault(error=denied("ecs", "DescribeClusters"), action="DescribeClusters"))
    found = gather(session, REGION, now=NOW)
    assert found.inventory.measured == ()
    assert any("allow ecs:DescribeClusters" in failure for failure in found.failures)


def test_of_what_is_known_only_the_days_since_then_are_asked_for() -> None:
    new = ServiceId(account=ACCOUNT, region=REGION, service="prod/new")
    old = replace(new, service="prod/old")
    noon = NOW.replace(hour=12)
    midnight = noon.replace(hour=0, minute=0, second=0, microsecond=0)
    first, then = family_batches([old, new], reach={old: midnight - timedelta(days=3)}, now=noon)
    assert (first.services, then.services) == ((new,), (old,))
    assert (first.steps, then.steps) == (455, 4)
