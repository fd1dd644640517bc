"""The replay error: 0 where the replay met the record, and missing and surplus tasks never cancel."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.domain.policy import TargetTracking
from advisor.domain.service import Setup, TaskSize
from advisor.simulation import Load, Outcome, replay_error, simulate

NAN = float("nan")
SETUP = Setup(size=TaskSize.of(vcpu=1, gib=2), desired=4)


def steady(ticks: int, tasks: int = 4) -> Outcome:
    return simulate(Load(vcpu=np.ones(ticks)), replace(SETUP, desired=tasks))


def test_a_replay_against_itself_has_no_error() -> None:
    policy = TargetTracking(metric="cpu", target=50)
    load = Load(vcpu=np.repeat([1.0, 4.0, 2.0], 60))
    outcome = simulate(load, replace(SETUP, minimum=1, maximum=20, policies=(policy,)))
    assert outcome.actions > 2
    assert replay_error(outcome, outcome.running) == 0


def test_surplus_and_missing_tasks_do_not_cancel() -> None:
    assert replay_error(steady(4), [2, 6, 2, 6]) == 0.5
    assert replay_error(steady(2), [8, 8]) == 0.5
    assert replay_error(steady(2), [2, 2]) == 1


def test_steps_without_a_recorded_count_are_left_out() -> None:
    assert replay_error(steady(3), [4, NAN, 4]) == 0
    assert replay_error(steady(3), [NAN, 5, NAN]) == pytest.approx(0.2)


def test_a_recorded_step_of_several_ticks_is_met_by_their_mean() -> None:
    assert replay_error(steady(10), [4, 4]) == 0
    assert replay_error(steady(10), [5, 3]) == 0.25


@pytest.mark.parametrize("recorded", [[NAN, NAN], [0.0, 0.0]])
def test_where_nothing_was_recorded_nothing_is_known(recorded: list[float]) -> None:
    assert math.isnan(replay_error(steady(2), recorded))


def test_counts_that_do_not_fit_the_ticks_are_refused() -> None:
    for count in (0, 3, 4, 20):
        with pytest.raises(ValueError, match=f"{count} recorded counts do not fit 10 ticks"):
            replay_error(steady(10), [4.0] * count)


@settings(deadline=None)
@given(st.lists(st.integers(1, 50), min_size=1, max_size=50), st.integers(0, 50), st.integers(2, 9))
def test_the_error_does_not_depend_on_the_unit_of_count(recorded: list[int], tasks: int, times: int) -> None:
    error = replay_error(steady(len(recorded), tasks), recorded)
    scaled = replay_error(steady(len(recorded), tasks * times), np.array(recorded) * times)
    assert error == pytest.approx(scaled)
    assert error >= 0
