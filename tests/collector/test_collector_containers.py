"""What Container Insights adds of services: value by value, in both modes and off; asked for once, then what is new."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from aws_samples import REGION, client, create, register

from advisor.codec import Anonymiser
from advisor.collection import plan_collection, run_collection
from advisor.collector import gather, open_sessions
from advisor.collector.insights import insights_batches
from advisor.demo.aws.faults import Fault, denied
from advisor.demo.aws.metrics import put_series
from advisor.demo.aws.wire import Call, LocalAws
from advisor.domain.insights import InsightsMonth
from advisor.domain.inventory import Container, Service, TaskDefinition
from advisor.domain.service import ServiceId, Setup, TaskSize
from advisor.store import open_store

pytestmark = pytest.mark.usefixtures("endpoint")
NOW = datetime.now(UTC)
MIDNIGHT = (NOW - timedelta(hours=2)).replace(hour=0, minute=0, second=0, microsecond=0)  # the last day that is over
ACCOUNT = "123456789012"
HOSTILE = "=1+1 <b>\x1b[31m 111122223333 a/b"
DAYS = 40
METRICS = {  # metric -> (lowest, highest value)
    "EphemeralStorageUtilized": (2, 18),
    "PendingTaskCount": (0, 3),
    "ContainerCpuUtilized": (10, 200),
    "ContainerMemoryUtilized": (50, 500),
    "RestartCount": (0, 4),
}
Seed = Callable[[str, str, str], pd.Series]


def id_of(service: str) -> ServiceId:
    return ServiceId(account=ACCOUNT, region=REGION, service=service)


def fleet() -> None:
    """full: enhanced; some: enabled; off. Each has a service `two` of two containers and a service `one`."""
    policies = {"app": {}, HOSTILE: {"restartPolicy": {"enabled": True}}}
    containers = [{"name": name, "image": "nginx", "memory": 256, **more} for name, more in policies.items()]
    size = {"networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": "512", "memory": "1024"}
    client("ecs").register_task_definition(family="two", containerDefinitions=containers, **size)
    register("one")
    for cluster, mode in (("full", "enhanced"), ("some", "enabled"), ("off", "disabled")):
        settings = [{"name": "containerInsights", "value": mode}]
        client("ecs").create_cluster(clusterName=cluster, settings=settings)
        for name in ("two", "one"):
            create(cluster, name, name, desiredCount=0)


@pytest.fixture
def seed(local_aws: LocalAws) -> Seed:
    """Puts hourly values of whole days and of today until now; gives what was put."""

    def put(service: str, container: str, metric: str) -> pd.Series:
        start, low_high = MIDNIGHT - timedelta(days=DAYS), METRICS[metric]
        hours = DAYS * 24 + NOW.hour
        values = np.random.default_rng(len(service + container + metric)).integers(*low_high, hours, endpoint=True)
        cluster, _, name = service.partition("/")
        more = {"ContainerName": container} if container else {}
        put_series(
            local_aws,
            account=ACCOUNT,
            region=REGION,
            namespace="ECS/ContainerInsights",
            name=metric,
            dimensions={"ClusterName": cluster, "ServiceName": name, **more},
            start=start,
            step_seconds=3600,
            samples=np.ones(hours),
            sum=values,
            minimum=values,
            maximum=values,
        )
        index = pd.date_range(start, periods=hours, freq="1h")
        return pd.Series(values.astype(float), index=index)[: DAYS * 24]

    return put


def collect(store: Path, now: datetime = NOW) -> tuple[InsightsMonth, ...]:
    report = run_collection(
        open_store(store, create=True), open_sessions(profile=None, role_arns=()), [REGION], now=now
    )
    assert report.failures == ()
    return open_store(store).insights


def by_month(values: pd.Series) -> dict[str, pd.Series]:
    return {str(month): part for month, part in values.groupby(values.index.strftime("%Y-%m"))}


def test_what_is_held_is_what_cloudwatch_had_of_whole_days(tmp_path: Path, seed: Seed) -> None:
    fleet()
    where = [("", "EphemeralStorageUtilized"), ("", "PendingTaskCount")]
    where += [(c, m) for c in ("app", HOSTILE) for m in METRICS if m.startswith("Container")]
    where += [(HOSTILE, "RestartCount")]
    put = {key: seed("full/two", *key) for key in where}
    held = {(m.container, m.month): m for m in collect(tmp_path) if m.id == id_of("full/two") and m.days}
    assert {container for container, _ in held} == {"", "app", HOSTILE}
    for (container, metric), values in put.items():
        for month, part in by_month(values).items():
            found = held[container, month]
            daily = part.groupby(part.index.day)
            assert found.days == tuple(daily.max().index)
            high = round(part.max(), 3)
            if metric == "EphemeralStorageUtilized":
                assert found.storage_gib == high
            elif metric == "ContainerCpuUtilized":
                assert found.cpu_units == high
            elif metric == "ContainerMemoryUtilized":
                assert found.memory_mib == high
            elif metric == "PendingTaskCount":
                assert found.pending == tuple(daily.min()[daily.min() >= 1].index)
            else:
                assert found.restarts == tuple(daily.max()[daily.max() >= 1].astype(int).items())


def test_each_mode_is_asked_for_what_it_has_and_no_more(tmp_path: Path, local_aws: LocalAws) -> None:
    fleet()
    asked: list[Call] = []
    local_aws.before.append(lambda call: asked.append(call) if call.action == "GetMetricData" else None)
    collect(tmp_path)
    queries = [q["MetricStat"] for call in asked for q in call.params["MetricDataQueries"]]
    found: dict[str, list[tuple[str, ...]]] = {}
    for query in queries:
        metric = query["Metric"]
        place = {d["Name"]: d["Value"] for d in metric["Dimensions"]}
        if metric["Namespace"] == "ECS/ContainerInsights":
            service = f"{place['ClusterName']}/{place['ServiceName']}"
            wanted = (place.get("ContainerName", ""), metric["MetricName"], query["Stat"])
            found.setdefault(service, []).append(wanted)
    task = [("", "EphemeralStorageUtilized", "Maximum"), ("", "PendingTaskCount", "Minimum")]
    of_each = ("ContainerCpuUtilized", "ContainerMemoryUtilized")
    assert found == {
        "some/one": task,
        "some/two": task,
        "full/one": [*task, ("app", "ContainerMemoryUtilized", "Maximum")],
        "full/two": [
            *task,
            *(("app", metric, "Maximum") for metric in of_each),
            *((HOSTILE, metric, "Maximum") for metric in ("RestartCount", *of_each)),
        ],
    }


def test_days_that_were_read_whole_are_not_asked_for_again(tmp_path: Path, local_aws: LocalAws) -> None:
    """With and without values: there are four services with Container Insights, and nothing of any of them."""
    fleet()
    spans: list[int] = []

    def note(call: Call) -> None:
        if call.action == "GetMetricData" and "Insights" in str(call.params["MetricDataQueries"]):
            spans.append(round((call.params["EndTime"] - call.params["StartTime"]) / 86_400))

    local_aws.before.append(note)
    noon = MIDNIGHT - timedelta(hours=12)
    for hours in (0, 0, 1, 13, 14, 15, 38):  # at noon; at one and two past midnight; and a day later
        collect(tmp_path, noon + timedelta(hours=hours))
    assert spans == [455, 1, 1]
    assert {id.cluster for id in open_store(tmp_path).reach("insights")} == {"full", "some"}
    plan_collection(open_store(tmp_path / "new", create=True), open_sessions(profile=None), [REGION], now=NOW)
    assert spans == [455, 1, 1], "a plan asks for no metrics"


def test_days_that_a_store_left_alone_has_missed_are_asked_for_too(tmp_path: Path, seed: Seed) -> None:
    fleet()
    put = seed("full/two", "", "EphemeralStorageUtilized")
    collect(tmp_path / "late", NOW - timedelta(days=30))
    collect(tmp_path / "late")
    found = [m for m in open_store(tmp_path / "late").insights if m.id == id_of("full/two") and not m.container]
    days = {f"{m.month}-{day:02}" for m in found for day in m.days}
    assert days == {f"{day:%Y-%m-%d}" for day in put.index}


def test_a_large_fleet_takes_full_calls() -> None:
    size = TaskSize.of(vcpu=1, gib=2)
    two = (Container(name="app"), Container(name="logs", restarts=True))
    definition = TaskDefinition(arn="arn", family="two", revision=1, size=size, containers=two)
    setup = Setup(size=size, desired=1)
    made = [id_of(f"full/s{n}") for n in range(3_000)]
    fleet = [Service(id=id, setup=setup, seen_at=NOW, task_definition=definition, insights="enhanced") for id in made]
    noon = MIDNIGHT + timedelta(hours=12)
    first = list(insights_batches(fleet, reach={}, now=noon))
    then = list(insights_batches(fleet, reach=dict.fromkeys(made, MIDNIGHT - timedelta(days=1)), now=noon))
    series = 3_000 * (2 + 2 * 2 + 1)
    for batches, days, least in ((first, 455, series * 455 / 100_800), (then, 1, series / 500)):
        assert {batch.steps for batch in batches} == {days}
        assert sum(len(batch.series) for batch in batches) == series
        assert sum(1 for batch in batches for _ in batch.slabs()) <= 1.05 * least + 1


def test_of_a_batch_that_failed_in_part_the_services_that_came_whole_are_kept(
    tmp_path: Path, local_aws: LocalAws, seed: Seed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Requests of five series: that of full/one and a part of full/two fails, so that these two are asked for again."""
    monkeypatch.setattr("advisor.collector.packing.QUERIES_PER_CALL", 5)
    fleet()
    for cluster in ("full", "some"):
        for name in ("one", "two"):
            seed(f"{cluster}/{name}", "", "PendingTaskCount")
    asked: list[set[str]] = []

    def break_once(call: Call) -> None:
        if call.action == "GetMetricData" and "Insights" in str(call.params["MetricDataQueries"]):
            places = [q["MetricStat"]["Metric"]["Dimensions"] for q in call.params["MetricDataQueries"]]
            names = [{d["Name"]: d["Value"] for d in place} for place in places]
            asked.append({f"{at['ClusterName']}/{at['ServiceName']}" for at in names})
            if len(asked) == 1:
                raise denied("cloudwatch", "GetMetricData")

    local_aws.before.append(break_once)
    sessions = open_sessions(profile=None, role_arns=())
    report = run_collection(open_store(tmp_path / "cut", create=True), sessions, [REGION], now=NOW)
    assert ["allow cloudwatch:GetMetricData" in failure for failure in report.failures] == [True]
    lost, every = asked[0], set().union(*asked)
    assert lost < every
    assert {seen.id.service for seen in open_store(tmp_path / "cut").insights} == every - lost
    told = {gap.service for gap in open_store(tmp_path / "cut").skipped} - {"*"}
    assert told == lost, "each service of which something is missing is named"
    asked[1:] = []
    collect(tmp_path / "cut")
    assert set().union(*asked[1:]) == lost
    assert open_store(tmp_path / "cut").insights == collect(tmp_path / "whole")
    assert open_store(tmp_path / "cut").skipped == ()


