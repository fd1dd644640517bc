"""Which setups are tried: sizes that Fargate has, and for a service that scales target, cooldowns, bounds, ways."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from advisor.advice.levers import Levers, tracked
from advisor.advice.replay import vcpu_per_request
from advisor.advice.rules import FAST_COOLDOWN_SECONDS, SLOW_COOLDOWN_SECONDS, TARGETS
from advisor.advice.ways import Scope, seen_in, setup_of, ways
from advisor.advice.work import Work
from advisor.domain.policy import Policy, StepScaling, TargetTracking
from advisor.domain.service import Setup, TaskSize
from advisor.domain.settings import Limits
from advisor.fargate.sizes import legal_sizes


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Setups that differ in the target only, highest (cheapest, boldest) target first."""

    setups: tuple[Setup, ...]


def sizes(setup: Setup, levers: Levers) -> tuple[TaskSize, ...]:
    """Legal sizes that the levers allow, cheapest CPU first; a frozen part stays what it is."""
    legal = legal_sizes(setup.os, setup.architecture)
    return tuple(
        size
        for size in legal
        if (levers.cpu or size.cpu == setup.size.cpu) and (levers.memory or size.memory == setup.size.memory)
    )


def resized(setup: Setup, size: TaskSize) -> Setup:
    """The setup with another size; bounds of a scaling service keep the capacity that they allow.

    Maximums are rounded down (to one task at least), so that no change raises the capacity that the owner
    allowed; the minimum and the desired count stay within them.
    """
    if setup.minimum is None or setup.maximum is None or not setup.policies:
        return replace(setup, size=size)
    ratio = setup.size.cpu / size.cpu
    maximum = _at_most(setup.maximum, ratio)
    minimum = min(setup.minimum, maximum)
    desired = min(max(math.ceil(setup.desired * ratio), minimum), maximum)
    schedule = tuple(
        action if action.maximum is None else replace(action, maximum=_at_most(action.maximum, ratio))
        for action in setup.schedule
    )
    return replace(setup, size=size, minimum=minimum, maximum=maximum, desired=desired, schedule=schedule)


def _at_most(tasks: int, ratio: float) -> int:
    return max(math.floor(tasks * ratio), 1)


def least_tasks(setup: Setup, limits: Limits) -> int:
    """The lowest minimum that may be recommended: the limit, else 2 where the service keeps 2 or more now."""
    if limits.minimum_tasks is not None:
        return limits.minimum_tasks
    return min(2, setup.bounds[0])


def families(setup: Setup, size: TaskSize, levers: Levers, limits: Limits, work: Work) -> Iterator[Family]:
    """All families of one size that scale as today, with other targets, cooldowns and minimums; today's first."""
    base, policy = resized(setup, size), tracked(setup)
    if _is_too_large(setup, size):
        return
    for minimum in _minimums(base, levers, limits):
        maximum = max(base.bounds[1], minimum)
        bounds = replace(base, minimum=minimum, maximum=maximum, desired=min(max(base.desired, minimum), maximum))
        if policy is None:
            yield Family(setups=(bounds,))
            continue
        targets = targets_of(policy, size, work) if levers.scaling else ()
        for out, into in _cooldowns(policy, levers):
            tuned = replace(policy, scale_out_cooldown=out, scale_in_cooldown=into)
            if policy.target not in targets:
                yield Family(setups=(replaced(bounds, policy, tuned),))
            if targets:
                tried = (replace(tuned, target=target) for target in targets)
                yield Family(setups=tuple(replaced(bounds, policy, tracking) for tracking in tried))


def other_ways(
    setup: Setup, size: TaskSize, levers: Levers, limits: Limits, work: Work, *, growth: float = 1.0
) -> Iterator[Family]:
    """All families of one size that scale in another way: their policies and schedule take the place of today's.

    Floors are made for `growth` times the work. None where a policy looks at memory, which they would not guard.
    """
    may_go = all(map(_may_go, setup.policies)) and (levers.schedule or not setup.schedule)
    if not (levers.scaling and may_go) or _is_too_large(setup, size):
        return
    policy = tracked(setup) or TargetTracking(metric="cpu", target=100.0)
    base, least = resized(setup, size), max(least_tasks(setup, limits), 1)
    scope = Scope(
        least=least,
        most=max(base.bounds[1], least),
        steps=policy.metric == "cpu",
        schedule=levers.schedule,
        timezone=next((action.timezone for action in setup.schedule), "UTC"),
        growth=growth,
    )
    base, seen = replace(base, maximum=scope.most), seen_in(work.load(), size.vcpu, scope)
    tracking = [replace(policy, target=target) for target in targets_of(policy, size, work)]
    for way in ways(scope):
        made = (setup_of(way, one, base, seen, percent=p) for p, one in zip(TARGETS, tracking, strict=False))
        if setups := tuple(setup for setup in made if setup is not None):
            yield Family(setups=setups)


def targets_of(policy: TargetTracking, size: TaskSize, work: Work) -> tuple[float, ...]:
    """The targets that are tried, highest first, in percent of CPU, or in requests that take as much of a task."""
    if policy.metric == "cpu":
        return tuple(float(target) for target in TARGETS)
    each = vcpu_per_request(work)
    return tuple(float(f"{target / 100 * size.vcpu / each:.2g}") for target in TARGETS) if each > 0 else ()


def replaced(setup: Setup, policy: TargetTracking, tuned: TargetTracking) -> Setup:
    """The setup with one policy in another's place."""
    return replace(setup, policies=tuple(tuned if one == policy else one for one in setup.policies))


def _may_go(policy: Policy) -> bool:
    return isinstance(policy, TargetTracking | StepScaling) and policy.metric != "memory"


def _is_too_large(setup: Setup, size: TaskSize) -> bool:
    """Whether one task is more than all the tasks that the owner allowed, or the schedule's bounds would cross.

    A single task may grow, as a fixed count.
    """
    most, then = setup.bounds[1], resized(setup, size)
    floors = [action.minimum for action in then.schedule if action.minimum is not None]
    ceilings = [action.maximum for action in then.schedule if action.maximum is not None]
    crossed = max(floors, default=0) > min(ceilings, default=then.bounds[1]) if size != setup.size else False
    return crossed or (most > 1 and size.cpu > most * setup.size.cpu)


def _minimums(base: Setup, levers: Levers, limits: Limits) -> tuple[int, ...]:
    """Today's minimum, the least allowed, and powers of two between; only today's where a schedule sets it."""
    today, least = base.bounds[0], least_tasks(base, limits)
    if not levers.scaling or base.schedule or today == 0:
        return (today,)
    powers = (2**k for k in range(12))
    return tuple(sorted({max(today, least), least, *(p for p in powers if least < p < today)}, reverse=True))


def _cooldowns(policy: TargetTracking, levers: Levers) -> tuple[tuple[int, int], ...]:
    today = (policy.scale_out_cooldown, policy.scale_in_cooldown)
    if not levers.scaling:
        return (today,)
    outs = dict.fromkeys((today[0], FAST_COOLDOWN_SECONDS))
    ins = dict.fromkeys((today[1], SLOW_COOLDOWN_SECONDS))
    return tuple((out, into) for out in outs for into in ins)
