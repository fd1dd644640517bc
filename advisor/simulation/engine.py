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
CPU, MEMORY, REQUESTS = 0, 1, 2
# Places in the row of plain numbers.
VCPU, MIB, BASE_MIB, MIB_PER_VCPU, INITIAL, STARTUP, DELAY, DRAIN = range(8)
NO_STEP = -(2**40)  # below any count that a step can propose
MOST = 2.0**40  # no count, delay or number of points is larger: beyond any replay, and safe to add up
TOLERANCE = 1e-9  # CEIL_TOLERANCE of advisor.fargate.scaling; a compiled constant

_jit: Any = njit(cache=True, nogil=True)


@_jit
def _value(metric, tick, demand, requests, running, numbers):  # type: ignore[no-untyped-def]
    """The datapoint of a metric at a tick [percent, or requests per task]; NaN where no task ran."""
    tasks = running[tick]
    if tasks == 0:
        return np.nan
    capacity = tasks * numbers[VCPU]
    if metric == CPU:
        return 100.0 * min(1.0, demand[tick] / capacity)
    if metric == REQUESTS:
        return requests[tick] / tasks
    used = numbers[BASE_MIB] + numbers[MIB_PER_VCPU] * min(demand[tick], capacity) / tasks
    return min(100.0, 100.0 * used / numbers[MIB])


@_jit
def _mean(metric, last, points, demand, requests, running, numbers):  # type: ignore[no-untyped-def]
    """Mean of the `points` datapoints up to tick `last`, summed in the order of time."""
    total = 0.0
    for tick in range(last - points + 1, last + 1):
        total += _value(metric, tick, demand, requests, running, numbers)
    return total / points


@_jit
def _reaches(demand, capacity, level, strictly):  # type: ignore[no-untyped-def]
    """Whether a demand takes CPU above the level, or at least to it."""
    percent = 100.0 * min(1.0, demand / capacity)
    return percent > level or (not strictly and percent == level)


@_jit
def _edge(level, capacity, strictly):  # type: ignore[no-untyped-def]
    """The smallest demand that takes CPU above the level, or at least to it; infinite where none does.

    Found between neighbouring floats, so that comparing demands says exactly what comparing percents says.
    """
    if not _reaches(capacity, capacity, level, strictly):
        return np.inf
    if _reaches(0.0, capacity, level, strictly):
        return 0.0
    guess = level / 100.0 * capacity
    short, enough = guess * (1.0 - 1e-14), guess * (1.0 + 1e-14)
    if _reaches(short, capacity, level, strictly) or not _reaches(enough, capacity, level, strictly):
        short, enough = 0.0, capacity
    while True:
        middle = short + (enough - short) / 2.0
        if middle <= short or middle >= enough:
            return enough
        if _reaches(middle, capacity, level, strictly):
            enough = middle
        else:
            short = middle


@_jit
def _edges(level, low_level, capacity):  # type: ignore[no-untyped-def]
    """(a, b): CPU is above `level` exactly where demand >= a, and below `low_level` exactly where demand < b."""
    if capacity == 0:
        return np.inf, -np.inf
    return _edge(level, capacity, True), _edge(low_level, capacity, False)


