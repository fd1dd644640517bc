"""Application Auto Scaling of the local AWS: policies and their alarms."""

from typing import Any

import pytest
from control_tools import NOW, TARGET, Control, refused, tracking

LABEL = "app/front/50dc6c495c0c9188/targetgroup/api/943f017f100becff"
STEP = {"ScalingAdjustment": 1}
PREDICTIVE: dict[str, Any] = {
    "MetricSpecifications": [
        {
            "TargetValue": 60.0,
            "PredefinedMetricPairSpecification": {"PredefinedMetricType": "ECSServiceCPUUtilization"},
        }
    ]
}


@pytest.fixture
def control() -> Control:
    control = Control()
    control.cluster()
    control.define()
    for name in ("api", "api-v2"):
        control.create(name)
        register(control, name)
    return control


def register(control: Control, name: str) -> None:
    target = TARGET | {"ResourceId": f"service/prod/{name}"}
    control.scaling("RegisterScalableTarget", **target, MinCapacity=1, MaxCapacity=9)


def put(control: Control, name: str = "cpu", resource: str = "service/prod/api", **params: Any) -> dict[str, Any]:
    target = TARGET | {"ResourceId": resource}
    return control.scaling("PutScalingPolicy", **target, PolicyName=name, **(params or tracking()))


def step(*steps: dict[str, Any], **changed: Any) -> dict[str, Any]:
    configuration = {"AdjustmentType": "ChangeInCapacity", "StepAdjustments": list(steps), "Cooldown": 60, **changed}
    return {"PolicyType": "StepScaling", "StepScalingPolicyConfiguration": configuration}


def predictive(**changed: Any) -> dict[str, Any]:
    return {"PolicyType": "PredictiveScaling", "PredictiveScalingPolicyConfiguration": PREDICTIVE | changed}


def policies(control: Control, **params: Any) -> list[dict[str, Any]]:
    return list(control.scaling("DescribeScalingPolicies", **params)["ScalingPolicies"])


@pytest.mark.parametrize("metric", ["CPUUtilization", "MemoryUtilization"])
@pytest.mark.parametrize(("ending", "period", "low"), [("", 60, 15), ("HighResolution", 20, 30)])
def test_alarms_watch_the_target_and_nine_tenths_of_it(
    control: Control, metric: str, ending: str, period: int, low: int
) -> None:
    kind, high = f"ECSServiceAverage{metric}{ending}", 3
    arn = put(control, **tracking(70.0, kind))["PolicyARN"]
    over, under = control.alarms()
    assert (over["Threshold"], over["ComparisonOperator"]) == (70.0, "GreaterThanThreshold")
    assert (under["Threshold"], under["ComparisonOperator"]) == (63.0, "LessThanThreshold")
    assert (over["EvaluationPeriods"], over["DatapointsToAlarm"]) == (high, high)
    assert (under["EvaluationPeriods"], under["DatapointsToAlarm"]) == (low, low)
    for alarm in (over, under):
        assert (alarm["MetricName"], alarm["Period"], alarm["Statistic"]) == (metric, period, "Average")
        assert alarm["AlarmActions"] == [arn]
        names = {entry["Name"]: entry["Value"] for entry in alarm["Dimensions"]}
        assert names == {"ClusterName": "prod", "ServiceName": "api"}
    assert over["AlarmName"].startswith("TargetTracking-service/prod/api-AlarmHigh-")


def test_a_request_policy_watches_the_load_balancer(control: Control) -> None:
    put(control, **tracking(1000.0, "ALBRequestCountPerTarget", label=LABEL))
    for alarm in control.alarms():
        assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/ApplicationELB", "RequestCountPerTarget")
        assert alarm["Statistic"] == "Sum"
        names = {entry["Name"]: entry["Value"] for entry in alarm["Dimensions"]}
        assert names["LoadBalancer"] == "app/front/50dc6c495c0c9188"
        assert names["TargetGroup"] == "targetgroup/api/943f017f100becff"


def test_a_customized_metric_and_metric_math_are_watched_by_the_minute(control: Control) -> None:
    metric = {"MetricName": "Depth", "Namespace": "Queue", "Statistic": "Average"}
    put(control, "one", **tracking(5.0, CustomizedMetricSpecification=metric))
    assert {alarm["MetricName"] for alarm in control.alarms()} == {"Depth"}
    stat = {"Metric": {"MetricName": "Depth", "Namespace": "Queue"}, "Stat": "Sum"}
    math = [{"Id": "a", "MetricStat": stat, "ReturnData": False}, {"Id": "b", "Expression": "a/2"}]
    put(control, "one", **tracking(5.0, CustomizedMetricSpecification={"Metrics": math}))
    alarms = control.alarms()
    assert [len(alarm["Metrics"]) for alarm in alarms] == [2, 2]
    assert alarms[0]["Metrics"][0]["MetricStat"]["Period"] == 60


def test_no_low_alarm_where_scaling_in_is_disabled(control: Control) -> None:
    answer = put(control, **tracking(DisableScaleIn=True))
    assert len(answer["Alarms"]) == len(control.alarms()) == 1
    assert "AlarmHigh" in control.alarms()[0]["AlarmName"]


def test_a_policy_put_again_keeps_its_arn_and_replaces_its_alarms(control: Control) -> None:
    first = put(control)
    control.later(minutes=5)
    second = put(control, **tracking(50.0))
    assert first["PolicyARN"] == second["PolicyARN"]
    assert sorted(alarm["Threshold"] for alarm in control.alarms()) == [45.0, 50.0]
    old, new = ({alarm["AlarmName"] for alarm in answer["Alarms"]} for answer in (first, second))
    assert not old & new
    assert policies(control)[0]["CreationTime"] == NOW.timestamp()


