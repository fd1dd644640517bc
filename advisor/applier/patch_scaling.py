"""The rows of a patch about scaling: target, policies, scheduled actions, as CloudFormation and Terraform name them."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from advisor.applier.alarms import (
    ACTS_ON,
    alarm_steps,
    alarms_of_step,
    names_in,
    recorded_alarms,
    whole_alarm,
)
from advisor.applier.description import policy_fields
from advisor.applier.match import match_policies, match_schedule
from advisor.applier.policies import CONFIGURATIONS, TYPES, changed_config, whole_config
from advisor.applier.wanted import wanted_alarms
from advisor.domain.inventory import NamedPolicy, NamedSchedule, Scaling, Service
from advisor.domain.plan import Step
from advisor.domain.policy import OtherPolicy, Policy, ScheduledAction
from advisor.domain.service import ServiceId, Setup

SERVICE, TARGET = "AWS::ECS::Service", "AWS::ApplicationAutoScaling::ScalableTarget"
ALARM = "AWS::CloudWatch::Alarm"
POLICY, ACTION = "AWS::ApplicationAutoScaling::ScalingPolicy", f"{TARGET} ScheduledActions"
_SINGULAR = {"metric_specifications": "metric_specification", "step_adjustments": "step_adjustment"}
_LEAF = str | int | float | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One property with its new value, as CloudFormation and as Terraform name it.

    No `path` = the whole resource, or the whole entry, goes; a value None = the property goes.
    """

    kind: str
    path: str = ""
    terraform: str = ""
    value: _LEAF = None


def scaling_rows(now: Setup, wanted: Setup, service: Service | None) -> Iterator[Row]:
    """What changes of count, bounds, policies and schedule."""
    if wanted.minimum is None and (wanted.desired != now.desired or now.minimum is not None):
        yield Row(kind=SERVICE, path="DesiredCount", terraform="desired_count", value=wanted.desired)
    if wanted.minimum is None and now.minimum is not None:
        yield Row(kind=TARGET)
    for field in ("minimum", "maximum"):
        value = getattr(wanted, field)
        if value is not None and value != getattr(now, field):
            short = field[:3]
            yield Row(kind=TARGET, path=f"{short.title()}Capacity", terraform=f"{short}_capacity", value=value)
    scaling = service.scaling if service else None
    policies = scaling.policies if scaling else tuple(NamedPolicy(name="", arn="", policy=p) for p in now.policies)
    schedule = scaling.schedule if scaling else tuple(NamedSchedule(name="", action=a) for a in now.schedule)
    yield from _policy_rows(policies, wanted)
    if service is not None and scaling is not None:
        yield from _alarm_rows(service.id, scaling, wanted)
    yield from _action_rows(schedule, wanted)


def quoted(text: str) -> str:
    """Foreign text as a JSON string, in which quotes, line ends, markup and direction overrides stay."""
    return json.dumps(text).replace("<", "\\u003c").replace(">", "\\u003e")


def _policy_rows(named: tuple[NamedPolicy, ...], wanted: Setup) -> Iterator[Row]:
    matched = match_policies(named, wanted.policies)
    for entry, policy in matched.changed:
        config = changed_config(policy_fields(entry.policy), policy_fields(policy))
        yield from _config_rows(_placed(POLICY, entry.name), policy, config)
    for name, policy in matched.added:
        if not isinstance(policy, OtherPolicy):
            kind = _placed(POLICY, name)
            yield Row(kind=kind, path="PolicyType", terraform="policy_type", value=TYPES[policy.type])
            yield from _config_rows(kind, policy, whole_config(policy_fields(policy)))
    for entry in matched.deleted:
        yield Row(kind=_placed(POLICY, entry.name))


def _alarm_rows(service: ServiceId, scaling: Scaling, wanted: Setup) -> Iterator[Row]:
    now = recorded_alarms(scaling)
    try:
        after = wanted_alarms(now, match_policies(scaling.policies, wanted.policies), service)
    except ValueError:
        return  # the plan's reason says what stands in the way
    for step in alarm_steps(now, after):
        (name,) = alarms_of_step(step)
        kind = _placed(ALARM, name)
        if name in after:
            yield from _alarm_fields(kind, _alarm_sets(step, now.get(name), service))
        else:
            yield Row(kind=kind)


def _alarm_sets(step: Step, held: Mapping[str, Any] | None, service: ServiceId) -> dict[str, Any]:
    if held is None:
        arns = {name: f"(the ARN of the policy {name})" for name in names_in(step.parameters[ACTS_ON])}
        return whole_alarm(step.parameters, None, arns, service)
    sets = {key: value for key, value in step.parameters.items() if key not in (ACTS_ON, "AlarmName")}
    gone = {"AlarmActions": f"(without the ARN of the policy {', '.join(held['policies'])})"}
    return sets | (gone if ACTS_ON in step.parameters else {})


def _alarm_fields(kind: str, sets: Mapping[str, Any]) -> Iterator[Row]:
    for path, value in _leaves({key: value for key, value in sets.items() if key != "Dimensions"}):
        yield Row(kind=kind, path=path, terraform=_snake(path), value=value)
    for dimension in sets.get("Dimensions", ()):
        name = dimension["Name"]
        path = f"Dimensions[Name={quoted(name)}].Value"
        yield Row(kind=kind, path=path, terraform=f"dimensions.{name}", value=dimension["Value"])


def _config_rows(kind: str, policy: Policy, config: Mapping[str, Any]) -> Iterator[Row]:
    if isinstance(policy, OtherPolicy):
        return
    place = CONFIGURATIONS[TYPES[policy.type]]
    for path, value in _leaves(config):
        yield Row(kind=kind, path=f"{place}.{path}", terraform=_snake(f"{place}.{path}"), value=value)


def _action_rows(named: tuple[NamedSchedule, ...], wanted: Setup) -> Iterator[Row]:
    matched = match_schedule(named, wanted.schedule)
    for entry, action in matched.changed:
        yield from _bounds_rows(_placed(ACTION, entry.name), action, entry.action)
    for name, action in matched.added:
        if action.expression is None:  # a replay's own; AWS could not run it
            continue
        kind = _placed(ACTION, name)
        yield Row(kind=kind, path="Schedule", terraform="schedule", value=action.expression)
        yield Row(kind=kind, path="Timezone", terraform="timezone", value=action.timezone)
        yield from _bounds_rows(kind, action, ScheduledAction())
    for entry in matched.deleted:
        yield Row(kind=_placed(ACTION, entry.name))


def _bounds_rows(kind: str, action: ScheduledAction, held: ScheduledAction) -> Iterator[Row]:
    for field, name in (("minimum", "MinCapacity"), ("maximum", "MaxCapacity")):
        if getattr(action, field) != getattr(held, field):
            path = f"ScalableTargetAction.{name}"
            yield Row(kind=kind, path=path, terraform=_snake(path), value=getattr(action, field))


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, _LEAF]]:
    match value:
        case Mapping():
            for key, inner in value.items():
                yield from _leaves(inner, f"{path}.{key}" if path else key)
        case list():
            for number, inner in enumerate(value):
                yield from _leaves(inner, f"{path}[{number}]")
        case _:
            yield path, value


def _snake(path: str) -> str:
    snake = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", path).lower()
    return ".".join(_singular(part) for part in snake.split("."))


def _singular(part: str) -> str:
    name, bracket, rest = part.partition("[")
    return f"{_SINGULAR.get(name, name)}{bracket}{rest}"


def _placed(kind: str, name: str) -> str:
    return f"{kind} {quoted(name)}" if name else kind
