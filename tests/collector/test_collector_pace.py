"""Politeness: AWS's token buckets are kept to, calls under way are bounded, and what is lost is not asked for again."""

import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from advisor.collector import AwsSession, open_sessions
from advisor.collector.asking import ask
from advisor.collector.credentials import THREADS
from advisor.collector.pace import BUCKETS, RATES, SHARE, Pace, costs_of, usual_rates
from advisor.collector.several import each
from advisor.demo.aws.faults import fault, throttled
from advisor.demo.aws.wire import AwsError, Call, LocalAws
from advisor.domain.errors import AwsFailed
from advisor.fargate.rights import actions

REGION = "eu-west-1"
NOW = datetime(2026, 11, 3, tzinfo=UTC)


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_the_burst_is_free_and_then_the_refill_sets_the_pace() -> None:
    clock = Clock()
    pace = Pace({"ecs service read": (100, 20)}, clock=clock, sleep=clock.sleep)
    for _ in range(int(SHARE * 100)):
        pace.wait(REGION, "ecs:DescribeServices")
    assert clock.now == 0
    for _ in range(160):
        pace.wait(REGION, "ecs:ListServices")  # of the same bucket
    assert clock.now == pytest.approx(160 / (SHARE * 20))
    pace.wait("us-east-1", "ecs:ListServices")  # another region, another bucket
    pace.wait(REGION, "sts:GetCallerIdentity")  # no bucket is known
    assert clock.now == pytest.approx(160 / (SHARE * 20))


@pytest.mark.parametrize(("days", "rate"), [(15, 396_000), (1 / 24, 180_000)])
def test_points_have_a_bucket_of_their_own(days: float, rate: int) -> None:
    """Full pages, which the bucket of calls alone would let pass forty a second."""
    clock = Clock()
    pace = Pace(clock=clock, sleep=clock.sleep)
    steps = round(days * 1440)
    query = {"MetricStat": {"Period": 60}}
    series = min(500, 100_800 // steps)
    asked = {"MetricDataQueries": [query] * series, "StartTime": NOW - timedelta(minutes=steps), "EndTime": NOW}
    for _ in range(100):
        pace.wait(REGION, "cloudwatch:GetMetricData", asked)
    assert clock.now == pytest.approx(100 * series * steps / (SHARE * rate) - 1)
    hourly = {**asked, "MetricDataQueries": [{"MetricStat": {"Period": 3600}}]}
    pace.wait("us-east-1", "cloudwatch:GetMetricData", hourly)
    assert dict(costs_of("cloudwatch:GetMetricData", hourly))["metric data"] == 1
    assert sum(dict(costs_of("cloudwatch:GetMetricData", hourly)).values()) == 1 + steps / 60


def test_an_aws_on_this_machine_is_not_paced_and_any_other_is(monkeypatch: pytest.MonkeyPatch) -> None:
    for url in ("http://127.0.0.1:5000", "http://localhost:5000"):
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        assert usual_rates() == {}
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://monitoring.example.com")
    assert usual_rates() == RATES
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    assert usual_rates() == RATES


def test_every_read_of_ecs_has_its_bucket() -> None:
    assert {*BUCKETS.values(), "metric points", "recent metric points"} == set(RATES)
    assert set(BUCKETS) <= actions("read")
    assert {a for a in actions("read") if a.startswith("ecs:")} <= set(BUCKETS)


@pytest.fixture
def session(endpoint: str) -> AwsSession:
    assert endpoint
    (opened,) = open_sessions(profile=None)
    return opened


def test_no_more_calls_of_a_region_are_under_way_than_allowed(session: AwsSession, local_aws: LocalAws) -> None:
    lock, under_way, most = threading.Lock(), 0, 0

    def watch(call: Call) -> None:
        nonlocal under_way, most
        if call.service == "ecs":
            with lock:
                under_way += 1
                most = max(most, under_way)
            time.sleep(0.05)
            with lock:
                under_way -= 1

    def list_clusters(_: int) -> list[Mapping[str, object]]:
        return [ask(session, REGION, "ecs", "ListClusters")]

    local_aws.before.append(watch)
    pools = [
        threading.Thread(target=each, args=(session, REGION, "ecs:ListClusters", list_clusters, range(8)))
        for _ in range(3)
    ]
    for pool in pools:
        pool.start()
    for pool in pools:
        pool.join()
    assert 1 < most <= THREADS


@pytest.mark.parametrize(
    ("error", "lost"),
    [
        (AwsError("ExpiredTokenException", "expired"), {"same", "other", "elsewhere"}),
        (throttled("ecs"), {"same"}),
    ],
)
def test_what_is_lost_is_not_asked_for_again(
    session: AwsSession, local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch, error: AwsError, lost: set[str]
) -> None:
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0.0)
    asked: list[Call] = []
    local_aws.before.append(asked.append)
    with fault(local_aws, error, action="ListClusters"), pytest.raises(AwsFailed):
        ask(session, REGION, "ecs", "ListClusters")
    before = len(asked)
    rules = {"TargetArn": "arn:aws:ecs:eu-west-1:123456789012:cluster/prod"}
    failed = set()
    for name, region, service, action, given in (
        ("same", REGION, "ecs", "ListClusters", {}),
        ("other", REGION, "events", "ListRuleNamesByTarget", rules),
        ("elsewhere", "us-east-1", "ecs", "ListClusters", {}),
    ):
        try:
            ask(session, region, service, action, **given)
        except AwsFailed:
            failed.add(name)
    assert failed == lost
    assert len(asked) - before == 3 - len(lost)
