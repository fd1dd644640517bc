"""Which bounds a scalable target holds during a change, and which it ends with."""

import math
from collections.abc import Mapping
from typing import Any

from advisor.applier.description import BY_SCHEDULE, Description

KEEP = "KeepCapacityFactor"
BY_CLOCK = "BoundsBySchedule"
RAISE, SET = "raise", "set"  # never below what stands; exactly what is in force


def held_bounds(
    now: Description, wanted: Description, *, factor: float, base: tuple[int, int] | None
) -> dict[str, Any]:
    """The bounds during the change: neither side's are undercut; empty where today's will do.

    A fixed count is a minimum and a maximum of itself; a new target is to start from what keeps its capacity.
    """
    if _left_to_schedule(now, wanted) or not (now["scalable_target"] or wanted["scalable_target"]):
        return {}
    goal, held = _before_actions(wanted, base), _before_actions(now, None)
    if goal is None:
        return {}
    keep = {KEEP: factor} if factor > 1.0 else {}
    if now["scalable_target"] is not None and (_is_scheduled(now) or _is_scheduled(wanted)):
        if not keep and held and not _exceeds(_highest(wanted, goal), held):
            return {}
        return {"MinCapacity": goal[0], "MaxCapacity": goal[1], BY_CLOCK: RAISE} | keep
    minimum, maximum = (max(pair) for pair in zip(goal, held or goal, strict=True))
    if now["scalable_target"] is None:  # the count is known, so that nothing is to be worked out later
        kept = math.ceil(now["desired_count"] * factor - 1e-9)
        return {"MinCapacity": min(maximum, max(minimum, kept)), "MaxCapacity": maximum}
    bounds = {"MinCapacity": minimum, "MaxCapacity": maximum}
    return {} if not keep and (minimum, maximum) == _numbers(now) else bounds | keep


def final_bounds(
    now: Description,
    wanted: Description,
    *,
    held: Mapping[str, Any],
    base: tuple[int, int] | None,
    settle: bool,
) -> dict[str, Any]:
    """The bounds to end with; empty where they stand already or are left to the scheduled actions."""
    target = wanted["scalable_target"]
    if _is_scheduled(wanted):
        if base is None or (_left_to_schedule(now, wanted) and not settle):
            return {}
        return {"MinCapacity": base[0], "MaxCapacity": base[1], BY_CLOCK: SET}
    reached = (held["MinCapacity"], held["MaxCapacity"]) if held else _numbers(now)
    bounds = (target["minimum"], target["maximum"])
    if KEEP in held or BY_CLOCK in held or bounds != reached:
        return {"MinCapacity": bounds[0], "MaxCapacity": bounds[1]}
    return {}


def _left_to_schedule(now: Description, wanted: Description) -> bool:
    return _is_scheduled(now) and _is_scheduled(wanted) and now["scheduled_actions"] == wanted["scheduled_actions"]


def _is_scheduled(side: Description) -> bool:
    target = side["scalable_target"]
    return target is not None and target["minimum"] == BY_SCHEDULE


def _numbers(side: Description) -> tuple[Any, Any] | None:
    target = side["scalable_target"]
    return (target["minimum"], target["maximum"]) if target else None


def _before_actions(side: Description, base: tuple[int, int] | None) -> tuple[int, int] | None:
    """The bounds of a side where no action has run; None where they are not known."""
    target, count = side["scalable_target"], side["desired_count"]
    if target is None:
        return None if count is None else (count, count)
    return base if _is_scheduled(side) else (target["minimum"], target["maximum"])


def _highest(side: Description, base: tuple[int, int]) -> tuple[int, int]:
    """The highest minimum and maximum that a side can have in force."""
    actions = side["scheduled_actions"].values()
    lows = [a["minimum"] for a in actions if a["minimum"] is not None]
    highs = [a["maximum"] for a in actions if a["maximum"] is not None]
    return max((base[0], *lows)), max((base[1], *highs))


def _exceeds(bounds: tuple[int, int], held: tuple[int, int]) -> bool:
    return bounds[0] > held[0] or bounds[1] > held[1]
