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
MOST = 2.0**40  # no count, delay or number of points is larger: beyond any replay, and safe to add up
TOLERANCE = 1e-9  # CEIL_TOLERANCE of advisor.fargate.scaling; a compiled constant

_jit: Any = njit(cache=True, nogil=True)


@_jit
def _mean(values, last, points):  # type: ignore[no-untyped-def]
    """Mean of the `points` values up to index `last`, summed in the order of time."""
    total = 0.0
    for i in range(last - points + 1, last + 1):
        total += values[i]
    return total / points


@_jit
def _count(policies, metrics, last, above, below):  # type: ignore[no-untyped-def]
    """Take in the datapoint `last`: for how many in a row each policy's value was above, or below, its level.

    A missing datapoint (NaN) is neither, and ends both runs.
    """
    for p in range(policies.shape[0]):
        value = metrics[int(policies[p, METRIC]), last]
        above[p] = above[p] + 1 if value > policies[p, LEVEL] else 0
        below[p] = below[p] + 1 if value < policies[p, LOW_LEVEL] else 0


@_jit
def _alarmed(policies, above, below):  # type: ignore[no-untyped-def]
    """(any alarm that asks for more, any that asks for less): what makes a tick worth a look."""
    more, less = False, False
    for p in range(policies.shape[0]):
        more = more or (policies[p, KIND] != STEP_IN and above[p] >= policies[p, POINTS])
        less = less or (policies[p, KIND] != STEP_OUT and below[p] >= policies[p, LOW_POINTS])
    return more, less


@_jit
def _up(value):  # type: ignore[no-untyped-def]
    """Round up, forgiving float noise."""
    return math.ceil(min(value, MOST) - TOLERANCE)


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
def _propose(policies, steps, metrics, last, base, running, above, below):  # type: ignore[no-untyped-def]
    """What all policies ask for: (out, its cooldown, any out, in, its cooldown, any in); cooldowns in ticks."""
    out, out_ticks, any_out, best_out = 0, 0, False, -1.0
    into, in_ticks, any_in, best_in = 0, 0, False, -1.0
    tracking, agreed, tracked, tracked_ticks, tracked_seconds = 0, 0, -1, 0, -1.0
    for p in range(policies.shape[0]):
        policy = policies[p]
        values = metrics[int(policy[METRIC])]
        high, low = above[p] >= policy[POINTS], below[p] >= policy[LOW_POINTS]
        proposal, is_out, is_in = NO_STEP, False, False
        if policy[KIND] == TARGET_TRACKING:
            if high:
                proposal = _up(base * _mean(values, last, int(policy[POINTS])) / policy[LEVEL])
                is_out = True
            tracking += int(policy[SCALES_IN])
            if low and policy[SCALES_IN] > 0:
                agreed += 1
                wanted = _up(running * _mean(values, last, int(policy[LOW_POINTS])) / policy[LEVEL])
                seconds = policy[IN_COOLDOWN_SECONDS]
                if wanted > tracked or (wanted == tracked and seconds > tracked_seconds):
                    tracked, tracked_ticks, tracked_seconds = wanted, int(policy[IN_TICKS]), seconds
        elif policy[KIND] == STEP_OUT:
            if high:
                proposal = _stepped(policy, steps, values[last] - policy[LEVEL], base)
                is_out = proposal != NO_STEP
        elif low:
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

    `bounds[:, t]` are minimum and maximum in force at tick t; `floor[t]` the predictive floor (0 = none); `numbers` is
    (vCPU, MiB, base MiB, MiB per vCPU, initial, startup, delay, drain).
    """
    ticks = demand.shape[0]
    vcpu, memory, base_mib, mib_per_vcpu = numbers[0], numbers[1], numbers[2], numbers[3]
    running, startup, delay, drain = int(numbers[4]), int(numbers[5]), int(numbers[6]), int(numbers[7])
    desired = running
    metrics = np.empty((3, ticks))
    looks_at_memory, looks_at_requests = False, False
    for p in range(policies.shape[0]):
        looks_at_memory = looks_at_memory or policies[p, METRIC] == 1
        looks_at_requests = looks_at_requests or policies[p, METRIC] == 2
    arriving = np.zeros(ticks + startup + 2, np.int64)  # pending tasks by ready tick
    leaving = np.zeros(ticks + drain + 2, np.int64)  # draining tasks by end tick
    pending, draining, actions = 0, 0, 0
    out_until, in_until, credited = -1, -1, 0
    above = np.zeros(policies.shape[0], np.int64)
    below = np.zeros(policies.shape[0], np.int64)
    for t in range(ticks):
        running += arriving[t]
        pending -= arriving[t]
        arriving[t] = 0
        draining -= leaving[t]
        capacity = running * vcpu
        metrics[0, t] = 100.0 * min(1.0, demand[t] / capacity) if running > 0 else np.nan
        if looks_at_memory:
            served = min(demand[t], capacity)
            used = base_mib + mib_per_vcpu * served / running if running > 0 else np.nan
            metrics[1, t] = min(100.0, 100.0 * used / memory) if running > 0 else np.nan
        if looks_at_requests:
            metrics[2, t] = requests[t] / running if running > 0 else np.nan
        running_out[t], desired_out[t] = running, desired
        billed_out[t] = running + pending + draining
        utilization_out[t] = metrics[0, t]
        unmet_out[t] = max(0.0, demand[t] - capacity)
        now = t + 1
        if now >= ticks:
            break
        high = bounds[1, now]
        low = min(max(bounds[0, now], floor[now]), high)
        wanted = min(max(desired, low), high)
        last = t - delay
        if last >= 0:
            _count(policies, metrics, last, above, below)
        for phase in range(2):
            if phase == 1:
                more, less = _alarmed(policies, above, below)
                may_shrink = less and desired > low and now >= in_until and not deploying[t]
                if not more and not may_shrink:
                    break
                in_out = now < out_until
                base = credited if in_out else running
                out, out_ticks, any_out, into, in_ticks, any_in = _propose(
                    policies, steps, metrics, last, base, running, above, below
                )
                wanted = desired
                if any_out:
                    asked = min(max(out, low), high)
                    if asked > desired:
                        if not in_out:
                            credited = running
                        wanted = asked
                        out_until, in_until = now + startup + out_ticks, -1
                elif any_in and may_shrink:
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
