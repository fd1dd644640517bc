"""Scaling activities: classes of what AWS tells, once each, down to those that are held, all or none of a place."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aws_samples import CANARY, REGION, client, create, register, scale

from advisor.codec import Anonymiser
from advisor.collection import CollectionReport, plan_collection, run_collection
from advisor.collector import open_sessions
from advisor.collector.activities import FIRST, SETTLED
from advisor.demo.aws.faults import Fault, denied
from advisor.demo.aws.scaling_activities import record_activity
from advisor.demo.aws.wire import AwsError, Call, LocalAws
from advisor.store import Store, open_store

ACCOUNT, ACTION = "123456789012", "application-autoscaling:DescribeScalingActivities"
NOW = datetime.now(UTC)
ALARM = f"monitor alarm {CANARY} in state ALARM triggered policy scheduled action"


@pytest.fixture(autouse=True)
def fleet(endpoint: str) -> None:
    """One service that scales."""
    assert endpoint
    client("ecs").create_cluster(clusterName="prod")
    create("prod", "api", register("api"))
    scale("prod", "api")


def put(aws: LocalAws, *ages: timedelta, cause: str = ALARM, now: datetime = NOW, **more: Any) -> None:
    for age in ages:
        given = {"start": now - age, "end": now - age, "desired": 7, "cause": cause, **more}
        record_activity(aws, ACCOUNT, REGION, "service/prod/api", **given)


def collect(folder: Path, *, now: datetime = NOW, hide: Anonymiser | None = None) -> tuple[Store, CollectionReport]:
    store = open_store(folder, create=True)
    hidden = hide or Anonymiser()
    return store, run_collection(store, open_sessions(profile=None), [REGION], now=now, hide=hidden)


def test_of_an_activity_only_classes_and_the_count_are_kept(local_aws: LocalAws, tmp_path: Path) -> None:
    causes = [ALARM, "scheduled action name monitor alarm was triggered", "minimum capacity was set to 7", CANARY]
    for hours, cause in enumerate(causes):
        put(local_aws, timedelta(hours=20 - hours), cause=cause)
    put(local_aws, timedelta(hours=9), status="Failed", not_scaled="AlreadyAtMaxCapacity")
    put(local_aws, timedelta(hours=8), status=CANARY, not_scaled=CANARY)
    store, report = collect(tmp_path)
    held = store.scaling_activities
    assert report.failures == ()
    assert [activity.cause for activity in held] == ["policy", "schedule", "manual", "other", "policy", "policy"]
    assert {str(activity.id) for activity in held} == {f"{ACCOUNT}/{REGION}/prod/api"}
    assert [(a.tasks, a.status, a.not_scaled) for a in held[3:]] == [
        (7, "Successful", ()),
        (7, "Failed", ("AlreadyAtMaxCapacity",)),
        (7, "other", ("other",)),
    ]
    assert (held[4].refused_at_maximum, held[4].failed) == (True, False)
    assert held[0].started == NOW - timedelta(hours=20)
    assert CANARY not in repr(held)


def test_first_come_15_days_and_then_what_is_new_and_settled(local_aws: LocalAws, tmp_path: Path) -> None:
    put(local_aws, *(timedelta(hours=2 + n) for n in range(120)), FIRST + timedelta(seconds=1))
    put(local_aws, SETTLED - timedelta(seconds=1), status="InProgress")
    store, report = collect(tmp_path)
    assert (len(store.scaling_activities), report.calls[ACTION]) == (120, 3)
    later = NOW + timedelta(days=30)  # nothing is missing after a month without a collection
    put(local_aws, timedelta(days=20), timedelta(hours=2), now=later)
    store, report = collect(tmp_path, now=later)
    assert (len(store.scaling_activities), report.calls[ACTION]) == (123, 1)
    assert len({activity.activity for activity in store.scaling_activities}) == 123


def test_a_page_that_fails_leaves_none_so_that_no_hole_is_left(local_aws: LocalAws, tmp_path: Path) -> None:
    put(local_aws, *(timedelta(hours=2 + n) for n in range(60)))

    def fail_second(call: Call) -> None:
        if call.action == "DescribeScalingActivities" and call.params.get("NextToken"):
            raise AwsError("AccessDeniedException", "not now", status=400)

    local_aws.before.append(fail_second)
    store, report = collect(tmp_path)
    assert (len(report.failures), store.scaling_activities) == (1, ())
    local_aws.before.remove(fail_second)
    store, report = collect(tmp_path)
    assert (report.failures, len(store.scaling_activities)) == ((), 60)


def test_a_denied_call_names_its_right_is_listed_and_stops_nothing(local_aws: LocalAws, tmp_path: Path) -> None:
    fault = Fault(error=denied("application-autoscaling", "x"), action="DescribeScalingActivities")
    local_aws.before.append(fault)
    store, report = collect(tmp_path)
    (failure,) = report.failures
    assert f"allow {ACTION}" in failure
    assert any(ACTION in skipped.reason for skipped in store.skipped)
    assert [service.setup.bounds for service in store.services] == [(2, 9)]


def test_a_dry_run_counts_the_pages_and_keeps_nothing(local_aws: LocalAws, tmp_path: Path) -> None:
    put(local_aws, *(timedelta(hours=2 + n) for n in range(60)))
    store = open_store(tmp_path, create=True)
    plan = plan_collection(store, open_sessions(profile=None), [REGION], now=NOW)
    assert (plan.calls[ACTION], store.scaling_activities) == (2, ())


def test_account_ids_are_hidden_and_what_is_held_is_still_known(local_aws: LocalAws, tmp_path: Path) -> None:
    put(local_aws, *(timedelta(hours=2 + n) for n in range(60)))
    hide = Anonymiser(b"key")
    collect(tmp_path, hide=hide)
    store, report = collect(tmp_path, hide=hide)
    assert report.calls[ACTION] == 1
    assert {activity.id.account for activity in store.scaling_activities} == {hide.text(ACCOUNT)}
    assert ACCOUNT not in repr(store.scaling_activities)


def test_where_nothing_scales_nothing_is_asked(tmp_path: Path) -> None:
    scaling = client("application-autoscaling")
    target = {"ServiceNamespace": "ecs", "ScalableDimension": "ecs:service:DesiredCount"}
    scaling.deregister_scalable_target(ResourceId="service/prod/api", **target)
    _, report = collect(tmp_path)
    assert ACTION not in report.calls
