"""Response times of target groups: asked for beside requests, put together by them, absent where nothing was asked."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from aws_samples import small_fleet
from hypothesis import given
from hypothesis import strategies as st

from advisor.collection import plan_collection, run_collection
from advisor.collector import Batch, batches, older_batches, open_sessions, read_batch, short_batches
from advisor.collector.balancers import as_one
from advisor.demo.aws.metrics import put_series
from advisor.demo.aws.wire import LocalAws
from advisor.domain.frames import check_frame
from advisor.domain.inventory import Service
from advisor.domain.schema import USAGE
from advisor.domain.service import ServiceId, Setup, TaskSize
from advisor.store import open_store

NOW = datetime.now(UTC).replace(second=0, microsecond=0)
ACCOUNT, REGION = "123456789012", "eu-west-1"
BLUE, GREEN = "app/a/1/targetgroup/blue/2", "app/b/1/targetgroup/green/3"
MINUTES = 60


def some_service(*labels: str, name: str = "api") -> Service:
    id = ServiceId(account=ACCOUNT, region=REGION, service=f"prod/{name}")
    setup = Setup(size=TaskSize.of(vcpu=1, gib=2), desired=2)
    created = NOW - timedelta(days=100)
    return Service(id=id, setup=setup, seen_at=NOW, created_at=created, target_groups=labels, resolution_seconds=20)


def answered(aws: LocalAws, label: str, requests: np.ndarray, fast: np.ndarray, slow: np.ndarray) -> None:
    """Requests of an hour, nine of ten of them `fast` and one of ten `slow` [s]."""
    balancer, _, group = label.partition("/targetgroup/")
    for name, unit, samples, values in (
        ("RequestCount", "Count", np.ones(MINUTES), requests),
        ("TargetResponseTime", "Seconds", 0.9 * requests, fast),
        ("TargetResponseTime", "Seconds", 0.1 * requests, slow),
    ):
        put_series(
            aws,
            account=ACCOUNT,
            region=REGION,
            namespace="AWS/ApplicationELB",
            name=name,
            dimensions={"LoadBalancer": balancer, "TargetGroup": f"targetgroup/{group}"},
            start=NOW - timedelta(minutes=MINUTES),
            step_seconds=60,
            samples=samples,
            sum=samples * values,
            minimum=values,
            maximum=values,
            unit=unit,
        )


def read(service: Service) -> pd.DataFrame:
    labels = {service.id: service.target_groups}
    (batch,) = batches([service.id], since={service.id: NOW - timedelta(hours=2)}, now=NOW, labels=labels)
    (session,) = open_sessions(profile=None, role_arns=())
    frames, failures = read_batch(session, REGION, batch)
    assert failures == ()
    return frames[service.id]


def flat(value: float) -> np.ndarray:
    return np.full(MINUTES, value)


@pytest.mark.usefixtures("endpoint")
def test_one_target_group_gives_what_cloudwatch_has_and_nothing_where_nothing_was_asked(local_aws: LocalAws) -> None:
    requests = np.where(np.arange(MINUTES) % 3 == 0, 0.0, 200.0)
    answered(local_aws, BLUE, requests, flat(0.1), np.linspace(1, 2, MINUTES))
    got = read(some_service(BLUE))
    check_frame(got, USAGE, step_seconds=60, where="response times")
    assert len(got) == MINUTES - 3, "the last three minutes may still change"
    busy = (got["requests"] > 0).to_numpy()
    assert busy.sum() == 38
    slow = np.linspace(1, 2, MINUTES)[:57]
    for name, want in (("response_avg", 0.9 * 0.1 + 0.1 * slow), ("response_p99", slow)):
        np.testing.assert_allclose(got[name].to_numpy()[busy], want[busy], rtol=1e-6)
        assert got[name][~busy].isna().all()


@pytest.mark.usefixtures("endpoint")
def test_of_several_target_groups_the_average_is_that_of_all_requests_and_p99_the_highest(local_aws: LocalAws) -> None:
    quiet = np.where(np.arange(MINUTES) < 20, 0.0, 100.0)
    answered(local_aws, BLUE, flat(300), flat(0.1), flat(0.2))
    answered(local_aws, GREEN, quiet, flat(0.5), flat(1.0))
    got = read(some_service(BLUE, GREEN))
    blue, green = 0.9 * 0.1 + 0.1 * 0.2, 0.9 * 0.5 + 0.1 * 1.0
    np.testing.assert_allclose(got["response_avg"].iloc[:20], blue, rtol=1e-6)
    np.testing.assert_allclose(got["response_avg"].iloc[20:], (300 * blue + 100 * green) / 400, rtol=1e-6)
    np.testing.assert_allclose(got["response_p99"], np.where(np.arange(57) < 20, 0.2, 1.0), rtol=1e-6)


@given(
    st.lists(
        st.tuples(st.integers(1, 10**6), st.floats(0.001, 100), st.booleans(), st.booleans()), min_size=2, max_size=5
    )
)
def test_an_average_lies_between_those_of_the_groups_or_is_not_known(
    groups: list[tuple[int, float, bool, bool]],
) -> None:
    requests = np.array([[np.nan if lost else count] for count, _, _, lost in groups], dtype="float32")
    averages = np.array([[np.nan if silent else seconds] for _, seconds, silent, _ in groups], dtype="float32")
    (got,) = as_one("response_avg", {"requests": requests, "response_avg": averages})
    told = [seconds for _, seconds, silent, _ in groups if not silent]
    uncounted = any(lost and not silent for _, _, silent, lost in groups)
    assert np.isnan(got) == (uncounted or not told)
    if not np.isnan(got):
        assert min(told) * (1 - 1e-5) <= got <= max(told) * (1 + 1e-5)


def test_a_service_without_target_groups_of_its_own_is_not_asked_for_any() -> None:
    alone, shared = some_service(BLUE), some_service(name="shared")
    labels = {service.id: service.target_groups for service in (alone, shared)}
    (batch,) = batches(list(labels), since={}, now=NOW, labels=labels)
    asked = [(one.service, one.column) for one in batch.series if one.name == "TargetResponseTime"]
    assert asked == [(batch.services.index(alone.id), name) for name in ("response_avg", "response_p99")]


def columns(batch: Batch) -> set[str]:
    return {one.column for one in batch.series}


def test_response_times_come_in_minutes_and_longer_steps_not_in_shorter_ones() -> None:
    service = some_service(BLUE)
    labels, want = {service.id: service.target_groups}, {"requests", "response_avg", "response_p99"}
    assert all(want <= columns(batch) for batch in batches([service.id], since={}, now=NOW, labels=labels))
    older = list(older_batches([service], reach={}, now=NOW, labels=labels))
    assert [batch.period for batch in older] == [timedelta(minutes=5), timedelta(hours=1)]
    assert all(want <= columns(batch) for batch in older)
    (short,) = short_batches([service], since={}, now=NOW)
    assert not want & columns(short)


def test_a_target_group_costs_two_metrics_at_least_and_three_at_most() -> None:
    one, several = some_service("app/c/1/targetgroup/red/4"), some_service(BLUE, GREEN, name="other")
    since = {service.id: NOW - timedelta(hours=1) for service in (one, several)}
    labels = {service.id: service.target_groups for service in (one, several)}
    (batch,) = batches(list(since), since=since, now=NOW, labels=labels)
    groups = 3
    assert batch.asked.least == 2 * 2 + 2 * groups, "statistics of one metric in one request count as one"
    assert batch.asked.most == 2 * 5 + 3 * groups
    names = [(query["MetricStat"]["Metric"]["MetricName"], query["MetricStat"]["Stat"]) for query in _queries(batch)]
    for at, name in enumerate(names):
        if name == ("TargetResponseTime", "Average"):
            assert names[at + 1] == ("TargetResponseTime", "p99")


def _queries(batch: Batch) -> list[dict]:
    return [query for slab in batch.slabs() for query in batch.queries(slab)]


def test_few_services_with_many_target_groups_do_not_make_small_batches_of_the_others() -> None:
    many = tuple(f"app/a/1/targetgroup/g{n}/2" for n in range(40))
    fleet = [some_service(*(many if n == 0 else ()), name=f"s{n}") for n in range(200)]
    labels = {service.id: service.target_groups for service in fleet}
    minutes = batches(list(labels), since={}, now=NOW, labels=labels)
    for made in (list(minutes), list(older_batches(fleet, reach={}, now=NOW, labels=labels))):
        points = sum(len(batch.series) * batch.steps for batch in made)
        assert sum(1 for batch in made for _ in batch.slabs()) <= 1.05 * points / 100_800 + 1


@pytest.mark.usefixtures("endpoint")
def test_what_is_collected_is_in_the_store_and_costs_what_was_planned(tmp_path: Path, local_aws: LocalAws) -> None:
    small_fleet()
    answered(local_aws, "app/lb/9/targetgroup/api/1", flat(200), flat(0.1), flat(0.3))
    store = open_store(tmp_path, create=True)
    plan = plan_collection(store, open_sessions(profile=None, role_arns=()), [REGION], now=NOW)
    report = run_collection(store, open_sessions(profile=None, role_arns=()), [REGION], now=NOW)
    assert report.usd == plan.usd
    assert report.calls["cloudwatch:GetMetricData"] == plan.requests
    store = open_store(tmp_path)
    got = store.usage(store.service("prod/api"))[["requests", "response_avg", "response_p99"]]
    np.testing.assert_allclose(got, np.tile([200, 0.12, 0.3], (MINUTES - 3, 1)), rtol=1e-6)
    assert store.usage(store.service("my-prod/api"))["response_p99"].notna().sum() == 0
