"""The memory tail: its formula by hand, its laws, and the shapes that must not fool it."""

import json
import math
from importlib.resources import files
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.advice.tail import LEAST_MOVE, LEAST_STATED, chance, chance_of_breach, evidence, shipped
from advisor.advice.tail_fit import Series, fit, looks
from advisor.advice.worth import BREACH, lowest_limit
from advisor.domain.service import TaskSize
from advisor.domain.settings import TailModel
from advisor.fargate.sizes import legal_sizes

PLAIN = TailModel(base=0, headroom=-2, days_ahead=1, days_seen=-1, apart=-1, fallen=-1)
peaks_mib = st.lists(st.floats(1, 1e5), min_size=2, max_size=40)


def test_the_chance_is_that_of_the_formula() -> None:
    # Peaks 100, 80, 100, 50: moves ln(1.25), ln(1.25), ln(2): mean 0.379811; move 0.399811. Typical 50: height ln 2;
    # scale sqrt(0.379811 x 0.693147) / 2 + 0.02 = 0.276547. apart 0, fallen ln 2.
    seen = evidence([100, 80, 100, 50], 50)
    assert seen.move == pytest.approx(0.399811, abs=1e-6)
    assert seen.scale == pytest.approx(0.276547, abs=1e-6)
    assert (seen.apart, seen.fallen, seen.growth) == (0, pytest.approx(math.log(2)), 0)
    # At 120, 8 days: (1 + 0.182322 / 0.276547)^-2 x 8 / 4 / (1 + 0.693147 / 0.399811)
    #   = 0.363213 x 2 / 2.733685 = 0.265731 of odds; 0.265731 / 1.265731 = 0.209943
    assert chance(PLAIN, seen, np.array([120.0]), 8)[0] == pytest.approx(0.209943, abs=1e-5)


def test_memory_below_the_highest_peak_is_outgrown_and_nothing_is_stated_to_be_impossible() -> None:
    seen = evidence([100, 90, 95])
    assert chance_of_breach(seen, 99.9) == 1
    assert chance_of_breach(seen, 1e9) == LEAST_STATED


@given(peaks_mib, st.floats(0, 1e5))
def test_more_memory_never_raises_the_chance_and_a_longer_look_never_lowers_it(
    peaks: list[float], typical: float
) -> None:
    seen = evidence(peaks, typical)
    sizes = max(peaks) * np.linspace(0.5, 4, 30)
    for days in (1, 7, 30):
        chances = chance(shipped(), seen, sizes, days)
        assert np.all(np.diff(chances) <= 0)
        assert np.all((chances >= LEAST_STATED) & (chances <= 1))
        assert np.all(chance(shipped(), seen, sizes, days + 1) >= chances)


@given(peaks_mib, st.floats(0, 1e5, allow_subnormal=False), st.floats(0.01, 100))
def test_the_unit_of_memory_does_not_matter(peaks: list[float], typical: float, factor: float) -> None:
    here = chance_of_breach(evidence(peaks, typical), max(peaks) * 1.3)
    there = chance_of_breach(evidence([p * factor for p in peaks], typical * factor), max(peaks) * factor * 1.3)
    assert there == pytest.approx(here, rel=1e-6)


@given(peaks_mib, st.floats(0.001, 0.5))
def test_the_lowest_limit_is_never_above_the_chance_and_the_cheapest_size_within_a_limit_exists(
    peaks: list[float], limit: float
) -> None:
    seen = evidence(peaks)
    sizes = legal_sizes()
    assert all(lowest_limit(seen, size) <= chance_of_breach(seen, size.memory) for size in sizes)
    assert any(lowest_limit(seen, size) <= limit for size in sizes)


def test_a_size_is_taken_where_the_next_costs_more_than_the_risk_it_takes_away() -> None:
    # Of 0.25 vCPU (9.1 / 4 = 2.275 GiB in price): 1 GiB costs 3.275, 2 GiB 4.275, so 30.5 % more.
    seen = evidence([600, 700, 500, 800, 650, 700, 750], 500)
    size = TaskSize.of(vcpu=0.25, gib=1)
    rates = [
        (chance_of_breach(seen, 1024) - chance_of_breach(seen, 1024 * gib)) * BREACH / (price / 3.275 - 1)
        for gib, price in ((2, 4.275), (3, 7.55), (4, 8.55))
    ]
    assert lowest_limit(seen, size) == pytest.approx(max(rates), rel=1e-9)
    assert max(rates) < chance_of_breach(seen, 1024)


def risk(peaks: list[float], factor: float, typical: float = 0.0) -> float:
    return chance_of_breach(evidence(peaks, typical), max(peaks) * factor)


def test_a_constant_history_needs_little_headroom_and_is_not_called_certain() -> None:
    assert 0.01 < risk([300.0] * 14, 1.15) < 0.15
    assert risk([300.0] * 14, 2.0) < 0.02


