"""The description of a service that plan, apply and undo compare: plain JSON data, no free text of a task.

=======================  ==========================================================================
field                    value
=======================  ==========================================================================
task_definition          ARN of the revision
desired_count            tasks of a fixed count; None where Application Auto Scaling moves the count
capacity                 provider, base and weight; a launch type reads as its provider alone
scalable_target          minimum, maximum, what is suspended; None where there is no target.
                         Where scheduled actions move the bounds, they read `BY_SCHEDULE`: no numbers
policies                 by name: the fields that decide how the policy scales
alarms                   of step policies, by name: `advisor.applier.alarms` has the fields
scheduled_actions        by name: expression, time zone, minimum, maximum, and from when to when it acts
deployment_controller    ECS, CODE_DEPLOY or EXTERNAL
resource_management      CUSTOMER, or ECS for Express Mode
owner                    who owns the fields, in words; None where no owner left a mark
=======================  ==========================================================================
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from advisor.applier.alarms import recorded_alarms
from advisor.domain.errors import one_line
from advisor.domain.inventory import NamedSchedule, Scaling, Service
from advisor.domain.policy import Policy, PredictiveScaling, StepScaling, TargetTracking

Description = Mapping[str, Any]

BY_SCHEDULE = "set by scheduled actions"
ABSENT = "absent"
SUSPENDED = {
    "scale_in_suspended": "DynamicScalingInSuspended",
    "scale_out_suspended": "DynamicScalingOutSuspended",
    "scheduled_suspended": "ScheduledScalingSuspended",
}
_METRICS = {
    "ECSServiceAverageCPUUtilization": "cpu",
    "ECSServiceAverageCPUUtilizationHighResolution": "cpu",
    "ECSServiceCPUUtilization": "cpu",
    "ECSServiceAverageMemoryUtilization": "memory",
    "ECSServiceAverageMemoryUtilizationHighResolution": "memory",
    "ECSServiceMemoryUtilization": "memory",
    "ALBRequestCountPerTarget": "requests",
    "ALBRequestCount": "requests",
}
_DEFAULT_COOLDOWN = 300  # documented: Application Auto Scaling's default for ECS


def describe(service: Service) -> dict[str, Any]:
    """The description of a collected service, as its records have it."""
    scaling = service.scaling
    return {
        "task_definition": service.task_definition.arn if service.task_definition else "",
        "desired_count": None if scaling else service.setup.desired,
        "capacity": [{"provider": c.provider, "base": c.base, "weight": c.weight} for c in service.setup.capacity],
        "scalable_target": by_schedule(_target(scaling), bool(scaling.schedule)) if scaling else None,
        "policies": {p.name: policy_fields(p.policy) for p in scaling.policies} if scaling else {},
        "alarms": recorded_alarms(scaling) if scaling else {},
        "scheduled_actions": {s.name: _schedule(s) for s in scaling.schedule} if scaling else {},
        "deployment_controller": service.deployment_controller,
        "resource_management": service.resource_management,
        "owner": service.owner,
    }


def by_schedule(target: dict[str, Any], scheduled: bool) -> dict[str, Any]:
    """The scalable target, its bounds without numbers where scheduled actions move them."""
    return target | ({"minimum": BY_SCHEDULE, "maximum": BY_SCHEDULE} if scheduled else {})


def policy_fields(policy: Policy) -> dict[str, Any]:
    """The fields of a policy record that can be read back from Application Auto Scaling."""
    match policy:
        case TargetTracking():
            return _tracking(policy)
        case StepScaling():
            return {
                "type": "StepScaling",
                "adjustment_type": policy.adjustment_type,
                "steps": [list(step) for step in policy.steps],
                "cooldown": policy.cooldown,
                "min_adjustment_magnitude": policy.min_adjustment_magnitude,
            }
        case PredictiveScaling():
            return _predictive(policy)
        case _:
            return {"type": "Other"}


def live_policy_fields(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The same fields, from an entry of DescribeScalingPolicies or the parameters of PutScalingPolicy."""
    match raw["PolicyType"]:
        case "TargetTrackingScaling":
            return _live_tracking(raw["TargetTrackingScalingPolicyConfiguration"])
        case "StepScaling":
            return _live_steps(raw["StepScalingPolicyConfiguration"])
        case "PredictiveScaling":
            return _live_predictive(raw["PredictiveScalingPolicyConfiguration"])
        case _:
            return {"type": "Other"}


