"""What Application Auto Scaling refuses in a policy.  [B44:application-autoscaling, FACTS 5]"""

from itertools import pairwise
from math import inf
from typing import Any

from advisor.demo.aws.ecs_state import Wire
from advisor.demo.aws.scaling_state import invalid
from advisor.demo.aws.wire import AwsError

CONFIGURATIONS = {
    "TargetTrackingScaling": "TargetTrackingScalingPolicyConfiguration",
    "StepScaling": "StepScalingPolicyConfiguration",
    "PredictiveScaling": "PredictiveScalingPolicyConfiguration",
}
TRACKED = {  # predefined metric types that ECS has [FACTS 5.1]
    "ECSServiceAverageCPUUtilization",
    "ECSServiceAverageMemoryUtilization",
    "ECSServiceAverageCPUUtilizationHighResolution",
    "ECSServiceAverageMemoryUtilizationHighResolution",
    "ALBRequestCountPerTarget",
}
PAIRS = {"ECSServiceCPUUtilization", "ECSServiceMemoryUtilization", "ALBRequestCount"}  # [FACTS 5.5]
ADJUSTMENTS = {"ChangeInCapacity", "PercentChangeInCapacity", "ExactCapacity"}
MOST_STEPS = 20  # [FACTS 5]


def check_policy(policy: Wire, others: list[Wire]) -> None:
    """Raise ValidationException for a policy that AWS refuses; `others` are of the same resource."""
    kind = policy["PolicyType"]
    given = [name for name in CONFIGURATIONS.values() if policy.get(name)]
    if given != [CONFIGURATIONS[kind]]:
        raise invalid(f"A {kind} policy needs {CONFIGURATIONS[kind]}, and only that.")
    configuration = policy[CONFIGURATIONS[kind]]
    if kind == "TargetTrackingScaling":
        _check_tracking(configuration)
        _check_alone(configuration, others)
    elif kind == "StepScaling":
        _check_steps(configuration)
    else:
        _check_predictive(configuration)


def metric_of(configuration: Wire) -> Any:
    """The metric specification of a target tracking configuration."""
    return configuration.get("PredefinedMetricSpecification") or configuration.get("CustomizedMetricSpecification")


def _check_tracking(configuration: Wire) -> None:
    predefined = configuration.get("PredefinedMetricSpecification")
    if bool(predefined) == bool(configuration.get("CustomizedMetricSpecification")):
        raise invalid("Exactly one of PredefinedMetricSpecification and CustomizedMetricSpecification is needed.")
    if not configuration["TargetValue"] > 0:
        raise invalid("TargetValue must be greater than 0.")
    if any(configuration.get(key, 0) < 0 for key in ("ScaleInCooldown", "ScaleOutCooldown")):
        raise invalid("A cooldown cannot be negative.")
    if not predefined:
        return
    kind, label = predefined["PredefinedMetricType"], predefined.get("ResourceLabel", "")
    if kind not in TRACKED:
        raise invalid(f"Predefined metric type {kind} is not supported for ecs.")
    if kind == "ALBRequestCountPerTarget" and not (label.startswith("app/") and "/targetgroup/" in label):
        raise invalid("ResourceLabel must be app/<name>/<id>/targetgroup/<name>/<id>.")


def _check_alone(configuration: Wire, others: list[Wire]) -> None:
    held = [metric_of(o[CONFIGURATIONS["TargetTrackingScaling"]]) for o in others if _tracks(o)]
    if metric_of(configuration) in held:
        raise invalid("Only one TargetTrackingScaling policy for a given metric specification is allowed.")


def _tracks(policy: Wire) -> bool:
    return bool(policy["PolicyType"] == "TargetTrackingScaling")


def _check_steps(configuration: Wire) -> None:
    """Steps leave no gap and do not overlap; one is open below if any bound is negative, above if positive."""
    steps = configuration.get("StepAdjustments") or []
    if configuration.get("AdjustmentType") not in ADJUSTMENTS or not steps:
        raise invalid("A step policy needs AdjustmentType and StepAdjustments.")
    if len(steps) > MOST_STEPS:
        raise AwsError("LimitExceededException", f"At most {MOST_STEPS} step adjustments.")
    if "MinAdjustmentMagnitude" in configuration and configuration["AdjustmentType"] != "PercentChangeInCapacity":
        raise invalid("MinAdjustmentMagnitude is for PercentChangeInCapacity only.")
    bounds = sorted(_bounds(step) for step in steps)
    if any(low >= high for low, high in bounds):
        raise invalid("A step's lower bound must be below its upper bound.")
    if any(before[1] != after[0] for before, after in pairwise(bounds)):
        raise invalid("StepAdjustment intervals can't overlap or have gaps between them.")
    if bounds[0][0] < 0 and bounds[0][0] != -inf:
        raise invalid("At least one StepAdjustment must have an unspecified lower bound.")
    if bounds[-1][1] > 0 and bounds[-1][1] != inf:
        raise invalid("At least one StepAdjustment must have an unspecified upper bound.")


def _bounds(step: Wire) -> tuple[float, float]:
    low, high = step.get("MetricIntervalLowerBound"), step.get("MetricIntervalUpperBound")
    return (-inf if low is None else low, inf if high is None else high)


def _check_predictive(configuration: Wire) -> None:
    """One metric specification; a buffer under an hour; IncreaseMaxCapacity comes with MaxCapacityBuffer."""
    specifications = configuration.get("MetricSpecifications") or []
    if len(specifications) != 1:
        raise invalid("Exactly one metric specification is needed.")
    pair = specifications[0].get("PredefinedMetricPairSpecification")
    if pair and pair["PredefinedMetricType"] not in PAIRS:
        raise invalid(f"Predefined metric pair {pair['PredefinedMetricType']} is not supported for ecs.")
    if not 0 <= configuration.get("SchedulingBufferTime", 300) < 3600:
        raise invalid("SchedulingBufferTime must be at least 0 and less than 3600.")
    increases = configuration.get("MaxCapacityBreachBehavior") == "IncreaseMaxCapacity"
    if increases != ("MaxCapacityBuffer" in configuration):
        raise invalid("MaxCapacityBuffer is needed with IncreaseMaxCapacity, and only with it.")