def test_a_spike_a_month_ago_that_never_came_back_is_less_of_a_threat_than_one_that_came_often() -> None:
    once = [200.0] * 2 + [480.0] + [200.0] * 27
    often = ([200.0] * 2 + [480.0]) * 10
    assert risk(once, 1.15, 180) < 0.5 * risk(often, 1.15, 180)


def test_a_spike_is_never_forgotten() -> None:
    assert risk([200.0] * 2 + [480.0] + [200.0] * 27, 0.99) == 1


def test_steady_growth_is_carried_on() -> None:
    growing = [300 * 1.01**day for day in range(15)]
    assert evidence(growing).growth == pytest.approx(math.log(1.01))
    # Thirty more days of it end 34.8 % above the last: less headroom than that is as good as none.
    assert risk(growing, 1.3) == risk(growing, 1.0) > 0.5
    assert risk(growing, 1.3) > 5 * risk([300.0] * 15, 1.3)
    assert evidence(growing[::-1]).growth == 0


def test_a_leak_with_restarts_is_a_wide_series_not_a_growing_one() -> None:
    leak = [300.0, 350.0, 400.0, 450.0, 500.0] * 3
    assert evidence(leak).growth == 0
    assert risk(leak, 1.3, 400) > 3 * risk([500.0] * 15, 1.3, 400)


def test_a_week_like_the_others_is_as_steady_as_its_peaks_and_no_rare_spike() -> None:
    weekly = [300.0, 300.0, 300.0, 300.0, 300.0, 450.0, 300.0] * 4
    assert evidence(weekly).apart == evidence(weekly).fallen == 0
    assert risk(weekly, 1.1, 250) == risk([450.0] * 28, 1.1, 440)
    # Of fewer than three weeks nothing shows that a week is like another.
    assert risk(weekly[:20], 1.1, 250) > 2 * risk([450.0] * 20, 1.1, 440)


def test_weeks_that_differ_as_much_as_their_days_are_no_weekly_shape() -> None:
    restless = [300 * math.exp(0.3 * step) for step in np.random.default_rng(5).standard_normal(28)]
    daily_move = float(np.abs(np.diff(np.log(restless))).mean())
    assert evidence(restless).move == pytest.approx(daily_move + LEAST_MOVE)


def test_growth_of_weeks_is_carried_on_by_the_day() -> None:
    growing = [peak * 1.02**week for week in range(6) for peak in (300.0, 300.0, 300.0, 300.0, 300.0, 450.0, 300.0)]
    assert evidence(growing).growth == pytest.approx(math.log(1.02) / 7)


def test_three_days_say_less_than_thirty() -> None:
    assert risk([300.0, 310.0, 305.0], 1.2) > risk([300.0, 310.0, 305.0] * 10, 1.2)


def test_gaps_shorten_a_history_and_change_nothing_else() -> None:
    # Days without a measurement have no peak: six of ten days speak as six days.
    assert risk([300.0, 330.0] * 3, 1.2) > risk([300.0, 330.0] * 5, 1.2)


def walks(source: str, move: float, count: int) -> list[Series]:
    random = np.random.default_rng(7)
    made = [300 * np.exp(move * random.standard_normal(20 * 24)) for _ in range(count)]
    return [Series(source=source, values=values, step_seconds=3600, is_memory=True) for values in made]


def test_looks_see_only_what_was_before_them() -> None:
    series = walks("a", 0.1, 1)[0]
    found = list(looks(series))
    assert {look.seen.days for look in found} == set(range(3, 20, 2))
    for look in found:
        highest = float(series.values[: look.seen.days * 24].max())
        assert look.seen.highest == highest
        later = series.values[look.seen.days * 24 : (look.seen.days + look.days) * 24]
        assert look.above == pytest.approx(math.log(later.max() / highest))


def test_a_fit_states_what_happens_on_series_of_the_kind_that_it_saw() -> None:
    model = fit(walks("a", 0.05, 12) + walks("b", 0.2, 12))
    assert model.headroom < 0 < model.days_ahead
    fresh = [look for s in walks("c", 0.1, 12) for look in looks(s)]
    for factor in (1.0, 1.05, 1.1):
        stated = np.mean([chance(model, k.seen, np.array([k.seen.highest * factor]), k.days)[0] for k in fresh])
        happened = np.mean([look.above > math.log(factor) for look in fresh])
        assert stated == pytest.approx(happened, abs=0.12)


def test_the_shipped_model_says_where_it_comes_from() -> None:
    document = json.loads((files("advisor.advice") / "data" / "memory_tail.json").read_text(encoding="utf-8"))
    assert document["made_by"].startswith("benchmarks/memory_risk.py")
    assert sum(document["series_by_source"].values()) > 100
    assert shipped().headroom < 0 < shipped().days_ahead


def test_the_scale_of_the_evidence_grows_with_how_much_a_series_moves() -> None:
    scales = [evidence([300 * (1 + part * (day % 2)) for day in range(10)], 250).scale for part in (0, 0.05, 0.1, 0.4)]
    assert all(low < high for low, high in pairwise(scales))
