"""Demand: work from percent, counts and the size at that time; gaps, saturation and silence told apart."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from advisor.domain.errors import InputRefused, NoData
from advisor.domain.frames import check_frame
from advisor.domain.inventory import Service, SizeChange
from advisor.domain.schema import DEMAND, GAP, NO_TASK, OBSERVED, SATURATED
from advisor.domain.service import TaskSize
from advisor.profile import Demand, fit_profile, infer_demand
from tests.service_worlds import START, World, daily, fixed, level, lived, service_of, tracking, usage_of

SMALL, LARGE = TaskSize.of(vcpu=1, gib=2), TaskSize.of(vcpu=2, gib=4)


def hours(rows: int, **columns: float) -> pd.DataFrame:
    given = {"tasks": 2.0, "cpu_avg": 25.0, "cpu_max": 40.0, "memory_avg": 50.0, "memory_max": 75.0, **columns}
    return pd.DataFrame(given, index=pd.date_range(START, periods=rows, freq="300s"), dtype="float32")


def two_tasks(**more: object) -> Service:
    return service_of(fixed(2, vcpu=1, gib=2), **more)


def states(demand: Demand) -> list[int]:
    return demand.frame["state"].tolist()


def test_work_is_percent_times_tasks_times_size() -> None:
    demand = infer_demand(hours(12), two_tasks())
    row = demand.frame.iloc[0]
    # 25 % of 1 vCPU, two tasks: 0.5 vCPU. 50 % of 2 GiB, two tasks: 2 GiB. Hottest: 40 % of 1 vCPU, 75 % of 2 GiB.
    assert (row.vcpu, row.gib) == pytest.approx((0.5, 2.0))
    assert (row.hot_vcpu, row.hot_gib) == pytest.approx((0.4, 1.5))
    assert states(demand) == [OBSERVED] * 12


def test_the_frame_of_a_demand_keeps_its_schema() -> None:
    demand = infer_demand(hours(12), two_tasks())
    check_frame(demand.frame, DEMAND, step_seconds=300, where="test")


def test_a_size_counts_from_the_instant_at_which_it_was_deployed() -> None:
    change = START + timedelta(seconds=6 * 300)
    sizes = (SizeChange(at=START - timedelta(days=9), size=SMALL), SizeChange(at=change, size=LARGE))
    demand = infer_demand(hours(12), service_of(fixed(2, vcpu=2, gib=4), sizes=sizes))
    # 25 % of two tasks: 0.5 vCPU while they have 1, 1.0 vCPU from the seventh step on.
    assert demand.frame["vcpu"].tolist() == pytest.approx([0.5] * 6 + [1.0] * 6)
    regimes = fit_profile(demand).regimes
    assert [(r.start, r.end, r.size) for r in regimes] == [
        (START, change, SMALL),
        (change, START + timedelta(hours=1), LARGE),
    ]


def test_the_first_size_speaks_for_all_before_it() -> None:
    sizes = (SizeChange(at=START + timedelta(minutes=30), size=LARGE),)
    demand = infer_demand(hours(12), service_of(fixed(2, vcpu=2, gib=4), sizes=sizes))
    assert set(demand.frame["task_vcpu"]) == {2.0}


def test_a_missing_row_of_a_fixed_service_is_a_gap_and_not_idleness() -> None:
    demand = infer_demand(hours(12).drop(hours(12).index[3:5]), two_tasks())
    assert states(demand) == [OBSERVED] * 3 + [GAP] * 2 + [OBSERVED] * 7
    assert demand.frame["vcpu"].isna().sum() == 2
    assert fit_profile(demand).gap_share == pytest.approx(2 / 12)


@pytest.mark.parametrize("setup", [fixed(0, vcpu=1, gib=2), tracking(0, 5, vcpu=1, gib=2)])
def test_silence_is_no_task_where_the_service_may_run_nothing(setup) -> None:
    demand = infer_demand(hours(12).drop(hours(12).index[3:5]), service_of(setup))
    assert states(demand)[3:5] == [NO_TASK] * 2
    assert demand.frame["vcpu"].iloc[3:5].tolist() == [0.0, 0.0]
    assert fit_profile(demand).no_task_share == pytest.approx(2 / 12)


def test_a_written_count_of_zero_is_no_task_whatever_the_service_may_run() -> None:
    usage = hours(12)
    usage.iloc[3:5] = [0, np.nan, np.nan, np.nan, np.nan]
    assert states(infer_demand(usage, two_tasks()))[3:5] == [NO_TASK] * 2


def test_the_hottest_task_at_its_ceiling_is_saturated_though_the_average_is_not() -> None:
    usage = hours(12)
    usage.loc[usage.index[2], "cpu_max"] = 99.6
    usage.loc[usage.index[3], "cpu_max"] = 99.4
    demand = infer_demand(usage, two_tasks())
    assert states(demand)[2:4] == [SATURATED, OBSERVED]
    assert fit_profile(demand).saturated_share == pytest.approx(1 / 12)


def test_without_cpu_max_the_average_stands_in_and_it_is_said() -> None:
    demand = infer_demand(hours(12).drop(columns=["cpu_max", "memory_max"]), two_tasks())
    assert demand.frame["hot_vcpu"].tolist() == pytest.approx([0.25] * 12)
    assert demand.frame["hot_gib"].tolist() == pytest.approx([1.0] * 12)
    caution = next(c for c in demand.cautions if c.code == "no-task-peaks")
    assert "cpu_max" in caution.text
    assert "memory_max" in caution.text


def test_one_task_needs_no_maximum_and_nothing_is_said_of_it() -> None:
    usage = hours(12, tasks=1).drop(columns=["cpu_max", "memory_max"])
    assert "no-task-peaks" not in {c.code for c in infer_demand(usage, service_of(fixed(1, vcpu=1, gib=2))).cautions}


def test_cpu_above_its_ceiling_is_cut_because_fargate_gives_no_more() -> None:
    demand = infer_demand(hours(12, cpu_avg=140, cpu_max=300), two_tasks())
    assert demand.frame["vcpu"].max() == pytest.approx(2.0)
    assert set(states(demand)) == {SATURATED}


def test_memory_that_was_never_measured_is_nan_and_the_step_is_still_observed() -> None:
    demand = infer_demand(hours(12, memory_avg=np.nan, memory_max=np.nan), two_tasks())
    assert demand.frame["gib"].isna().all()
    assert states(demand) == [OBSERVED] * 12
    assert fit_profile(demand).memory_daily_peaks == ()


def test_unknown_counts_of_a_fixed_service_are_what_it_was_told_to_run() -> None:
    demand = infer_demand(hours(12, tasks=np.nan), two_tasks())
    assert demand.frame["vcpu"].tolist() == pytest.approx([0.5] * 12)
    assert "tasks-assumed" in {c.code for c in demand.cautions}


def test_unknown_counts_of_a_scaled_service_are_gaps() -> None:
    assert set(states(infer_demand(hours(12, tasks=np.nan), service_of(tracking(2, 9, vcpu=1, gib=2))))) == {GAP}


def test_usage_off_the_step_is_refused_with_the_service_and_the_instant() -> None:
    usage = hours(12)
    usage.index = usage.index + pd.Timedelta(seconds=30)
    with pytest.raises(
        InputRefused, match=r"prod/web: instant off the step: 2026-11-02 00:00:30.*whole steps of 300 s"
    ):
        infer_demand(usage, two_tasks())


def test_nothing_at_all_and_nothing_but_gaps_are_no_data() -> None:
    with pytest.raises(NoData, match="holds no usage"):
        infer_demand(hours(12).iloc[:0], two_tasks())
    with pytest.raises(NoData, match="every step of the history is a gap"):
        fit_profile(infer_demand(hours(12, cpu_avg=np.nan), two_tasks()))


def test_a_hostile_name_stays_on_one_line_of_a_message() -> None:
    service = two_tasks(name="prod/a\x1b[31m\nb\u202e")
    with pytest.raises(NoData) as caught:
        infer_demand(hours(12).iloc[:0], service)
    assert str(caught.value).isprintable()


def test_five_minute_steps_say_that_shorter_peaks_are_not_seen() -> None:
    assert "long-step" in {c.code for c in infer_demand(hours(12), two_tasks()).cautions}
    usage = hours(12).set_axis(pd.date_range(START, periods=12, freq="60s"))
    assert infer_demand(usage, two_tasks(step_seconds=60)).cautions == ()


def test_inferring_and_fitting_change_neither_usage_nor_demand() -> None:
    usage = lived(World(vcpu=daily(0.2, 1.5, days=2)), tracking(1, 9, vcpu=1, gib=2))
    service = service_of(tracking(1, 9, vcpu=1, gib=2))
    before = usage.copy(deep=True)
    demand = infer_demand(usage, service)
    kept = demand.frame.copy(deep=True)
    fit_profile(demand)
    pd.testing.assert_frame_equal(usage, before)
    pd.testing.assert_frame_equal(demand.frame, kept)


def test_the_same_work_is_inferred_under_any_setup_that_can_do_it() -> None:
    world = World(vcpu=daily(0.2, 3, days=2), hot=1.0)
    for setup in (fixed(4, vcpu=1, gib=2), fixed(2, vcpu=2, gib=4), tracking(1, 30, vcpu=0.5, gib=1, target=40)):
        demand = infer_demand(lived(world, setup, first=30), service_of(setup))
        seen = demand.frame["state"] == OBSERVED
        np.testing.assert_allclose(demand.frame["vcpu"][seen], world.vcpu[seen], rtol=1e-5)
        assert seen.mean() > 0.9


def test_saturated_work_is_a_lower_bound() -> None:
    world = World(vcpu=level(3, days=1))
    demand = infer_demand(lived(world, fixed(1, vcpu=1, gib=2)), service_of(fixed(1, vcpu=1, gib=2)))
    assert set(states(demand)) == {SATURATED}
    assert demand.frame["vcpu"].max() == pytest.approx(1.0)


def test_a_world_seen_through_usage_of_no_task_is_silent() -> None:
    usage = usage_of(World(vcpu=np.zeros(12)), np.zeros(12), SMALL)
    demand = infer_demand(usage, replace(two_tasks(), running=0))
    assert set(states(demand)) == {NO_TASK}
    assert {caution.code for caution in demand.cautions} == {"long-step"}
