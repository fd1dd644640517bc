"""From one description of a service to another, in the order that keeps capacity: up first, down last.

1. raise the scalable target's bounds, where either side needs them higher
2. update the service (revision; a higher fixed count), and wait for the rollout
3. change the policies
4. lower the bounds (or the fixed count) to what is wanted

Where tasks get smaller, the minimum is held up during the rollout so that as much CPU runs after it as
before it: `KEEP` times the desired count of that moment, never above the maximum (our choice; ECS suspends
scale-in during a deployment, scale-out would take minutes to catch up). Bounds that scheduled actions move
are left to them.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from advisor.applier.description import BY_SCHEDULE, Description
from advisor.domain.errors import one_line
from advisor.domain.plan import Step

REGISTERED = "(the revision registered by this plan)"
KEEP = "KeepCapacityFactor"
TRACKING = "TargetTrackingScalingPolicyConfiguration"
_AWS_NAMES = {
    "target": "TargetValue",
    "scale_out_cooldown": "ScaleOutCooldown",
    "scale_in_cooldown": "ScaleInCooldown",
    "disable_scale_in": "DisableScaleIn",
}


def steps_between(now: Description, wanted: Description, *, factor: float = 1.0) -> tuple[Step, ...]:
    """The writes that lead from `now` to `wanted`, in order.

    `factor` = CPU of a task now over CPU of a task then; above 1, the minimum is held up during the rollout.
    Raises ValueError where a difference cannot be expressed by these writes.
    """
    if problem := _inexpressible(now, wanted):
        raise ValueError(problem)
    bounds_now, bounds = now["scalable_target"], wanted["scalable_target"]
    rolls = now["task_definition"] != wanted["task_definition"]
    held = _raised(bounds_now, bounds, factor=factor if rolls else 1.0)
    steps = [_bounds_step("hold up", held)] if held else []
    steps += _service_steps(now, wanted)
    steps += _policy_steps(now["policies"], wanted["policies"])
    reached = {**bounds_now, **_limits(held)} if held else bounds_now
    if KEEP in held or bounds != reached:
        steps.append(_bounds_step("set", {"MinCapacity": bounds["minimum"], "MaxCapacity": bounds["maximum"]}))
    if _lower(now["desired_count"], wanted["desired_count"]):
        steps.append(_count_step(wanted["desired_count"]))
    return tuple(steps)


def sets_of(parameters: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """What a step with these resolved parameters sets, as a partial description."""
    if kind == "register-scalable-target":
        return {"scalable_target": {"minimum": parameters["MinCapacity"], "maximum": parameters["MaxCapacity"]}}
    if kind == "update-service":
        names = {"taskDefinition": "task_definition", "desiredCount": "desired_count"}
        return {names[key]: value for key, value in parameters.items()}
    return {}


def _inexpressible(now: Description, wanted: Description) -> str:
    fixed = ("capacity", "scheduled_actions", "deployment_controller", "resource_management", "owner")
    for field in fixed:
        if now[field] != wanted[field]:
            return f"{field.replace('_', ' ')} differs, and apply does not change it"
    target_now, target = now["scalable_target"], wanted["scalable_target"]
    if (target_now is None) != (target is None):
        return "a fixed count becomes an autoscaled one or the reverse, and apply does not do that"
    if target is not None and any(
        target_now[key] != target[key] for key in target if key not in ("minimum", "maximum")
    ):
        return "what is suspended differs, and apply does not change it"
    if now["policies"].keys() != wanted["policies"].keys():
        return "a policy is to be added or deleted, and apply does neither"
    return ""


def _raised(now: Description | None, wanted: Description | None, *, factor: float) -> dict[str, Any]:
    """The bounds during the change: neither side's are undercut; empty where today's will do."""
    if now is None or wanted is None or BY_SCHEDULE in (now["minimum"], wanted["minimum"]):
        return {}
    minimum, maximum = max(now["minimum"], wanted["minimum"]), max(now["maximum"], wanted["maximum"])
    bounds: dict[str, Any] = {"MinCapacity": minimum, "MaxCapacity": maximum}
    if factor > 1.0:
        return {**bounds, KEEP: factor}
    return bounds if (minimum, maximum) != (now["minimum"], now["maximum"]) else {}


def _limits(bounds: Mapping[str, Any]) -> dict[str, Any]:
    return {"minimum": bounds["MinCapacity"], "maximum": bounds["MaxCapacity"]}


def _bounds_step(verb: str, bounds: Mapping[str, Any]) -> Step:
    says = f"{verb} the bounds: minimum {bounds['MinCapacity']}, maximum {bounds['MaxCapacity']}"
    if KEEP in bounds:
        says += f", and at least {bounds[KEEP]:g} times the tasks desired at that moment"
    return Step(kind="register-scalable-target", says=says, parameters=dict(bounds))


def _service_steps(now: Description, wanted: Description) -> Iterator[Step]:
    sets: dict[str, Any] = {}
    if now["task_definition"] != wanted["task_definition"]:
        sets["taskDefinition"] = wanted["task_definition"]
    count_now, count = now["desired_count"], wanted["desired_count"]
    if count is not None and count_now is not None and count > count_now:
        sets["desiredCount"] = count
    if sets:
        words = {"taskDefinition": "roll out", "desiredCount": "tasks:"}
        says = "; ".join(f"{words[key]} {one_line(str(value), 300)[1:-1]}" for key, value in sets.items())
        yield Step(kind="update-service", says=says, parameters=sets)


def _count_step(count: int) -> Step:
    return Step(kind="update-service", says=f"tasks: {count}", parameters={"desiredCount": count})


def _policy_steps(now: Description, wanted: Description) -> Iterator[Step]:
    for name, fields in wanted.items():
        if fields != now[name]:
            yield _put_step(name, now[name], fields)


def _put_step(name: str, held: Description, fields: Description) -> Step:
    changed = [key for key in _AWS_NAMES if fields[key] != held[key]]
    words = ", ".join(f"{key} {held[key]} -> {fields[key]}" for key in changed)
    config = {_AWS_NAMES[key]: fields[key] for key in changed}
    parameters = {"PolicyName": name, "PolicyType": "TargetTrackingScaling", TRACKING: config}
    return Step(kind="put-scaling-policy", says=f"policy {one_line(name)}: {words}", parameters=parameters)


def _lower(now: int | None, wanted: int | None) -> bool:
    return now is not None and wanted is not None and wanted < now
