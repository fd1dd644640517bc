"""Scaling policies, scheduled actions and alarms of Application Auto Scaling as records."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from advisor.collector.answers import NOT_AS_DOCUMENTED
from advisor.domain.errors import one_line
from advisor.domain.inventory import Alarm, NamedPolicy, NamedSchedule
from advisor.domain.policy import (
    DEFAULT_COOLDOWN_SECONDS,
    Direction,
    Metric,
    OtherPolicy,
    Policy,
    PredictiveScaling,
    ScheduledAction,
    StepScaling,
    TargetTracking,
)

ALARM_STATES = ("AlarmActions", "OKActions", "InsufficientDataActions")
STEP_PERIOD = 60  # the simulator's step policies watch one-minute datapoints
_TRACKED: dict[str, Metric] = {
    "ECSServiceAverageCPUUtilization": "cpu",
    "ECSServiceAverageCPUUtilizationHighResolution": "cpu",
    "ECSServiceAverageMemoryUtilization": "memory",
    "ECSServiceAverageMemoryUtilizationHighResolution": "memory",
    "ALBRequestCountPerTarget": "requests",
}
_PREDICTED: dict[str, Metric] = {
    "ECSServiceCPUUtilization": "cpu",
    "ECSServiceMemoryUtilization": "memory",
    "ALBRequestCount": "requests",
    **_TRACKED,
}
_WATCHED: dict[tuple[str, str], Metric] = {
    ("AWS/ECS", "CPUUtilization"): "cpu",
    ("AWS/ECS", "MemoryUtilization"): "memory",
}
_DIRECTIONS: dict[str, Direction] = {
    "GreaterThanOrEqualToThreshold": "out",
    "GreaterThanThreshold": "out",
    "LessThanOrEqualToThreshold": "in",
    "LessThanThreshold": "in",
}


def named_policy(described: Mapping[str, Any], alarms: Mapping[str, Mapping[str, Any]]) -> NamedPolicy:
    """A described policy, with its alarms taken from `alarms` by name."""
    mine = [alarms[a["AlarmName"]] for a in described.get("Alarms", ()) if a.get("AlarmName") in alarms]
    try:
        policy = policy_of(described, mine)
    except NOT_AS_DOCUMENTED as error:
        policy = OtherPolicy(why=f"AWS's answer is not as documented ({type(error).__name__})")
    return NamedPolicy(
        name=str(described.get("PolicyName", "")),
        arn=str(described.get("PolicyARN", "")),
        policy=policy,
        alarms=tuple(alarm_of(alarm) for alarm in mine if "Threshold" in alarm),
    )


def policy_of(described: Mapping[str, Any], alarms: list[Mapping[str, Any]]) -> Policy:
    """What the policy does; OtherPolicy, with the reason, where the simulator cannot replay it."""
    kind = described.get("PolicyType")
    if kind == "TargetTrackingScaling":
        return _target_tracking(described.get("TargetTrackingScalingPolicyConfiguration", {}))
    if kind == "StepScaling":
        return _step_scaling(described, alarms)
    if kind == "PredictiveScaling":
        return _predictive(described.get("PredictiveScalingPolicyConfiguration", {}))
    return OtherPolicy(why=f"policy type {one_line(str(kind))} is not known")


def alarm_of(described: Mapping[str, Any]) -> Alarm:
    """A described alarm."""
    return Alarm(
        name=str(described.get("AlarmName", "")),
        period=int(described.get("Period", STEP_PERIOD)),
        datapoints=int(described.get("DatapointsToAlarm", described.get("EvaluationPeriods", 1))),
        threshold=float(described["Threshold"]),
        comparison=str(described.get("ComparisonOperator", "")),
        missing=str(described.get("TreatMissingData") or "missing"),
        actions=tuple(sorted({str(arn) for state in ALARM_STATES for arn in described.get(state, ())})),
    )


def named_schedule(described: Mapping[str, Any]) -> NamedSchedule:
    """A described scheduled action."""
    sets = described.get("ScalableTargetAction", {})
    action = ScheduledAction(
        expression=str(described.get("Schedule", "")),
        timezone=str(described.get("Timezone") or "UTC"),
        minimum=sets.get("MinCapacity"),
        maximum=sets.get("MaxCapacity"),
    )
    return NamedSchedule(
        name=str(described.get("ScheduledActionName", "")),
        action=action,
        start=_instant(described.get("StartTime")),
        end=_instant(described.get("EndTime")),
    )


def _instant(value: datetime | None) -> datetime | None:
    return None if value is None else value.astimezone(UTC)


def _target_tracking(said: Mapping[str, Any]) -> Policy:
    predefined = said.get("PredefinedMetricSpecification", {}).get("PredefinedMetricType")
    if predefined not in _TRACKED:
        custom = said.get("CustomizedMetricSpecification", {})
        metric = predefined or f"{custom.get('Namespace', 'metric math')}/{custom.get('MetricName', '')}"
        return OtherPolicy(why=f"tracks the metric {one_line(metric)}")
    return TargetTracking(
        metric=_TRACKED[predefined],
        target=float(said["TargetValue"]),
        scale_out_cooldown=int(said.get("ScaleOutCooldown", DEFAULT_COOLDOWN_SECONDS)),
        scale_in_cooldown=int(said.get("ScaleInCooldown", DEFAULT_COOLDOWN_SECONDS)),
        disable_scale_in=bool(said.get("DisableScaleIn", False)),
    )


def _step_scaling(described: Mapping[str, Any], alarms: list[Mapping[str, Any]]) -> Policy:
    said = described.get("StepScalingPolicyConfiguration", {})
    if len(alarms) != 1:
        return OtherPolicy(why=f"step scaling with {len(alarms)} readable alarms, not one")
    if why := _unlike(alarms[0], resource=str(described.get("ResourceId", ""))):
        return OtherPolicy(why=f"step scaling on an alarm {why}")
    alarm = alarm_of(alarms[0])
    return StepScaling(
        metric=_WATCHED[alarms[0]["Namespace"], alarms[0]["MetricName"]],
        direction=_DIRECTIONS[alarm.comparison],
        threshold=alarm.threshold,
        points=alarm.datapoints,
        adjustment_type=said["AdjustmentType"],
        steps=tuple(
            (s.get("MetricIntervalLowerBound"), s.get("MetricIntervalUpperBound"), int(s["ScalingAdjustment"]))
            for s in said.get("StepAdjustments", ())
        ),
        cooldown=int(said.get("Cooldown", DEFAULT_COOLDOWN_SECONDS)),
        min_adjustment_magnitude=int(said.get("MinAdjustmentMagnitude", 0)),
    )


def _unlike(alarm: Mapping[str, Any], *, resource: str) -> str:
    """Why the simulator cannot replay this alarm; empty where it can."""
    metric = (alarm.get("Namespace", ""), alarm.get("MetricName", ""))
    place = {d["Name"]: d["Value"] for d in alarm.get("Dimensions", ())}
    points, periods = alarm.get("DatapointsToAlarm"), alarm.get("EvaluationPeriods")
    checks = {
        f"on {one_line('/'.join(metric))}": metric not in _WATCHED,
        "of another service": f"service/{place.get('ClusterName')}/{place.get('ServiceName')}" != resource,
        f"on the {one_line(str(alarm.get('Statistic')))}": alarm.get("Statistic") != "Average",
        f"with periods of {alarm.get('Period')} s": alarm.get("Period") != STEP_PERIOD,
        f"with {points} of {periods} datapoints": points not in (None, periods),
        "whose actions are off": alarm.get("ActionsEnabled") is False,
        f"with {one_line(str(alarm.get('ComparisonOperator')))}": alarm.get("ComparisonOperator") not in _DIRECTIONS,
    }
    return next((why for why, wrong in checks.items() if wrong), "")


def _predictive(said: Mapping[str, Any]) -> Policy:
    metrics = said.get("MetricSpecifications", ())
    pair = metrics[0] if len(metrics) == 1 else {}
    kind = pair.get("PredefinedMetricPairSpecification", pair.get("PredefinedScalingMetricSpecification", {}))
    if kind.get("PredefinedMetricType") not in _PREDICTED:
        return OtherPolicy(why="predictive scaling on a metric of its own")
    return PredictiveScaling(
        metric=_PREDICTED[kind["PredefinedMetricType"]],
        target=float(pair["TargetValue"]),
        mode=said.get("Mode", "ForecastOnly"),
        scheduling_buffer=int(said.get("SchedulingBufferTime", 300)),
        max_capacity_breach=said.get("MaxCapacityBreachBehavior", "HonorMaxCapacity"),
        max_capacity_buffer=said.get("MaxCapacityBuffer"),
    )