def test_hidden_accounts_are_known_again_and_containers_keep_their_names(tmp_path: Path, seed: Seed) -> None:
    fleet()
    seed("full/two", HOSTILE, "RestartCount")
    store, hide = open_store(tmp_path, create=True), Anonymiser(b"key")
    for _ in range(2):
        run_collection(store, open_sessions(profile=None, role_arns=()), [REGION], now=NOW, hide=hide)
        assert {seen.id.account for seen in store.insights} == {hide.text(ACCOUNT)}
    named = {seen.container for seen in store.insights if seen.container}
    definition = store.service("full/two").task_definition
    assert definition is not None
    assert named == {hide.text(HOSTILE)} <= {container.name for container in definition.containers}


def test_without_the_right_to_describe_clusters_the_gap_is_listed_and_the_rest_goes_on(local_aws: LocalAws) -> None:
    fleet()
    (session,) = open_sessions(profile=None, role_arns=())
    modes = {s.id.service: s.insights for s in gather(session, REGION, now=NOW).inventory.services}
    assert modes == {
        **dict.fromkeys(("full/one", "full/two"), "enhanced"),
        **dict.fromkeys(("some/one", "some/two"), "enabled"),
        **dict.fromkeys(("off/one", "off/two"), None),
    }
    local_aws.before.append(Fault(error=denied("ecs", "DescribeClusters"), action="DescribeClusters"))
    found = gather(session, REGION, now=NOW)
    assert len(found.inventory.services) == 6
    assert {service.insights for service in found.inventory.services} == {None}
    assert any("allow ecs:DescribeClusters" in failure for failure in found.failures)


def test_clusters_are_described_once(local_aws: LocalAws) -> None:
    fleet()
    network = {"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"]}}
    client("ecs").run_task(
        cluster="full", taskDefinition=register("lone"), launchType="FARGATE", networkConfiguration=network
    )
    asked: list[Call] = []
    local_aws.before.append(lambda call: asked.append(call) if call.action == "DescribeClusters" else None)
    (session,) = open_sessions(profile=None, role_arns=())
    assert [f.service for f in gather(session, REGION, now=NOW).inventory.measured] == ["full/lone"]
    assert [sorted(call.params["clusters"]) for call in asked] == [["full", "off", "some"]]
