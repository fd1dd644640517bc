"""Usage beside the minutes: longer steps of older days, asked for once or after a hole, and steps of 20 seconds."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from aws_samples import client, create, register

from advisor.collection import CollectionReport, run_collection
from advisor.collector import Batch, batches, older_batches, open_sessions, read_batch, short_batches
from advisor.demo.aws.ecs_history import backdate
from advisor.demo.aws.metrics import put_series
from advisor.demo.aws.wire import AwsError, Call, LocalAws
from advisor.domain.inventory import Service
from advisor.domain.schema import LONG_STEPS
from advisor.domain.service import ServiceId, Setup, TaskSize
from advisor.store import Store, open_store
from tests.aws_watch import watched

NOW = datetime(2026, 11, 3, 12, 13, 30, tzinfo=UTC)
ACCOUNT, REGION = "123456789012", "eu-west-1"
KEPT = {60: timedelta(days=15), 300: timedelta(days=63), 3600: timedelta(days=455)}
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


@pytest.fixture
def clock() -> list[datetime]:
    return [NOW]


@pytest.fixture
def local_aws(clock: list[datetime]) -> Iterator[LocalAws]:
    with watched(LocalAws(clock=lambda: clock[0])) as aws:
        yield aws


def some_service(name: str = "api", *, age: timedelta | None = timedelta(days=900), **more: Any) -> Service:
    id = ServiceId(account=ACCOUNT, region=REGION, service=f"prod/{name}")
    setup = Setup(size=TaskSize.of(vcpu=1, gib=2), desired=3)
    return Service(id=id, setup=setup, seen_at=NOW, created_at=None if age is None else NOW - age, **more)


def planned(
    services: list[Service], *, reach: Mapping[ServiceId, datetime] | None = None, now: datetime = NOW
) -> list[Batch]:
    """What is asked for of older days, and of the minutes after them."""
    older = older_batches(services, reach=reach or {}, now=now)
    return [*older, *batches([service.id for service in services], since={}, now=now)]


def seed(aws: LocalAws, name: str, start: datetime, end: datetime, step: int) -> dict[str, pd.Series]:
    """Steps of three tasks, sampled every minute; the highest CPU and memory that were put."""
    index = pd.date_range(start, end, freq=f"{step}s", inclusive="left")
    made = {}
    samples = np.full(len(index), 3.0 * max(1.0, step / 60))
    for metric, seed_ in (("CPUUtilization", 1), ("MemoryUtilization", 2)):
        highest = np.random.default_rng([seed_, step]).uniform(20, 90, len(index))
        put_series(
            aws,
            account=ACCOUNT,
            region=REGION,
            namespace="AWS/ECS",
            name=metric,
            dimensions={"ClusterName": "prod", "ServiceName": name},
            start=start,
            step_seconds=step,
            samples=samples,
            sum=samples * 10,
            minimum=np.zeros(len(index)),
            maximum=highest,
            unit="Percent",
        )
        made[metric] = pd.Series(highest, index=index)
    return made


def collect(folder: Path, now: datetime = NOW) -> CollectionReport:
    return run_collection(open_store(folder, create=True), open_sessions(profile=None, role_arns=()), [REGION], now=now)


def world(aws: LocalAws, *, created: datetime) -> None:
    client("ecs").create_cluster(clusterName="prod")
    create("prod", "api", register("api"), desiredCount=3)
    backdate(aws, ACCOUNT, REGION, "prod", "api", created=created, deployments=[])


def instants(store: Store) -> dict[int, pd.DatetimeIndex]:
    """The instants that are held, by step; those of minutes are the service's own."""
    (service,) = store.services
    frames = {60: store.usage(service)} | {step: store.usage(service, step_seconds=step) for step in LONG_STEPS}
    return {step: pd.DatetimeIndex(frame.index) for step, frame in frames.items()}


def test_all_days_come_once_in_the_finest_steps_that_are_still_there() -> None:
    found = sorted(planned([some_service()]), key=lambda batch: batch.start)
    assert [batch.period.total_seconds() for batch in found] == [3600, 300, 60]
    assert [one.end for one in found[:-1]] == [other.start for other in found[1:]], "no hole, no overlap"
    for batch in found:
        step = int(batch.period.total_seconds())
        assert batch.start.timestamp() % step == batch.end.timestamp() % step == 0
        assert timedelta(0) < batch.start - (NOW - KEPT[step]) <= timedelta(hours=2), "kept until it is asked for"
        assert {one["MetricStat"]["Period"] for slab in batch.slabs() for one in batch.queries(slab)} == {step}


@pytest.mark.parametrize(("age", "steps"), [(14, []), (20, [300]), (62, [300]), (64, [300, 3600]), (None, [300, 3600])])
def test_nothing_is_asked_for_of_the_time_before_a_service_was_made(age: int | None, steps: list[int]) -> None:
    service = some_service(age=None if age is None else age * DAY)
    found = list(older_batches([service], reach={}, now=NOW))
    assert sorted(int(batch.period.total_seconds()) for batch in found) == steps
    for batch in found if service.created_at else []:
        assert batch.start >= service.created_at - batch.period


def test_after_a_hole_only_the_hole_is_asked_for() -> None:
    service = some_service()
    for days in (1, 14):
        assert list(older_batches([service], reach={service.id: NOW - days * DAY}, now=NOW)) == []
    (batch,) = older_batches([service], reach={service.id: NOW - 20 * DAY}, now=NOW)
    assert batch.period == timedelta(minutes=5)
    assert timedelta(0) <= NOW - 20 * DAY - batch.start < batch.period


