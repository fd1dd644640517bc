"""A region's inventory over HTTP: what is there is found, what is denied is named, the rest goes on."""

import logging
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aws_samples import CANARY, REGION, client, register, small_fleet

from advisor.codec import Anonymiser, to_json
from advisor.collection import run_collection
from advisor.collector import AwsSession, collect_inventory, gather, held_of, open_sessions
from advisor.collector.task_definitions import READING
from advisor.demo.aws.faults import Fault, denied, throttled
from advisor.demo.aws.wire import AwsError, Call, LocalAws
from advisor.domain.errors import AwsFailed
from advisor.domain.inventory import Container, Heap, TaskDefinition
from advisor.domain.policy import OtherPolicy, TargetTracking
from advisor.domain.service import CapacityShare
from advisor.fargate.rights import actions
from advisor.store import open_store

pytestmark = pytest.mark.usefixtures("endpoint")
NOW = datetime.now(UTC)


@pytest.fixture
def session(endpoint: str) -> AwsSession:
    assert endpoint
    small_fleet()
    (opened,) = open_sessions(profile=None, role_arns=())
    return opened


def test_every_service_is_found_in_its_own_cluster(session: AwsSession) -> None:
    found = gather(session, REGION, now=NOW)
    assert found.failures == ()
    assert found.complete
    assert [s.id.service for s in found.inventory.services] == ["my-prod/api", "prod/api", "prod/mix"]
    assert {s.id.account for s in found.inventory.services} == {session.account}
    assert collect_inventory(session, REGION, now=NOW) == found.inventory


def test_scaling_size_history_and_capacity_are_read(session: AwsSession) -> None:
    _, api, mix = collect_inventory(session, REGION, now=NOW).services
    assert api.setup.bounds == (2, 9)
    assert api.setup.policies == (TargetTracking(metric="cpu", target=70.0),)
    assert [(a.expression, a.timezone, a.minimum) for a in api.setup.schedule] == [
        ("cron(0 8 * * ? *)", "Asia/Tokyo", 4)
    ]
    assert api.scaling is not None
    assert sorted(a.datapoints for p in api.scaling.policies for a in p.alarms) == [3, 15]
    assert [c.size.cpu for c in api.sizes] == [512, 1024]
    assert (api.setup.size.cpu, api.tags) == (1024, {"team": "shop"})
    assert mix.setup.capacity == (
        CapacityShare(provider="FARGATE", base=1, weight=1),
        CapacityShare(provider="FARGATE_SPOT", base=0, weight=3),
    )


def test_what_is_not_covered_is_listed_with_the_reason(session: AwsSession) -> None:
    found = {s.service: s.reason for s in collect_inventory(session, REGION, now=NOW).skipped}
    assert set(found) == {"prod/other"}
    assert "EC2" in found["prod/other"]


def test_no_secret_is_in_what_is_returned_or_logged(session: AwsSession, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="advisor"):
        found = gather(session, REGION, now=NOW)
    assert CANARY not in repr(found) + to_json(found.inventory) + repr(session) + repr(session.calls)
    assert not [r for r in caplog.records if CANARY in r.getMessage() and r.name.startswith("advisor")]


def test_every_call_is_counted_and_no_right_is_asked_for_in_vain(session: AwsSession) -> None:
    collect_inventory(session, REGION, now=NOW)
    calls = dict(session.calls)
    others = {action for action in actions("read") if action.startswith(("pricing:", "savingsplans:"))}
    assert actions("read") - set(calls) - others == {"cloudwatch:GetMetricData", "ec2:DescribeRegions"}
    assert calls["ecs:ListServices"] == 2


def test_deployments_and_revisions_are_described_twenty_at_a_time(session: AwsSession) -> None:
    from aws_samples import create, register

    definition = register("many")
    for number in range(40):
        create("my-prod", f"n{number:03}", definition, desiredCount=0)
    assert all(service.sizes for service in collect_inventory(session, REGION, now=NOW).services)
    assert session.calls["ecs:DescribeServiceDeployments"] == 3  # 43 services, one deployment each
    assert session.calls["ecs:DescribeServiceRevisions"] == 3  # 44 revisions


@pytest.mark.parametrize(
    "action", ["ListServices", "DescribeServices", "ListTasks", "ListServiceDeployments", "DescribeServiceRevisions"]
)
def test_a_denied_part_is_named_and_the_rest_goes_on(session: AwsSession, local_aws: LocalAws, action: str) -> None:
    local_aws.before.append(Fault(error=denied("ecs", action), service="ecs", action=action))
    found = gather(session, REGION, now=NOW)
    assert any(f"ecs:{action} was denied" in failure for failure in found.failures)
    assert found.complete == (action not in {"ListServices", "DescribeServices"})
    if found.complete:
        assert len(found.inventory.services) == 3


def test_a_failing_call_for_one_cluster_leaves_the_others(session: AwsSession, local_aws: LocalAws) -> None:
    def fail(call: Call) -> None:
        if call.action == "ListServices" and call.params["cluster"].endswith("/my-prod"):
            raise AwsError("403", "<xml>\x1b[31mno</xml>", status=403)

    local_aws.before.append(fail)
    found = gather(session, REGION, now=NOW)
    assert [s.id.service for s in found.inventory.services] == ["prod/api", "prod/mix"]
    assert not found.complete
    assert "Next: allow ecs:ListServices" in found.failures[0]
    assert found.failures[0].isprintable()


def described(session: AwsSession) -> int:
    return session.calls["ecs:DescribeTaskDefinition"]