def test_a_described_policy_names_its_alarms_and_its_configuration(control: Control) -> None:
    answer = put(control, **tracking(55.0, ScaleInCooldown=60))
    held = policies(control)[0]
    assert held["Alarms"] == answer["Alarms"]
    configuration = held["TargetTrackingScalingPolicyConfiguration"]
    assert (configuration["TargetValue"], configuration["ScaleInCooldown"]) == (55.0, 60)
    assert "ScaleOutCooldown" not in configuration
    assert held["PolicyARN"].endswith(":resource/ecs/service/prod/api:policyName/cpu")


def test_one_metric_is_tracked_by_one_policy(control: Control) -> None:
    put(control)
    with refused("ValidationException", "given metric specification"):
        put(control, "another", **tracking(50.0))
    put(control, "memory", **tracking(50.0, "ECSServiceAverageMemoryUtilization"))
    put(control, "cpu", "service/prod/api-v2")


def test_a_policy_needs_its_target(control: Control) -> None:
    with refused("ObjectNotFoundException", "No scalable target registered"):
        put(control, resource="service/prod/gone")


@pytest.mark.parametrize(
    "params",
    [
        tracking(0.0),
        tracking(50.0, "DynamoDBReadCapacityUtilization"),
        tracking(50.0, "ALBRequestCountPerTarget"),
        tracking(50.0, ScaleInCooldown=-1),
        {"PolicyType": "TargetTrackingScaling"},
        {"PolicyType": "Wishful"},
        step(),
        step(STEP | {"MetricIntervalLowerBound": 0.0, "MetricIntervalUpperBound": 10.0}),
        step(
            STEP | {"MetricIntervalLowerBound": 0.0, "MetricIntervalUpperBound": 10.0},
            STEP | {"MetricIntervalLowerBound": 11.0},
        ),
        step(STEP | {"MetricIntervalLowerBound": 0.0}, MinAdjustmentMagnitude=2),
        step(STEP | {"MetricIntervalLowerBound": 0.0}, AdjustmentType="Double"),
        predictive(SchedulingBufferTime=3600),
        predictive(MaxCapacityBuffer=10),
        predictive(MetricSpecifications=[]),
    ],
)
def test_a_policy_that_aws_does_not_take_is_refused(control: Control, params: dict[str, Any]) -> None:
    with refused("ValidationException"):
        put(control, **params)
    assert policies(control) == []
    assert control.alarms() == []


@pytest.mark.parametrize(
    "steps",
    [
        [STEP],
        [STEP | {"MetricIntervalLowerBound": 0.0}],
        [STEP | {"MetricIntervalUpperBound": 0.0}],
        [
            STEP | {"MetricIntervalLowerBound": 10.0},
            STEP | {"MetricIntervalLowerBound": 0.0, "MetricIntervalUpperBound": 10.0},
        ],
    ],
)
def test_steps_without_gap_and_open_at_the_end_are_accepted(control: Control, steps: list[dict[str, Any]]) -> None:
    put(control, **step(*steps))
    assert policies(control)[0]["StepScalingPolicyConfiguration"]["StepAdjustments"] == steps


def test_a_step_policy_shows_the_alarm_that_a_user_made_for_it(control: Control) -> None:
    arn = put(control, "out", **step(STEP | {"MetricIntervalLowerBound": 0.0}))["PolicyARN"]
    assert control.alarms() == []
    control.ask(
        "cloudwatch",
        "PutMetricAlarm",
        AlarmName="busy",
        Namespace="AWS/ECS",
        MetricName="CPUUtilization",
        Statistic="Average",
        Period=60,
        EvaluationPeriods=2,
        Threshold=70.0,
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[arn],
    )
    assert [alarm["AlarmName"] for alarm in policies(control)[0]["Alarms"]] == ["busy"]
    control.scaling("DeleteScalingPolicy", **TARGET, PolicyName="out")
    assert len(control.alarms()) == 1


def test_a_predictive_policy_is_held_and_has_no_forecast_yet(control: Control) -> None:
    put(control, "ahead", **predictive())
    held = policies(control)[0]
    assert held["PolicyType"] == "PredictiveScaling"
    assert held["PredictiveScalingPolicyConfiguration"]["Mode"] == "ForecastOnly"
    with refused("ValidationException", "24 hours"):
        control.scaling("GetPredictiveScalingForecast", **TARGET, PolicyName="ahead", StartTime=NOW, EndTime=NOW)


def test_policies_are_found_by_exact_resource_and_by_name_in_pages_of_ten(control: Control) -> None:
    put(control, resource="service/prod/api-v2")
    assert policies(control, ResourceId="service/prod/api") == []
    for number in range(12):
        put(control, f"p{number:02}", **step(STEP | {"MetricIntervalLowerBound": 0.0}))
    first = control.scaling("DescribeScalingPolicies")
    rest = control.scaling("DescribeScalingPolicies", NextToken=first["NextToken"])
    assert (len(first["ScalingPolicies"]), len(rest["ScalingPolicies"])) == (10, 3)
    assert [policy["PolicyName"] for policy in policies(control, PolicyNames=["p03"])] == ["p03"]
    with refused("ValidationException", "between 1 and 10"):
        policies(control, MaxResults=11)
    with refused("InvalidNextTokenException"):
        policies(control, NextToken="nonsense")


def test_a_deleted_policy_takes_its_alarms_along(control: Control) -> None:
    put(control)
    control.scaling("DeleteScalingPolicy", **TARGET, PolicyName="cpu")
    assert (policies(control), control.alarms()) == ([], [])
    with refused("ObjectNotFoundException"):
        control.scaling("DeleteScalingPolicy", **TARGET, PolicyName="cpu")