def action_fields(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a scheduled action, from DescribeScheduledActions or the parameters of PutScheduledAction."""
    bounds = raw.get("ScalableTargetAction", {})
    return {
        "expression": raw["Schedule"],
        "timezone": raw.get("Timezone") or "UTC",
        "minimum": bounds.get("MinCapacity"),
        "maximum": bounds.get("MaxCapacity"),
        "start": instant_text(raw.get("StartTime")),
        "end": instant_text(raw.get("EndTime")),
    }


def instant_text(value: datetime | str | None) -> str | None:
    """An instant as text in UTC, which the AWS calls take too."""
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value


def differences(expected: object, live: object, *, field: str = "") -> Iterator[str]:
    """One line for each field that differs: `scalable_target.minimum: expected 2, live 3`."""
    if isinstance(expected, Mapping) and isinstance(live, Mapping):
        if expected.get("type") == "Other":  # nothing of it was recorded but that it is there
            return
        for key in sorted({*expected, *live}):
            below = f"{field}.{one_line(key)[1:-1]}" if field else key
            yield from differences(expected.get(key, ABSENT), live.get(key, ABSENT), field=below)
    elif expected != live:
        yield f"{field}: expected {_shown(expected)}, live {_shown(live)}"


def allowed(live: object, choices: tuple[object, ...], *, field: str = "") -> Iterator[str]:
    """Like `differences`, where each field may hold any of several values; the first is named as expected."""
    mappings = tuple(c for c in choices if isinstance(c, Mapping))
    if isinstance(live, Mapping) and mappings:
        if mappings[0].get("type") == "Other":
            return
        for key in sorted({*live, *(k for m in mappings for k in m)}):
            below = f"{field}.{one_line(key)[1:-1]}" if field else key
            values = tuple(m.get(key, ABSENT) for m in mappings if key in m or m is mappings[0])
            yield from allowed(live.get(key, ABSENT), values, field=below)
    elif live not in choices:
        yield f"{field}: expected {_shown(choices[0])}, live {_shown(live)}"


def merged(before: Description, sets: Description) -> dict[str, Any]:
    """The description after some fields were set; an entry that reads `ABSENT` is taken away."""
    return settled({**before, **{key: _laid_over(before[key], value) for key, value in sets.items()}})


def settled(description: Description) -> dict[str, Any]:
    """As it reads back: no numbers where scheduled actions move the bounds, no count where there is a target."""
    target, scheduled = description["scalable_target"], bool(description["scheduled_actions"])
    count = description["desired_count"]
    return {
        **description,
        "scalable_target": by_schedule(target, scheduled) if target else None,
        "desired_count": None if target else count,
    }


def _laid_over(held: Any, value: Any) -> Any:
    if not isinstance(held, Mapping) or not isinstance(value, Mapping):
        return value
    return {key: inner for key, inner in {**held, **value}.items() if inner != ABSENT}


def _target(scaling: Scaling) -> dict[str, Any]:
    return {
        "minimum": scaling.minimum,
        "maximum": scaling.maximum,
        "scale_in_suspended": scaling.scale_in_suspended,
        "scale_out_suspended": scaling.scale_out_suspended,
        "scheduled_suspended": scaling.scheduled_suspended,
    }


def _schedule(named: NamedSchedule) -> dict[str, Any]:
    action = named.action
    return {
        "expression": action.expression,
        "timezone": action.timezone,
        "minimum": action.minimum,
        "maximum": action.maximum,
        "start": instant_text(named.start),
        "end": instant_text(named.end),
    }


def _tracking(policy: TargetTracking) -> dict[str, Any]:
    return {
        "type": "TargetTracking",
        "metric": policy.metric,
        "target": policy.target,
        "scale_out_cooldown": policy.scale_out_cooldown,
        "scale_in_cooldown": policy.scale_in_cooldown,
        "disable_scale_in": policy.disable_scale_in,
    }


def _live_tracking(config: Mapping[str, Any]) -> dict[str, Any]:
    metric = config.get("PredefinedMetricSpecification", {}).get("PredefinedMetricType", "")
    return {
        "type": "TargetTracking",
        "metric": _METRICS.get(metric, "custom"),
        "target": float(config["TargetValue"]),
        "scale_out_cooldown": config.get("ScaleOutCooldown", _DEFAULT_COOLDOWN),
        "scale_in_cooldown": config.get("ScaleInCooldown", _DEFAULT_COOLDOWN),
        "disable_scale_in": config.get("DisableScaleIn", False),
    }


def _predictive(policy: PredictiveScaling) -> dict[str, Any]:
    return {
        "type": "PredictiveScaling",
        "metric": policy.metric,
        "target": policy.target,
        "mode": policy.mode,
        "scheduling_buffer": policy.scheduling_buffer,
        "max_capacity_breach": policy.max_capacity_breach,
        "max_capacity_buffer": policy.max_capacity_buffer,
    }


def _live_predictive(config: Mapping[str, Any]) -> dict[str, Any]:
    pair = config["MetricSpecifications"][0]
    kind = pair.get("PredefinedMetricPairSpecification", pair.get("PredefinedScalingMetricSpecification", {}))
    return {
        "type": "PredictiveScaling",
        "metric": _METRICS.get(kind.get("PredefinedMetricType", ""), "custom"),
        "target": float(pair["TargetValue"]),
        "mode": config.get("Mode", "ForecastOnly"),
        "scheduling_buffer": config.get("SchedulingBufferTime", _DEFAULT_COOLDOWN),
        "max_capacity_breach": config.get("MaxCapacityBreachBehavior", "HonorMaxCapacity"),
        "max_capacity_buffer": config.get("MaxCapacityBuffer"),
    }


def _live_steps(config: Mapping[str, Any]) -> dict[str, Any]:
    steps = [
        [s.get("MetricIntervalLowerBound"), s.get("MetricIntervalUpperBound"), s["ScalingAdjustment"]]
        for s in config.get("StepAdjustments", ())
    ]
    return {
        "type": "StepScaling",
        "adjustment_type": config.get("AdjustmentType"),
        "steps": steps,
        "cooldown": config.get("Cooldown", _DEFAULT_COOLDOWN),
        "min_adjustment_magnitude": config.get("MinAdjustmentMagnitude", 0),
    }


def _shown(value: object) -> str:
    return value if value == ABSENT else one_line(value, 120)
