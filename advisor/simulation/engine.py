"""The one compiled loop: docs/simulation.md, tick by tick. Arrays in, arrays out; it knows nothing of records.

The steps of all step policies stand in one table, and a policy names its rows of it; alarms are told by alarms.py.
"""

# mypy: disable-error-code="no-any-return"
import math

import numpy as np

from advisor.simulation.alarms import (
    ABOVE,
    ADJUSTMENT,
    BELOW,
    BILLED,
    COOLDOWN_SECONDS,
    COUNTS,
    DELAY,
    DESIRED,
    DRAIN,
    FIRST_STEP,
    IN_COOLDOWN_SECONDS,
    IN_TICKS,
    INITIAL,
    KIND,
    LAST_STEP,
    LEVEL,
    LOW_POINTS,
    MAGNITUDE,
    OUT_TICKS,
    POINTS,
    RUNNING,
    SCALES_IN,
    SOURCE,
    STARTUP,
    STEP_OUT,
    TARGET_TRACKING,
    TICK,
    TOLERANCE,
    compiled,
    count_points,
    mean_of,
    next_change,
    part,
    raised,
    set_edges,
)

CHANGE, PERCENT, EXACT = 0, 1, 2
FROM, LEAST, MOST_TASKS = range(3)  # columns of the bounds
NO_STEP = -(2**40)  # below any count that a step can propose
MOST = 2.0**40  # no count, delay or number of points is larger: beyond any replay, and safe to add up
NEVER = 2**62  # a tick after any replay


@part
def _up(value):  # type: ignore[no-untyped-def]
    """Round up, forgiving float noise."""
    return math.ceil(min(value, MOST) - TOLERANCE)


@part
def _percent_change(base, percent):  # type: ignore[no-untyped-def]
    """AWS's rounding of a percentage change: above 1 down, (0, 1] to 1, [-1, 0) to -1, below -1 toward zero."""
    change = base * percent / 100
    size = max(1, math.floor(abs(change) + TOLERANCE)) if change != 0 else 0
    return size if change > 0 else -size


@part
def _stepped(policies, p, steps, difference, base):  # type: ignore[no-untyped-def]
    """The count that a step policy proposes for a distance from its threshold; NO_STEP where none fits."""
    for row in range(int(policies[p, FIRST_STEP]), int(policies[p, LAST_STEP])):
        low, high, adjustment = steps[row, 0], steps[row, 1], steps[row, 2]
        out = policies[p, KIND] == STEP_OUT
        fits = (low <= difference < high) if out else (low < difference <= high)
        if not fits:
            continue
        if policies[p, ADJUSTMENT] == EXACT:
            return int(adjustment)
        if policies[p, ADJUSTMENT] == CHANGE:
            return base + int(adjustment)
        change = _percent_change(base, adjustment)
        magnitude = int(policies[p, MAGNITUDE])
        if change != 0 and abs(change) < magnitude:
            change = magnitude if change > 0 else -magnitude
        return base + change
    return NO_STEP


@part
def _propose(policies, steps, alarms, last, base, tasks, columns, changes, at, numbers):  # type: ignore[no-untyped-def]
    """What all policies ask for: (out, its cooldown, any out, in, its cooldown, any in); cooldowns in ticks."""
    out, out_ticks, any_out, best_out = 0, 0, False, -1.0
    into, in_ticks, any_in, best_in = 0, 0, False, -1.0
    tracking, agreed, tracked, tracked_ticks, tracked_seconds = 0, 0, -1, 0, -1.0
    for p in range(policies.shape[0]):
        high, low = alarms[p, ABOVE] >= policies[p, POINTS], alarms[p, BELOW] >= policies[p, LOW_POINTS]
        proposal, is_out, is_in = NO_STEP, False, False
        if policies[p, KIND] == TARGET_TRACKING:
            if high:
                mean = mean_of(policies, p, int(policies[p, POINTS]), last, columns, changes, at, numbers)
                proposal = _up(base * mean / policies[p, LEVEL])
                is_out = True
            tracking += int(policies[p, SCALES_IN])
            if low and policies[p, SCALES_IN] > 0:
                agreed += 1
                mean = mean_of(policies, p, int(policies[p, LOW_POINTS]), last, columns, changes, at, numbers)
                wanted = _up(tasks * mean / policies[p, LEVEL])
                seconds = policies[p, IN_COOLDOWN_SECONDS]
                if wanted > tracked or (wanted == tracked and seconds > tracked_seconds):
                    tracked, tracked_ticks, tracked_seconds = wanted, int(policies[p, IN_TICKS]), seconds
        elif high if policies[p, KIND] == STEP_OUT else low:
            difference = mean_of(policies, p, 1, last, columns, changes, at, numbers) - policies[p, LEVEL]
            is_out = policies[p, KIND] == STEP_OUT
            proposal = _stepped(policies, p, steps, difference, base if is_out else tasks)
            is_out, is_in = is_out and proposal != NO_STEP, not is_out and proposal != NO_STEP
        seconds = policies[p, COOLDOWN_SECONDS]
        if is_out and (not any_out or proposal > out or (proposal == out and seconds > best_out)):
            out, out_ticks, any_out, best_out = proposal, int(policies[p, OUT_TICKS]), True, seconds
        if is_in and (not any_in or proposal > into or (proposal == into and seconds > best_in)):
            into, in_ticks, any_in, best_in = proposal, int(policies[p, OUT_TICKS]), True, seconds
    stronger = not any_in or tracked > into or (tracked == into and tracked_seconds > best_in)
    if tracking > 0 and agreed == tracking and stronger:
        into, in_ticks, any_in = tracked, tracked_ticks, True
    return out, out_ticks, any_out, into, in_ticks, any_in


