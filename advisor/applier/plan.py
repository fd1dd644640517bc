"""From a review to a plan: what to change, what must still be true, and how each step is taken back."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any

from advisor.applier.back import deregister_step
from advisor.applier.containers import fit_containers
from advisor.applier.description import describe
from advisor.applier.patch import patch_for
from advisor.applier.steps import REGISTERED, steps_between
from advisor.applier.wanted import wanted_description
from advisor.applier.words import words_of
from advisor.domain.errors import InputRefused, NoData, SizeRefused, one_line
from advisor.domain.finding import Advice, Review
from advisor.domain.inventory import Service, TaskDefinition
from advisor.domain.plan import Change, NotPlanned, Plan, Step
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
    after = wanted_description(now, wanted, service, current=advice.current)
    registers = [_register_step(definition, wanted, name=service.id.service)] * (wanted.size != definition.size)
    factor, held = definition.size.cpu / wanted.size.cpu, service.scaling
    forward = (*registers, *steps_between(now, after, factor=factor, base=wanted.bounds))
    back_to = (held.minimum, held.maximum) if held else None
    backward = steps_between(after, now, factor=1 / factor, base=back_to)
    if not forward:
        raise ValueError("the recommended setup is the present one")
    return Change(
        id=advice.id,
        summary="; ".join(words_of(service, wanted)),
        usd_month_saved=_saved(advice),
        expects=now,
        steps=forward,
        undo=(*backward, *([deregister_step(REGISTERED)] if registers else ())),
    )


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


def _saved(advice: Advice) -> str:
    money = advice.usd_month
    if money.current is None or money.recommended is None:
        return "not known"
    return str((money.current - money.recommended).quantize(Decimal("0.01")))
