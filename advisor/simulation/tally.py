"""A replay's changes, compiled: written out per tick, or summed up without a value per tick."""

# mypy: disable-error-code="no-any-return"
from typing import Any

import numpy as np
from numba import njit

from advisor.simulation.alarms import BILLED, BLOCK, DESIRED, RUNNING, SOURCE, TICK, compiled

_in_any_order: Any = njit(nogil=True, error_model="numpy", fastmath={"reassoc", "nsz"})


@compiled
def by_tick(changes, ticks, _source=SOURCE):  # type: ignore[no-untyped-def]
    """Running, billed and desired tasks in each tick."""
    running, billed, desired = np.empty(ticks, np.int64), np.empty(ticks, np.int64), np.empty(ticks, np.int64)
    for change in range(len(changes)):
        first = changes[change, TICK]
        end = changes[change + 1, TICK] if change + 1 < len(changes) else ticks
        running[first:end] = changes[change, RUNNING]
        billed[first:end] = changes[change, BILLED]
        desired[first:end] = changes[change, DESIRED]
    return running, billed, desired


@_in_any_order
def _beyond(demand, edge):  # type: ignore[no-untyped-def]
    total = 0.0
    for tick in range(len(demand)):
        total += max(0.0, demand[tick] - edge)
    return total


@compiled
def summed(changes, demand, highest, vcpu, growths, _source=SOURCE):  # type: ignore[no-untyped-def]
    """(running, billed) [tasks x ticks], and for each growth the work beyond capacity / growth  [vCPU x ticks].

    `highest`: the greatest demand of each block; where even that finds room at every growth, no tick is looked at.
    """
    ticks, running, billed, unmet = len(demand), 0, 0, np.zeros(len(growths))
    most = growths.max()
    for change in range(len(changes)):
        tick = changes[change, TICK]
        end = changes[change + 1, TICK] if change + 1 < len(changes) else ticks
        running += changes[change, RUNNING] * (end - tick)
        billed += changes[change, BILLED] * (end - tick)
        capacity = changes[change, RUNNING] * vcpu
        while tick < end:
            stop = min(end, (tick // BLOCK + 1) * BLOCK)
            if highest[tick // BLOCK] > capacity / most:
                for growth in range(len(growths)):
                    unmet[growth] += _beyond(demand[tick:stop], capacity / growths[growth])
            tick = stop
    return running, billed, unmet
