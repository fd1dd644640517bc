"""Scaling policies as Application Auto Scaling's parameters: whole for a new one, the changed fields for another."""

from collections.abc import Mapping
from typing import Any

from advisor.applier.description import Description

CONFIGURATIONS = {
    "TargetTrackingScaling": "TargetTrackingScalingPolicyConfiguration",
    "StepScaling": "StepScalingPolicyConfiguration",
    "PredictiveScaling": "PredictiveScalingPolicyConfiguration",
}
TYPES = {
    "TargetTracking": "TargetTrackingScaling",
    "StepScaling": "StepScaling",
    "PredictiveScaling": "PredictiveScaling",
}
# The fields of a configuration that a step of a plan may name.
FIELDS: Mapping[str, frozenset[str]] = {
    "TargetTrackingScaling": frozenset(
        {"TargetValue", "ScaleOutCooldown", "ScaleInCooldown", "DisableScaleIn", "PredefinedMetricSpecification"}
    ),
    "StepScaling": frozenset({"AdjustmentType", "StepAdjustments", "Cooldown", "MinAdjustmentMagnitude"}),
    "PredictiveScaling": frozenset(
        {
            "MetricSpecifications",
            "Mode",
            "SchedulingBufferTime",
            "MaxCapacityBreachBehavior",
            "MaxCapacityBuffer",
        }
    ),
}
TRACKED = {
    "cpu": "ECSServiceAverageCPUUtilization",
    "memory": "ECSServiceAverageMemoryUtilization",
    "requests": "ALBRequestCountPerTarget",
}
PREDICTED = {"cpu": "ECSServiceCPUUtilization", "memory": "ECSServiceMemoryUtilization", "requests": "ALBRequestCount"}
_SPECIFICATIONS = "MetricSpecifications"
_PAIR = "PredefinedMetricPairSpecification"
_NAMES: Mapping[str, Mapping[str, str]] = {
    "TargetTracking": {
        "target": "TargetValue",
        "scale_out_cooldown": "ScaleOutCooldown",
        "scale_in_cooldown": "ScaleInCooldown",
        "disable_scale_in": "DisableScaleIn",
    },
    "StepScaling": {
        "adjustment_type": "AdjustmentType",
        "steps": "StepAdjustments",
        "cooldown": "Cooldown",
        "min_adjustment_magnitude": "MinAdjustmentMagnitude",
    },
    "PredictiveScaling": {
        "target": _SPECIFICATIONS,
        "mode": "Mode",
        "scheduling_buffer": "SchedulingBufferTime",
        "max_capacity_breach": "MaxCapacityBreachBehavior",
        "max_capacity_buffer": "MaxCapacityBuffer",
    },
}


def changed_fields(held: Description, fields: Description) -> tuple[str, ...]:
    """Which fields of a policy differ, by our names; only those that a call can set."""
    return tuple(key for key in _NAMES.get(fields["type"], {}) if held.get(key) != fields[key])


def changed_config(held: Description, fields: Description) -> dict[str, Any]:
    """The changed part of the configuration; None where a field is to be taken away."""
    names = _NAMES.get(fields["type"], {})
    return {names[key]: _value(names[key], fields[key]) for key in changed_fields(held, fields)}


def whole_config(fields: Description) -> dict[str, Any]:
    """The configuration of a new policy. That of a requests policy lacks its label, which no record holds."""
    names = _NAMES.get(fields["type"], {})
    config = {theirs: _value(theirs, fields[ours]) for ours, theirs in names.items()}
    metric = fields.get("metric", "")
    if fields["type"] == "TargetTracking":
        config["PredefinedMetricSpecification"] = {"PredefinedMetricType": TRACKED.get(metric, metric)}
    if fields["type"] == "PredictiveScaling":
        config[_SPECIFICATIONS][0][_PAIR] = {"PredefinedMetricType": PREDICTED.get(metric, metric)}
    return {key: value for key, value in config.items() if value is not None}


def laid_over(held: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    """A live configuration with the changed part set; what is None there is taken away."""
    both = {**held, **config}
    if held.get(_SPECIFICATIONS) and config.get(_SPECIFICATIONS):
        first, *others = held[_SPECIFICATIONS]
        both[_SPECIFICATIONS] = [{**first, **config[_SPECIFICATIONS][0]}, *others]
    return {key: value for key, value in both.items() if value is not None}


def _value(name: str, value: Any) -> Any:
    match name:
        case "MetricSpecifications":
            return [{"TargetValue": value}]
        case "StepAdjustments":
            return [_adjustment(*step) for step in value]
        case "MinAdjustmentMagnitude":
            return value or None  # AWS takes it for percentages only
        case _:
            return value


def _adjustment(low: float | None, high: float | None, change: int) -> dict[str, Any]:
    bounds = {"MetricIntervalLowerBound": low, "MetricIntervalUpperBound": high}
    return {key: value for key, value in bounds.items() if value is not None} | {"ScalingAdjustment": change}
