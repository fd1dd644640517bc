"""Ways of scaling: floors that the history asks for, surges, and the choice among all of them."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from advisor.advice.choose import choose
from advisor.advice.guardrails import broken_rules
from advisor.advice.rules import CAUTIOUS, NONE, USUAL, Margins
from advisor.advice.subject import Subject, search_in, subject_of, with_stretches
from advisor.advice.ways import PEAK_QUANTILE, Scope, Way, seen_in, setup_of, ways
from advisor.domain.policy import PredictiveScaling, StepScaling, TargetTracking
from advisor.domain.service import Setup
from advisor.domain.settings import Config, Limits
from advisor.profile import fit_profile, infer_demand
from advisor.simulation import Load, forecast_floor, simulate
from advisor.simulation.encode import checked_steps
from tests.service_worlds import PRICES, World, advice_of, lived, said, service_of, tracking, usage_of

MONDAY = datetime(2026, 7, 6, tzinfo=UTC)
BASE = tracking(2, 50, vcpu=1, gib=2)
SCOPE = Scope(least=1, most=50)
TRACKING = TargetTracking(metric="cpu", target=50)
SCOPES = [
    Scope(least=2, most=50),
    Scope(least=3, most=50, growth=1.3),
    Scope(most=50, steps=False, schedule=False),
]


def waves(days: int = 4, *, seed: int = 3) -> Load:
    """A day's wave with noise and a burst of half an hour now and then  [vCPU]."""
    random = np.random.default_rng(seed)
    minute = np.arange(days * 1440)
    bursts = np.where(random.random(days * 48).repeat(30) < 0.04, 2.5, 1.0)
    wave = 4 + 3 * np.sin(2 * np.pi * minute / 1440)
    return Load(vcpu=wave * bursts * random.lognormal(0, 0.1, len(minute)), start=MONDAY)


def office_hours(days: int = 8) -> np.ndarray:
    """Next to nothing, and from 8:00 to 20:00 all at once ten times as much  [vCPU]."""
    hour = np.arange(days * 1440) // 60 % 24
    return np.where((hour >= 8) & (hour < 20), 6.0, 0.6)


def subject(vcpu: np.ndarray, *, setup: Setup = BASE, config: Config | None = None) -> Subject:
    service = replace(service_of(setup), step_seconds=60)
    world = World(vcpu=vcpu, step=60)
    demand = infer_demand(lived(world, tracking(12, 50, vcpu=1, gib=2)), service)
    return with_stretches(subject_of(service, demand, fit_profile(demand), PRICES, config or Config()))


@pytest.mark.parametrize("scope", SCOPES)
def test_every_way_stays_within_its_scope(scope: Scope) -> None:
    seen = seen_in(waves(), 1.0, scope)
    made = [setup for way in ways(scope) if (setup := setup_of(way, TRACKING, BASE, seen, percent=50))]
    assert len(made) > 5
    for setup in made:
        floors = [setup.minimum, *(action.minimum for action in setup.schedule)]
        assert all(floor is not None and scope.least <= floor <= scope.most for floor in floors)
        assert setup.minimum <= setup.desired <= setup.maximum
        assert scope.steps or not any(isinstance(policy, StepScaling) for policy in setup.policies)
        assert scope.schedule or not setup.schedule


@pytest.mark.parametrize("percent", [30, 55, 90])
def test_every_step_policy_joins_and_brings_its_band_back_to_the_target(percent: float) -> None:
    seen = seen_in(waves(), 1.0, SCOPE)
    for way in ways(SCOPE):
        setup = setup_of(way, TRACKING, BASE, seen, percent=percent)
        steps = [policy for policy in setup.policies if isinstance(policy, StepScaling)] if setup else []
        assert all(map(checked_steps, steps))
        surges = steps[:1] if way.surge != "none" else []
        for threshold, (low, high, change) in ((policy.threshold, row) for policy in surges for row in policy.steps):
            middle = threshold + ((low or 0) + min(high or 100, 100 - threshold)) / 2
            assert middle / (1 + change / 100) <= percent


def test_a_floor_at_the_peak_serves_all_the_work_with_its_margin() -> None:
    load, flat = waves(), Way(scale_in="default", surge="none", shape=None, quantile=1.0)
    for growth in (1.0, 1.3):
        scope = replace(SCOPE, growth=growth)
        setup = setup_of(flat, TRACKING, BASE, seen_in(load, 1.0, scope), percent=50)
        assert setup.minimum * 0.995 > load.vcpu.max() * growth > (setup.minimum - 1) * 0.98


def test_a_surge_to_the_peak_asks_for_what_the_peak_needed() -> None:
    load = waves()
    assert seen_in(load, 1.0, SCOPE).peak == int(np.ceil(np.quantile(load.vcpu, PEAK_QUANTILE) / 0.99))


