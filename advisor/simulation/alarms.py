"""Compiled: the alarms of policies, as comparisons of the load with edges. Arrays in, arrays out.

At a given task count every metric only rises with the load, so that an alarm compares the load with an edge, found
once per count. While the count stays, an alarm over several datapoints compares one window of the load with its edge
(windows.py), and over a block of ticks the block's extreme: so stretches in which no alarm can change the count are
passed over. What is passed over is proved to change nothing; whatever may change something is decided in full.

A policy is a row of `POLICY_FIELDS` numbers. Metrics are 0 cpu, 1 memory, 2 requests.
"""

# mypy: disable-error-code="no-any-return"
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit

# An entry that Python calls; kept on disk. Numba looks for changes in its own file alone, so it takes SOURCE as well.
compiled: Any = njit(cache=True, nogil=True, error_model="numpy")
SOURCE = zlib.crc32(Path(__file__).read_bytes())
# A part of an entry. It makes no array, so no references are counted: that took longer than all the rest.
_PART: Any = {"forceinline": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True, "_nrt": False}
part: Any = njit(nogil=True, error_model="numpy", **_PART)

TARGET_TRACKING, STEP_OUT, STEP_IN = 0, 1, 2
# Columns of a policy row.
KIND, METRIC, LEVEL, POINTS, LOW_POINTS, LOW_LEVEL, OUT_TICKS, IN_TICKS = range(8)
ADJUSTMENT, FIRST_STEP, LAST_STEP, MAGNITUDE, COOLDOWN_SECONDS, IN_COOLDOWN_SECONDS, SCALES_IN = range(8, 15)
HIGH_WINDOW, LOW_WINDOW, SUM_WINDOW = range(15, 18)  # rows of the windows
POLICY_FIELDS = 18
CPU, MEMORY, REQUESTS = 0, 1, 2
VCPU, MIB, BASE_MIB, MIB_PER_VCPU, INITIAL, STARTUP, DELAY, DRAIN = range(8)  # places in the row of plain numbers
TICK, RUNNING, BILLED, DESIRED = range(4)  # columns of a change
ABOVE, BELOW, FEWER = range(3)  # edges of a policy
TOLERANCE = 1e-9  # CEIL_TOLERANCE of advisor.fargate.scaling; a compiled constant
BLOCK = 32  # ticks
COUNTS = 64  # task counts whose edges are kept; a power of 2
_LEAST_LEVEL = 1e-6  # of a target whose sums are compared: far from where floats lose digits


@part
def value_of(metric, asked, tasks, numbers):  # type: ignore[no-untyped-def]
    """The datapoint of a metric [percent, or requests per task], where `asked` vCPU or requests meet some tasks."""
    if metric == REQUESTS:
        return asked / tasks
    capacity = tasks * numbers[VCPU]
    if metric == CPU:
        return 100.0 * min(1.0, asked / capacity)
    used = numbers[BASE_MIB] + numbers[MIB_PER_VCPU] * min(asked, capacity) / tasks
    return min(100.0, 100.0 * used / numbers[MIB])


@part
def mean_of(policies, p, points, last, columns, changes, at, numbers):  # type: ignore[no-untyped-def]
    """Mean of the `points` datapoints up to tick `last`, summed in the order of time."""
    metric, total, tick = policies[p, METRIC], 0.0, last - points + 1
    column = int(metric == REQUESTS)
    while changes[at, TICK] > tick:
        at -= 1
    while tick <= last:
        end, tasks = min(changes[at + 1, TICK], last + 1), changes[at, RUNNING]
        for one in range(tick, end):
            total += value_of(metric, columns[column, one], tasks, numbers)
        tick, at = end, at + 1
    return total / points


@part
def _reaches(metric, asked, level, strictly, tasks, numbers):  # type: ignore[no-untyped-def]
    """Whether a load takes a metric above the level, or at least to it."""
    value = value_of(metric, asked, tasks, numbers)
    return value > level or (not strictly and value == level)


