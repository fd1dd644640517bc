"""The backtest: nothing of the days that score enters a choice, and what is scored is what happened."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.advice.board import (
    ADVISED,
    OURS,
    TODAY,
    Origin,
    by_peer,
    enough,
    marks_of,
    origin_of,
    ours,
    rolling,
    rooms,
    rules,
    scores,
    shortages_of,
    stated_of,
    with_advice,
)
from advisor.advice.peers import Need
from advisor.advice.reliability import Stated, bands
from advisor.domain.errors import NoData
from advisor.domain.inventory import Service
from advisor.domain.policy import OtherPolicy
from advisor.domain.scoreboard import Mark, Marks
from advisor.domain.service import TaskSize
from advisor.domain.settings import Config
from advisor.profile import Demand, infer_demand
from tests.service_worlds import PER_DAY, PRICES, World, fixed, level, service_of, usage_of

SETUP = fixed(2, vcpu=2, gib=4)


def demand_of(vcpu: np.ndarray, mib: np.ndarray, service: Service) -> Demand:
    """So much work of a task and memory of a task, in two tasks."""
    world = World(vcpu=2 * vcpu, base_mib=0, noise=mib)
    return infer_demand(usage_of(world, np.full(len(vcpu), 2.0), SETUP.size), service)


def one_origin(vcpu: np.ndarray, mib: np.ndarray, service: Service | None = None) -> Origin:
    service = service or service_of(SETUP)
    ((before, after),) = rolling(demand_of(vcpu, mib, service), 1)
    return origin_of(service, before, after, PRICES, Config())


def steps(before: float, after: float, *, days: int = 16) -> np.ndarray:
    return np.concatenate([level(before, days=days / 2), level(after, days=days / 2)])


@pytest.mark.parametrize(
    ("days", "origins", "lengths"), [(16, 1, [8]), (16, 2, [4, 4]), (45, 3, [10, 10, 11]), (4, 9, [1, 1])]
)
def test_every_stretch_follows_the_days_that_were_seen_and_together_they_are_all_days_after_the_first_origin(
    days: int, origins: int, lengths: list[int]
) -> None:
    demand = demand_of(level(0.4, days=days), level(900, days=days), service_of(SETUP))
    found = list(rolling(demand, origins))
    assert [len(after.frame) for _, after in found] == [PER_DAY * length for length in lengths]
    assert len(found[0][0].frame) == PER_DAY * min(14, days / 2)
    for before, after in found:
        assert pd.concat([before.frame, after.frame]).equals(demand.frame.iloc[: len(before.frame) + len(after.frame)])


def test_the_days_that_score_do_not_enter_any_choice() -> None:
    calm = one_origin(level(0.4, days=16), level(900, days=16))
    wild = one_origin(steps(0.4, 1.9), steps(900, 3000))
    for name, rule in rules().items():
        assert rule(calm.before) == rule(wild.before), name
    assert with_advice(calm, Config()).advised == with_advice(wild, Config()).advised


def test_the_cheapest_size_that_would_have_been_enough_is_known_only_afterwards() -> None:
    origin = one_origin(steps(0.2, 0.45), steps(900, 1500))
    assert enough(origin.after).setup.size == TaskSize.of(vcpu=0.5, gib=2)
    # CPU up to 1 % of the time at the ceiling is allowed, memory never.
    work, memory = steps(0.2, 0.2), steps(900, 900)
    work[-20:], memory[-1:] = 1.5, 2050  # 20 of 2,304 steps
    assert enough(one_origin(work, memory).after).setup.size == TaskSize.of(vcpu=0.5, gib=3)


def test_marks_are_what_happened() -> None:
    origin = with_advice(one_origin(steps(0.4, 0.9), steps(900, 1100)), Config())
    found = {mark.rule: mark for mark in marks_of(service_of(SETUP), [origin], rules()).marks}
    small, enough_ = TaskSize.of(vcpu=0.5, gib=1), TaskSize.of(vcpu=1, gib=2)
    assert found["highest x 1"].sizes == (small,)
    assert found["highest x 1"].memory_breached
    assert found["highest x 1"].over_limit
    assert found["highest x 1"].throttled_share == 1
    assert found["highest x 1"].cost == pytest.approx(0.5, abs=1e-3)  # half of 1 vCPU and 2 GiB
    assert found["highest x 2.5"].sizes == (TaskSize.of(vcpu=1, gib=3),)
    assert not found["highest x 2.5"].memory_breached
    assert found[TODAY].cost == pytest.approx(2, abs=1e-3)
    assert found[ADVISED].sizes == found[OURS].sizes
    assert enough(origin.after).setup.size == enough_


def test_several_origins_are_weighed_by_their_length_and_one_breach_is_enough() -> None:
    service = service_of(SETUP)
    memory = level(900, days=16)
    memory[-1] = 3000
    demand = demand_of(level(0.4, days=16), memory, service)
    origins = [origin_of(service, before, after, PRICES, Config()) for before, after in rolling(demand, 2)]
    one = marks_of(service, origins, {OURS: ours})
    assert one.enough == (TaskSize.of(vcpu=0.5, gib=1), TaskSize.of(vcpu=0.5, gib=3))
    assert len(one.marks[0].sizes) == 2
    assert one.marks[0].memory_breached
    assert (one.days_fitted, one.days_scored) == (8, 8)


def test_a_part_that_may_not_change_is_left_alone_by_every_rule() -> None:
    policy = OtherPolicy(why="a custom metric")
    setup = replace(SETUP, minimum=2, maximum=4, policies=(policy,))
    origin = one_origin(level(0.4, days=16), level(900, days=16), service_of(setup))
    assert all(rule(origin.before) == setup for rule in rules().values())


def test_memory_that_was_not_measured_does_not_shrink() -> None:
    origin = one_origin(level(0.4, days=16), np.full(16 * PER_DAY, np.nan))
    for name, rule in rules().items():
        assert rule(origin.before).size.memory >= SETUP.size.memory, name
    marks = marks_of(service_of(SETUP), [origin], rules()).marks
    assert {mark.memory_breached for mark in marks} == {None}
    assert {
        score.breached_share
        for score in scores([Marks(id=service_of(SETUP).id, days_fitted=8, days_scored=8, enough=(), marks=marks)])
    } == {None}
    assert stated_of(0, [origin], rooms) == []


def test_a_rule_gets_the_cheapest_size_that_has_what_it_asks_for() -> None:
    assert by_peer(lambda _: Need(vcpu=0.3, mib=1100))(one_origin(level(0.4), level(900)).before).size == TaskSize.of(
        vcpu=0.5, gib=2
    )


def test_a_service_without_advice_is_no_part_of_a_comparison() -> None:
    with pytest.raises(NoData, match="CPU was at its limit"):
        with_advice(one_origin(level(2.0, days=16), level(900, days=16)), Config())


def test_chances_are_stated_for_the_days_that_score_them() -> None:
    origin = one_origin(level(0.4, days=16), steps(900, 1300))
    found = stated_of(7, [origin], rooms)
    assert [one.happened for one in found] == [900 * math.exp(room) < 1300 for room in (0.03, 0.07, 0.15, 0.3, 0.6)]
    assert sum(one.weight for one in found) == pytest.approx(1)
    assert [one.chance for one in found] == sorted((one.chance for one in found), reverse=True)


def test_chances_of_running_short_are_stated_for_the_days_that_score_them() -> None:
    # Eight days of 0.4 vCPU in the hottest task, then eight of 0.5: a quarter more, which 3, 7 and 15 % do not hold.
    origin = one_origin(np.concatenate([level(0.4, days=8), level(0.5, days=8)]), level(900, days=16))
    found = shortages_of(7, [origin])
    assert [one.happened for one in found] == [True, True, True, False, False]
    assert sum(one.weight for one in found) == pytest.approx(1)
    assert [one.chance for one in found] == sorted((one.chance for one in found), reverse=True)
    batch = replace(origin.before, limits=replace(origin.before.limits, cpu_throttled_share=1.0))
    assert shortages_of(7, [replace(origin, before=batch)]) == []


def test_scores_are_means_over_the_services() -> None:
    size = TaskSize.of(vcpu=0.5, gib=1)
    marks = [
        Mark(
            rule="a", sizes=(size,), usd_month=1, cost=cost, throttled_share=0.02, over_limit=over, memory_breached=late
        )
        for cost, over, late in ((1.0, True, False), (2.0, False, True), (3.0, False, None), (2.0, False, False))
    ]
    (score,) = scores(
        [Marks(id=service_of(SETUP).id, days_fitted=8, days_scored=8, enough=(size,), marks=(mark,)) for mark in marks]
    )
    assert (score.cost, score.over_limit_share, score.breached_share) == (2.0, 0.25, pytest.approx(1 / 3))


def test_a_rule_is_better_than_ours_only_if_it_is_worse_in_nothing() -> None:
    size = TaskSize.of(vcpu=0.5, gib=1)

    def told(cost: float, over: bool, late: bool) -> str | None:
        made = ((OURS, 1.2, True, False), ("other", cost, over, late))
        common = {"sizes": (size,), "usd_month": 1.0, "throttled_share": 0.0}
        marks = tuple(Mark(rule=n, cost=c, over_limit=o, memory_breached=m, **common) for n, c, o, m in made)
        one = Marks(id=service_of(SETUP).id, days_fitted=8, days_scored=8, enough=(size,), marks=marks)
        return scores([one])[1].against_ours

    assert told(1.1, True, False) == told(1.2, False, False) == "better"
    assert told(1.3, True, False) == told(1.2, True, True) == "worse"
    assert told(1.2, True, False) is told(1.1, True, True) is told(1.3, False, False) is None


def test_a_band_weighs_services_alike_and_tells_its_binomial_error() -> None:
    said = [Stated(service=0, chance=0.06, happened=True, weight=1.0)]
    said += [Stated(service=1, chance=0.08, happened=False, weight=0.25) for _ in range(4)]
    said += [Stated(service=2, chance=1.0, happened=True, weight=1.0)]
    middle, last = bands(said)
    assert (middle.low, middle.high, middle.services, middle.statements) == (0.05, 0.1, 2, 5)
    assert (middle.stated, middle.happened) == (pytest.approx(0.07), 0.5)
    assert middle.error == pytest.approx(2 * math.sqrt(0.07 * 0.93 / 2), abs=1e-6)
    assert (last.low, last.high, last.happened) == (0.7, 1.0, 1.0)


@settings(max_examples=15)
@given(st.floats(0.05, 1.9), st.floats(0.05, 1.9), st.floats(100, 3900), st.floats(100, 3900), st.integers(0, 99))
def test_what_neither_throttles_nor_breaks_never_costs_less_than_what_would_have_been_enough(
    work: float, later_work: float, memory: float, later_memory: float, seed: int
) -> None:
    moved = np.random.default_rng(seed).uniform(0.7, 1.0, (2, 6 * PER_DAY))
    origin = one_origin(steps(work, later_work, days=6) * moved[0], steps(memory, later_memory, days=6) * moved[1])
    for mark in marks_of(service_of(SETUP), [origin], rules()).marks:
        assert mark.cost >= 1 - 1e-4 or mark.over_limit or mark.memory_breached, mark
