"""How many series and how long a window one GetMetricData request should ask for: a full page, and no second one."""

from collections.abc import Iterator
from dataclasses import dataclass

QUERIES_PER_CALL = 500  # documented quota of GetMetricData
POINTS_PER_PAGE = 100_800  # documented quota of GetMetricData


@dataclass(frozen=True, slots=True, kw_only=True)
class Slab:
    """One request: the series from `first` to `last` and the steps from `start` to `end`, both exclusive."""

    first: int
    last: int
    start: int
    end: int


def slabs(series: int, steps: int) -> Iterator[Slab]:
    """Requests that ask for each step of each series once, in next to as few calls as there are full pages.

    A page that is asked for with a token may be charged like a request (not known: docs/moto.md), so that
    500 series of 15 days in one request could cost 107 times what they hold. In groups of 5 for 14 days and
    of 71 for the rest, or of 4, they fill as many pages, and each metric is asked for twice at most.

    >>> [(s.last - s.first, s.end - s.start) for s in slabs(7, 21_600)]
    [(4, 21600), (3, 21600)]
    """
    start = 0
    for wide, long in _cut(series, steps):
        for first in range(0, series, wide):
            yield Slab(first=first, last=min(first + wide, series), start=start, end=start + long)
        start += long


def _cut(series: int, steps: int) -> list[tuple[int, int]]:
    """Windows that follow each other, as (series a request, steps), in the fewest requests: one, or two."""
    if steps > POINTS_PER_PAGE:
        return [(1, POINTS_PER_PAGE), *_cut(series, steps - POINTS_PER_PAGE)]
    most = min(series, QUERIES_PER_CALL)
    fit = min(most, POINTS_PER_PAGE // steps) if steps else 0
    cuts = [[(fit, steps)]] if fit else []
    for calls in range(-(-series // most), -(-series // (fit + 1)) + 1) if 0 < fit < most else ():
        wide = -(-series // calls)  # the least that so many requests take
        if wide > fit:
            long = POINTS_PER_PAGE // wide
            cuts.append([(wide, long), (min(most, POINTS_PER_PAGE // (steps - long)), steps - long)])
    return min(cuts, key=lambda cut: sum(-(-series // wide) for wide, _ in cut), default=[])
