"""The search for a way of scaling: the cheapest within a limit, proved on days that did not choose."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.advice.recipes import PEAK_QUANTILE, TARGETS, Recipe, Scope, recipes, seen_in, setup_of
from advisor.advice.search import MARGINS, WORTH_AT_LIMIT, Prepared, Trial, best, choose, frontier, part, prepare
from advisor.domain.errors import NoData
from advisor.domain.policy import StepScaling
from advisor.domain.service import Setup, TaskSize
from advisor.simulation import Load, simulate
from advisor.simulation.encode import checked_steps

MONDAY = datetime(2026, 7, 6, tzinfo=UTC)
BASE = Setup(size=TaskSize.of(vcpu=1, gib=2), desired=1, minimum=1, maximum=50)
SCOPE = Scope(most=50)
RECIPE = Recipe(target=50, scale_in="default", surge="none", shape=None, quantile=0.0)


def waves(days: int = 4, *, seed: int = 3, start: datetime = MONDAY) -> Load:
    """A day's wave with noise and a burst of half an hour now and then  [vCPU]."""
    random = np.random.default_rng(seed)
    minute = np.arange(days * 1440)
    bursts = np.where(random.random(days * 48).repeat(30) < 0.04, 2.5, 1.0)
    wave = 4 + 3 * np.sin(2 * np.pi * minute / 1440)
    return Load(vcpu=wave * bursts * random.lognormal(0, 0.1, len(minute)), start=start)


@pytest.fixture(scope="module")
def prepared() -> Prepared:
    return prepare(waves(), BASE, SCOPE)


def trial(tasks: float, unmet_share: float) -> Trial:
    return Trial(
        recipe=RECIPE,
        setup=BASE,
        tasks=tasks,
        unmet_share=unmet_share,
        unmet_with_margin=(unmet_share, 2 * unmet_share),
    )


def test_the_cheapest_within_the_limit_is_chosen() -> None:
    trials = [trial(5, 0.02), trial(10, 0.0009), trial(7, 0.001), trial(12, 0)]
    assert best(trials, 0.001, level=0, needed=1) == trials[2]


def test_a_higher_margin_asks_more_of_a_setup() -> None:
    trials = [trial(7, 0.0008), trial(8, 0.0004)]
    assert best(trials, 0.001, level=0, needed=0) == trials[0]
    assert best(trials, 0.001, level=1, needed=0) == trials[1]


def test_where_none_is_within_the_limit_the_one_that_leaves_least_unmet_is_chosen() -> None:
    trials = [trial(5, 0.02), trial(8, 0.01), trial(7, 0.01)]
    assert best(trials, 0.001, level=0, needed=1) == trials[2]


def test_a_limit_is_not_used_up_where_keeping_under_it_costs_next_to_nothing() -> None:
    # 4 of 5 % are worth 2 x 0.8 times the work of 2 tasks, 3.2 tasks: more than the 0.1 that it takes to serve them
    trials = [trial(3.0, 0.04), trial(3.1, 0.0), trial(7.0, 0.0)]
    assert WORTH_AT_LIMIT == 2
    assert best(trials, 0.05, level=0, needed=2) == trials[1]


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 9)), min_size=1))
def test_the_frontier_holds_what_no_trial_beats(pairs: list[tuple[int, int]]) -> None:
    trials = [trial(tasks, unmet / 100) for tasks, unmet in pairs]
    found = frontier(trials)
    for one in trials:
        beaten = any(f.tasks <= one.tasks and f.unmet_share <= one.unmet_share for f in found)
        assert beaten
    assert all(a.tasks < b.tasks and a.unmet_share > b.unmet_share for a, b in pairwise(found))


def test_a_stricter_limit_never_leaves_more_unmet(prepared: Prepared) -> None:
    chosen = [best(prepared.trials, limit, level=0, needed=prepared.needed) for limit in (0.1, 0.01, 0.001, 0)]
    shares = [trial.unmet_with_margin[0] for trial in chosen]
    assert shares == sorted(shares, reverse=True)


def test_the_choice_is_what_its_replay_says(prepared: Prepared) -> None:
    found = choose(prepared, unmet_share=0.01)
    load = waves()
    outcome = simulate(load, found.setup, initial=int(np.ceil(load.vcpu[0] / 0.7)))
    assert outcome.unmet_share == pytest.approx(found.trial.unmet_share)
    assert outcome.billed.mean() == pytest.approx(found.trial.tasks)
    for margin, share in zip(MARGINS, found.trial.unmet_with_margin, strict=True):
        lacking = np.maximum(0, load.vcpu * margin - outcome.running)
        assert lacking.sum() / (load.vcpu.sum() * margin) == pytest.approx(share)
    assert found.trial in prepared.trials