@part
def _edge(metric, level, strictly, tasks, numbers):  # type: ignore[no-untyped-def]
    """The smallest load that takes a metric above the level, or at least to it; infinite where none does.

    Found between neighbouring floats, so that comparing loads says exactly what comparing datapoints says.
    """
    most = 1.7976931348623157e308 if metric == REQUESTS else tasks * numbers[VCPU]
    if not _reaches(metric, most, level, strictly, tasks, numbers):
        return np.inf
    if _reaches(metric, 0.0, level, strictly, tasks, numbers):
        return 0.0
    guess = level * tasks
    if metric == CPU:
        guess = level / 100.0 * most
    elif metric == MEMORY:
        guess = (level * numbers[MIB] / 100.0 - numbers[BASE_MIB]) * tasks / numbers[MIB_PER_VCPU]
    short, enough = guess * (1.0 - 1e-15), guess * (1.0 + 1e-15)
    near = short > 0.0 and enough < np.inf and _reaches(metric, enough, level, strictly, tasks, numbers)
    if not near or _reaches(metric, short, level, strictly, tasks, numbers):
        short, enough = 0.0, most
    while True:
        middle = short + (enough - short) / 2.0
        if middle <= short or middle >= enough:
            return enough
        if _reaches(metric, middle, level, strictly, tasks, numbers):
            enough = middle
        else:
            short = middle


@part
def _fewer(policies, p, below, tasks, numbers):  # type: ignore[no-untyped-def]
    """A sum of loads over the low window from which on target tracking asks for no fewer tasks than run.

    Wide of the exact sum by more than rounding, so that only sums below it need a decision; infinite where
    a sum says nothing, because loads beyond capacity count in it.
    """
    if policies[p, KIND] != TARGET_TRACKING or below == np.inf or policies[p, LEVEL] < _LEAST_LEVEL:
        return np.inf
    points = policies[p, LOW_POINTS]
    edge = (tasks - 1 + 2.0 * TOLERANCE) * (1.0 + 1e-12) * policies[p, LEVEL] * points
    if policies[p, METRIC] == REQUESTS:
        return edge
    if policies[p, METRIC] == CPU:
        return edge / 100.0 * numbers[VCPU]
    return (edge / 100.0 * numbers[MIB] - points * tasks * numbers[BASE_MIB]) / numbers[MIB_PER_VCPU]


@part
def set_edges(edges, held, changes, row, policies, numbers):  # type: ignore[no-untyped-def]
    """Set the edges for the count of a change; `held` are rows that have them for some counts already.

    A metric is above its level exactly where the load is >= ABOVE, and below its low level exactly where < BELOW;
    where a policy does not scale out, or in, no load is.
    """
    tasks = changes[row, RUNNING]
    twin = held[tasks & (COUNTS - 1)]
    held[tasks & (COUNTS - 1)] = row
    alike = twin >= 0 and changes[twin, RUNNING] == tasks
    for p in range(policies.shape[0]):
        kind, metric, above, below, fewer = policies[p, KIND], policies[p, METRIC], np.inf, -np.inf, np.inf
        if alike:
            above, below, fewer = edges[twin, p, ABOVE], edges[twin, p, BELOW], edges[twin, p, FEWER]
        elif tasks > 0:
            if kind != STEP_IN:
                above = _edge(metric, policies[p, LEVEL], True, tasks, numbers)
            if kind == STEP_IN or policies[p, SCALES_IN] > 0:
                below = _edge(metric, policies[p, LOW_LEVEL], False, tasks, numbers)
                fewer = _fewer(policies, p, below, tasks, numbers)
        edges[row, p, ABOVE], edges[row, p, BELOW], edges[row, p, FEWER] = above, below, fewer


