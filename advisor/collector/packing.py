"""How many series and how long a window one GetMetricData request should ask for: a full page, and no second one."""

from collections.abc import Iterator
from dataclasses import dataclass

QUERIES_PER_CALL = 500  # documented quota of GetMetricData
POINTS_PER_PAGE = 100_800  # documented quota of GetMetricData
FULL_ENOUGH = 0.97  # chosen: a request this full is not cut further


@dataclass(frozen=True, slots=True, kw_only=True)
class Slab:
    """One request: the series from `first` to `last` and the steps from `start` to `end`, both exclusive."""

    first: int
    last: int
    start: int
    end: int


def slabs(series: int, steps: int) -> Iterator[Slab]:
    """Requests that ask for each step of each series once, in next to as few calls as there are full pages.

    A page that is asked for with a token may be charged like a request (not known: docs/facts.md), so that
    500 series of 15 days in one request could cost 107 times what they hold. In 4 to 5 series of 14 days,
    and the rest by the day, they fill as many pages, and each metric is asked for twice.

    >>> [(s.last - s.first, s.end - s.start) for s in slabs(5, 21_600)]
    [(5, 20160), (5, 1440)]
    """
    start = 0
    while start < steps:
        fit = POINTS_PER_PAGE / (steps - start)
        if fit >= min(series, QUERIES_PER_CALL) or (fit >= 1 and int(fit) / fit >= FULL_ENOUGH):
            wide, long = min(series, QUERIES_PER_CALL, int(fit)), steps - start
        else:
            wide, long = int(fit) + 1, POINTS_PER_PAGE // (int(fit) + 1)
        for first in range(0, series, wide):
            yield Slab(first=first, last=min(first + wide, series), start=start, end=start + long)
        start += long