@_jit
def _alarmed(policies, above, below, last):  # type: ignore[no-untyped-def]
    """(any alarm that asks for more, any that asks for less) by the datapoints up to tick `last`."""
    more, less = False, False
    for p in range(policies.shape[0]):
        more = more or (policies[p, KIND] != STEP_IN and above[p, last] >= policies[p, POINTS])
        less = less or (policies[p, KIND] != STEP_OUT and below[p, last] >= policies[p, LOW_POINTS])
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
def _propose(  # type: ignore[no-untyped-def]
    policies, steps, last, base, tasks, above, below, demand, requests, running, numbers
):
    """What all policies ask for: (out, its cooldown, any out, in, its cooldown, any in); cooldowns in ticks."""
    out, out_ticks, any_out, best_out = 0, 0, False, -1.0
    into, in_ticks, any_in, best_in = 0, 0, False, -1.0
    tracking, agreed, tracked, tracked_ticks, tracked_seconds = 0, 0, -1, 0, -1.0
    for p in range(policies.shape[0]):
        policy = policies[p]
        metric = int(policy[METRIC])
        high, low = above[p, last] >= policy[POINTS], below[p, last] >= policy[LOW_POINTS]
        proposal, is_out, is_in = NO_STEP, False, False
        if policy[KIND] == TARGET_TRACKING:
            if high:
                mean = _mean(metric, last, int(policy[POINTS]), demand, requests, running, numbers)
                proposal = _up(base * mean / policy[LEVEL])
                is_out = True
            tracking += int(policy[SCALES_IN])
            if low and policy[SCALES_IN] > 0:
                agreed += 1
                mean = _mean(metric, last, int(policy[LOW_POINTS]), demand, requests, running, numbers)
                wanted = _up(tasks * mean / policy[LEVEL])
                seconds = policy[IN_COOLDOWN_SECONDS]
                if wanted > tracked or (wanted == tracked and seconds > tracked_seconds):
                    tracked, tracked_ticks, tracked_seconds = wanted, int(policy[IN_TICKS]), seconds
        elif policy[KIND] == STEP_OUT:
            if high:
                value = _value(metric, last, demand, requests, running, numbers)
                proposal = _stepped(policy, steps, value - policy[LEVEL], base)
                is_out = proposal != NO_STEP
        elif low:
            value = _value(metric, last, demand, requests, running, numbers)
            proposal = _stepped(policy, steps, value - policy[LEVEL], tasks)
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
def replay(demand, requests, deploying, floor, bounds, events, numbers, policies, steps, running, billed, desired):  # type: ignore[no-untyped-def]
    """Run one setup over one demand; fills `running`, `billed` and `desired`, returns the number of scaling actions.

    `bounds[:, t]` are minimum and maximum in force at tick t, `floor[t]` the predictive floor (0 = none); `events`
    are the ticks at which either changes, in order, with one past the end. A tick in which nothing arrives, leaves,
    changes or alarms costs two comparisons per policy.
    """
    ticks, count = demand.shape[0], policies.shape[0]
    vcpu, tasks = numbers[VCPU], int(numbers[INITIAL])
    startup, delay, drain = int(numbers[STARTUP]), int(numbers[DELAY]), int(numbers[DRAIN])
    wanted_now = tasks
    arriving = np.zeros(ticks + startup + 2, np.int64)  # pending tasks by ready tick
    leaving = np.zeros(ticks + drain + 2, np.int64)  # draining tasks by end tick
    above = np.zeros((count, ticks), np.int32)  # for how many datapoints in a row, up to each tick
    below = np.zeros((count, ticks), np.int32)
    above_run, below_run = np.zeros(count, np.int64), np.zeros(count, np.int64)
    above_edge, below_edge, edges_for = np.zeros(count), np.zeros(count), -1
    pending, draining, actions, event = 0, 0, 0, 0
    out_until, in_until, credited = -1, -1, 0
    low, high, unsettled = 0, 0, True
    for t in range(ticks):
        if pending > 0 or draining > 0:
            tasks += arriving[t]
            pending -= arriving[t]
            arriving[t] = 0
            draining -= leaving[t]
        running[t], billed[t], desired[t] = tasks, tasks + pending + draining, wanted_now
        if tasks != edges_for:
            edges_for = tasks
            for p in range(count):
                above_edge[p], below_edge[p] = _edges(policies[p, LEVEL], policies[p, LOW_LEVEL], tasks * vcpu)
        asked_cpu = demand[t]
        for p in range(count):
            if policies[p, METRIC] == CPU:
                is_above, is_below = asked_cpu >= above_edge[p], asked_cpu < below_edge[p]
            else:
                value = _value(int(policies[p, METRIC]), t, demand, requests, running, numbers)
                is_above, is_below = value > policies[p, LEVEL], value < policies[p, LOW_LEVEL]
            above_run[p] = (above_run[p] + 1) * int(is_above)
            below_run[p] = (below_run[p] + 1) * int(is_below)
            above[p, t], below[p, t] = above_run[p], below_run[p]
        now, last = t + 1, t - delay
        if now >= ticks:
            break
        if now == events[event] or unsettled:
            event += now == events[event]
            high = bounds[1, now]
            low = min(max(bounds[0, now], floor[now]), high)
            unsettled = True
        more, less = False, False
        if last >= 0:
            more, less = _alarmed(policies, above, below, last)
        less = less and now >= in_until and not deploying[t]
        if not unsettled and not more and not (less and wanted_now > low):
            continue
        for phase in range(2):
            wanted = min(max(wanted_now, low), high)
            if phase == 1:
                in_out = now < out_until
                base = credited if in_out else tasks
                out, out_ticks, any_out, into, in_ticks, any_in = 0, 0, False, 0, 0, False
                if more or (less and wanted_now > low):
                    out, out_ticks, any_out, into, in_ticks, any_in = _propose(
                        policies, steps, last, base, tasks, above, below, demand, requests, running, numbers
                    )
                if any_out:
                    asked = min(max(out, low), high)
                    if asked > wanted_now:
                        if not in_out:
                            credited = tasks
                        wanted = asked
                        out_until, in_until = now + startup + out_ticks, -1
                elif any_in and less:
                    asked = min(max(into, low), high)
                    if asked < wanted_now:
                        wanted = asked
                        in_until = now + in_ticks
            if wanted > wanted_now:
                actions += 1
                arriving[now + startup] += wanted - wanted_now
                pending += wanted - wanted_now
            elif wanted < wanted_now:
                actions += 1
                stop = wanted_now - wanted
                ready = now + startup
                while stop > 0 and pending > 0 and ready >= now:
                    cancelled = min(stop, arriving[ready])
                    arriving[ready] -= cancelled
                    pending -= cancelled
                    stop -= cancelled
                    ready -= 1
                tasks -= stop
                if drain > 0:
                    leaving[now + drain] += stop
                    draining += stop
            wanted_now = wanted
        unsettled = False
    return actions
