"""The one compiled loop: docs/simulation.md, tick by tick. Arrays in, arrays out; it knows nothing of records.

A policy is a row of `POLICY_FIELDS` numbers; the steps of all step policies stand in one table, and a policy names
its rows of it. Metrics are 0 cpu, 1 memory, 2 requests.
"""

# mypy: disable-error-code="no-any-return"
import math
from typing import Any

import numpy as np
from numba import njit

TARGET_TRACKING, STEP_OUT, STEP_IN = 0, 1, 2
CHANGE, PERCENT, EXACT = 0, 1, 2
# Columns of a policy row.
KIND, METRIC, LEVEL, POINTS, LOW_POINTS, LOW_LEVEL, OUT_TICKS, IN_TICKS = range(8)
ADJUSTMENT, FIRST_STEP, LAST_STEP, MAGNITUDE, COOLDOWN_SECONDS, IN_COOLDOWN_SECONDS, SCALES_IN = range(8, 15)
POLICY_FIELDS = 15
NO_STEP = -(2**40)  # below any count that a step can propose
TOLERANCE = 1e-9  # CEIL_TOLERANCE of advisor.fargate.scaling; a compiled constant

_jit: Any = njit(cache=True, nogil=True)


@_jit
def _above(values, last, points, level):  # type: ignore[no-untyped-def]
    """Whether the last `points` values up to index `last` are all there and all above the level; and their mean."""
    if last + 1 < points:
        return False, 0.0
    total = 0.0
    for i in range(last - points + 1, last + 1):
        if not values[i] > level:
            return False, 0.0
        total += values[i]
    return True, total / points


@_jit
def _below(values, last, points, level):  # type: ignore[no-untyped-def]
    """As `_above`, for all below the level."""
    if last + 1 < points:
        return False, 0.0
    total = 0.0
    for i in range(last - points + 1, last + 1):
        if not values[i] < level:
            return False, 0.0
        total += values[i]
    return True, total / points


@_jit
def _up(value):  # type: ignore[no-untyped-def]
    """Round up, forgiving float noise."""
    return math.ceil(value - TOLERANCE)


@_jit
def _percent_change(base, percent):  # type: ignore[no-untyped-def]
    """AWS's rounding of a percentage change: above 1 down, (0, 1] to 1, [-1, 0) to -1, below -1 toward zero."""
    change = base * percent / 100
    if change > 1:
        return math.floor(change + TOLERANCE)
    if change > 0:
        return 1
    if change == 0:
        return 0
    if change >= -1:
        return -1
    return math.ceil(change - TOLERANCE)


@_jit
def _stepped(policy, steps, difference, base):  # type: ignore[no-untyped-def]
    """The count that a step policy proposes for a distance from its threshold; NO_STEP where none fits."""
    for row in range(int(policy[FIRST_STEP]), int(policy[LAST_STEP])):
        low, high, adjustment = steps[row, 0], steps[row, 1], steps[row, 2]
        out = policy[KIND] == STEP_OUT
        fits = (low <= difference < high) if out else (low < difference <= high)
        if not fits:
            continue
        if policy[ADJUSTMENT] == EXACT:
            return int(adjustment)
        if policy[ADJUSTMENT] == CHANGE:
            return base + int(adjustment)
        change = _percent_change(base, adjustment)
        magnitude = int(policy[MAGNITUDE])
        if change != 0 and abs(change) < magnitude:
            change = magnitude if change > 0 else -magnitude
        return base + change
    return NO_STEP