def test_a_large_fleet_takes_full_calls() -> None:
    fleet = [some_service(f"s{n}") for n in range(500)]
    slabs = [slab for batch in older_batches(fleet, reach={}, now=NOW) for slab in batch.slabs()]
    points = 5 * len(fleet) * (48 * 288 + 392 * 24)
    assert len(slabs) <= 1.05 * points / 100_800 + 1
    assert all((slab.last - slab.first) * (slab.end - slab.start) <= 100_800 for slab in slabs)


@pytest.mark.usefixtures("endpoint")
def test_every_value_is_what_cloudwatch_held(tmp_path: Path, local_aws: LocalAws) -> None:
    turn, minutes = datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 10, 15, tzinfo=UTC)
    world(local_aws, created=NOW - 400 * DAY)
    put = {
        3600: seed(local_aws, "api", NOW.replace(minute=0, second=0) - 399 * DAY, turn, 3600),
        300: seed(local_aws, "api", turn, minutes, 300),
        60: seed(local_aws, "api", minutes, NOW.replace(second=0), 60),
    }
    assert collect(tmp_path).failures == ()
    store = open_store(tmp_path)
    (service,) = store.services
    held = instants(store)
    edges = [held[3600][-1] + timedelta(hours=1), held[300][0], held[300][-1] + timedelta(minutes=5), held[60][0]]
    assert edges[0] == edges[1]
    assert edges[2] == edges[3]
    assert held[3600][0] == put[3600]["CPUUtilization"].index[0]
    for step in LONG_STEPS:
        frame = store.usage(service, step_seconds=step)
        every = pd.concat([put[s]["MemoryUtilization"] for s in (3600, 300, 60)])
        wanted = every.resample(f"{step}s").max().loc[frame.index[0] : frame.index[-1]]
        np.testing.assert_allclose(frame["memory_max"], wanted, rtol=1e-6)
        np.testing.assert_allclose(frame["tasks"], 3.0)
        np.testing.assert_allclose(frame["cpu_avg"], 10.0)


@pytest.mark.usefixtures("endpoint")
def test_older_days_are_asked_for_once_and_again_after_a_failure(tmp_path: Path, local_aws: LocalAws) -> None:
    world(local_aws, created=NOW - 100 * DAY)
    seed(local_aws, "api", NOW.replace(minute=0, second=0) - 99 * DAY, NOW.replace(minute=0, second=0), 3600)
    asked: list[int] = []
    broken = [3600]

    def watch(call: Call) -> None:
        if call.action == "GetMetricData":
            asked.append(call.params["MetricDataQueries"][0]["MetricStat"]["Period"])
            if asked[-1] in broken:
                broken.clear()
                raise AwsError("AccessDeniedException", "not now", status=400)

    local_aws.before.append(watch)
    runs = []
    for hours in range(3):
        asked.clear()
        failures = collect(tmp_path, NOW + timedelta(hours=hours)).failures
        runs.append((len(failures), sorted(set(asked))))
    assert runs == [(1, [60, 300, 3600]), (0, [60, 300, 3600]), (0, [60])]


@pytest.mark.usefixtures("endpoint")
def test_a_store_that_was_left_alone_gets_what_is_still_there(
    tmp_path: Path, local_aws: LocalAws, clock: list[datetime]
) -> None:
    early = NOW - 25 * DAY
    clock[0] = early
    world(local_aws, created=early - 3 * DAY)
    seed(local_aws, "api", early.replace(second=0) - 2 * DAY, NOW.replace(second=0), 60)
    assert collect(tmp_path, early).failures == ()
    clock[0] = NOW
    assert collect(tmp_path).failures == ()
    held = instants(open_store(tmp_path))
    assert len(held[3600]) == 0
    minutes = held[60]
    hole = np.flatnonzero(np.diff(minutes) > MINUTE)
    assert len(hole) == 1
    before, after = minutes[hole[0]], minutes[hole[0] + 1]
    assert held[300][0] <= before + MINUTE, "nothing is missing after the minutes"
    assert held[300][-1] + 5 * MINUTE == after, "nor before those that follow"


@pytest.mark.usefixtures("endpoint")
def test_steps_of_20_seconds_are_read_of_the_services_that_have_them(local_aws: LocalAws) -> None:
    start = NOW.replace(second=0) - timedelta(hours=5)
    made = seed(local_aws, "api", start, NOW.replace(second=20), 20)
    services = [some_service(resolution_seconds=20), some_service("other", resolution_seconds=60)]
    (batch,) = short_batches(services, since={}, now=NOW)
    (session,) = open_sessions(profile=None, role_arns=())
    frames, failures = read_batch(session, REGION, batch)
    assert failures == ()
    (frame,) = frames.values()
    assert timedelta(hours=2, minutes=30) < frame.index[-1] - frame.index[0] < timedelta(hours=3)
    wanted = made["MemoryUtilization"].loc[frame.index[0] : frame.index[-1]]
    np.testing.assert_allclose(frame["memory_max"], wanted, rtol=1e-6)
    np.testing.assert_allclose(frame["tasks"], 3.0)
    last = frame.index[-1].to_pydatetime()
    (again,) = short_batches(services, since={services[0].id: last}, now=NOW + timedelta(hours=1))
    assert timedelta(minutes=9) < last - again.start < timedelta(minutes=12)
    assert list(short_batches(services, since={services[0].id: NOW + DAY}, now=NOW)) == []
