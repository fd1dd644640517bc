"""Periods of a bill: which of them are compared, and which of them a deployment touches."""

from collections.abc import Sequence
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from advisor.domain.units import DAY_SECONDS

Span = tuple[int, int]  # epoch seconds, the end is not part of it


def edges(lines: pa.Table) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Start and end of each line  [epoch seconds]."""
    first, last = (lines[name].cast(pa.int64()).to_numpy() for name in ("start", "end"))
    return first, last


def compared_span(known: Span, whole: Span, *, period: int) -> Span | None:
    """Where bill and metrics overlap, in whole periods; None where they do not. A month is compared whole or not."""
    if period > DAY_SECONDS:
        return whole if known[0] <= whole[0] and whole[1] <= known[1] else None
    first = -(-max(known[0], whole[0]) // period) * period
    last = min(known[1], whole[1]) // period * period
    return (first, last) if first < last else None


def split(lines: pa.Table, span: Span) -> tuple[pa.Table, Decimal]:
    """The lines whose periods lie in the span, and what all others cost  [USD]."""
    first, last = edges(lines)
    within = (first >= span[0]) & (last <= span[1])
    rest = pc.sum(lines["cost"].filter(pa.array(~within))).as_py()
    return lines.filter(pa.array(within)), rest or Decimal(0)


def touched(
    first: npt.NDArray[np.int64], last: npt.NDArray[np.int64], deployments: Sequence[Span]
) -> npt.NDArray[np.bool_]:
    """Which of the periods from `first` to `last` meet a deployment."""
    met = np.zeros(len(first), dtype=bool)
    for start, end in deployments:
        met |= (first < end) & (last > start)
    return met


def periods(
    at: npt.NDArray[np.int64], *, period: int, span: Span
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """First and last instant of the period that each instant lies in."""
    if period > DAY_SECONDS:
        return np.full(len(at), span[0]), np.full(len(at), span[1])
    first = at // period * period
    return first, first + period
