"""Application Auto Scaling of the local AWS: targets, scheduled actions, activities, tags."""

from datetime import timedelta
from typing import Any

import pytest
from control_tools import NOW, REGION, TARGET, Control, refused, tracking

from advisor.demo.aws.scaling_activities import record_activity
from advisor.demo.aws.wire import ACCOUNT

NIGHT = {"ScheduledActionName": "night", "ScalableTargetAction": {"MinCapacity": 0, "MaxCapacity": 2}}


@pytest.fixture
def control() -> Control:
    control = Control()
    control.cluster()
    control.define()
    control.create()
    return control


def register(control: Control, **params: Any) -> str:
    whole = {**TARGET, "MinCapacity": 1, "MaxCapacity": 9, **params}
    given = {key: value for key, value in whole.items() if value is not None}
    return str(control.scaling("RegisterScalableTarget", **given)["ScalableTargetARN"])


def targets(control: Control, **params: Any) -> list[dict[str, Any]]:
    return list(control.scaling("DescribeScalableTargets", **params)["ScalableTargets"])


def schedule(control: Control, **params: Any) -> None:
    control.scaling("PutScheduledAction", **TARGET, **({**NIGHT, "Schedule": "cron(0 22 * * ? *)"} | params))


def actions(control: Control, **params: Any) -> list[dict[str, Any]]:
    return list(control.scaling("DescribeScheduledActions", **params)["ScheduledActions"])


@pytest.mark.parametrize(
    "params",
    [
        {"MinCapacity": 9, "MaxCapacity": 2},
        {"MinCapacity": -1},
        {"MaxCapacity": None},
        {"ResourceId": "service/prod/gone"},
        {"ResourceId": "table/prod"},
        {"ScalableDimension": "dynamodb:table:ReadCapacityUnits"},
    ],
)
def test_a_target_that_aws_does_not_take_is_refused(control: Control, params: dict[str, Any]) -> None:
    with refused("ValidationException"):
        register(control, **params)
    assert targets(control) == []


def test_a_target_registered_again_keeps_what_is_not_named(control: Control) -> None:
    arn = register(control, SuspendedState={"DynamicScalingInSuspended": True})
    control.later(hours=1)
    assert register(control, MinCapacity=None, MaxCapacity=5) == arn
    held = targets(control)[0]
    assert (held["MinCapacity"], held["MaxCapacity"]) == (1, 5)
    assert held["SuspendedState"] == {
        "DynamicScalingInSuspended": True,
        "DynamicScalingOutSuspended": False,
        "ScheduledScalingSuspended": False,
    }
    assert held["CreationTime"] == NOW.timestamp()
    assert held["RoleARN"].endswith("AWSServiceRoleForApplicationAutoScaling_ECSService")


def test_a_refused_change_leaves_the_target_as_it_was(control: Control) -> None:
    register(control)
    with refused("ValidationException"):
        register(control, MinCapacity=10, MaxCapacity=None)
    assert targets(control)[0]["MinCapacity"] == 1


def test_a_hundred_and_twenty_targets_come_in_three_pages(control: Control) -> None:
    for number in range(120):
        control.create(f"s{number:03}", desiredCount=0)
        register(control, ResourceId=f"service/prod/s{number:03}")
    seen, token = [], {}
    for size in (50, 50, 20):
        answer = control.scaling("DescribeScalableTargets", **token)
        assert len(answer["ScalableTargets"]) == size
        seen += [target["ResourceId"] for target in answer["ScalableTargets"]]
        token = {"NextToken": answer["NextToken"]} if "NextToken" in answer else {}
    assert (len(set(seen)), token) == (120, {})


def test_targets_are_found_by_exact_resource(control: Control) -> None:
    control.create("api-v2")
    register(control, ResourceId="service/prod/api-v2")
    assert targets(control, ResourceIds=["service/prod/api"]) == []
    assert (
        len(targets(control, ResourceIds=["service/prod/api-v2"], ScalableDimension=TARGET["ScalableDimension"])) == 1
    )
    with refused("ValidationException"):
        targets(control, ScalableDimension=TARGET["ScalableDimension"])


def test_a_deregistered_target_takes_policies_alarms_and_schedule_along(control: Control) -> None:
    register(control)
    control.scaling("PutScalingPolicy", **TARGET, PolicyName="cpu", **tracking())
    schedule(control)
    control.scaling("DeregisterScalableTarget", **TARGET)
    assert control.scaling("DescribeScalingPolicies")["ScalingPolicies"] == []
    assert (control.alarms(), actions(control), targets(control)) == ([], [], [])
    with refused("ObjectNotFoundException"):
        control.scaling("DeregisterScalableTarget", **TARGET)


