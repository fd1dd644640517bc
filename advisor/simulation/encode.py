"""Setups as the numbers that the engine runs on, and every rule that a setup must keep to be replayed."""

import math
from collections.abc import Sequence
from datetime import timedelta

import numpy as np
from numpy.typing import ArrayLike

from advisor.domain.errors import SetupRefused
from advisor.domain.policy import OtherPolicy, Policy, PredictiveScaling, ScheduledAction, StepScaling, TargetTracking
from advisor.domain.service import Setup
from advisor.fargate.policies import check_policy
from advisor.fargate.scaling import (
    ALARM_HIGH_POINTS,
    ALARM_LOW_POINTS,
    ALARM_LOW_POINTS_HIGH_RESOLUTION,
    HIGH_RESOLUTION_TICK,
    LOW_THRESHOLD,
    STANDARD_TICK,
)
from advisor.fargate.schedule import occurrences
from advisor.simulation import alarms, engine
from advisor.simulation.records import Conditions, Counts, Floats, Load

Bounds = tuple[int, int, int]
MOST_TASKS = 2**31 - 1  # AWS counts tasks in 32 bits
METRICS = {"cpu": 0, "memory": 1, "requests": 2}
_ADJUSTMENTS = {
    "ChangeInCapacity": engine.CHANGE,
    "PercentChangeInCapacity": engine.PERCENT,
    "ExactCapacity": engine.EXACT,
}


def check_load(load: Load) -> None:
    """Raise SetupRefused where a load has gaps, negatives, columns of other lengths or ticks of another kind."""
    if load.tick_seconds not in (STANDARD_TICK.value, HIGH_RESOLUTION_TICK.value):
        rule = f"{STANDARD_TICK.value} or {HIGH_RESOLUTION_TICK.value} s, the steps of ECS metrics"
        raise SetupRefused("bad tick", where="load", value=load.tick_seconds, rule=rule)
    for name, values in (("demand", load.vcpu), ("requests", load.requests)):
        if values is None:
            continue
        if not isinstance(values, np.ndarray) or values.ndim != 1:
            raise SetupRefused("not a row of numbers", where=name, rule="an array with one value per tick")
        if len(values) != len(load.vcpu):
            raise SetupRefused("other length", where=name, value=len(values), rule=f"{len(load.vcpu)} ticks, as demand")
        bad = ~(np.isfinite(values) & (values >= 0))
        if bad.any():
            tick = int(bad.argmax())
            rule = "a finite number, 0 or more, in every tick: fill or cut gaps before"
            raise SetupRefused("bad value", where=f"{name}, tick {tick}", value=values[tick], rule=rule)
    if load.deploying is not None and len(load.deploying) != len(load.vcpu):
        raise SetupRefused("other length", where="deploying", value=len(load.deploying), rule="one value per tick")


def checked_floor(floor: ArrayLike, ticks: int) -> Counts:
    """A predictive floor as whole tasks per tick; raises SetupRefused for other lengths, fractions and NaN."""
    values = np.asarray(floor, dtype=np.float64)
    if values.shape != (ticks,):
        raise SetupRefused("other length", where="floor", value=values.size, rule=f"{ticks} ticks, as demand")
    bad = ~((values >= 0) & (values <= MOST_TASKS) & (values == np.floor(values)))
    if bad.any():
        tick = int(bad.argmax())
        rule = f"whole tasks, 0 or more and at most {MOST_TASKS}"
        raise SetupRefused("bad value", where=f"floor, tick {tick}", value=values[tick], rule=rule)
    return values.astype(np.int64)


def checked_growths(growths: Sequence[float]) -> Floats:
    """1 and the growths, times the work; raises SetupRefused for what is no multiple of it."""
    bad = [growth for growth in growths if not 0 < growth < math.inf]
    if bad:
        raise SetupRefused("bad growth", where="growths", value=bad[0], rule="a finite number of times above 0")
    return np.array((1.0, *growths))


