"""The CPU tail: what days say of the work to come, its laws, and when nothing is stated."""

import json
import math
from importlib.resources import files
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.advice.shortage import LEAST_SHORT, chance_of_shortage, daily_work, exceeded, shortage_evidence
from advisor.advice.tail import Floats, chance, shipped
from advisor.advice.tail_fit import CPU, Series, fit, looks
from advisor.domain.finding import Risk
from tests.service_worlds import World, advice_of, daily, fixed, level, lived, service_of, tracking

HOUR = 3600
days_of_work = st.lists(st.floats(0.01, 4), min_size=3, max_size=20)


def hours(days: list[float]) -> Floats:
    """Days of 24 hours, each at one level."""
    return np.repeat(days, 24)


def test_the_evidence_is_what_days_and_all_days_exceed_in_a_share_of_the_time() -> None:
    # Five days of 1.0 and one of 3.0, by the hour. A quarter of 144 hours is 36: more than the 24 hours of 3.0, so all
    # days together exceed 1.0 in less than a quarter of the time; a tenth is 14.4 hours, which those 24 fill.
    work = hours([1, 1, 3, 1, 1, 1])
    assert daily_work(work, HOUR, 0.25) == (1, 1, 3, 1, 1, 1)
    assert shortage_evidence(work, HOUR, 0.25).highest == 1
    seen = shortage_evidence(work, HOUR, 0.1)
    assert (seen.highest, seen.days) == (3, 6)
    assert seen.apart == seen.fallen == pytest.approx(math.log(3))


def test_a_day_of_which_less_than_half_is_known_does_not_count_and_days_end_with_the_history() -> None:
    work = np.concatenate([np.full(5, 9.0), hours([1, 2, 3])])
    work[5 + 24 : 5 + 24 + 13] = np.nan
    assert daily_work(work, HOUR, 0.01) == (1, 3)
    assert shortage_evidence(work, HOUR, 0.01) is None
    assert exceeded(np.full(10, np.nan), 0.01) == 0


@given(days_of_work, st.sampled_from([0.0, 0.01, 0.2]))
def test_more_cpu_never_raises_the_chance_and_a_longer_look_never_lowers_it(days: list[float], share: float) -> None:
    seen = shortage_evidence(hours(days), HOUR, share)
    assert seen is not None
    for ahead in (3, 30):
        told = [chance_of_shortage(seen, seen.highest * factor, days=ahead) for factor in np.linspace(1, 5, 20)]
        assert all(LEAST_SHORT <= later <= earlier <= 1 for earlier, later in pairwise(told))
        longer = chance_of_shortage(seen, seen.highest * 1.5, days=ahead + 1)
        assert longer >= chance_of_shortage(seen, seen.highest * 1.5, days=ahead)


@given(days_of_work, st.floats(0.05, 20))
def test_the_unit_of_work_does_not_matter(days: list[float], factor: float) -> None:
    here, there = (shortage_evidence(hours(days) * unit, HOUR, 0.01) for unit in (1, factor))
    told = [chance_of_shortage(seen, seen.highest * 1.3) for seen in (here, there)]
    assert told[0] == pytest.approx(told[1], rel=1e-6)


def test_what_was_exceeded_already_has_no_chance_and_nothing_is_stated_to_be_impossible() -> None:
    seen = shortage_evidence(hours([1.0] * 14), HOUR, 0.01)
    assert chance_of_shortage(seen, 0.99) is None
    assert chance_of_shortage(seen, 1e6) == LEAST_SHORT


def wild(source: str, move: float, count: int) -> list[Series]:
    random = np.random.default_rng(11)
    made = [np.repeat(np.exp(move * random.standard_normal(20)), 24) for _ in range(count)]
    return [Series(source=source, values=values, step_seconds=HOUR, is_memory=False) for values in made]


def test_a_fit_states_what_happens_on_series_of_the_kind_that_it_saw() -> None:
    model = fit(wild("a", 0.05, 12) + wild("b", 0.3, 12), CPU)
    fresh = [look for series in wild("c", 0.15, 12) for look in looks(series, CPU)]
    assert {look.seen.days for look in fresh} == set(range(3, 20, 2))
    for factor in (1.0, 1.05, 1.2):
        stated = np.mean([chance(model, k.seen, np.array([k.seen.highest * factor]), k.days)[0] for k in fresh])
        happened = np.mean([look.above > math.log(factor) for look in fresh])
        assert stated == pytest.approx(happened, abs=0.12)


def test_the_shipped_model_says_where_it_comes_from() -> None:
    document = json.loads((files("advisor.advice") / "data" / "cpu_tail.json").read_text(encoding="utf-8"))
    assert document["made_by"].startswith("benchmarks/cpu_risk.py")
    assert sum(document["series_by_source"].values()) > 100
    assert shipped("cpu").headroom < 0 < shipped("cpu").days_ahead


def risk_of(world: World, setup: object) -> Risk:
    advice = advice_of(lived(world, setup), service_of(setup))
    return advice.risk


def test_a_fixed_count_gets_a_chance_of_running_short_and_one_that_scales_does_not() -> None:
    world = World(vcpu=daily(0.2, 0.8, days=10))
    assert LEAST_SHORT <= risk_of(world, fixed(2, vcpu=1, gib=2)).cpu_over_limit_probability < 0.5
    assert risk_of(world, tracking(1, 6, vcpu=0.5, gib=1)).cpu_over_limit_probability is None


def test_a_week_is_needed_to_state_it() -> None:
    for days, stated in ((5, False), (8, True)):
        told = risk_of(World(vcpu=level(0.4, days=days)), fixed(2, vcpu=1, gib=2)).cpu_over_limit_probability
        assert (told is not None) == stated


def test_days_that_differ_more_run_short_more_likely() -> None:
    setup, random = fixed(1, vcpu=2, gib=4), np.random.default_rng(3)
    calm, restless = (
        np.concatenate([level(0.6 * math.exp(move * step), days=1) for step in random.uniform(-1, 0, 12)])
        for move in (0.02, 0.8)
    )
    told = [risk_of(World(vcpu=vcpu), setup).cpu_over_limit_probability for vcpu in (calm, restless)]
    assert told[0] < told[1]
