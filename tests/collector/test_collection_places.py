"""Several accounts and regions at once: rights, gaps, cost and log; the order in which they finish does not matter."""

import random
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pytest
from aws_samples import small_fleet
from botocore.config import Config

from advisor.collection import CollectionReport, plan_collection, run_collection
from advisor.collector import Meter, open_sessions
from advisor.collector.credentials import CONFIG
from advisor.demo.aws import wire
from advisor.demo.aws.faults import Fault, denied, fault, throttled, unavailable
from advisor.demo.aws.guard import enforce
from advisor.demo.aws.metrics import put_series
from advisor.demo.aws.wire import ACCOUNT, AwsError, Call, LocalAws
from advisor.domain.errors import AwsFailed
from advisor.fargate.rights import actions, policy_document
from advisor.review import run_review
from advisor.store import open_store

NOW = datetime.now(UTC).replace(second=0, microsecond=0)
ACCOUNTS, REGIONS = ("111122223333", "444455556666"), ("eu-west-1", "us-east-1")
ROLE = "arn:aws:iam::{}:role/advisor-read"
KEY = "AKIALOCALTESTS000000"  # of the endpoint fixture
pytestmark = pytest.mark.usefixtures("endpoint")


def seed(aws: LocalAws, account: str, region: str, *, services: int = 2, minutes: int = 1440) -> None:
    """A cluster with services and their metrics."""

    def ecs(action: str, **params: Any) -> None:
        aws.call("ecs", action, account=account, region=region, **params)

    container = {"name": "app", "image": "nginx", "memory": 512}
    fargate = {"networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": "512", "memory": "1024"}
    network = {"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"]}}
    ecs("CreateCluster", clusterName="prod")
    ecs("RegisterTaskDefinition", family="web", containerDefinitions=[container], **fargate)
    for n in range(services):
        given = {"taskDefinition": "web", "desiredCount": 2, "launchType": "FARGATE", "networkConfiguration": network}
        ecs("CreateService", cluster="prod", serviceName=f"s{n}", **given)
        for metric in ("CPUUtilization", "MemoryUtilization"):
            put_series(
                aws,
                account=account,
                region=region,
                namespace="AWS/ECS",
                name=metric,
                dimensions={"ClusterName": "prod", "ServiceName": f"s{n}"},
                start=NOW - timedelta(minutes=minutes),
                step_seconds=60,
                samples=np.full(minutes, 2.0),
                sum=np.full(minutes, 40.0),
                minimum=np.full(minutes, 20.0),
                maximum=np.full(minutes, 20.0),
                unit="Percent",
            )


def collect(folder: Path, *, accounts: tuple[str, ...] = ACCOUNTS, meter: Meter | None = None) -> CollectionReport:
    sessions = open_sessions(profile=None, role_arns=[ROLE.format(a) for a in accounts], meter=meter)
    return run_collection(open_store(folder, create=True), sessions, REGIONS, now=NOW)


