"""What a recommended setup makes of a service's description; ValueError says what no step expresses."""

from collections.abc import Mapping, Sequence
from typing import Any

from advisor.applier.alarms import alarm_name, moved_alarm, new_alarm, shared_with
from advisor.applier.description import BY_SCHEDULE, SUSPENDED, policy_fields, settled
from advisor.applier.match import Matched, match_policies, match_schedule
from advisor.applier.steps import REGISTERED
from advisor.domain.errors import SetupRefused, one_line
from advisor.domain.inventory import NamedPolicy, NamedSchedule, Service
from advisor.domain.policy import OtherPolicy, Policy, ScheduledAction, StepScaling
from advisor.domain.service import ServiceId, Setup
from advisor.fargate.schedule import check_schedule

_UNCHANGED = ("architecture", "os", "ephemeral_gib", "capacity")


def wanted_description(now: Mapping[str, Any], wanted: Setup, service: Service, *, current: Setup) -> dict[str, Any]:
    """`now` with everything that the recommended setup changes; bounds read `BY_SCHEDULE` where actions set them.

    Raises ValueError with the reason where the applier cannot make it so, and take it back exactly.
    """
    for field in _UNCHANGED:
        if getattr(service.setup, field) != getattr(wanted, field):
            raise ValueError(f"{field.replace('_', ' ')} is to change, and apply does not change it")
    definition, scaling = service.task_definition, service.scaling
    matched = match_policies(scaling.policies if scaling else (), wanted.policies)
    schedule = _wanted_schedule(now["scheduled_actions"], scaling.schedule if scaling else (), wanted.schedule)
    rolls = definition is not None and wanted.size != definition.size
    return settled(
        {
            **now,
            "task_definition": REGISTERED if rolls else now["task_definition"],
            "desired_count": wanted.desired,
            "scalable_target": _wanted_target(now, wanted, schedule=schedule, current=current),
            "policies": _wanted_policies(now["policies"], matched),
            "alarms": wanted_alarms(now["alarms"], matched, service.id),
            "scheduled_actions": schedule,
        }
    )


def _wanted_target(
    now: Mapping[str, Any], wanted: Setup, *, schedule: Mapping[str, Any], current: Setup
) -> dict[str, Any] | None:
    if wanted.minimum is None or wanted.maximum is None:
        if wanted.policies or wanted.schedule:
            raise ValueError("policies and scheduled actions need a minimum and a maximum")
        return None
    held = now["scalable_target"] or dict.fromkeys(SUSPENDED, False)
    if held.get("minimum") == BY_SCHEDULE and schedule == now["scheduled_actions"]:
        if wanted.bounds != current.bounds:
            raise ValueError("its scheduled actions set the minimum and maximum, and they are to stay as they are")
        return dict(held)
    return {**held, "minimum": wanted.minimum, "maximum": wanted.maximum}


def _wanted_policies(now: Mapping[str, Any], matched: Matched[NamedPolicy, Policy]) -> dict[str, Any]:
    """The live policies with the recommended fields; names and all other fields stay as they are."""
    for entry in matched.deleted:
        _check_deletable(entry)
    after = {name: fields for name, fields in now.items() if name not in {entry.name for entry in matched.deleted}}
    for entry, policy in matched.changed:
        after[entry.name] = {**now[entry.name], **policy_fields(policy)}
    for name, policy in matched.added:
        _check_addable(policy)
        after[name] = policy_fields(policy)
    return after


def wanted_alarms(now: Mapping[str, Any], matched: Matched[NamedPolicy, Policy], service: ServiceId) -> dict[str, Any]:
    """The live alarms as the policies need them; one that does more than to act on a policy outlives it."""
    after = dict(now)
    for entry in matched.deleted:
        if isinstance(entry.policy, StepScaling):
            held = after.pop(name := _own_alarm(entry, now))
            after |= {name: {**held, "policies": []}} if held["actions"] else {}
    for entry, policy in matched.changed:
        if isinstance(policy, StepScaling) and not _same_alarm(entry.policy, policy):
            name = _own_alarm(entry, now)
            after[name] = moved_alarm(now[name], policy)
    new = ((name, policy) for name, policy in matched.added if isinstance(policy, StepScaling))
    return after | {alarm_name(service, name): new_alarm(policy, name) for name, policy in new}


def _same_alarm(held: Policy, policy: StepScaling) -> bool:
    return isinstance(held, StepScaling) and (held.threshold, held.points) == (policy.threshold, policy.points)


def _own_alarm(entry: NamedPolicy, now: Mapping[str, Any]) -> str:
    """The name of the one alarm of a step policy; ValueError where it is not the policy's own."""
    if len(entry.alarms) != 1:
        raise ValueError(f"the alarm of the policy {one_line(entry.name)} is not known, so that it cannot be changed")
    name = entry.alarms[0].name
    if others := shared_with(now[name], entry.name):
        raise ValueError(
            f"the alarm {one_line(name)} of the policy {one_line(entry.name)} also acts on "
            f"{', '.join(map(one_line, others))}: apply changes no alarm that policies share"
        )
    return name


def _check_deletable(entry: NamedPolicy) -> None:
    if isinstance(entry.policy, OtherPolicy):
        raise ValueError(f"policy {one_line(entry.name)} has no successor, and apply deletes none of its kind")


def _check_addable(policy: Policy) -> None:
    if isinstance(policy, OtherPolicy):
        raise ValueError("a policy that advisor cannot describe is to be added")
    if policy.metric == "requests":
        raise ValueError("a policy on requests is to be added, and its load balancer's label is not known")


def _wanted_schedule(
    now: Mapping[str, Any], named: Sequence[NamedSchedule], wanted: Sequence[ScheduledAction]
) -> dict[str, Any]:
    """The live actions with the recommended bounds; those that stay keep their name, their start and their end."""
    for action in wanted:
        _check_action(action)
    matched = match_schedule(named, wanted)
    after = {name: fields for name, fields in now.items() if name not in {entry.name for entry in matched.deleted}}
    for entry, action in matched.changed:
        after[entry.name] = {**now[entry.name], "minimum": action.minimum, "maximum": action.maximum}
    for name, action in matched.added:
        after[name] = {
            "expression": action.expression,
            "timezone": action.timezone,
            "minimum": action.minimum,
            "maximum": action.maximum,
            "start": None,
            "end": None,
        }
    return after


def _check_action(action: ScheduledAction) -> None:
    if action.expression is None:
        raise ValueError("a scheduled action has no expression, so AWS could not run it")
    low, high = action.minimum, action.maximum
    if (low is None and high is None) or (low is not None and high is not None and low > high):
        raise ValueError(f"the scheduled action {one_line(action.expression)} sets no bounds, or bounds that cross")
    try:
        check_schedule(action.expression, action.timezone)
    except SetupRefused as error:
        raise ValueError(str(error).rstrip(".")) from None