def policy_rows(policies: Sequence[Policy], load: Load, *, floored: bool) -> tuple[Floats, Floats]:
    """(policies, steps) as the engine reads them; a predictive policy acts through the floor alone."""
    rows: list[Floats] = []
    steps: list[tuple[float, float, float]] = []
    for policy in policies:
        if isinstance(policy, OtherPolicy):
            raise SetupRefused(
                "cannot be replayed", where="policies", value=policy.why, rule="policies of the contract"
            )
        if isinstance(policy, PredictiveScaling):
            if policy.mode == "ForecastAndScale" and not floored:
                rule = "a predictive policy needs its floor, one count per tick"
                raise SetupRefused("no floor", where="policies", value=policy.type, rule=rule)
            continue
        if policy.metric == "requests" and load.requests is None:
            raise SetupRefused(
                "no requests", where="policies", value=policy.type, rule="the load has requests per tick"
            )
        row = _tracking(policy, load) if isinstance(policy, TargetTracking) else _step(policy, load, steps)
        rows.append(row)
    table = np.array(rows, dtype=np.float64).reshape(-1, alarms.POLICY_FIELDS)
    return table, np.array(steps, dtype=np.float64).reshape(-1, 3)


def bounds_by_tick(setup: Setup, load: Load) -> Counts:
    """Minimum and maximum in force at each tick, shape (2, ticks); raises SetupRefused where they cross."""
    bounds = np.empty((2, len(load.vcpu)), np.int64)
    for tick, low, high in bounds_in_force(setup, load):
        bounds[0, tick:], bounds[1, tick:] = low, high
    return bounds


def bounds_in_force(setup: Setup, load: Load) -> list[Bounds]:
    """(tick, minimum, maximum) from tick 0 on and from each change on; raises SetupRefused where they cross."""
    low, high = setup.bounds
    check_counts(low, high, *(count for action in setup.schedule for count in (action.minimum, action.maximum)))
    bounds = {0: (low, high)}
    due = (one for one in _due(setup.schedule, load) if one[0] < len(load.vcpu))
    for tick, action in sorted(due, key=lambda one: one[0]):
        low = low if action.minimum is None else action.minimum
        high = high if action.maximum is None else action.maximum
        bounds[tick] = low, high
    for tick, (least, most) in bounds.items():
        _check_bounds(least, most, tick)
    return [(tick, least, most) for tick, (least, most) in bounds.items()]


def bounds_table(bounds: Sequence[Bounds], floor: Counts | None) -> Counts:
    """The bounds as the engine reads them: a predictive floor raises the minimum, never above the maximum."""
    if floor is not None:
        low, high = np.empty_like(floor), np.empty_like(floor)
        for tick, least, most in bounds:
            low[tick:], high[tick:] = np.clip(floor[tick:], least, most), most
        moved = np.flatnonzero((np.diff(low) != 0) | (np.diff(high) != 0)) + 1
        bounds = [(tick, low[tick], high[tick]) for tick in (0, *moved)] if len(floor) else []
    return np.array([*bounds, (engine.NEVER, 0, 0)], np.int64)


def _check_bounds(low: int, high: int, tick: int) -> None:
    if not 0 <= low <= high:
        crossed = f"minimum {low}, maximum {high}"
        raise SetupRefused("bounds cross", where=f"tick {tick}", value=crossed, rule="0 <= minimum <= maximum")


def check_counts(*counts: int | None) -> None:
    """Raise SetupRefused for more tasks than AWS can count."""
    most = max((count for count in counts if count is not None), default=0)
    if most > MOST_TASKS:
        raise SetupRefused("too many tasks", where="setup", value=most, rule=f"at most {MOST_TASKS}")


def numbers_of(setup: Setup, conditions: Conditions, *, initial: int, ticks: int) -> Floats:
    """The plain numbers of a replay, in the engine's order; a delay beyond the end is as long as the replay."""
    check_counts(initial)
    size = (setup.size.cpu, setup.size.memory)
    if not all(0 < part <= engine.MOST for part in size):
        rule = f"CPU units and MiB are more than 0 and at most {engine.MOST:.0f}"
        raise SetupRefused("bad size", where="setup", value=size, rule=rule)
    delays = (conditions.startup_ticks, conditions.metric_delay_ticks, conditions.drain_ticks)
    if initial < 0 or min(delays) < 0:
        raise SetupRefused("negative", where="setup", value=(initial, *delays), rule="tasks and delays are 0 or more")
    memory = (setup.size.memory, conditions.memory_base_mib, conditions.memory_mib_per_vcpu)
    if not all(math.isfinite(number) and number >= 0 for number in memory):
        raise SetupRefused("bad memory model", where="setup", value=memory, rule="finite MiB, 0 or more")
    bounded = (min(delay, ticks) for delay in delays)
    return np.array([setup.size.vcpu, *memory, initial, *bounded], dtype=np.float64)