def bytes_of(folder: Path) -> dict[str, bytes]:
    """Every file but the logs of the runs."""
    files = {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
    return {path: content for path, content in files.items() if not path.startswith("runs/")}


def test_the_store_does_not_depend_on_which_call_is_answered_first(tmp_path: Path, local_aws: LocalAws) -> None:
    for account in ACCOUNTS:
        for region in REGIONS:
            seed(local_aws, account, region)
    reports = [collect(tmp_path / "quick")]
    wait = random.Random(7)
    local_aws.before.append(lambda _: time.sleep(wait.random() / 50))
    reports.append(collect(tmp_path / "slow"))
    assert bytes_of(tmp_path / "quick") == bytes_of(tmp_path / "slow")
    assert [replace(r, calls={}) for r in reports] == [replace(reports[0], calls={})] * 2
    assert reports[0].services == 8
    assert reports[0].new_rows == 8 * (1440 - 3)


def test_the_read_policy_suffices_for_a_full_collection(tmp_path: Path, local_aws: LocalAws) -> None:
    small_fleet()
    enforce(local_aws).allow(KEY, policy_document("read"))
    sessions = open_sessions(profile=None)
    report = run_collection(open_store(tmp_path, create=True), sessions, ["eu-west-1"], now=NOW)
    assert report.failures == ()
    assert report.services == 3


def test_the_policy_for_a_store_on_s3_suffices_to_collect_and_to_read_it(local_aws: LocalAws) -> None:
    boto3.client("s3", "us-east-1").create_bucket(Bucket="stores")
    seed(local_aws, ACCOUNT, REGIONS[0])
    enforce(local_aws).allow(KEY, policy_document("read", store="stores/of/us"))
    for minutes in (0, 5):
        store = open_store("s3://stores/of/us", create=True)
        run_collection(store, open_sessions(profile=None), REGIONS[:1], now=NOW + timedelta(minutes=minutes))
    read = open_store("s3://stores/of/us")
    assert len(read.usage(read.services[0])) == 1440
    with pytest.raises(AwsFailed, match="s3:PutObject"):
        run_collection(open_store("s3://stores/theirs", create=True), open_sessions(profile=None), REGIONS[:1], now=NOW)


def test_a_region_without_clusters_costs_one_call(tmp_path: Path) -> None:
    sessions = open_sessions(profile=None)
    report = run_collection(open_store(tmp_path, create=True), sessions, ["ap-south-1"], now=NOW)
    assert report.calls == {"ecs:ListClusters": 1, "sts:GetCallerIdentity": 1}


def test_the_policies_of_role_and_starter_suffice_for_an_organisation(tmp_path: Path, local_aws: LocalAws) -> None:
    guard = enforce(local_aws)
    guard.allow(KEY, policy_document("read", role="advisor-read"))
    for account in ACCOUNTS:
        seed(local_aws, account, "eu-west-1")
        guard.allow(ROLE.format(account), policy_document("read"))
    report = collect(tmp_path)
    assert report.failures == ()
    assert report.services == 4
    assert report.calls["sts:AssumeRole"] == 2


def test_a_missing_right_is_named_and_the_rest_goes_on(tmp_path: Path, local_aws: LocalAws) -> None:
    small_fleet()
    seed(local_aws, ACCOUNTS[0], "eu-west-1", services=1, minutes=30)
    guard = enforce(local_aws)
    sessions = (*open_sessions(profile=None), *open_sessions(profile=None, role_arns=[ROLE.format(ACCOUNTS[0])]))
    for action in sorted(a for a in actions("read") if not a.startswith(("ec2:", "pricing:", "savingsplans:", "sts:"))):
        allowed = sorted(actions("read", "organisation") - {action})
        guard.allow(KEY, {"Statement": [{"Action": allowed, "Resource": "*"}]})
        report = run_collection(open_store(tmp_path / action, create=True), sessions, ["eu-west-1"], now=NOW)
        told = [*report.failures, *(skipped.reason for skipped in report.skipped)]
        assert any(f"allow {action}" in text for text in told), (action, told)
        assert report.services >= 1
        assert report.new_rows == 30 - 3


def test_what_could_not_be_read_is_skipped_in_the_review_until_it_is_read(tmp_path: Path, local_aws: LocalAws) -> None:
    seed(local_aws, ACCOUNTS[0], REGIONS[0])
    lost = {"account": ACCOUNTS[1], "region": REGIONS[1], "action": "ListClusters"}
    with fault(local_aws, denied("ecs", "ListClusters"), **lost):  # type: ignore[arg-type]
        report = collect(tmp_path)
    (failure,) = report.failures
    skipped = run_review(open_store(tmp_path)).totals.skipped
    assert [(s.service, s.account, s.region, s.reason) for s in skipped] == [("*", *list(lost.values())[:2], failure)]
    assert "allow ecs:ListClusters" in failure
    assert collect(tmp_path).failures == ()
    assert open_store(tmp_path).skipped == ()


def test_a_service_of_which_a_part_came_is_named_in_the_review_until_all_of_it_came(
    tmp_path: Path, local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed(local_aws, ACCOUNTS[0], REGIONS[0])
    answer = wire.ANSWERS["cloudwatch", "GetMetricData"]

    def half(aws: LocalAws, call: Call) -> dict[str, Any]:
        """The newest minutes of s1's last series do not come."""
        given = answer(aws, call)
        for result in (one for one in given["MetricDataResults"] if one["Id"] == "q9"):
            cut = {name: result[name][:60] for name in ("Timestamps", "Values")}
            result.update(cut, StatusCode="PartialData")
        return given

    with monkeypatch.context() as patched:
        patched.setitem(wire.ANSWERS, ("cloudwatch", "GetMetricData"), half)
        (failure,) = collect(tmp_path / "cut", accounts=ACCOUNTS[:1]).failures
    assert "gave 1 metrics in part, of 'prod/s1'" in failure
    store = open_store(tmp_path / "cut")
    assert [(s.service, s.reason[:8]) for s in store.skipped] == [("*", failure[:8]), ("prod/s1", "reviewed")]
    assert run_review(store).totals.skipped == store.skipped
    assert {id.service for id in store.reach("usage")} == {"prod/s0"}
    for folder in ("cut", "clean"):
        assert collect(tmp_path / folder, accounts=ACCOUNTS[:1]).failures == ()
    assert open_store(tmp_path / "cut").skipped == ()
    assert bytes_of(tmp_path / "cut") == bytes_of(tmp_path / "clean")


def test_a_role_that_may_not_be_assumed_costs_its_account_only(tmp_path: Path, local_aws: LocalAws) -> None:
    def deny(call: Call) -> None:
        if call.action == "AssumeRole" and ACCOUNTS[1] in call.params["RoleArn"]:
            raise denied("sts", "AssumeRole")

    seed(local_aws, ACCOUNTS[0], REGIONS[0])
    local_aws.before.append(deny)
    report = collect(tmp_path)
    assert report.services == 2
    told = [f"{ACCOUNTS[1]}/{region}: sts:AssumeRole was denied" in f for region in REGIONS for f in report.failures]
    assert sum(told) == len(REGIONS) == len(report.failures)
    assert report.calls["sts:AssumeRole"] <= 4


class Dropped(SystemExit):
    """Ends the local AWS's thread of a request, and so its connection, without an answer or a word."""


LASTING: dict[str, tuple[AwsError | Dropped, str, int]] = {  # what is raised, what is told, how often it is asked
    "expired": (AwsError("ExpiredTokenException", "expired"), "refused the credentials", 1),
    "throttled": (throttled("cloudwatch"), "was throttled, also after retries", 2),
    "reset": (Dropped(), "could not reach AWS", 2),
}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # of the thread that is ended
@pytest.mark.parametrize("what", LASTING)
def test_what_fails_after_all_retries_is_told_once_what_is_done_is_kept_and_a_rerun_goes_on(
    tmp_path: Path, local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setattr("advisor.collector.steps.POINTS_PER_BATCH", 5 * 21_600)  # a service to a batch
    monkeypatch.setattr("advisor.collection.READING", 1)
    monkeypatch.setattr("advisor.collector.sessions.CONFIG", CONFIG.merge(Config(retries={"total_max_attempts": 2})))
    error, said, attempts = LASTING[what]
    asked: list[Call] = []

    def fail(call: Call) -> None:
        asked.append(call)
        if [other.action for other in asked].count("GetMetricData") > 2 and call.action == "GetMetricData":
            raise error

    seed(local_aws, ACCOUNTS[0], REGIONS[0], services=3)
    collect(tmp_path / "whole")
    local_aws.before.append(fail)
    report = collect(tmp_path / "cut")
    local_aws.before.remove(fail)
    assert report.new_rows == 1440 - 3, "of the first of three services"
    assert set(report.failures) == {report.failures[0]}
    assert said in report.failures[0]
    assert report.calls["cloudwatch:GetMetricData"] == 2 + attempts, "a service is two requests"
    assert collect(tmp_path / "cut").failures == ()
    assert bytes_of(tmp_path / "cut") == bytes_of(tmp_path / "whole")


GARBLED = {"clusterArns": ["prod", 5], "MetricDataResults": [{"Id": "m0", "Timestamps": ["soon"], "Values": ["hot"]}]}


@pytest.mark.parametrize("key", GARBLED)
def test_an_answer_that_is_not_as_documented_costs_its_place_and_what_was_collected_stays(
    tmp_path: Path, local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    plain, bad = LocalAws.answer, (ACCOUNTS[0], REGIONS[1])

    def answer(aws: LocalAws, call: Call) -> dict[str, Any]:
        found = plain(aws, call)
        return found | {key: GARBLED[key]} if key in found and (call.account, call.region) == bad else found

    for account in ACCOUNTS:
        for region in REGIONS:
            seed(local_aws, account, region)
    collect(tmp_path / "whole")
    with monkeypatch.context() as patched:
        patched.setattr(LocalAws, "answer", answer)
        report = collect(tmp_path / "cut")
    assert report.new_rows == 3 * 2 * (1440 - 3)
    assert report.failures
    assert all("{}/{}: ".format(*bad) in text and "not as documented" in text for text in report.failures)
    assert not any(word in text for text in report.failures for word in ("soon", "hot"))
    assert collect(tmp_path / "cut").failures == ()
    assert bytes_of(tmp_path / "cut") == bytes_of(tmp_path / "whole")


def test_the_log_says_what_was_called_and_what_it_cost(tmp_path: Path, local_aws: LocalAws) -> None:
    seed(local_aws, ACCOUNTS[0], REGIONS[0], services=3)
    asked: list[Call] = []
    local_aws.before.append(lambda call: asked.append(call) if call.account in ACCOUNTS else None)
    with fault(local_aws, unavailable(), action="ListClusters", times=1):
        collect(tmp_path)
    (run,) = open_store(tmp_path).logs()
    assert sum(call.count for call in run.calls if call.action != "sts:AssumeRole") == len(asked)
    queries = sum(len(call.params["MetricDataQueries"]) for call in asked if call.action == "GetMetricData")
    assert run.metrics_most == queries == 3 * 5
    assert 3 * 2 <= run.metrics_least <= queries  # CPU and memory; statistics of one in one request count once
    assert run.usd_least == run.metrics_least * Decimal("0.00001")
    assert run.usd_most == Decimal("0.00015")
    assert [(p.account, p.region, p.services, p.new_rows) for p in run.places if p.services] == [
        (ACCOUNTS[0], REGIONS[0], 3, 3 * (1440 - 3))
    ]
    assert run.started <= run.ended


def test_a_failed_run_leaves_its_log_too(tmp_path: Path, local_aws: LocalAws) -> None:
    local_aws.before.append(Fault(error=denied("ecs", "ListClusters"), action="ListClusters"))
    with pytest.raises(AwsFailed):
        collect(tmp_path)
    (run,) = open_store(tmp_path, create=True).logs()
    assert all("allow ecs:ListClusters" in place.failures[0] for place in run.places)


def test_a_dry_run_tells_what_a_run_then_asks_for_and_writes_nothing(tmp_path: Path, local_aws: LocalAws) -> None:
    for region in REGIONS:
        seed(local_aws, ACCOUNTS[0], region, services=3)
    sessions = open_sessions(profile=None, role_arns=[ROLE.format(ACCOUNTS[0])])
    plan = plan_collection(open_store(tmp_path / "none", create=True), sessions, REGIONS, now=NOW)
    assert not (tmp_path / "none").exists()
    assert "cloudwatch:GetMetricData" not in plan.calls
    report = collect(tmp_path / "store", accounts=ACCOUNTS[:1])
    assert plan.requests == report.calls["cloudwatch:GetMetricData"]
    assert plan.usd == report.usd
    assert plan.services == report.services == 6


def test_nothing_is_asked_for_above_the_limit_and_reruns_come_to_the_whole(
    tmp_path: Path, local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("advisor.collector.steps.POINTS_PER_BATCH", 5 * 21_600)  # a service to a batch
    seed(local_aws, ACCOUNTS[0], REGIONS[0], services=3)
    collect(tmp_path / "whole", accounts=ACCOUNTS[:1])
    limit = Decimal("0.00012")  # two services
    for services in (2, 1):
        report = collect(tmp_path / "cut", accounts=ACCOUNTS[:1], meter=Meter(most_usd=limit))
        assert report.usd[1] <= limit
        assert report.new_rows == services * (1440 - 3)
        assert report.failures == ()
    assert bytes_of(tmp_path / "cut") == bytes_of(tmp_path / "whole")


def test_a_limit_holds_for_pages_that_nobody_foresaw(tmp_path: Path, local_aws: LocalAws) -> None:
    seed(local_aws, ACCOUNTS[0], REGIONS[0], services=1)
    meter = Meter(most_usd=Decimal("0.0001"))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("advisor.collector.metrics.POINTS_PER_PAGE", 1000)
        report = collect(tmp_path, accounts=ACCOUNTS[:1], meter=meter)
    assert meter.asked.usd[1] <= Decimal("0.0001")
    assert "--max-api-cost" in report.failures[0]