def test_a_limit_that_was_missed_on_held_out_days_makes_the_choice_more_cautious() -> None:
    calm = np.full(3 * 1440, 4.0)
    calm[2 * 1440 + 300 :: 400] = 30.0  # bursts of a minute that the first two days never had
    found = choose(prepare(Load(vcpu=calm, start=MONDAY), BASE, SCOPE), unmet_share=0.0005)
    assert found.held_out_unmet is not None
    assert found.held_out_unmet > 0.0005
    assert found.margin == MARGINS[-1]
    assert not found.held


def test_days_that_score_do_not_choose(prepared: Prepared) -> None:
    load = waves()
    last = len(load.vcpu) * 3 // 4
    changed = load.vcpu.copy()
    changed[last:] *= 3
    other = prepare(replace(load, vcpu=changed), BASE, SCOPE)
    assert [fold.trials for fold in other.folds] == [fold.trials for fold in prepared.folds]
    assert other.folds[0].unmet_after == prepared.folds[0].unmet_after
    assert other.folds[1].unmet_after != prepared.folds[1].unmet_after


def test_whole_weeks_later_the_same_is_chosen(prepared: Prepared) -> None:
    later = prepare(waves(start=MONDAY + timedelta(weeks=5)), BASE, SCOPE)
    assert later.trials == prepared.trials
    assert choose(later, unmet_share=0.002) == choose(prepared, unmet_share=0.002)


def test_nothing_that_was_given_is_changed() -> None:
    load = waves(2)
    before = load.vcpu.copy()
    choose(prepare(load, BASE, SCOPE), unmet_share=0.01)
    assert (load.vcpu == before).all()


def test_a_history_of_hours_is_searched_but_proves_nothing() -> None:
    found = choose(prepare(part(waves(1), 0, 300), BASE, SCOPE), unmet_share=0.01)
    assert found.held_out_unmet is None
    assert found.margin == MARGINS[0]


def test_no_tick_is_no_data() -> None:
    with pytest.raises(NoData, match="without ticks"):
        prepare(Load(vcpu=np.empty(0)), BASE, SCOPE)


def test_steady_work_is_given_about_what_it_needs() -> None:
    found = choose(prepare(Load(vcpu=np.full(2880, 4.0), start=MONDAY), BASE, SCOPE), unmet_share=0.001)
    assert found.trial.unmet_share == 0
    assert found.trial.tasks <= 6  # 4 vCPU x 1.1 is 4.4; five tasks are the fewest that serve it


@pytest.mark.parametrize("scope", [Scope(least=2, most=9), Scope(least=3, most=3), Scope(steps=False, schedule=False)])
def test_every_candidate_stays_within_its_scope(scope: Scope) -> None:
    seen = seen_in(waves(), 1.0, scope)
    setups = [setup for recipe in recipes(scope) if (setup := setup_of(recipe, BASE, seen, scope))]
    assert len(setups) >= len(TARGETS)
    for setup in setups:
        floors = [setup.minimum, *(action.minimum for action in setup.schedule)]
        assert all(floor is not None and scope.least <= floor <= scope.most for floor in floors)
        assert setup.maximum == scope.most
        assert scope.steps or not any(isinstance(policy, StepScaling) for policy in setup.policies)
        assert scope.schedule or not setup.schedule


def test_every_step_policy_joins_and_brings_its_band_back_to_the_target() -> None:
    seen = seen_in(waves(), 1.0, SCOPE)
    for recipe in recipes(SCOPE):
        setup = setup_of(recipe, BASE, seen, SCOPE)
        steps = [policy for policy in setup.policies if isinstance(policy, StepScaling)] if setup else []
        assert all(map(checked_steps, steps))
        surges = steps[:1] if recipe.surge != "none" else []
        for threshold, (low, high, change) in ((policy.threshold, row) for policy in surges for row in policy.steps):
            middle = threshold + ((low or 0) + min(high or 100, 100 - threshold)) / 2
            assert middle / (1 + change / 100) <= recipe.target


def test_a_surge_to_the_peak_asks_for_what_the_peak_needed() -> None:
    load = waves()
    peak = seen_in(load, 1.0, SCOPE).peak
    assert peak == int(np.ceil(np.quantile(load.vcpu, PEAK_QUANTILE) / 0.9))


def test_a_part_of_a_load_keeps_its_columns_and_its_instants_together() -> None:
    ticks = np.arange(100.0)
    load = Load(vcpu=ticks, requests=ticks * 2, deploying=ticks > 50, start=MONDAY)
    cut = part(load, 40, 60)
    assert cut.vcpu.tolist() == list(range(40, 60))
    assert cut.requests is not None
    assert cut.requests.tolist() == list(range(80, 120, 2))
    assert cut.deploying is not None
    assert cut.deploying.sum() == 9
    assert cut.start == MONDAY + timedelta(minutes=40)
