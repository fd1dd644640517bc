from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from advisor.advice.symptoms import symptoms
from advisor.advice.work import Work
from advisor.domain.policy import ScheduledAction, StepScaling, TargetTracking
from advisor.domain.service import Setup, TaskSize

TRACKING = TargetTracking(metric="cpu", target=50)
SETUP = Setup(size=TaskSize.of(vcpu=1, gib=2), desired=4, minimum=2, maximum=10, policies=(TRACKING,))
MINUTES = 2 * 1440
QUIET = np.full(MINUTES, 1.6)  # 1.6 vCPU at 50 % of 1 vCPU: 3.2, so 4 tasks


def work(vcpu: np.ndarray, tasks: np.ndarray) -> Work:
    return Work(
        vcpu=vcpu,
        requests=None,
        tasks=tasks.astype(float),
        hot_ratio=np.ones(len(vcpu)),
        hot_vcpu=np.zeros(len(vcpu)),
        hot_mib=np.full(len(vcpu), np.nan),
        known=np.ones(len(vcpu), bool),
        censored=np.zeros(len(vcpu), bool),
        starting=np.zeros(len(vcpu), bool),
        start=datetime(2026, 11, 2, tzinfo=UTC),
        tick_seconds=60,
        region="us-east-1",
    )


def codes(setup: Setup, seen: Work) -> list[str]:
    return [caution.code for caution in symptoms(setup, seen)]


def test_a_healthy_service_and_a_fixed_count_have_no_symptom() -> None:
    assert codes(SETUP, work(QUIET, np.full(MINUTES, 4))) == []
    assert codes(replace(SETUP, minimum=None, maximum=None, policies=()), work(QUIET, np.full(MINUTES, 4))) == []


def test_a_minimum_that_the_work_never_asks_for_is_a_forgotten_floor() -> None:
    raised = replace(SETUP, minimum=6, desired=6)
    assert codes(raised, work(QUIET, np.full(MINUTES, 6))) == ["forgotten-floor", "target-never-met"]
    assert codes(replace(SETUP, minimum=4), work(QUIET, np.full(MINUTES, 4))) == []


def test_a_maximum_that_was_reached_above_the_target_is_told() -> None:
    busy = QUIET.copy()
    busy[:60] = 6.0  # 10 tasks at 60 %, for an hour of 48: 2.1 %
    tasks = np.where(busy > 5, 10, 4)
    assert codes(SETUP, work(busy, tasks)) == ["maximum-hit"]
    assert codes(replace(SETUP, maximum=12), work(busy, tasks)) == []


@pytest.mark.parametrize(("gap", "told"), [(10, True), (40, False)])
def test_out_and_in_again_within_half_an_hour_is_flapping(gap: int, told: bool) -> None:
    tasks = 4 + (np.arange(MINUTES) // gap) % 2
    assert ("flapping" in codes(SETUP, work(QUIET, tasks))) is told


@pytest.mark.parametrize(("threshold", "told"), [(60, True), (46, True), (45, False)])
def test_a_step_in_above_the_quiet_level_of_tracking_fights_it(threshold: float, told: bool) -> None:
    into = StepScaling(metric="cpu", direction="in", threshold=threshold, steps=((None, 0, -1),))
    both = replace(SETUP, policies=(TRACKING, into))
    assert ("policies-fight" in codes(both, work(QUIET, np.full(MINUTES, 4)))) is told


def test_a_floor_that_is_lowered_too_early_is_a_bad_handover() -> None:
    schedule = (ScheduledAction(expression="cron(0 8 * * ? *)", minimum=2),)
    tasks = np.full(MINUTES, 4)
    tasks[480:490] = tasks[1920:1930] = 2  # at 08:00 both days: 2 of the 4 needed, back after ten minutes
    assert codes(replace(SETUP, schedule=schedule), work(QUIET, tasks)) == ["handover"]
    assert codes(replace(SETUP, schedule=schedule), work(QUIET, np.full(MINUTES, 4))) == []