def _due(schedule: Sequence[ScheduledAction], load: Load) -> list[tuple[int, ScheduledAction]]:
    """Every action with the tick that it is due at: the first tick that starts at its instant or later."""
    due: list[tuple[int, ScheduledAction]] = []
    for action in schedule:
        if action.at_tick is not None:
            if action.at_tick < 0:
                raise SetupRefused("bad tick", where="schedule", value=action.at_tick, rule="tick 0 or later")
            due += [(action.at_tick, action)]
        elif action.expression is not None and load.start is not None:
            end = load.start + timedelta(seconds=load.tick_seconds * len(load.vcpu))
            instants = occurrences(action.expression, action.timezone, load.start, end)
            seconds = [(instant - load.start).total_seconds() for instant in instants]
            due += [(math.ceil(s / load.tick_seconds), action) for s in seconds]
        else:
            rule = "at_tick, or an expression and a load with instants"
            raise SetupRefused("no time", where="schedule", value=action.expression, rule=rule)
    return due


def _ticks(seconds: int, load: Load) -> float:
    return min(-(-seconds // load.tick_seconds), engine.MOST)


def _bounded(change: int) -> float:
    return float(max(-engine.MOST, min(change, engine.MOST)))


def _tracking(policy: TargetTracking, load: Load) -> Floats:
    check_policy(policy)
    low = ALARM_LOW_POINTS if load.tick_seconds == 60 else ALARM_LOW_POINTS_HIGH_RESOLUTION
    row = np.zeros(alarms.POLICY_FIELDS)
    row[alarms.KIND] = alarms.TARGET_TRACKING
    row[alarms.METRIC] = METRICS[policy.metric]
    row[alarms.LEVEL] = policy.target
    row[alarms.POINTS] = ALARM_HIGH_POINTS.value
    row[alarms.LOW_POINTS] = low.value
    row[alarms.LOW_LEVEL] = LOW_THRESHOLD.value * policy.target
    row[alarms.OUT_TICKS] = _ticks(policy.scale_out_cooldown, load)
    row[alarms.IN_TICKS] = _ticks(policy.scale_in_cooldown, load)
    row[alarms.COOLDOWN_SECONDS] = policy.scale_out_cooldown
    row[alarms.IN_COOLDOWN_SECONDS] = policy.scale_in_cooldown
    row[alarms.SCALES_IN] = not policy.disable_scale_in
    return row


def _step(policy: StepScaling, load: Load, steps: list[tuple[float, float, float]]) -> Floats:
    row = np.zeros(alarms.POLICY_FIELDS)
    row[alarms.KIND] = alarms.STEP_OUT if policy.direction == "out" else alarms.STEP_IN
    row[alarms.METRIC] = METRICS[policy.metric]
    row[alarms.LEVEL] = policy.threshold
    row[alarms.POINTS] = row[alarms.LOW_POINTS] = min(policy.points, engine.MOST)
    row[alarms.LOW_LEVEL] = policy.threshold
    row[alarms.OUT_TICKS] = _ticks(policy.cooldown, load)
    row[alarms.COOLDOWN_SECONDS] = policy.cooldown
    row[alarms.ADJUSTMENT] = _ADJUSTMENTS[policy.adjustment_type]
    row[alarms.MAGNITUDE] = min(policy.min_adjustment_magnitude, engine.MOST)
    row[alarms.FIRST_STEP] = len(steps)
    steps += checked_steps(policy)
    row[alarms.LAST_STEP] = len(steps)
    return row


def checked_steps(policy: StepScaling) -> list[tuple[float, float, float]]:
    """The steps with infinite outer bounds, in order; raises SetupRefused for a policy that AWS would not take."""
    check_policy(policy)
    return sorted(
        (-math.inf if low is None else low, math.inf if high is None else high, _bounded(change))
        for low, high, change in policy.steps
    )
