"""Which setups are tried: sizes that Fargate has, and for a tracking service target, cooldowns and minimum."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from advisor.advice.levers import Levers, tracked
from advisor.advice.rules import FAST_COOLDOWN_SECONDS, SLOW_COOLDOWN_SECONDS, TARGETS
from advisor.domain.policy import TargetTracking
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

    The maximum is rounded down (to one task at least), so that no change raises the capacity that the owner
    allowed; the minimum and the desired count stay within it.
    """
    if setup.minimum is None or setup.maximum is None or tracked(setup) is None:
        return replace(setup, size=size)
    ratio = setup.size.cpu / size.cpu
    maximum = max(math.floor(setup.maximum * ratio), 1)
    minimum = min(setup.minimum, maximum)
    desired = min(max(math.ceil(setup.desired * ratio), minimum), maximum)
    return replace(setup, size=size, minimum=minimum, maximum=maximum, desired=desired)


def least_tasks(setup: Setup, limits: Limits) -> int:
    """The lowest minimum that may be recommended: the limit, else 2 where the service keeps 2 or more now."""
    if limits.minimum_tasks is not None:
        return limits.minimum_tasks
    return min(2, setup.bounds[0])


def families(setup: Setup, size: TaskSize, levers: Levers, limits: Limits) -> Iterator[Family]:
    """All families of one size for a service with one target-tracking policy on CPU, today's values first."""
    policy = tracked(setup)
    base = resized(setup, size)
    if policy is None or base.minimum is None or base.maximum is None or _is_too_large(setup, size):
        return
    for minimum in _minimums(base, levers, limits):
        for out, into in _cooldowns(policy, levers):
            tuned = replace(policy, scale_out_cooldown=out, scale_in_cooldown=into)
            desired = min(max(base.desired, minimum), max(base.maximum, minimum))
            bounds = replace(base, minimum=minimum, maximum=max(base.maximum, minimum), desired=desired)
            if policy.target not in TARGETS or not levers.scaling:
                yield Family(setups=(replace(bounds, policies=(tuned,)),))
            if levers.scaling:
                targets = (replace(tuned, target=float(target)) for target in TARGETS)
                yield Family(setups=tuple(replace(bounds, policies=(tracking,)) for tracking in targets))


def _is_too_large(setup: Setup, size: TaskSize) -> bool:
    """Whether one task is more than all the tasks that the owner allowed; a single one may grow, as a fixed count."""
    most = setup.bounds[1]
    return most > 1 and size.cpu > most * setup.size.cpu


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
