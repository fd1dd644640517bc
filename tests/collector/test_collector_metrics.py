"""Metrics: full batches, pages put together in any order, only what is new and settled."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.collector import collect_usage, open_sessions
from advisor.collector.metrics import SERIES, Batch, batches, read_batch
from advisor.collector.steps import POINTS_PER_BATCH
from advisor.demo.aws.faults import Fault, denied
from advisor.demo.aws.metrics import put_series
from advisor.demo.aws.wire import AwsError, Call, LocalAws
from advisor.domain.errors import AwsFailed
from advisor.domain.frames import check_frame
from advisor.domain.inventory import Service
from advisor.domain.schema import USAGE
from advisor.domain.service import ServiceId, Setup, TaskSize

NOW = datetime.now(UTC)
ACCOUNT, REGION = "123456789012", "eu-west-1"


def some_id(number: int) -> ServiceId:
    return ServiceId(account=ACCOUNT, region=REGION, service=f"prod/s{number}")


def some_service(number: int) -> Service:
    return Service(id=some_id(number), setup=Setup(size=TaskSize.of(vcpu=1, gib=2), desired=2), seen_at=NOW)


def seed(aws: LocalAws, number: int, start: datetime, minutes: int) -> pd.DataFrame:
    """Seed both metrics of a service; returns the frame that they should give."""
    random = np.random.default_rng(number)
    count = random.integers(1, 9, minutes).astype(float)
    index = pd.date_range(start.replace(second=0, microsecond=0), periods=minutes, freq="60s", name="ts")
    frame = pd.DataFrame({"tasks": count}, index=index)
    for metric, short in (("CPUUtilization", "cpu"), ("MemoryUtilization", "memory")):
        average = random.uniform(1, 60, minutes)
        highest = average + random.uniform(0, 30, minutes)
        put_series(
            aws,
            account=ACCOUNT,
            region=REGION,
            namespace="AWS/ECS",
            name=metric,
            dimensions={"ServiceName": f"s{number}", "ClusterName": "prod"},
            start=index[0].to_pydatetime(),
            step_seconds=60,
            samples=count,
            sum=average * count,
            minimum=np.zeros(minutes),
            maximum=highest,
            unit="Percent",
        )
        frame[f"{short}_avg"], frame[f"{short}_max"] = average, highest
    return frame.astype("float32")


@pytest.mark.usefixtures("endpoint")
def test_what_cloudwatch_holds_is_what_comes_back(local_aws: LocalAws) -> None:
    want = {some_id(n): seed(local_aws, n, NOW - timedelta(days=15), 15 * 1440) for n in range(3)}
    (session,) = open_sessions(profile=None, role_arns=())
    seen: list[tuple[int, int]] = []
    services = [some_service(n) for n in range(3)]
    (got,) = collect_usage(session, REGION, services, since={}, now=NOW, progress=lambda *at: seen.append(at))
    assert seen == [(3, 3)]
    for id, frame in got.items():
        check_frame(frame, USAGE, step_seconds=60, where="metrics")
        assert frame.index[-1] <= NOW - timedelta(minutes=3)
        expected = want[id].loc[frame.index[0] : frame.index[-1]]
        pd.testing.assert_frame_equal(frame, expected, check_freq=False, rtol=1e-6)
        assert len(frame) > 14.9 * 1440
    pages = -(-15 * 15 * 1440 // 100_800)  # 15 series of 21,600 points at most, 100,800 points a page
    assert session.calls["cloudwatch:GetMetricData"] <= pages + 1


@pytest.mark.usefixtures("endpoint")
def test_only_what_is_newer_than_the_store_is_asked_for(local_aws: LocalAws) -> None:
    seed(local_aws, 0, NOW - timedelta(days=2), 2 * 1440)
    (session,) = open_sessions(profile=None, role_arns=())
    last = NOW.replace(second=0, microsecond=0) - timedelta(hours=1)
    (got,) = collect_usage(session, REGION, [some_service(0)], since={some_id(0): last}, now=NOW)
    assert got[some_id(0)].index[0] == last - timedelta(minutes=10)
    assert (
        list(collect_usage(session, REGION, [some_service(0)], since={some_id(0): NOW + timedelta(hours=1)}, now=NOW))
        == []
    )


def count_requests(aws: LocalAws, label: str, requests: np.ndarray) -> None:
    balancer, _, group = label.partition("/targetgroup/")
    put_series(
        aws,
        account=ACCOUNT,
        region=REGION,
        namespace="AWS/ApplicationELB",
        name="RequestCount",
        dimensions={"LoadBalancer": balancer, "TargetGroup": f"targetgroup/{group}"},
        start=NOW.replace(second=0, microsecond=0) - timedelta(minutes=len(requests)),
        step_seconds=60,
        samples=np.ones(len(requests)),
        sum=requests,
        minimum=requests,
        maximum=requests,
        unit="Count",
    )


@pytest.mark.usefixtures("endpoint")
def test_requests_of_all_target_groups_of_a_service_are_added_up(local_aws: LocalAws) -> None:
    labels = ("app/a/1/targetgroup/blue/2", "app/a/1/targetgroup/green/3")
    for n in (0, 1):
        seed(local_aws, n, NOW - timedelta(hours=2), 120)
    counts = [np.arange(100.0), np.arange(60.0) * 10]  # green has counted for an hour
    for label, count in zip(labels, counts, strict=True):
        count_requests(local_aws, label, count)
    (session,) = open_sessions(profile=None, role_arns=())
    services = [replace(some_service(0), target_groups=labels), some_service(1)]
    (got,) = collect_usage(session, REGION, services, since={}, now=NOW)
    requests = got[some_id(0)]["requests"]
    want = counts[0].copy()
    want[40:] += counts[1]
    assert requests.isna().sum() == 20
    assert requests.dropna().tolist() == want[:97].tolist()  # the last three minutes may still change
    assert "requests" not in got[some_id(1)]
    check_frame(got[some_id(0)], USAGE, step_seconds=60, where="metrics")


@pytest.mark.usefixtures("endpoint")
def test_a_service_without_points_gives_a_frame_without_rows() -> None:
    (session,) = open_sessions(profile=None, role_arns=())
    (got,) = collect_usage(session, REGION, [some_service(0)], since={}, now=NOW)
    assert got[some_id(0)].empty


@pytest.mark.usefixtures("endpoint")
def test_a_denied_batch_is_told_after_the_others_were_given(local_aws: LocalAws) -> None:
    for n in (0, 1):
        seed(local_aws, n, NOW - timedelta(days=2), 2 * 1440)
    asked: list[Call] = []

    def deny_first(call: Call) -> None:
        if call.action == "GetMetricData":
            asked.append(call)
            if len(asked) == 1:
                raise AwsError("AccessDeniedException", "not \x1b[31m allowed", status=400)

    local_aws.before.append(deny_first)
    (session,) = open_sessions(profile=None, role_arns=())
    since = {some_id(1): NOW - timedelta(days=1)}
    given_frames = collect_usage(session, REGION, [some_service(0), some_service(1)], since=since, now=NOW)
    found = {id: len(frame) for _ in range(2) for id, frame in next(given_frames).items()}
    assert found[some_id(0)] == 0 < found[some_id(1)]
    with pytest.raises(
        AwsFailed, match=r"cloudwatch:GetMetricData was denied.*allow cloudwatch:GetMetricData"
    ) as caught:
        next(given_frames)
    assert str(caught.value).isprintable()


@pytest.mark.usefixtures("endpoint")
def test_of_many_failed_batches_the_number_is_told(local_aws: LocalAws) -> None:
    local_aws.before.append(Fault(error=denied("cloudwatch", "GetMetricData"), action="GetMetricData"))
    (session,) = open_sessions(profile=None, role_arns=())
    since = {some_id(n): NOW - timedelta(days=n) for n in range(1, 4)}
    with pytest.raises(AwsFailed, match="2 more requests failed"):
        list(collect_usage(session, REGION, [some_service(n) for n in range(1, 4)], since=since, now=NOW))


class Scripted:
    """A session whose CloudWatch answers with given pages."""

    account = ACCOUNT

    def __init__(self, pages: Sequence[Mapping[str, Any]]) -> None:
        self.pages = list(pages)

    def turn(self, *_: str) -> nullcontext[None]:
        return nullcontext()

    def metrics_client(self, region: str) -> "Scripted":
        assert region == REGION
        return self

    def get_metric_data(self, **_: Any) -> Mapping[str, Any]:
        return self.pages.pop(0)


START = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)


def scripted(pages: Sequence[Sequence[Mapping[str, Any]]]) -> Scripted:
    last = len(pages) - 1
    return Scripted(
        [{"MetricDataResults": p, **({"NextToken": f"t{i}"} if i < last else {})} for i, p in enumerate(pages)]
    )


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_pages_in_any_order_and_repeated_give_the_same_frame(data: st.DataObject) -> None:
    points = [(j, m, float(j * 100 + m)) for j in range(len(SERIES)) for m in range(8) if (j + m) % 3]
    shuffled = data.draw(st.permutations(points + points[:5]))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(shuffled)), max_size=4)))
    pages = []
    for a, b in zip([0, *cuts], [*cuts, len(shuffled)], strict=True):
        pages.append(
            [
                {
                    "Id": f"q{j}",
                    "StatusCode": "PartialData" if b < len(shuffled) else "Complete",
                    "Timestamps": [START.timestamp() + 60 * m for k, m, _ in shuffled[a:b] if k == j],
                    "Values": [v for k, _, v in shuffled[a:b] if k == j],
                }
                for j in range(len(SERIES))
            ]
        )
    batch = Batch(services=(some_id(0),), start=START, end=START + timedelta(minutes=8))
    frame = read_batch(scripted(pages), REGION, batch)[0][some_id(0)]  # type: ignore[arg-type]
    want = np.full((8, len(SERIES)), np.nan, dtype="float32")
    for j, m, v in points:
        want[m, j] = v
    np.testing.assert_array_equal(frame.to_numpy(), want[~np.isnan(want).all(axis=1)])


def results(**status: str) -> list[dict[str, Any]]:
    stamps = [START.timestamp() + 60 * m for m in range(6)]
    return [
        {"Id": f"q{j}", "StatusCode": "Complete", "Timestamps": stamps, "Values": [1.0] * 6}
        | ({"StatusCode": status[f"s{j}"], "Timestamps": stamps[:3], "Values": [1.0] * 3} if f"s{j}" in status else {})
        for j in range(len(SERIES))
    ]


def test_a_series_that_stays_partial_ends_the_frame_so_that_a_rerun_goes_on_there() -> None:
    batch = Batch(services=(some_id(0),), start=START, end=START + timedelta(minutes=8))
    frame = read_batch(scripted([results(s3="PartialData")]), REGION, batch)[0][some_id(0)]  # type: ignore[arg-type]
    assert len(frame) == 3


def test_what_is_said_of_half_an_answer_names_the_services_and_ends() -> None:
    batch = Batch(services=tuple(map(some_id, range(9))), start=START, end=START + timedelta(minutes=8))
    many = [
        {"Id": f"q{n}", "StatusCode": "Complete" if n < 10 else "PartialData", "Timestamps": [], "Values": []}
        for n in range(len(batch.series))
    ]
    for answer, said in (
        (many, "gave 35 metrics in part, of 'prod/s2', 'prod/s3', 'prod/s4', 'prod/s5', 'prod/s6' and 2 more. Next"),
        (
            [*many[:10], *({**one, "StatusCode": "Complete"} for one in many[10:-1])],
            "gave 1 metrics in part, of 'prod/s8'",
        ),
    ):
        _, (missing,) = read_batch(scripted([answer]), REGION, batch)  # type: ignore[arg-type]
        assert said in str(missing.why), "a series of which nothing is said is not taken for one without points"
        assert some_id(8) in missing.services
        assert some_id(1) not in missing.services


def test_a_failed_series_or_a_page_token_given_twice_is_an_error() -> None:
    batch = Batch(services=(some_id(0),), start=START, end=START + timedelta(minutes=8))
    page = {"MetricDataResults": results(), "NextToken": "same"}
    for session, said in (
        (scripted([results(s1="InternalError")]), "InternalError"),
        (Scripted([page, page, page]), "token twice"),
    ):
        frames, (missing,) = read_batch(session, REGION, batch)  # type: ignore[arg-type]
        assert said in str(missing.why)
        assert frames[some_id(0)].empty


def test_instants_that_another_protocol_parsed_are_understood_too() -> None:
    batch = Batch(services=(some_id(0),), start=START, end=START + timedelta(minutes=8))
    page = results()
    for result in page:
        result["Timestamps"] = [datetime.fromtimestamp(s, UTC) for s in result["Timestamps"]]
    frame = read_batch(scripted([page]), REGION, batch)[0][some_id(0)]  # type: ignore[arg-type]
    assert len(frame) == 6


def test_batches_are_full_and_services_with_far_starts_apart() -> None:
    ids = [some_id(n) for n in range(250)]
    cut = list(batches(ids, since={}, now=NOW))
    assert [len(b.services) for b in cut] == [100, 100, 50]
    assert all(b.start >= NOW - timedelta(days=15) for b in cut)
    since = {id: NOW - timedelta(days=n % 3 + 1) for n, id in enumerate(ids[:30])}
    starts = [b.start for b in batches(ids[:30], since=since, now=NOW)]
    assert len(starts) == 3


def test_each_service_is_asked_for_once() -> None:
    ids = [some_id(n) for n in range(230)]
    since = {id: NOW - timedelta(hours=7 * n % 300 + 1) for n, id in enumerate(ids)}

    def all_of() -> Iterator[ServiceId]:
        for batch in batches(ids, since=since, now=NOW):
            assert len(batch.services) * len(SERIES) * batch.steps <= POINTS_PER_BATCH
            assert all(batch.start <= since[id] for id in batch.services)
            yield from batch.services

    assert sorted(all_of()) == sorted(ids)
