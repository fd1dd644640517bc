"""From one description of a service to another, in the order that keeps capacity: up first, down last.

1. put and delete the scheduled actions (for a new scalable target: register it first)
2. raise the scalable target's bounds, where either side needs them higher
3. update the service (revision; a higher fixed count), and wait for the rollout
4. put the policies, then their alarms; only then take away the alarms that go, then the policies that go
5. lower the bounds (or the fixed count) to what is wanted; a target that goes is deregistered before the count

Where tasks get smaller, the minimum is held up during the rollout so that as much CPU runs after it as
before it: `KEEP` times the desired count of that moment, never above the maximum (our choice; ECS suspends
scale-in during a deployment, scale-out would take minutes to catch up). Documented: RegisterScalableTarget
moves the count of an active service into the bounds at once. Bounds that scheduled actions move
are left to them; where the actions change, the bounds become those that the new ones have put in force by
then (`BY_CLOCK`).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from advisor.applier.alarms import alarm_steps
from advisor.applier.description import ABSENT, SUSPENDED, Description
from advisor.applier.policies import CONFIGURATIONS, TYPES, changed_config, changed_fields, whole_config
from advisor.applier.raising import BY_CLOCK, KEEP, final_bounds, held_bounds
from advisor.domain.errors import one_line
from advisor.domain.plan import Step

_DELETIONS = {
    "delete-scaling-policy": ("policies", "PolicyName"),
    "delete-scheduled-action": ("scheduled_actions", "ScheduledActionName"),
}
REGISTERED = "(the revision registered by this plan)"


def steps_between(
    now: Description,
    wanted: Description,
    *,
    factor: float = 1.0,
    base: tuple[int, int] | None = None,
    settle: bool = False,
    start: int = 0,
) -> tuple[Step, ...]:
    """The writes that lead from `now` to `wanted`, in order.

    `factor` = CPU of a task now over CPU of a task then; above 1, the minimum is held up during the rollout.
    `base` = the wanted minimum and maximum before any scheduled action, needed where those change.
    `settle` = set the bounds at the end even where nothing says that they differ.
    `start` = the tasks that a scalable target is to start from at least, where it comes back.
    Raises ValueError where a difference cannot be expressed by these writes.
    """
    if problem := _inexpressible(now, wanted):
        raise ValueError(problem)
    rolls = now["task_definition"] != wanted["task_definition"]
    held = held_bounds(now, wanted, factor=factor if rolls else 1.0, base=base)
    return (
        *_first_steps(now, wanted, held=held, start=start),
        *_service_steps(now, wanted, held=held, start=start),
        *_policy_puts(now["policies"], wanted["policies"]),
        *alarm_steps(now["alarms"], wanted["alarms"]),
        *_policy_deletions(now["policies"], wanted["policies"]),
        *_last_steps(now, wanted, held=held, base=base, settle=settle),
    )


def _first_steps(now: Description, wanted: Description, *, held: Mapping[str, Any], start: int) -> Iterator[Step]:
    """The actions, then the raised bounds; a new target stands before its actions, and after its tasks."""
    schedule, count = _schedule_steps(now, wanted), now["desired_count"]
    if now["scalable_target"] is not None or wanted["scalable_target"] is None:
        yield from schedule
        if held:
            yield _bounds_step("hold up", held)
        return
    if count is not None and start > count:
        yield _count_step(start)
    suspended = {theirs: wanted["scalable_target"][ours] for ours, theirs in SUSPENDED.items()}
    yield _bounds_step("register a scalable target with", {**held, "SuspendedState": suspended})
    yield from schedule


def sets_of(parameters: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """What a step with these resolved parameters sets, as a partial description."""
    match kind:
        case "register-scalable-target":
            flags = parameters.get("SuspendedState", {})
            set_flags = {ours: flags[theirs] for ours, theirs in SUSPENDED.items() if theirs in flags}
            bounds = {"minimum": parameters["MinCapacity"], "maximum": parameters["MaxCapacity"]}
            return {"scalable_target": bounds | set_flags}
        case "deregister-scalable-target":
            return {"scalable_target": None}
        case "update-service":
            names = {"taskDefinition": "task_definition", "desiredCount": "desired_count"}
            return {names[key]: value for key, value in parameters.items()}
        case "delete-alarms":
            return {"alarms": dict.fromkeys(parameters["AlarmNames"], ABSENT)}
        case _:
            field, key = _DELETIONS.get(kind, ("", ""))
            return {field: {parameters[key]: ABSENT}} if field else {}


def _inexpressible(now: Description, wanted: Description) -> str:
    for field in ("capacity", "deployment_controller", "resource_management", "owner"):
        if now[field] != wanted[field]:
            return f"{field.replace('_', ' ')} differs, and apply does not change it"
    target_now, target = now["scalable_target"], wanted["scalable_target"]
    if target_now and target and any(target_now[key] != target[key] for key in SUSPENDED):
        return "what is suspended differs, and apply does not change it"
    return ""


def _bounds_step(verb: str, bounds: Mapping[str, Any]) -> Step:
    says = f"{verb} the bounds: minimum {bounds['MinCapacity']}, maximum {bounds['MaxCapacity']}"
    if bounds.get(BY_CLOCK):
        says += ", or what the scheduled actions have put in force by then"
    if KEEP in bounds:
        says += f", and at least {bounds[KEEP]:g} times the tasks desired at that moment"
    return Step(kind="register-scalable-target", says=says, parameters=dict(bounds))


def _schedule_steps(now: Description, wanted: Description) -> Iterator[Step]:
    held, fields = now["scheduled_actions"], wanted["scheduled_actions"]
    for name, action in fields.items():
        if action != held.get(name):
            yield _action_step(name, held.get(name), action)
    for name in held:
        if name not in fields:
            says = f"delete the scheduled action {one_line(name)}"
            yield Step(kind="delete-scheduled-action", says=says, parameters={"ScheduledActionName": name})


def _action_step(name: str, held: Description | None, action: Description) -> Step:
    sets = {"MinCapacity": action["minimum"], "MaxCapacity": action["maximum"]}
    bounds = {key: value for key, value in sets.items() if value is not None}
    parameters: dict[str, Any] = {"ScheduledActionName": name, "ScalableTargetAction": bounds}
    clock = f"{action['expression']} {action['timezone']}"
    words = ", ".join(f"{key[:3].lower()}imum {value}" for key, value in bounds.items())
    if held is None:
        parameters |= {"Schedule": action["expression"]}
        if not action["expression"].startswith("rate"):  # documented: a time zone is for cron and at
            parameters |= {"Timezone": action["timezone"]}
    says = f"scheduled action {one_line(name)} ({one_line(clock)[1:-1]}): {words}"
    return Step(kind="put-scheduled-action", says=says, parameters=parameters)


def _service_steps(now: Description, wanted: Description, *, held: Mapping[str, Any], start: int) -> Iterator[Step]:
    sets: dict[str, Any] = {}
    if now["task_definition"] != wanted["task_definition"]:
        sets["taskDefinition"] = wanted["task_definition"]
    count = _raised_count(now, wanted, held=held, start=start)
    if count is not None:
        sets["desiredCount"] = count
    if sets:
        words = {"taskDefinition": "roll out", "desiredCount": "tasks:"}
        says = "; ".join(f"{words[key]} {one_line(str(value), 300)[1:-1]}" for key, value in sets.items())
        yield Step(kind="update-service", says=says, parameters=sets)


def _raised_count(now: Description, wanted: Description, *, held: Mapping[str, Any], start: int) -> int | None:
    """The count to set with the rollout: a higher fixed one, or the one that a new target is to start from."""
    count_now, count = now["desired_count"], wanted["desired_count"]
    if count_now is None or now["scalable_target"] is not None:
        return None
    if wanted["scalable_target"] is not None:
        count_now, count = max(count_now, start), held["MinCapacity"]
    return count if count > count_now else None


def _policy_puts(now: Description, wanted: Description) -> Iterator[Step]:
    for name, fields in wanted.items():
        if fields != now.get(name):
            yield _put_step(name, now.get(name), fields)


def _policy_deletions(now: Description, wanted: Description) -> Iterator[Step]:
    for name in now:
        if name not in wanted:
            says = f"delete the policy {one_line(name)}"
            yield Step(kind="delete-scaling-policy", says=says, parameters={"PolicyName": name})


def _put_step(name: str, held: Description | None, fields: Description) -> Step:
    kind = str(TYPES.get(fields["type"], "Other"))
    if held is None:
        words, config = _new_words(fields), whole_config(fields)
    else:
        words = ", ".join(f"{key} {held[key]} -> {fields[key]}" for key in changed_fields(held, fields))
        config = changed_config(held, fields)
    parameters = {"PolicyName": name, "PolicyType": kind, CONFIGURATIONS.get(kind, "Configuration"): config}
    return Step(kind="put-scaling-policy", says=f"policy {one_line(name)}: {words}", parameters=parameters)


def _new_words(fields: Description) -> str:
    if fields["type"] == "StepScaling":
        return f"new, {fields['adjustment_type']} {fields['steps']}"
    return f"new, {fields.get('metric', '')} at {fields.get('target', '')}"


def _last_steps(
    now: Description, wanted: Description, *, held: Mapping[str, Any], base: tuple[int, int] | None, settle: bool
) -> Iterator[Step]:
    target_now, target = now["scalable_target"], wanted["scalable_target"]
    if target is not None:
        if bounds := final_bounds(now, wanted, held=held, base=base, settle=settle):
            yield _bounds_step("set", bounds)
        return
    count_now, count = now["desired_count"], wanted["desired_count"]
    if target_now is not None:
        yield Step(kind="deregister-scalable-target", says="deregister the scalable target: a fixed count again")
    if target_now is not None or count_now is None or count < count_now:
        yield _count_step(count)


def _count_step(count: int) -> Step:
    return Step(kind="update-service", says=f"tasks: {count}", parameters={"desiredCount": count})
