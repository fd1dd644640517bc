"""From a review to a plan: what to change, what must still be true, and how each step is taken back."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any

from advisor.applier.back import deregister_step
from advisor.applier.containers import fit_containers
from advisor.applier.description import describe, policy_fields
from advisor.applier.patch import patch_for
from advisor.applier.steps import REGISTERED, steps_between
from advisor.domain.errors import InputRefused, NoData, SizeRefused, one_line
from advisor.domain.finding import Advice, Review
from advisor.domain.inventory import NamedPolicy, Service, TaskDefinition
from advisor.domain.plan import Change, NotPlanned, Plan, Step
from advisor.domain.policy import Policy, TargetTracking
from advisor.domain.service import Setup
from advisor.fargate.sizes import check_size


def make_plan(
    review: Review,
    services: Sequence[Service],
    *,
    made_at: datetime,
    made_from: str,
    only: str | None = None,
) -> Plan:
    """The plan of a review's recommended changes; `services` are those that the store holds now.

    `only`: a pattern as in a shell, over `cluster/service`. What cannot be applied by calls (an owner, a
    change that no step expresses) is listed in `not_planned` with the reason and a patch, never left out.

    Raises NoData where `only` matches no service of the review.
    """
    known = {service.id: service for service in services}
    planned: list[Change] = []
    not_planned: list[NotPlanned] = []
    for advice in _chosen(review, only):
        change = _change(advice, known.get(advice.id))
        if isinstance(change, Change):
            planned.append(change)
        else:
            not_planned.append(change)
    return Plan(made_at=made_at, made_from=made_from, changes=tuple(planned), not_planned=tuple(not_planned))


def _chosen(review: Review, only: str | None) -> tuple[Advice, ...]:
    matched = tuple(a for a in review.services if only is None or fnmatchcase(a.id.service, only))
    if only is not None and not matched:
        near = get_close_matches(only, [a.id.service for a in review.services])
        raise NoData(
            f"No service of the review matches {one_line(only)}. Rule: a pattern as in a shell over "
            f"cluster/service. Near: {', '.join(map(one_line, near)) or 'none'}. Next: give another pattern."
        )
    return tuple(a for a in matched if a.verdict == "change" and a.recommended is not None)


def _change(advice: Advice, service: Service | None) -> Change | NotPlanned:
    wanted = advice.recommended
    assert wanted is not None  # noqa: S101  (chosen so)
    try:
        if reason := _reason_against(advice, service):
            raise ValueError(reason)
        assert service is not None  # noqa: S101  (a missing service is a reason against)
        return _planned(advice, wanted, service)
    except ValueError as error:
        patch = patch_for(advice, wanted, service)
        return NotPlanned(id=advice.id, reason=f"{error}.", patch=patch)


def _reason_against(advice: Advice, service: Service | None) -> str:
    if service is None:
        return "the store does not hold this service any more: collect, then review again"
    return next(_reasons_against(advice, service), "")


def _reasons_against(advice: Advice, service: Service) -> Iterator[str]:
    if service.owner:
        yield f"owned by {one_line(service.owner, 160)[1:-1]}: change it there, or the next deployment undoes it"
    if service.deployment_controller != "ECS":
        yield f"deployed by {one_line(service.deployment_controller)[1:-1]}: only ECS's own deployments are applied"
    if service.task_definition is None or not service.service_arn:
        yield "imported from a file, not seen in AWS: there is no task definition to change"
    if service.scaling is None and service.setup.policies:
        yield "its scaling could not be read when it was collected: collect again with the rights to read it"
    if _comparable(service.setup) != _comparable(advice.current):
        yield "the service was changed after the review was made: review again"


def _comparable(setup: Setup) -> Setup:
    """Without what moves by itself: the count of the moment, and bounds that scheduled actions set."""
    if setup.minimum is None:
        return setup
    steady = replace(setup, desired=0)
    return replace(steady, minimum=0, maximum=0) if setup.schedule else steady


def _planned(advice: Advice, wanted: Setup, service: Service) -> Change:
    now = describe(service)
    definition = service.task_definition
    assert definition is not None  # noqa: S101  (an imported service is a reason against)
    _check_expressible(service.setup, wanted)
    after = _wanted_description(now, wanted, service, current=advice.current)
    registers = [_register_step(definition, wanted, name=service.id.service)] * (wanted.size != definition.size)
    forward = (*registers, *steps_between(now, after, factor=definition.size.cpu / wanted.size.cpu))
    backward = steps_between(after, now, factor=wanted.size.cpu / definition.size.cpu)
    if not forward:
        raise ValueError("the recommended setup is the present one")
    return Change(
        id=advice.id,
        summary="; ".join(_words(service.setup, wanted)),
        usd_month_saved=_saved(advice),
        expects=now,
        steps=forward,
        undo=(*backward, *([deregister_step(REGISTERED)] if registers else ())),
    )


def _check_expressible(now: Setup, wanted: Setup) -> None:
    for field in ("architecture", "os", "ephemeral_gib", "capacity", "schedule"):
        if getattr(now, field) != getattr(wanted, field):
            raise ValueError(f"{field.replace('_', ' ')} is to change, and apply does not change it")


def _wanted_description(now: Mapping[str, Any], wanted: Setup, service: Service, *, current: Setup) -> dict[str, Any]:
    after = dict(now)
    definition = service.task_definition
    if definition is not None and wanted.size != definition.size:
        after["task_definition"] = REGISTERED
    if wanted.minimum is None or wanted.maximum is None:
        if now["scalable_target"] is not None:
            raise ValueError("an autoscaled service is to become a fixed count, and apply does not do that")
        return after | {"desired_count": wanted.desired}
    if now["scalable_target"] is None or service.scaling is None:
        raise ValueError("a fixed count is to become an autoscaled service, and apply does not do that")
    after["scalable_target"] = {**now["scalable_target"], **_wanted_bounds(current, wanted)}
    after["policies"] = _wanted_policies(now["policies"], service.scaling.policies, wanted.policies)
    return after


def _wanted_bounds(current: Setup, wanted: Setup) -> dict[str, int | None]:
    if not current.schedule:
        return {"minimum": wanted.minimum, "maximum": wanted.maximum}
    if wanted.bounds != current.bounds:
        raise ValueError("its scheduled actions set the minimum and maximum, and apply does not change those")
    return {}


def _wanted_policies(now: Mapping[str, Any], named: Sequence[NamedPolicy], wanted: Sequence[Policy]) -> dict[str, Any]:
    """The live policies with the recommended fields; names and all other fields stay as they are."""
    left = list(wanted)
    after: dict[str, Any] = {}
    changed: list[NamedPolicy] = []
    for entry in named:
        if entry.policy in left:
            left.remove(entry.policy)
            after[entry.name] = now[entry.name]
        else:
            changed.append(entry)
    for entry in changed:
        successor = next((p for p in left if _same_kind(entry.policy, p)), None)
        if successor is None:
            raise ValueError(f"policy {one_line(entry.name)} has no successor of its kind, and apply deletes none")
        left.remove(successor)
        after[entry.name] = policy_fields(successor)
    if left:
        raise ValueError("a policy of a new kind is to be added, and apply adds none")
    return after


def _same_kind(held: Policy, wanted: Policy) -> bool:
    return isinstance(held, TargetTracking) and isinstance(wanted, TargetTracking) and held.metric == wanted.metric


def _register_step(definition: TaskDefinition, wanted: Setup, *, name: str) -> Step:
    try:
        check_size(wanted.size, os=wanted.os, architecture=wanted.architecture, where=name)
    except (SizeRefused, InputRefused) as error:
        raise ValueError(str(error)) from None
    containers = fit_containers(definition, wanted.size)
    parameters: dict[str, Any] = {
        "family": definition.family,
        "from": definition.arn,
        "cpu": str(wanted.size.cpu),
        "memory": str(wanted.size.memory),
    }
    says = f"register {one_line(definition.family)[1:-1]} again with {wanted.size}"
    if containers:
        parameters["containers"] = containers
        says += f", and its limits for {', '.join(one_line(c['name']) for c in containers)}"
    return Step(kind="register-task-definition", says=says, parameters=parameters)


def _words(now: Setup, wanted: Setup) -> Iterator[str]:
    if now.size != wanted.size:
        yield f"{now.size} -> {wanted.size}"
    for field in ("desired", "minimum", "maximum"):
        old, new = getattr(now, field), getattr(wanted, field)
        if old != new and new is not None and not (field == "desired" and wanted.minimum is not None):
            yield f"{field} {old} -> {new}"
    for held, policy in zip(now.policies, wanted.policies, strict=False):
        yield from _policy_words(held, policy)


def _policy_words(held: Policy, wanted: Policy) -> Iterator[str]:
    if not isinstance(held, TargetTracking) or not isinstance(wanted, TargetTracking):
        return
    for field in ("target", "scale_out_cooldown", "scale_in_cooldown", "disable_scale_in"):
        old, new = getattr(held, field), getattr(wanted, field)
        if old != new:
            yield f"{wanted.metric} {field.replace('_', ' ')} {old} -> {new}"


def _saved(advice: Advice) -> str:
    money = advice.usd_month
    if money.current is None or money.recommended is None:
        return "not known"
    return str((money.current - money.recommended).quantize(Decimal("0.01")))
