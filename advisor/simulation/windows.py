"""Windows of a load, worked out once for all setups: what the engine compares with the edges of its alarms."""

from collections.abc import Iterable

import numpy as np

from advisor.simulation import alarms
from advisor.simulation.records import Floats

# For each column of a policy row that names a window: how many datapoints, how they are taken together, what of a
# block says the same, and what stands where a replay has not had as many datapoints (there no alarm is raised).
_KINDS: dict[int, tuple[int, np.ufunc, np.ufunc, float]] = {
    alarms.HIGH_WINDOW: (alarms.POINTS, np.minimum, np.maximum, -np.inf),
    alarms.LOW_WINDOW: (alarms.LOW_POINTS, np.maximum, np.minimum, np.inf),
    alarms.SUM_WINDOW: (alarms.LOW_POINTS, np.add, np.minimum, np.inf),
}


def windows_of(columns: Floats, tables: Iterable[Floats]) -> tuple[Floats, Floats]:
    """(windows, blocks) of a load for policy tables, in which the names of the windows are filled in.

    A window ends at its tick: the least load of an alarm's high points, the greatest of its low points, and for
    target tracking their sum. Of a block stands the value that comes closest to an alarm: the greatest of the first,
    the least of the others.
    """
    ticks, asked = columns.shape[1], dict[tuple[int, int, int], int]()
    for policy in (policy for table in tables for policy in table):
        column = int(policy[alarms.METRIC] == alarms.REQUESTS)
        for kind in _kinds(policy):
            points = int(min(policy[_KINDS[kind][0]], ticks + 1))
            policy[kind] = asked.setdefault((kind, column, points), len(asked))
    windows = np.empty((len(asked), ticks))
    blocks = np.empty((len(asked), -(-ticks // alarms.BLOCK)))
    for (kind, column, points), row in asked.items():
        _, together, closest, missing = _KINDS[kind]
        windows[row, : points - 1] = missing
        if points <= ticks:
            windows[row, points - 1 :] = _sliding(columns[column], points, together)
        blocks[row] = closest.reduceat(windows[row], np.arange(0, ticks, alarms.BLOCK)) if ticks else 0.0
    return windows, blocks


def _kinds(policy: Floats) -> tuple[int, ...]:
    """The windows that a policy's alarms are read from."""
    high, low = (alarms.HIGH_WINDOW,), (alarms.LOW_WINDOW,)
    if policy[alarms.KIND] == alarms.TARGET_TRACKING:
        return (*high, *low, alarms.SUM_WINDOW) if policy[alarms.SCALES_IN] else high
    return high if policy[alarms.KIND] == alarms.STEP_OUT else low


def _sliding(values: Floats, points: int, together: np.ufunc) -> Floats:
    """Every `points` values in a row, taken together by doubling."""
    doubled, width, found, ready = values, 1, values, 0
    with np.errstate(over="ignore"):
        while True:
            if points & width:
                found = doubled if not ready else together(found[:-width], doubled[ready:])
                ready += width
            if ready == points:
                return found
            doubled, width = together(doubled[width:], doubled[:-width]), width * 2