@part
def _loop(  # type: ignore[no-untyped-def]
    columns,
    deploying,
    bounds,
    numbers,
    policies,
    rules,
    steps,
    windows,
    blocks,
    changes,
    edges,
    held,
    arriving,
    leaving,
    alarms,
    told,
):
    """The ticks of a replay, over the arrays of `replay` and its own."""
    ticks, turn, tasks = columns.shape[1], len(arriving) - 1, int(numbers[INITIAL])
    startup, delay, drain = int(numbers[STARTUP]), int(numbers[DELAY]), int(numbers[DRAIN])
    counted = -1
    wanted_now, pending, draining, actions = tasks, 0, 0, 0
    out_until, in_until, credited = -1, -1, 0
    event, low, high = -1, 0, 0
    newest, at, more_from, fewer_from, t = -1, 0, 0, 0, 0
    while t < ticks:
        if pending > 0 or draining > 0:
            here = t & turn
            more_from = t if arriving[here] > 0 else more_from
            tasks, pending, draining = tasks + arriving[here], pending - arriving[here], draining - leaving[here]
            arriving[here], leaving[here] = 0, 0
        billed = tasks + pending + draining
        if (
            newest < 0
            or changes[newest, RUNNING] != tasks
            or changes[newest, BILLED] != billed
            or changes[newest, DESIRED] != wanted_now
        ):
            newest += 1
            changes[newest, TICK], changes[newest, RUNNING] = t, tasks
            changes[newest, BILLED], changes[newest, DESIRED] = billed, wanted_now
            changes[newest + 1, TICK] = NEVER
            set_edges(edges, held, changes, newest, policies, numbers)
        now, last = t + 1, t - delay
        if now >= ticks:
            break
        unsettled = bounds[event + 1, FROM] <= now
        while bounds[event + 1, FROM] <= now:
            event += 1
            low, high = bounds[event, LEAST], bounds[event, MOST_TASKS]
        more, less, steady = False, False, False
        if last >= 0:
            while changes[at + 1, TICK] <= last:
                at += 1
            count_points(alarms, rules, last, counted == last - 1, columns, changes, edges, at)
            more, less, steady = raised(alarms, told, rules, now - delay - more_from, now - delay - fewer_from)
            counted = last
        less = less and wanted_now > low and now >= in_until and not deploying[t]
        more = more and (less or wanted_now < high)
        for phase in range(0 if unsettled else 1 if more or less else 2, 2):
            wanted = min(max(wanted_now, low), high)
            if phase == 1:
                in_out = now < out_until
                out, out_ticks, any_out, into, in_ticks, any_in = _propose(
                    policies, steps, alarms, last, credited if in_out else tasks, tasks, columns, changes, at, numbers
                )
                asked = min(max(out if any_out else into, low), high)
                if any_out and asked > wanted_now:
                    wanted, credited = asked, credited if in_out else tasks
                    out_until, in_until = now + startup + out_ticks, -1
                elif any_in and less and not any_out and asked < wanted_now:
                    wanted, in_until = asked, now + in_ticks
            actions += wanted != wanted_now
            if wanted > wanted_now:
                arriving[(now + startup) & turn] += wanted - wanted_now
                pending += wanted - wanted_now
            stop, ready = wanted_now - wanted, now + startup
            while stop > 0 and pending > 0:
                cancelled = min(stop, arriving[ready & turn])
                arriving[ready & turn] -= cancelled
                pending, stop, ready = pending - cancelled, stop - cancelled, ready - 1
            if stop > 0:
                tasks, fewer_from = tasks - stop, now
                draining += stop if drain > 0 else 0
                leaving[(now + drain) & turn] += stop if drain > 0 else 0
            wanted_now = wanted
        t += 1
        if (
            steady
            and pending + draining == 0
            and last >= max(more_from, fewer_from)
            and changes[newest, DESIRED] == wanted_now
        ):
            stop = min(bounds[event + 1, FROM], ticks) - 1 - delay
            outs, ins, ins_from = wanted_now < high, wanted_now > low, in_until - 1 - delay
            t = max(
                t, delay + next_change(rules, told, edges, newest, windows, blocks, last + 1, stop, outs, ins, ins_from)
            )
    return newest + 1, actions


@compiled
def replay(columns, deploying, bounds, numbers, policies, steps, windows, blocks, changes, _source=SOURCE):  # type: ignore[no-untyped-def]
    """Run one setup over one load; fills `changes`, returns (how many there are, the number of scaling actions).

    `columns`: vCPU and requests per tick. `bounds`: the least and the most tasks in force from a tick on, with a row
    past the end. A change tells from which tick on how many tasks run, are billed and are desired.
    """
    rules, count = policies.astype(np.int64), policies.shape[0]
    edges, held = np.empty((columns.shape[1] + 1, count, 3)), np.full(COUNTS, -1)
    turns = 2
    while turns < max(numbers[STARTUP], numbers[DRAIN]) + 2:
        turns *= 2
    arriving, leaving = np.zeros(turns, np.int64), np.zeros(turns, np.int64)  # tasks by ready and by end tick, in turn
    alarms, told = np.zeros((count, 2), np.int64), np.zeros(count, np.bool_)
    return _loop(
        columns,
        deploying,
        bounds,
        numbers,
        policies,
        rules,
        steps,
        windows,
        blocks,
        changes,
        edges,
        held,
        arriving,
        leaving,
        alarms,
        told,
    )