@part
def count_points(alarms, rules, last, on, columns, changes, edges, at):  # type: ignore[no-untyped-def]
    """Set `alarms`: for how many datapoints in a row up to tick `last`, at most its points, each alarm is raised.

    Where `on`, they stand as of the tick before, so that one comparison carries each of them on.
    """
    for p in range(len(rules)):
        column = int(rules[p, METRIC] == REQUESTS)
        for side in range(2):
            if on:
                beyond = (columns[column, last] >= edges[at, p, side]) == (side == ABOVE)
                alarms[p, side] = alarms[p, side] + 1 if beyond else 0
                continue
            row, tick, oldest = at, last, max(last - rules[p, POINTS + side] + 1, 0)
            while tick >= oldest:
                while changes[row, TICK] > tick:
                    row -= 1
                if (columns[column, tick] >= edges[row, p, side]) == (side == BELOW):
                    break
                tick -= 1
            alarms[p, side] = last - tick


@part
def raised(alarms, told, rules, since_more, since_fewer):  # type: ignore[no-untyped-def]
    """(any alarm that asks for more, any for less that counts, whether windows tell all changes from here on).

    `since_more`, `since_fewer`: datapoints since the count last rose, or fell. Windows miss no alarm for more whose
    run of datapoints does not reach further back than the last rise (before it the edge was lower), and none for
    less not further than the last fall; `told` says for which policies this holds. Memory of full tasks is the same
    at every count but for rounding, so its windows must not reach across any change. As target tracking scales in
    where all its alarms agree, one that is told is enough.
    """
    more, step_in, low_told, all_told, tracking, agreed, any_told = False, False, True, True, 0, 0, False
    for p in range(len(rules)):
        low = alarms[p, BELOW] >= rules[p, LOW_POINTS]
        more = more or alarms[p, ABOVE] >= rules[p, POINTS]
        both = min(since_more, since_fewer) if rules[p, METRIC] == MEMORY else 2**62
        all_told = all_told and min(alarms[p, ABOVE] + 1, rules[p, POINTS]) <= min(since_more, both)
        told[p] = min(alarms[p, BELOW] + 1, rules[p, LOW_POINTS]) <= min(since_fewer, both)
        if rules[p, SCALES_IN] > 0:
            tracking, agreed, any_told = tracking + 1, agreed + low, any_told or told[p]
        else:
            step_in, low_told = step_in or low, low_told and told[p]
    return more, step_in or (tracking > 0 and agreed == tracking), all_told and low_told and (tracking == 0 or any_told)


@part
def _first(windows, row, tick, end, edge, side):  # type: ignore[no-untyped-def]
    """The first tick before `end` whose window is on this side of an edge; `end` where none is."""
    while tick < end and (windows[row, tick] >= edge) != (side == ABOVE):
        tick += 1
    return min(tick, end)


@part
def _agree(rules, told, edges, row, table, at):  # type: ignore[no-untyped-def]
    """Whether all target tracking may ask for fewer tasks at a tick of the windows, or in a block; False is proof."""
    tracking = False
    for p in range(len(rules)):
        if rules[p, SCALES_IN] > 0:
            tracking = True
            low = table[rules[p, LOW_WINDOW], at] < edges[row, p, BELOW]
            if told[p] and not (low and table[rules[p, SUM_WINDOW], at] < edges[row, p, FEWER]):
                return False
    return tracking


@part
def next_change(rules, told, edges, row, windows, blocks, first, stop, outs, ins, ins_from):  # type: ignore[no-untyped-def]
    """The first datapoint from `first` on whose alarms may change the count, scale-in from `ins_from` on; or `stop`."""
    tick = first
    while tick < stop:
        block = tick // BLOCK
        end = min((block + 1) * BLOCK, stop)
        found, into = end, max(tick, ins_from)
        for p in range(len(rules)):
            high, low = rules[p, HIGH_WINDOW], rules[p, LOW_WINDOW]
            if outs and blocks[high, block] >= edges[row, p, ABOVE]:
                found = _first(windows, high, tick, found, edges[row, p, ABOVE], ABOVE)
            if ins and rules[p, KIND] == STEP_IN and blocks[low, block] < edges[row, p, BELOW]:
                found = _first(windows, low, into, found, edges[row, p, BELOW], BELOW)
        if ins and _agree(rules, told, edges, row, blocks, block):
            while into < found and not _agree(rules, told, edges, row, windows, into):
                into += 1
            found = min(into, found)
        if found < end:
            return found
        tick = end
    return stop