# The choice


@pytest.mark.parametrize("margins", [NONE, USUAL, CAUTIOUS])
def test_the_choice_keeps_every_rule_and_no_trial_that_does_is_much_cheaper(margins: Margins) -> None:
    search = search_in(subject(waves(6).vcpu), margins)
    choice = choose(search)
    assert choice.best is not None
    assert not broken_rules(choice.best, search.case)
    holding = [trial.usd_month for trial in choice.trials if not broken_rules(trial, search.case)]
    assert choice.best.usd_month <= min(holding) * 1.05 * 1.02


def test_wider_margins_never_cost_less() -> None:
    found = subject(waves(6).vcpu)
    costs = [choose(search_in(found, margins)).best.usd_month for margins in (NONE, USUAL, CAUTIOUS)]
    assert costs[2] >= costs[0]


def test_office_hours_get_a_floor_before_they_begin() -> None:
    limits = Limits(unmet_share=0.0002)
    world = World(vcpu=office_hours(), step=60)
    today = tracking(8, 50, vcpu=1, gib=2)
    advice = advice_of(lived(world, today), replace(service_of(today), step_seconds=60), Config(limits=limits))
    assert advice.verdict == "change"
    rises = [action for action in advice.recommended.schedule if (action.minimum or 0) >= 6]
    assert [action.expression for action in rises] == ["cron(50 7 * * ? *)"]
    assert "schedule-utc" in said(advice)
    assert advice.backtest.unmet_share <= 0.0002
    assert advice.usd_month.recommended < advice.usd_month.current


def test_without_the_schedule_lever_no_schedule_is_made() -> None:
    config = Config(levers=("size", "scaling"), limits=Limits(unmet_share=0.0002))
    for trial in choose(search_in(subject(office_hours(), config=config), USUAL)).trials:
        assert not trial.setup.schedule


def test_a_limit_that_was_missed_on_held_out_days_makes_the_choice_more_cautious_or_is_told() -> None:
    calm = np.full(6 * 1440, 4.0)
    for minute in range(15):
        calm[4 * 1440 + 300 + minute :: 400] = 9.0  # bursts that the first four days never had
    today = tracking(9, 50, vcpu=1, gib=2)
    advice = advice_of(lived(World(vcpu=calm, step=60), today), replace(service_of(today), step_seconds=60))
    assert said(advice) & {"wider-margins", "held-out-miss"}


def test_days_that_score_do_not_choose() -> None:
    vcpu = waves(6).vcpu
    changed = vcpu.copy()
    changed[5 * 1440 :] *= 3
    one, other = (subject(each) for each in (vcpu, changed))
    for mine, its in zip(one.stretches, other.stretches, strict=True):
        picked = [choose(search_in(stretch.before, USUAL)).best for stretch in (mine, its)]
        assert picked[0] == picked[1]


def test_nothing_that_was_given_is_changed() -> None:
    vcpu = waves(4).vcpu
    before, found = vcpu.copy(), subject(vcpu)
    work = found.work.vcpu.copy()
    choose(search_in(found, USUAL))
    assert (vcpu == before).all()
    assert (found.work.vcpu == work).all()


# What cannot be proved


def test_predictive_scaling_and_finer_metrics_are_told_and_never_advised() -> None:
    config = Config(levers=("size", "scaling"), limits=Limits(unmet_share=0.001))
    today = tracking(8, 50, vcpu=1, gib=2)
    usage = lived(World(vcpu=office_hours(), step=60), today)
    advice = advice_of(usage, replace(service_of(today), step_seconds=60), config)
    told = [lost for lost in advice.alternatives if "not advised" in lost.why_not]
    assert any("predictive scaling" in lost.why_not and "was not seen" in lost.why_not for lost in told)
    assert all(lost.usd_month < advice.usd_month.recommended for lost in told)
    best = advice.recommended or advice.current
    assert not any(isinstance(policy, PredictiveScaling) for policy in best.policies)


def test_a_service_under_predictive_scaling_is_replayed_with_a_forecast_from_its_own_work() -> None:
    ahead = PredictiveScaling(metric="cpu", target=50, mode="ForecastAndScale")
    setup = tracking(2, 50, vcpu=1, gib=2)
    setup = replace(setup, policies=(*setup.policies, ahead))
    load = Load(vcpu=office_hours())
    running = simulate(load, setup, floor=forecast_floor(load, ahead, task_vcpu=1)).running.astype(float)
    usage = usage_of(World(vcpu=office_hours(), step=60), running, setup.size)
    advice = advice_of(usage, replace(service_of(setup), step_seconds=60))
    assert advice.replay_error < 0.02
    assert ahead in (advice.recommended or advice.current).policies
