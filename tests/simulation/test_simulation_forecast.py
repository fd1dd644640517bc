"""The floor of a predictive policy, made from the days before."""

import numpy as np
import pytest

from advisor.domain.policy import PredictiveScaling
from advisor.simulation import Load, forecast_floor

POLICY = PredictiveScaling(metric="cpu", target=50, mode="ForecastAndScale")


def hours(*work: float, tick: int = 60) -> Load:
    return Load(vcpu=np.repeat(np.array(work), 3600 // tick), tick_seconds=tick)


def test_there_is_no_forecast_on_the_first_day() -> None:
    assert not forecast_floor(hours(*[9.0] * 24), POLICY, task_vcpu=1).any()


@pytest.mark.parametrize("tick", [20, 60])
def test_the_floor_serves_the_mean_of_the_same_hour_before_at_the_target(tick: int) -> None:
    day = [1.0] * 8 + [4.0] + [1.0] * 15
    floor = forecast_floor(hours(*day, *day[:8], 6.0, *day[9:], *day, tick=tick), POLICY, task_vcpu=1)
    per_hour = 3600 // tick
    assert floor[24 * per_hour : 31 * per_hour].tolist() == [2] * (7 * per_hour)  # 1 vCPU at 50 %
    assert set(floor[32 * per_hour : 33 * per_hour]) == {8}  # 4 vCPU, as on the day before
    assert set(floor[56 * per_hour : 57 * per_hour]) == {10}  # the mean of 4 and 6


def test_the_floor_rises_early_by_the_buffer_and_falls_at_the_end_of_its_hour() -> None:
    day = [1.0] * 8 + [4.0] + [1.0] * 15
    floor = forecast_floor(hours(*day, *day), POLICY, task_vcpu=1)
    assert np.flatnonzero(floor == 8).tolist() == list(range(32 * 60 - 5, 33 * 60))


def test_nothing_after_an_hour_is_in_its_forecast() -> None:
    random = np.random.default_rng(5)
    load = hours(*random.uniform(0, 9, 96))
    cut = Load(vcpu=load.vcpu[: 60 * 60], tick_seconds=60)
    assert (
        forecast_floor(load, POLICY, task_vcpu=1)[: 59 * 60] == forecast_floor(cut, POLICY, task_vcpu=1)[: 59 * 60]
    ).all()


def test_a_load_that_ends_within_an_hour_is_no_error() -> None:
    assert len(forecast_floor(Load(vcpu=np.ones(30 * 60 + 7)), POLICY, task_vcpu=1)) == 30 * 60 + 7
    assert len(forecast_floor(Load(vcpu=np.ones(0)), POLICY, task_vcpu=1)) == 0
