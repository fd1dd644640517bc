"""Which live policy or scheduled action each recommended one is: kept, changed, added or deleted; and new names."""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Generic, TypeVar

from advisor.domain.inventory import NamedPolicy, NamedSchedule
from advisor.domain.policy import Policy, PredictiveScaling, ScheduledAction, StepScaling, TargetTracking

Named = TypeVar("Named")
Record = TypeVar("Record")

PREFIX = "advisor-"
_MOST_OF_EXPRESSION = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched(Generic[Named, Record]):
    """`changed` pairs what stands with what it becomes; `added` has the new names."""

    kept: tuple[Named, ...] = ()
    changed: tuple[tuple[Named, Record], ...] = ()
    added: tuple[tuple[str, Record], ...] = ()
    deleted: tuple[Named, ...] = ()


def match_policies(named: Sequence[NamedPolicy], wanted: Sequence[Policy]) -> Matched[NamedPolicy, Policy]:
    """Equal ones are kept; one of the same kind and metric is changed in place.

    Steps are changed by another of the same alarm, else by one of the same metric and direction.
    """
    kept, changed, deleted, left = _pair(named, wanted, record=lambda n: n.policy, keys=(_alarm_key, _policy_key))
    taken = {entry.name for entry in named}
    added = tuple(_named(left, taken, _policy_name))
    return Matched(kept=kept, changed=changed, added=added, deleted=deleted)


def match_schedule(
    named: Sequence[NamedSchedule], wanted: Sequence[ScheduledAction]
) -> Matched[NamedSchedule, ScheduledAction]:
    """Equal ones are kept; one of the same expression and time zone is changed in place."""
    kept, changed, deleted, left = _pair(named, wanted, record=lambda n: n.action, keys=(_action_key,))
    taken = {entry.name for entry in named}
    added = tuple(_named(left, taken, _action_name))
    return Matched(kept=kept, changed=changed, added=added, deleted=deleted)


def _pair(
    named: Sequence[Named],
    wanted: Sequence[Record],
    *,
    record: Callable[[Named], Record],
    keys: Sequence[Callable[[Record], object]],
) -> tuple[tuple[Named, ...], tuple[tuple[Named, Record], ...], tuple[Named, ...], list[Record]]:
    left, kept, others = list(wanted), list[Named](), list[Named]()
    for entry in named:
        if record(entry) in left:
            left.remove(record(entry))
            kept.append(entry)
        else:
            others.append(entry)
    changed = list[tuple[Named, Record]]()
    for key in keys:
        unpaired = list[Named]()
        for entry in others:
            own = key(record(entry))
            successor = next((w for w in left if own is not None and key(w) == own), None)
            if successor is None:
                unpaired.append(entry)
            else:
                left.remove(successor)
                changed.append((entry, successor))
        others = unpaired
    changed.sort(key=lambda pair: named.index(pair[0]))
    return tuple(kept), tuple(changed), tuple(others), left


def _named(
    records: Sequence[Record], taken: Collection[str], name_of: Callable[[Record], str]
) -> Iterator[tuple[str, Record]]:
    used = set(taken)
    for record in records:
        name, number = name_of(record), 1
        while (free := name if number == 1 else f"{name}-{number}") in used:
            number += 1
        used.add(free)
        yield free, record


def _alarm_key(policy: Policy) -> object:
    if isinstance(policy, StepScaling):
        return policy.metric, policy.direction, policy.threshold, policy.points
    return None


def _policy_key(policy: Policy) -> object:
    match policy:
        case TargetTracking() | PredictiveScaling():
            return policy.type, policy.metric
        case StepScaling():
            return policy.type, policy.metric, policy.direction
        case _:
            return None


def _action_key(action: ScheduledAction) -> object:
    return action.expression, action.timezone


def _policy_name(policy: Policy) -> str:
    kinds = {"TargetTracking": "tracking", "PredictiveScaling": "forecast", "StepScaling": "steps"}
    way = f"-{policy.direction}" if isinstance(policy, StepScaling) else ""
    return f"{PREFIX}{getattr(policy, 'metric', 'other')}-{kinds.get(policy.type, 'other')}{way}"


def _action_name(action: ScheduledAction) -> str:
    """The same for the same expression and time zone, whenever it is made; AWS takes no colon, slash or bar."""
    said = f"{action.expression} {action.timezone}"
    words = re.sub(r"[^A-Za-z0-9]+", "-", action.expression or "").strip("-")[:_MOST_OF_EXPRESSION]
    return f"{PREFIX}{words}-{sha256(said.encode()).hexdigest()[:6]}"