@pytest.mark.parametrize(
    "params",
    [
        {"Schedule": "banana"},
        {"Schedule": "cron(0 22 * * * *)"},
        {"Schedule": "rate(0 minutes)"},
        {"Schedule": "at(2026-13-01T00:00:00)"},
        {"Timezone": "Europe/Atlantis"},
        {"ScalableTargetAction": {}},
        {"ScalableTargetAction": {"MinCapacity": 3, "MaxCapacity": 1}},
        {"Schedule": ""},
        {"StartTime": NOW, "EndTime": NOW - timedelta(days=1)},
    ],
)
def test_a_scheduled_action_that_aws_does_not_take_is_refused(control: Control, params: dict[str, Any]) -> None:
    register(control)
    with refused("ValidationException"):
        schedule(control, **params)
    assert actions(control) == []


@pytest.mark.parametrize("expression", ["cron(0 8 ? * MON-FRI *)", "rate(5 minutes)", "at(2026-12-01T08:00:00)"])
def test_a_scheduled_action_is_held_as_it_was_put(control: Control, expression: str) -> None:
    register(control)
    schedule(control, Schedule=expression, Timezone="Europe/Berlin")
    held = actions(control, ResourceId="service/prod/api", ScheduledActionNames=["night"])[0]
    assert (held["Schedule"], held["Timezone"]) == (expression, "Europe/Berlin")
    assert held["ScalableTargetAction"] == {"MinCapacity": 0, "MaxCapacity": 2}
    control.scaling("DeleteScheduledAction", **TARGET, ScheduledActionName="night")
    assert actions(control) == []


def test_an_updated_scheduled_action_keeps_its_bounds_and_loses_its_window(control: Control) -> None:
    register(control)
    schedule(control, StartTime=NOW, EndTime=NOW + timedelta(days=1))
    control.scaling("PutScheduledAction", **TARGET, ScheduledActionName="night", Schedule="rate(1 hour)")
    held = actions(control)[0]
    assert held["ScalableTargetAction"] == {"MinCapacity": 0, "MaxCapacity": 2}
    assert "StartTime" not in held


def test_a_scheduled_action_needs_its_target(control: Control) -> None:
    with refused("ObjectNotFoundException"):
        schedule(control)


def test_activities_of_six_weeks_come_newest_first_and_what_did_not_scale_on_request(control: Control) -> None:
    for age, code in ((1, None), (2, "AlreadyAtMaxCapacity"), (3, None), (50, None)):
        start = NOW - timedelta(days=age)
        record_activity(
            control.aws,
            ACCOUNT,
            REGION,
            TARGET["ResourceId"],
            start=start,
            end=start + timedelta(minutes=1),
            desired=age,
            cause="monitor alarm",
            not_scaled=code,
        )
    told = control.scaling("DescribeScalingActivities", ResourceId=TARGET["ResourceId"])["ScalingActivities"]
    assert [activity["Description"] for activity in told] == [f"Setting desired count to {n}." for n in (1, 3)]
    both = control.scaling("DescribeScalingActivities", IncludeNotScaledActivities=True)["ScalingActivities"]
    assert both[1]["NotScaledReasons"] == [{"Code": "AlreadyAtMaxCapacity"}]
    elsewhere = control.scaling("DescribeScalingActivities", ResourceId="service/prod/ap")
    assert elsewhere["ScalingActivities"] == []


def test_tags_of_a_target_are_read_added_and_taken_away(control: Control) -> None:
    arn = register(control, Tags={"team": "shop"})
    control.ask("application-autoscaling", "TagResource", ResourceARN=arn, Tags={"a": "b"})
    control.ask("application-autoscaling", "UntagResource", ResourceARN=arn, TagKeys=["team"])
    assert control.ask("application-autoscaling", "ListTagsForResource", ResourceARN=arn)["Tags"] == {"a": "b"}
    with refused("ResourceNotFoundException"):
        control.ask("application-autoscaling", "ListTagsForResource", ResourceARN=arn + "x")


def test_other_namespaces_stay_with_moto(control: Control) -> None:
    asked = {
        "ServiceNamespace": "dynamodb",
        "ResourceId": "table/t",
        "ScalableDimension": "dynamodb:table:ReadCapacityUnits",
    }
    control.scaling("RegisterScalableTarget", **asked, MinCapacity=1, MaxCapacity=2)
    held = control.moto("application-autoscaling", "DescribeScalableTargets", ServiceNamespace="dynamodb")
    assert [target["ResourceId"] for target in held["ScalableTargets"]] == ["table/t"]


def test_what_aws_asks_itself_meets_no_fault_hook(control: Control) -> None:
    seen: list[str] = []
    control.aws.before.append(lambda call: seen.append(call.action))
    register(control)
    control.scaling("PutScalingPolicy", **TARGET, PolicyName="cpu", **tracking())
    assert seen == ["RegisterScalableTarget", "PutScalingPolicy"]