@_jit
def _propose(policies, steps, metrics, last, base, running):  # type: ignore[no-untyped-def]
    """What all policies ask for: (out, its cooldown, any out, in, its cooldown, any in); cooldowns in ticks."""
    out, out_ticks, any_out, best_out = 0, 0, False, -1.0
    into, in_ticks, any_in, best_in = 0, 0, False, -1.0
    tracking, agreed, tracked, tracked_ticks, tracked_seconds = 0, 0, -1, 0, -1.0
    for p in range(policies.shape[0]):
        policy = policies[p]
        values = metrics[int(policy[METRIC])]
        proposal, is_out, is_in = NO_STEP, False, False
        if policy[KIND] == TARGET_TRACKING:
            high, mean = _above(values, last, int(policy[POINTS]), policy[LEVEL])
            if high:
                proposal, is_out = _up(base * mean / policy[LEVEL]), True
            if policy[SCALES_IN] > 0:
                tracking += 1
                low, low_mean = _below(values, last, int(policy[LOW_POINTS]), policy[LOW_LEVEL])
                if low:
                    agreed += 1
                    wanted = _up(running * low_mean / policy[LEVEL])
                    seconds = policy[IN_COOLDOWN_SECONDS]
                    if wanted > tracked or (wanted == tracked and seconds > tracked_seconds):
                        tracked, tracked_ticks, tracked_seconds = wanted, int(policy[IN_TICKS]), seconds
        elif policy[KIND] == STEP_OUT:
            alarm, _ = _above(values, last, int(policy[POINTS]), policy[LEVEL])
            if alarm:
                proposal = _stepped(policy, steps, values[last] - policy[LEVEL], base)
                is_out = proposal != NO_STEP
        else:
            alarm, _ = _below(values, last, int(policy[POINTS]), policy[LEVEL])
            if alarm:
                proposal = _stepped(policy, steps, values[last] - policy[LEVEL], running)
                is_in = proposal != NO_STEP
        seconds = policy[COOLDOWN_SECONDS]
        if is_out and (not any_out or proposal > out or (proposal == out and seconds > best_out)):
            out, out_ticks, any_out, best_out = proposal, int(policy[OUT_TICKS]), True, seconds
        if is_in and (not any_in or proposal > into or (proposal == into and seconds > best_in)):
            into, in_ticks, any_in, best_in = proposal, int(policy[OUT_TICKS]), True, seconds
    stronger = not any_in or tracked > into or (tracked == into and tracked_seconds > best_in)
    if tracking > 0 and agreed == tracking and stronger:
        into, in_ticks, any_in = tracked, tracked_ticks, True
    return out, out_ticks, any_out, into, in_ticks, any_in


@_jit
def replay(  # type: ignore[no-untyped-def]
    demand,
    requests,
    deploying,
    floor,
    bounds,
    numbers,
    policies,
    steps,
    running_out,
    billed_out,
    desired_out,
    utilization_out,
    unmet_out,
):
    """Run one setup over one demand; fills the five output arrays and returns the number of scaling actions.

    `bounds[t]` is (minimum, maximum) in force at tick t; `floor[t]` the predictive floor (0 = none); `numbers` is
    (vCPU, MiB, base MiB, MiB per vCPU, initial, startup, delay, drain).
    """
    ticks = demand.shape[0]
    vcpu, memory, base_mib, mib_per_vcpu = numbers[0], numbers[1], numbers[2], numbers[3]
    running, startup, delay, drain = int(numbers[4]), int(numbers[5]), int(numbers[6]), int(numbers[7])
    desired = running
    metrics = np.full((3, ticks), np.nan)
    arriving = np.zeros(ticks + startup + 2, np.int64)  # pending tasks by ready tick
    leaving = np.zeros(ticks + drain + 2, np.int64)  # draining tasks by end tick
    pending, draining, actions = 0, 0, 0
    out_until, in_until, credited = -1, -1, 0
    for t in range(ticks):
        running += arriving[t]
        pending -= arriving[t]
        arriving[t] = 0
        draining -= leaving[t]
        capacity = running * vcpu
        if running > 0:
            served = min(demand[t], capacity)
            metrics[0, t] = 100.0 * min(1.0, demand[t] / capacity)
            metrics[1, t] = min(100.0, 100.0 * (base_mib + mib_per_vcpu * served / running) / memory)
            metrics[2, t] = requests[t] / running
        running_out[t], desired_out[t] = running, desired
        billed_out[t] = running + pending + draining
        utilization_out[t] = metrics[0, t]
        unmet_out[t] = max(0.0, demand[t] - capacity)
        now = t + 1
        if now >= ticks:
            break
        high = bounds[now, 1]
        low = min(max(bounds[now, 0], floor[now]), high)
        wanted = min(max(desired, low), high)
        for phase in range(2):
            if phase == 1:
                in_out = now < out_until
                base = credited if in_out else running
                last = t - delay
                out, out_ticks, any_out, into, in_ticks, any_in = _propose(
                    policies, steps, metrics, last, base, running
                )
                wanted = desired
                if any_out:
                    asked = min(max(out, low), high)
                    if asked > desired:
                        if not in_out:
                            credited = running
                        wanted = asked
                        out_until, in_until = now + startup + out_ticks, -1
                elif any_in and not deploying[t] and now >= in_until:
                    asked = min(max(into, low), high)
                    if asked < desired:
                        wanted = asked
                        in_until = now + in_ticks
            if wanted > desired:
                actions += 1
                count = wanted - desired
                arriving[now + startup] += count
                pending += count
            elif wanted < desired:
                actions += 1
                count = desired - wanted
                ready = now + startup
                while count > 0 and pending > 0 and ready >= now:
                    cancelled = min(count, arriving[ready])
                    arriving[ready] -= cancelled
                    pending -= cancelled
                    count -= cancelled
                    ready -= 1
                running -= count
                if drain > 0:
                    leaving[now + drain] += count
                    draining += count
            desired = wanted
    return actions
