"""What a recommended setup makes of a service's description; ValueError says what no step expresses."""

from collections.abc import Mapping, Sequence
from typing import Any

from advisor.applier.description import BY_SCHEDULE, SUSPENDED, policy_fields, settled
from advisor.applier.match import match_policies, match_schedule
from advisor.applier.steps import REGISTERED
from advisor.domain.errors import SetupRefused, one_line
from advisor.domain.inventory import NamedPolicy, NamedSchedule, Service
from advisor.domain.policy import OtherPolicy, Policy, PredictiveScaling, ScheduledAction, StepScaling, TargetTracking
from advisor.domain.service import Setup
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
    policies = _wanted_policies(now["policies"], scaling.policies if scaling else (), wanted.policies)
    schedule = _wanted_schedule(now["scheduled_actions"], scaling.schedule if scaling else (), wanted.schedule)
    rolls = definition is not None and wanted.size != definition.size
    return settled(
        {
            **now,
            "task_definition": REGISTERED if rolls else now["task_definition"],
            "desired_count": wanted.desired,
            "scalable_target": _wanted_target(now, wanted, schedule=schedule, current=current),
            "policies": policies,
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


def _wanted_policies(now: Mapping[str, Any], named: Sequence[NamedPolicy], wanted: Sequence[Policy]) -> dict[str, Any]:
    """The live policies with the recommended fields; names and all other fields stay as they are."""
    matched = match_policies(named, wanted)
    for entry in matched.deleted:
        _check_deletable(entry)
    after = {name: fields for name, fields in now.items() if name not in {entry.name for entry in matched.deleted}}
    for entry, policy in matched.changed:
        after[entry.name] = {**now[entry.name], **policy_fields(policy)}
    for name, policy in matched.added:
        _check_addable(policy)
        after[name] = policy_fields(policy)
    return after


def _check_deletable(entry: NamedPolicy) -> None:
    match entry.policy:
        case StepScaling():
            raise ValueError(
                f"policy {one_line(entry.name)} has no successor with the same alarm: apply deletes no step policy, "
                "as its alarm would not find it again after undo, and changes no alarm"
            )
        case OtherPolicy():
            raise ValueError(f"policy {one_line(entry.name)} has no successor, and apply deletes none of its kind")


def _check_addable(policy: Policy) -> None:
    match policy:
        case TargetTracking() | PredictiveScaling() if policy.metric != "requests":
            return
        case StepScaling():
            raise ValueError("a step policy is to be added: without an alarm it does nothing, and apply makes no alarm")
        case OtherPolicy():
            raise ValueError("a policy that advisor cannot describe is to be added")
        case _:
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
