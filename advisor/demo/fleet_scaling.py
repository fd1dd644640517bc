"""The demo fleet's scaling: scalable targets, policies with their alarms, scheduled actions."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from advisor.demo.aws.wire import LocalAws
from advisor.demo.fleet_control import ask, target_group
from advisor.demo.fleet_spec import DemoService
from advisor.domain.policy import ScheduledAction, StepScaling, TargetTracking
from advisor.domain.service import ServiceId, Setup
from advisor.fargate.schedule import occurrences

Put = Callable[..., dict[str, Any]]

METRICS = {
    "cpu": "ECSServiceAverageCPUUtilization",
    "memory": "ECSServiceAverageMemoryUtilization",
    "requests": "ALBRequestCountPerTarget",
}


def add_scaling(aws: LocalAws, service: DemoService, *, now: datetime) -> None:
    """Register the scalable target with the bounds in force, its policies and its scheduled actions."""
    put = partial(
        ask,
        aws,
        service.id,
        "application-autoscaling",
        ServiceNamespace="ecs",
        ScalableDimension="ecs:service:DesiredCount",
        ResourceId=f"service/{service.id.service}",
    )
    low, high = bounds_in_force(service.setup, now=now)
    put("RegisterScalableTarget", MinCapacity=low, MaxCapacity=high)
    for policy in service.setup.policies:
        if isinstance(policy, TargetTracking):
            _track(put, service.id, policy)
        elif isinstance(policy, StepScaling):
            arn = _step(put, service.id, policy)
            _alarm(aws, service.id, policy, action=arn)
    for action in service.setup.schedule:
        _schedule(put, action)


def bounds_in_force(setup: Setup, *, now: datetime) -> tuple[int, int]:
    """(minimum, maximum) after the scheduled actions of the last week; without one, the setup's."""
    low, high = setup.bounds
    due = [
        (instant, action)
        for action in setup.schedule
        for instant in occurrences(str(action.expression), action.timezone, now - timedelta(days=7), now)
    ]
    for _, action in sorted(due, key=lambda pair: pair[0]):
        low = low if action.minimum is None else action.minimum
        high = high if action.maximum is None else action.maximum
    return low, high


def _track(put: Put, id: ServiceId, policy: TargetTracking) -> None:
    """A target-tracking policy; cooldowns are left out where they are the default, as teams leave them out."""
    metric: dict[str, Any] = {"PredefinedMetricType": METRICS[policy.metric]}
    if policy.metric == "requests":
        metric["ResourceLabel"] = "/".join(target_group(id))
    configuration: dict[str, Any] = {"TargetValue": policy.target, "PredefinedMetricSpecification": metric}
    if (policy.scale_out_cooldown, policy.scale_in_cooldown) != (300, 300):
        configuration["ScaleOutCooldown"] = policy.scale_out_cooldown
        configuration["ScaleInCooldown"] = policy.scale_in_cooldown
    put(
        "PutScalingPolicy",
        PolicyName=f"{id.name}-{policy.metric}-{policy.target:g}",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=configuration,
    )


def _step(put: Put, id: ServiceId, policy: StepScaling) -> str:
    """A step policy, which has no alarm of its own yet; its ARN."""
    answer = put(
        "PutScalingPolicy",
        PolicyName=f"{id.name}-{policy.direction}",
        PolicyType="StepScaling",
        StepScalingPolicyConfiguration={
            "AdjustmentType": policy.adjustment_type,
            "StepAdjustments": [_adjustment(*step) for step in policy.steps],
            "Cooldown": policy.cooldown,
            "MetricAggregationType": "Average",
        },
    )
    return str(answer["PolicyARN"])


def _adjustment(low: float | None, high: float | None, adjustment: int) -> dict[str, Any]:
    bounds = {"MetricIntervalLowerBound": low, "MetricIntervalUpperBound": high}
    stated: dict[str, Any] = {key: value for key, value in bounds.items() if value is not None}
    return stated | {"ScalingAdjustment": adjustment}


def _alarm(aws: LocalAws, id: ServiceId, policy: StepScaling, *, action: str) -> None:
    """The alarm that a team makes for a step policy."""
    above = policy.direction == "out"
    ask(
        aws,
        id,
        "cloudwatch",
        "PutMetricAlarm",
        AlarmName=f"{id.service.replace('/', '-')}-cpu-{'high' if above else 'low'}",
        Namespace="AWS/ECS",
        MetricName="CPUUtilization",
        Dimensions=[{"Name": "ClusterName", "Value": id.cluster}, {"Name": "ServiceName", "Value": id.name}],
        Statistic="Average",
        Period=60,
        EvaluationPeriods=policy.points,
        DatapointsToAlarm=policy.points,
        Threshold=policy.threshold,
        ComparisonOperator="GreaterThanThreshold" if above else "LessThanThreshold",
        AlarmActions=[action],
    )


def _schedule(put: Put, action: ScheduledAction) -> None:
    put(
        "PutScheduledAction",
        ScheduledActionName="stop" if action.maximum == 0 else "start",
        Schedule=action.expression,
        Timezone=action.timezone,
        ScalableTargetAction={"MinCapacity": action.minimum, "MaxCapacity": action.maximum},
    )
