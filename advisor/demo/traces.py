"""The public traces that the demo fleet replays, on any fifteen days.

Each trace is one fortnight, from Monday 00:00 UTC. It is laid on the calendar by weekday and hour, over and
over, so fifteen days hold one trace day twice: the first and the last.
Where a trace's weekday is unknown its first day counts as a Monday (see data/README.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

FORTNIGHT = 14 * 24 * 60  # minutes
MONDAY = datetime(1970, 1, 5, tzinfo=UTC)
COARSE = 5  # minutes in one step of the five-minute traces
# Relative spread of the minutes within one five-minute step. Chosen: the median of the one-minute traces
# shipped here is between 0.007 (crane-13) and 0.23 (nasa-www).
WITHIN_STEP = 0.05


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trace:
    """One fortnight of one public series; NaN where the source has no value.

    `load` and `memory` hold one value per `step_minutes`. The unit of `load` is the source's (see
    data/traces.csv); `memory` is percent of the task's own limit and all NaN where there is none.
    """

    name: str
    step_minutes: int
    load: Floats
    memory: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Replay:
    """A trace laid on the calendar, one value per minute; `known` is False where the source was silent.

    `load` and `memory` go on there as a straight line, because demand does not stop when a meter does.
    """

    load: Floats
    memory: Floats
    known: Bools


@cache
def load_traces() -> Mapping[str, Trace]:
    """Every trace shipped with the demo, by name."""
    with (files("advisor.demo") / "data" / "traces.parquet").open("rb") as file:
        table = pq.read_table(file).combine_chunks()
    names = np.asarray(table["series"].to_pylist())
    minute, load, memory = (table[c].to_numpy() for c in ("minute", "load", "memory"))
    return {
        str(name): _trace(str(name), minute[names == name], load[names == name], memory[names == name])
        for name in np.unique(names)
    }


def _trace(name: str, minute: NDArray[np.int16], load: Floats, memory: Floats) -> Trace:
    step = COARSE if (minute % COARSE == 0).all() else 1
    on_grid = np.full((2, FORTNIGHT // step), np.nan)
    on_grid[:, minute // step] = load, memory
    on_grid.setflags(write=False)
    return Trace(name=name, step_minutes=step, load=on_grid[0], memory=on_grid[1])


def minute_of_fortnight(instant: datetime) -> int:
    """Where an instant lies in the two weeks that repeat.  [minutes, 0 to 20,159]

    >>> minute_of_fortnight(datetime(2026, 11, 23, 20, 15, tzinfo=UTC)) % (7 * 24 * 60)  # a Monday
    1215
    """
    return ((instant - MONDAY) // timedelta(minutes=1)) % FORTNIGHT


def replay(trace: Trace, *, start: datetime, minutes: int, seed: int) -> Replay:
    """The trace over `minutes` from `start`, at the same weekday and hour.

    The mean of five minutes of a five-minute trace is exactly the trace's value.
    """
    at = (minute_of_fortnight(start) + np.arange(minutes)) % FORTNIGHT
    known = np.repeat(~np.isnan(trace.load), trace.step_minutes)
    load = _by_minute(trace.load, trace.step_minutes, seed)
    memory = _by_minute(trace.memory, trace.step_minutes, seed + 1, spread=0.0)
    return Replay(load=load[at], memory=memory[at], known=known[at])


def _by_minute(values: Floats, step: int, seed: int, *, spread: float = WITHIN_STEP) -> Floats:
    filled = _bridged(values)
    return filled if step == 1 else to_minutes(filled, seed=seed, spread=spread)


def _bridged(values: Floats) -> Floats:
    """Straight lines over the holes, round the end of the fortnight; all NaN stays."""
    known = np.flatnonzero(~np.isnan(values))
    if known.size in (0, values.size):
        return values
    return np.interp(np.arange(values.size), known, values[known], period=values.size)


def to_minutes(means: Floats, *, seed: int, spread: float = WITHIN_STEP) -> Floats:
    """Five-minute means as minutes: lines between the steps' middles, ruffled, and each mean kept exactly.

        minute = line x (1 + spread x normal), at least 0, x trace mean / mean of its five

    Peaks shorter than five minutes are not in the source and are not invented beyond `spread`.
    """
    fine = np.arange(means.size * COARSE)
    middles = np.arange(means.size) * COARSE + (COARSE - 1) / 2
    line = np.interp(fine, middles, means, period=fine.size)
    noise = np.random.default_rng(seed).standard_normal(fine.size)
    five = np.maximum(line * (1 + spread * noise), 0).reshape(-1, COARSE)
    held = five.mean(axis=1)
    scale = np.divide(means, held, out=np.zeros_like(means), where=held > 0)
    result: Floats = np.where(held[:, None] > 0, five * scale[:, None], means[:, None]).ravel()
    return result
