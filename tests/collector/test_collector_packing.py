"""Requests for metrics: every point once, within the quotas, in next to as few calls as there are full pages."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from advisor.collector.packing import POINTS_PER_PAGE, QUERIES_PER_CALL, slabs


@given(st.integers(1, 700), st.integers(1, 3000))
def test_every_point_is_asked_for_once_and_no_request_is_too_large(series: int, steps: int) -> None:
    asked = np.zeros((series, steps), dtype="int8")
    for slab in slabs(series, steps):
        block = asked[slab.first : slab.last, slab.start : slab.end]
        assert 0 < block.size <= POINTS_PER_PAGE
        assert len(block) <= QUERIES_PER_CALL
        block += 1
    assert (asked == 1).all()


@given(st.integers(1, 2500), st.integers(1, 21_600))
def test_calls_are_at_most_a_twentieth_above_the_least_possible(services: int, steps: int) -> None:
    series = 5 * services
    least = max(math.ceil(series * steps / POINTS_PER_PAGE), math.ceil(series / QUERIES_PER_CALL))
    assert len(list(slabs(series, steps))) <= 1.05 * least + 1


def test_a_metric_of_15_days_is_asked_for_twice_at_most() -> None:
    for series in (5, 500, 5000):
        assert sum(s.last - s.first for s in slabs(series, 21_600)) <= 2 * series