def test_task_definitions_that_are_held_are_not_described_again(session: AwsSession) -> None:
    """prod/api had api:1 and has api:2; the others have api:1. A rule starts nightly:1, a schedule its newest."""
    first = collect_inventory(session, REGION, now=NOW)
    assert described(session) == 4
    held = held_of(first.services, first.schedules)
    assert gather(session, REGION, now=NOW, held=held).inventory == first
    assert described(session) == 4 + 1, "which revision of nightly is the newest"
    third = register("api", cpu="2048", memory="4096")
    client("ecs").update_service(cluster="prod", service="api", taskDefinition=third)
    found = gather(session, REGION, now=NOW, held=held).inventory
    assert [size.size.cpu for size in found.services[1].sizes] == [512, 1024, 2048]
    assert found.services[1].setup.size.cpu == 2048
    assert described(session) == 5 + 1 + 1, "the new one beside it"


def test_definitions_that_were_read_in_another_way_are_read_again_and_then_held(session: AwsSession) -> None:
    """As after an upgrade that reads more of a definition: held before is not enough for what services have now."""
    first = collect_inventory(session, REGION, now=NOW)
    old = [replace(s, task_definition=replace(s.task_definition, containers=(), reading=0)) for s in first.services]
    for services, calls in ((old, 4 + 2 + 1), (first.services, 4 + 2 + 1 + 1)):
        assert gather(session, REGION, now=NOW, held=held_of(services, first.schedules)).inventory == first
        assert described(session) == calls


def test_who_reads_other_things_of_a_definition_has_raised_its_reading() -> None:
    """Else stores would keep what they hold for ever. Where this fails: add a line here with the next number."""
    known = {
        1: "TaskDefinition arn family revision size architecture os ephemeral_gib containers reading "
        "Container name essential cpu memory memory_reservation heap restarts Heap runtime most share"
    }
    records = (TaskDefinition, Container, Heap)
    assert known[READING] == " ".join(f"{one.__name__} {' '.join(f.name for f in fields(one))}" for one in records)


def test_a_second_collection_describes_no_definition_again(session: AwsSession, tmp_path: Path) -> None:
    store = open_store(tmp_path, create=True)
    for calls in (4, 5):
        run_collection(store, [session], [REGION], now=NOW)
        assert described(session) == calls, "but for which revision of nightly is the newest"
    assert {s.task_definition.reading for s in store.services if s.task_definition} == {READING}
    key = Anonymiser(b"key")
    for calls in (9, 13):  # hidden names are not those of AWS: nothing of them is taken for known
        run_collection(open_store(tmp_path / "hidden", create=True), [session], [REGION], now=NOW, hide=key)
        assert described(session) == calls


def test_a_task_definition_that_cannot_be_read_skips_its_service_alone(
    session: AwsSession, local_aws: LocalAws
) -> None:
    def fail(call: Call) -> None:
        if call.action == "DescribeTaskDefinition" and call.params["taskDefinition"].endswith("api:2"):
            raise denied("ecs", "DescribeTaskDefinition")

    local_aws.before.append(fail)
    found = collect_inventory(session, REGION, now=NOW)
    assert [s.id.service for s in found.services] == ["my-prod/api", "prod/mix"]
    reason = next(s.reason for s in found.skipped if s.service == "prod/api")
    assert "ecs:DescribeTaskDefinition was denied" in reason


@pytest.mark.parametrize("action", ["DescribeScalableTargets", "DescribeScalingPolicies", "DescribeScheduledActions"])
def test_scaling_that_is_denied_is_never_taken_for_none(session: AwsSession, local_aws: LocalAws, action: str) -> None:
    service = "application-autoscaling"
    local_aws.before.append(Fault(error=denied(service, action), service=service, action=action))
    found = gather(session, REGION, now=NOW)
    api = next(s for s in found.inventory.services if s.id.service == "prod/api")
    assert any(isinstance(p, OtherPolicy) and action in p.why for p in api.setup.policies)
    assert any(f"{service}:{action} was denied" in failure for failure in found.failures)


def test_alarms_that_are_denied_leave_the_policy(session: AwsSession, local_aws: LocalAws) -> None:
    local_aws.before.append(Fault(error=denied("cloudwatch", "DescribeAlarms"), action="DescribeAlarms"))
    found = gather(session, REGION, now=NOW)
    api = next(s for s in found.inventory.services if s.id.service == "prod/api")
    assert api.setup.policies == (TargetTracking(metric="cpu", target=70.0),)
    assert any("cloudwatch:DescribeAlarms was denied" in failure for failure in found.failures)


def test_throttling_is_waited_out(session: AwsSession, local_aws: LocalAws) -> None:
    fault = Fault(error=throttled("ecs"), service="ecs", action="DescribeServices", times=2)
    local_aws.before.append(fault)
    assert len(collect_inventory(session, REGION, now=NOW).services) == 3
    assert fault.hits == 2
    assert session.calls["ecs:DescribeServices"] == 4  # two clusters, two retries


def test_a_region_that_lists_no_clusters_fails_with_the_action_it_needs(
    session: AwsSession, local_aws: LocalAws
) -> None:
    local_aws.before.append(Fault(error=denied("ecs", "ListClusters"), action="ListClusters"))
    with pytest.raises(AwsFailed, match=f"AWS in {session.account}/{REGION}: ecs:ListClusters was denied"):
        collect_inventory(session, REGION, now=NOW)


def test_more_services_than_a_page_are_all_found(session: AwsSession) -> None:
    from aws_samples import create, register

    definition = register("many")
    for number in range(105):
        create("my-prod", f"n{number:03}", definition, desiredCount=0)
    assert len(collect_inventory(session, REGION, now=NOW).services) == 108
    assert session.calls["ecs:ListServices"] == 3
    client("ecs").delete_service(cluster="my-prod", service="n000", force=True)
    assert len(collect_inventory(session, REGION, now=NOW).services) == 107
