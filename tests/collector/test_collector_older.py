"""The months before one-minute data: asked for once, in days, and only their peaks are kept."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from aws_samples import client, create, register

from advisor.collection import run_collection
from advisor.collector import open_sessions
from advisor.collector.metrics import read_batch
from advisor.collector.older import OLDEST, month_peaks, older_batches
from advisor.demo.aws.ecs_history import backdate
from advisor.demo.aws.metrics import put_series
from advisor.demo.aws.wire import AwsError, Call, LocalAws
from advisor.domain.inventory import Service
from advisor.domain.peaks import MonthPeak
from advisor.domain.service import ServiceId, Setup, TaskSize
from advisor.store import open_store

NOW = datetime.now(UTC)
ACCOUNT, REGION = "123456789012", "eu-west-1"


def some_service(name: str, *, age: timedelta | None = timedelta(days=900)) -> Service:
    id = ServiceId(account=ACCOUNT, region=REGION, service=f"prod/{name}")
    setup = Setup(size=TaskSize.of(vcpu=1, gib=2), desired=2)
    return Service(id=id, setup=setup, seen_at=NOW, created_at=None if age is None else NOW - age)


def seed(aws: LocalAws, name: str, days: int) -> dict[str, pd.Series]:
    """An hourly history until now: three tasks, sampled every minute; returns its maxima."""
    start = NOW.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days)
    index = pd.date_range(start, periods=24 * days, freq="1h")
    made = {}
    for metric, seed_ in (("CPUUtilization", 1), ("MemoryUtilization", 2)):
        highest = np.random.default_rng(seed_).uniform(20, 90, len(index))
        put_series(
            aws,
            account=ACCOUNT,
            region=REGION,
            namespace="AWS/ECS",
            name=metric,
            dimensions={"ClusterName": "prod", "ServiceName": name},
            start=start,
            step_seconds=3600,
            samples=np.full(len(index), 180.0),
            sum=np.full(len(index), 180.0 * 10),
            minimum=np.zeros(len(index)),
            maximum=highest,
            unit="Percent",
        )
        made[metric] = pd.Series(highest, index=index)
    return made


@pytest.mark.usefixtures("endpoint")
def test_the_highest_of_each_month_is_what_cloudwatch_held(local_aws: LocalAws) -> None:
    made = seed(local_aws, "api", 120)
    services = [some_service("api"), some_service("silent")]
    (batch,) = older_batches(services, known=(), now=NOW)
    (session,) = open_sessions(profile=None, role_arns=())
    frames, failures = read_batch(session, REGION, batch)
    assert failures == ()
    peaks = month_peaks(frames, asked=batch)
    held = {name: series[series.index < batch.end] for name, series in made.items()}
    months = held["CPUUtilization"].groupby(lambda at: f"{at:%Y-%m}").max()
    found = {peak.month: peak for peak in peaks if peak.id == services[0].id}
    assert list(found) == sorted(months.index)
    for month, peak in found.items():
        own = held["MemoryUtilization"]
        assert peak.cpu_max == pytest.approx(months[month], abs=1e-3)
        assert peak.memory_max == pytest.approx(own[own.index.strftime("%Y-%m") == month].max(), abs=1e-3)
        assert peak.tasks_max == 3
    empty = f"{batch.start:%Y-%m}"
    assert [peak for peak in peaks if peak.id == services[1].id] == [MonthPeak(id=services[1].id, month=empty)]
    assert session.calls["cloudwatch:GetMetricData"] == 1


def test_what_is_asked_for_is_in_cloudwatch_s_keeping_and_a_period_that_it_has() -> None:
    (batch,) = older_batches([some_service("api")], known=(), now=NOW)
    assert NOW - OLDEST <= batch.start < batch.end <= NOW - timedelta(days=14)
    assert batch.period % timedelta(hours=1) == timedelta(0)
    assert {one["MetricStat"]["Period"] for slab in batch.slabs() for one in batch.queries(slab)} == {86_400}


def test_young_services_and_those_that_were_asked_for_are_not_asked_again() -> None:
    services = [some_service("old"), some_service("unknown", age=None), some_service("young", age=timedelta(days=14))]
    (batch,) = older_batches(services, known=(), now=NOW)
    assert [id.name for id in batch.services] == ["old", "unknown"]
    assert list(older_batches(services, known={services[0].id, services[1].id}, now=NOW)) == []


def test_a_large_fleet_takes_full_calls() -> None:
    fleet = [replace(some_service(f"s{n}")) for n in range(2_500)]
    planned = [slab for batch in older_batches(fleet, known=(), now=NOW) for slab in batch.slabs()]
    series, days = 3 * len(fleet), 441
    assert len(planned) <= 1.1 * series * days / 100_800 + 2
    assert all((slab.last - slab.first) * (slab.end - slab.start) <= 100_800 for slab in planned)


@pytest.mark.usefixtures("endpoint")
def test_a_collection_asks_once_and_again_only_after_a_failure(tmp_path: Path, local_aws: LocalAws) -> None:
    client("ecs").create_cluster(clusterName="prod")
    create("prod", "api", register("api"), desiredCount=0)
    backdate(local_aws, ACCOUNT, REGION, "prod", "api", created=NOW - timedelta(days=60), deployments=[])
    seed(local_aws, "api", 50)
    asked: list[int] = []

    def fail_first(call: Call) -> None:
        if call.action == "GetMetricData" and call.params["MetricDataQueries"][0]["MetricStat"]["Period"] == 86_400:
            asked.append(len(call.params["MetricDataQueries"]))
            if len(asked) == 1:
                raise AwsError("AccessDeniedException", "not now", status=400)

    local_aws.before.append(fail_first)
    store = open_store(tmp_path, create=True)
    failures = [
        len(run_collection(store, open_sessions(profile=None, role_arns=()), [REGION], now=NOW).failures)
        for _ in range(3)
    ]
    assert failures == [1, 0, 0]
    assert asked == [3, 3]
    assert {str(peak.id) for peak in store.month_peaks} == {f"{ACCOUNT}/{REGION}/prod/api"}
    assert max(peak.memory_max or 0 for peak in store.month_peaks) > 80
