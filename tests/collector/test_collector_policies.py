"""Policies, alarms and scheduled actions become records; what cannot be replayed says why."""

from typing import Any

import pytest

from advisor.collector.policies import named_policy, named_schedule, policy_of
from advisor.domain.policy import OtherPolicy, PredictiveScaling, StepScaling, TargetTracking

TRACKING: dict[str, Any] = {
    "PolicyName": "keep-cool",
    "PolicyARN": "arn:policy",
    "PolicyType": "TargetTrackingScaling",
    "ResourceId": "service/prod/api",
    "TargetTrackingScalingPolicyConfiguration": {
        "TargetValue": 70.0,
        "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
        "ScaleOutCooldown": 0,
        "DisableScaleIn": True,
    },
    "Alarms": [{"AlarmName": "high"}, {"AlarmName": "gone"}],
}
HIGH: dict[str, Any] = {
    "AlarmName": "high",
    "Namespace": "AWS/ECS",
    "MetricName": "CPUUtilization",
    "Dimensions": [{"Name": "ServiceName", "Value": "api"}, {"Name": "ClusterName", "Value": "prod"}],
    "Statistic": "Average",
    "Period": 60,
    "EvaluationPeriods": 3,
    "Threshold": 70.0,
    "ComparisonOperator": "GreaterThanThreshold",
}
STEPS: dict[str, Any] = {
    "PolicyName": "steps",
    "PolicyType": "StepScaling",
    "ResourceId": "service/prod/api",
    "StepScalingPolicyConfiguration": {
        "AdjustmentType": "ChangeInCapacity",
        "StepAdjustments": [
            {"MetricIntervalLowerBound": 0.0, "MetricIntervalUpperBound": 10.0, "ScalingAdjustment": 1},
            {"MetricIntervalLowerBound": 10.0, "ScalingAdjustment": 3},
        ],
        "Cooldown": 60,
    },
    "Alarms": [{"AlarmName": "high"}],
}


def test_target_tracking_has_the_defaults_of_ecs_where_nothing_is_said() -> None:
    found = named_policy(TRACKING, {"high": HIGH})
    assert found.policy == TargetTracking(
        metric="cpu", target=70.0, scale_out_cooldown=0, scale_in_cooldown=300, disable_scale_in=True
    )
    assert [(a.name, a.period, a.datapoints, a.threshold) for a in found.alarms] == [("high", 60, 3, 70.0)]


@pytest.mark.parametrize(
    ("kind", "metric"),
    [
        ("ECSServiceAverageMemoryUtilization", "memory"),
        ("ECSServiceAverageCPUUtilizationHighResolution", "cpu"),
        ("ALBRequestCountPerTarget", "requests"),
    ],
)
def test_predefined_metrics_are_known(kind: str, metric: str) -> None:
    said = {"TargetValue": 5, "PredefinedMetricSpecification": {"PredefinedMetricType": kind}}
    found = policy_of(TRACKING | {"TargetTrackingScalingPolicyConfiguration": said}, [])
    assert isinstance(found, TargetTracking)
    assert found.metric == metric


def test_step_scaling_is_read_with_its_alarm() -> None:
    assert policy_of(STEPS, [HIGH]) == StepScaling(
        metric="cpu", direction="out", threshold=70, points=3, steps=((0, 10, 1), (10, None, 3)), cooldown=60
    )


def test_an_alarm_is_read_with_all_that_it_does_in_any_state() -> None:
    alarm = {**HIGH, "TreatMissingData": "ignore", "AlarmActions": ["arn:b", "arn:a"], "OKActions": ["arn:c", "arn:a"]}
    (found,) = named_policy(STEPS, {"high": alarm}).alarms
    assert (found.missing, found.actions) == ("ignore", ("arn:a", "arn:b", "arn:c"))
    (bare,) = named_policy(STEPS, {"high": HIGH}).alarms
    assert (bare.missing, bare.actions) == ("missing", ())


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"Namespace": "Custom", "MetricName": "Queue"}, "Custom/Queue"),
        ({"Dimensions": [{"Name": "ServiceName", "Value": "other"}]}, "another service"),
        ({"Statistic": "Maximum"}, "Maximum"),
        ({"Period": 300}, "300 s"),
        ({"DatapointsToAlarm": 2}, "2 of 3"),
        ({"ActionsEnabled": False}, "actions are off"),
        ({"ComparisonOperator": "LessThanLowerThreshold"}, "LessThanLowerThreshold"),
    ],
)
def test_an_alarm_that_cannot_be_replayed_says_why(change: dict[str, Any], why: str) -> None:
    found = policy_of(STEPS, [HIGH | change])
    assert isinstance(found, OtherPolicy)
    assert why in found.why


@pytest.mark.parametrize(
    ("described", "why"),
    [
        ({"PolicyType": "SimpleScaling"}, "SimpleScaling"),
        (TRACKING | {"TargetTrackingScalingPolicyConfiguration": {
            "TargetValue": 1, "CustomizedMetricSpecification": {"Namespace": "App", "MetricName": "Lag"}}}, "App/Lag"),
        (TRACKING | {"TargetTrackingScalingPolicyConfiguration": {
            "TargetValue": 1, "CustomizedMetricSpecification": {"Metrics": []}}}, "metric math"),
        (STEPS, "0 readable alarms"),
        ({"PolicyType": "PredictiveScaling", "PredictiveScalingPolicyConfiguration": {
            "MetricSpecifications": [{"CustomizedLoadMetricSpecification": {}}]}}, "predictive"),
    ],
)  # fmt: skip
def test_a_policy_that_cannot_be_replayed_says_why(described: dict[str, Any], why: str) -> None:
    found = policy_of(described, [])
    assert isinstance(found, OtherPolicy)
    assert why in found.why


def test_predictive_scaling_is_read() -> None:
    said = {
        "MetricSpecifications": [
            {
                "TargetValue": 60.0,
                "PredefinedMetricPairSpecification": {"PredefinedMetricType": "ECSServiceCPUUtilization"},
            }
        ],
        "Mode": "ForecastAndScale",
        "SchedulingBufferTime": 120,
    }
    found = policy_of({"PolicyType": "PredictiveScaling", "PredictiveScalingPolicyConfiguration": said}, [])
    assert found == PredictiveScaling(metric="cpu", target=60, mode="ForecastAndScale", scheduling_buffer=120)


def test_a_scheduled_action_is_read() -> None:
    found = named_schedule(
        {
            "ScheduledActionName": "morning",
            "Schedule": "cron(0 8 * * ? *)",
            "Timezone": "Asia/Tokyo",
            "ScalableTargetAction": {"MinCapacity": 4},
        }
    )
    assert (found.name, found.action.timezone, found.action.minimum, found.action.maximum) == (
        "morning", "Asia/Tokyo", 4, None)  # fmt: skip


@pytest.mark.parametrize("said", [{"TargetValue": "hot"}, {}])
def test_a_policy_that_is_not_as_documented_is_one_that_cannot_be_replayed(said: dict[str, Any]) -> None:
    metric = {"PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}}
    found = named_policy(TRACKING | {"TargetTrackingScalingPolicyConfiguration": said | metric}, {})
    assert isinstance(found.policy, OtherPolicy)
    assert "not as documented" in found.policy.why
