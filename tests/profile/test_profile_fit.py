"""What is typical and extreme: shares, daily peaks, the memory model, the week, what the history vouches for."""

import numpy as np
import pandas as pd
import pytest

from advisor.domain.inventory import SizeChange
from advisor.domain.service import TaskSize
from advisor.profile import Profile, fit_profile, infer_demand
from advisor.profile.fit import daily_peaks, fit_memory
from tests.service_worlds import PER_DAY, START, World, daily, fixed, level, lived, service_of, usage_of

TWO = fixed(2, vcpu=1, gib=2)


def profile_of(world: World, setup=TWO, **more: object) -> Profile:
    return fit_profile(infer_demand(lived(world, setup), service_of(setup, **more)))


def test_constant_work_has_one_value_everywhere() -> None:
    profile = profile_of(World(vcpu=level(0.5, days=7), hot=1.5, base_mib=512))
    assert profile.days == pytest.approx(7)
    assert (profile.gap_share, profile.saturated_share, profile.no_task_share) == (0, 0, 0)
    assert profile.tasks_mean == pytest.approx(2)
    assert profile.cpu_peak_vcpu == pytest.approx(0.5)
    assert profile.hot_ratio == pytest.approx(1.5)
    assert profile.memory_peak_gib == pytest.approx(0.5)
    assert profile.memory_daily_peaks == pytest.approx((0.5,) * 7)
    assert profile.hour_of_week == pytest.approx((0.5,) * 168)
    assert len(profile.regimes) == 1


def test_the_memory_model_finds_base_and_slope_that_made_the_data() -> None:
    model = profile_of(World(vcpu=daily(0.2, 1.8), base_mib=300, slope=250)).memory_model
    assert model.base_mib == pytest.approx(300, rel=1e-3)
    assert model.mib_per_vcpu == pytest.approx(250, rel=1e-3)
    assert model.error_mib == pytest.approx(0, abs=0.5)


def test_memory_that_falls_with_work_has_no_negative_slope() -> None:
    model = profile_of(World(vcpu=daily(0.2, 1.8), base_mib=900, slope=-200)).memory_model
    assert model.mib_per_vcpu == 0
    assert 700 < model.base_mib < 900


def test_the_error_of_the_memory_model_bounds_99_of_100_steps() -> None:
    noise = np.zeros(6 * PER_DAY)
    noise[::50] = 100  # 2 % of the steps
    model = profile_of(World(vcpu=level(0.5), noise=noise)).memory_model
    # The line stays at the base of 400, and the 99th quantile lies 100 MiB above it.
    assert model.error_mib == pytest.approx(100, abs=0.5)


def test_daily_peaks_are_counted_back_from_the_end() -> None:
    # Two and a half days in steps of 6 h, the last value the newest; half a day is day enough.
    hot = np.array([9.0, 1, 1, 2, 1, 1, 1, 1, 1, 3])
    assert daily_peaks(hot, 21_600) == (9.0, 2.0, 3.0)


def test_a_first_day_of_less_than_half_a_day_and_days_without_a_task_have_no_peak() -> None:
    assert daily_peaks(np.array([9.0, 1, 1, 1, 2]), 21_600) == (2.0,)
    assert daily_peaks(np.array([0.0] * 4 + [1.0] * 4 + [np.nan] * 4), 21_600) == (1.0,)


def test_the_hour_of_the_week_begins_on_monday_and_knows_what_it_never_saw() -> None:
    vcpu = np.repeat(np.arange(24.0) / 24, 12)  # one Monday, a level per hour
    profile = profile_of(World(vcpu=vcpu))
    assert profile.hour_of_week[:24] == pytest.approx(tuple(np.arange(24.0) / 24))
    assert profile.hour_of_week[24:] == (None,) * 144


def test_a_nightly_batch_is_no_task_for_the_rest_and_its_means_are_over_all_known_steps() -> None:
    running = np.tile(np.repeat([1.0, 0.0], [PER_DAY // 4, 3 * PER_DAY // 4]), 4)
    world = World(vcpu=running * 0.5)
    setup = fixed(0, vcpu=1, gib=2)
    profile = fit_profile(infer_demand(usage_of(world, running, setup.size), service_of(setup)))
    assert profile.no_task_share == pytest.approx(0.75, abs=0.01)
    assert profile.tasks_mean == pytest.approx(0.25, abs=0.01)
    assert len(profile.memory_daily_peaks) == 4


def test_a_task_at_the_end_of_its_memory_is_told() -> None:
    profile = profile_of(World(vcpu=level(0.5), base_mib=2040))
    assert "memory-full" in {caution.code for caution in profile.cautions}


def test_informative_days_are_neither_gaps_nor_saturated() -> None:
    # Ten days: two are missing; of the eight, one is saturated. Seven can vouch.
    world = World(vcpu=np.concatenate([level(0.5, days=9), level(2.0, days=1)]))
    usage = lived(world, TWO)
    usage.iloc[PER_DAY : 3 * PER_DAY] = np.nan
    profile = fit_profile(infer_demand(usage, service_of(TWO)))
    assert profile.gap_share == pytest.approx(0.2)
    assert profile.saturated_share == pytest.approx(1 / 8)
    assert profile.informative_days == pytest.approx(7)


def test_regimes_are_cut_where_the_size_changed() -> None:
    change = START + pd.Timedelta(days=2)
    old, new = TaskSize.of(vcpu=2, gib=4), TaskSize.of(vcpu=1, gib=2)
    sizes = (SizeChange(at=START, size=old), SizeChange(at=change, size=new))
    regimes = profile_of(World(vcpu=level(0.5, days=5)), sizes=sizes).regimes
    assert [(regime.size, (regime.end - regime.start).days) for regime in regimes] == [(old, 2), (new, 3)]


def test_an_idle_service_has_a_profile_of_zeros() -> None:
    profile = profile_of(World(vcpu=level(0)))
    assert profile.cpu_peak_vcpu == 0
    assert profile.hot_ratio == 1
    assert profile.memory_model.mib_per_vcpu == 0


def test_the_memory_line_is_not_moved_by_a_tenth_of_strange_steps() -> None:
    random = np.random.default_rng(7)
    work = random.uniform(0.1, 1.0, 2000)
    memory = 512 + 300 * work + random.normal(0, 5, 2000)
    memory[:100] += 3000  # a start that held far more, at any work
    memory[1000:1100] = 100.0  # and tasks that had not filled yet
    model = fit_memory(pd.DataFrame({"tasks": 1.0, "vcpu": work, "gib": memory / 1024}))
    assert model.mib_per_vcpu == pytest.approx(300, rel=0.05)
    assert model.base_mib == pytest.approx(512, rel=0.05)
