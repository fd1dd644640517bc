"""Summaries: the same replay as an outcome, in sums."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.domain.errors import SetupRefused
from advisor.domain.service import Setup, TaskSize
from advisor.simulation import Conditions, Load, Outcome, Summary, simulate_many, summarize_many
from tests.oracles.random_cases import random_case
from tests.simulation.test_simulation_contract import asked_of
from tests.strategies import conditions, loads, setups

SETUP = Setup(size=TaskSize.of(vcpu=1, gib=2), desired=2)
GROWTHS = (1.1, 0.5, 2.0)


def agree(summary: Summary, outcome: Outcome) -> None:
    assert (summary.setup, summary.load) == (outcome.setup, outcome.load)
    assert summary.running == outcome.running.sum()
    assert summary.billed == outcome.billed.sum()
    assert (summary.task_seconds, summary.actions) == (outcome.task_seconds, outcome.actions)
    assert summary.unmet_share == pytest.approx(outcome.unmet_share, rel=1e-12)
    work = outcome.load.vcpu.sum()
    for growth, share in zip(GROWTHS, summary.unmet_share_with_growth, strict=True):
        beyond = np.maximum(0.0, outcome.load.vcpu - outcome.capacity / growth).sum()
        assert share == pytest.approx(beyond / work if work else 0.0, rel=1e-12)


def test_summaries_of_random_cases_are_those_of_their_outcomes() -> None:
    for seed in range(300):
        load, setup, options = asked_of(random_case(seed))
        (summary,) = summarize_many(load, (setup,), growths=GROWTHS, **options)
        agree(summary, simulate_many(load, (setup,), **options)[0])


@settings(deadline=None)
@given(loads(), st.lists(setups(), max_size=4), conditions)
def test_many_summaries_are_those_of_the_outcomes_in_their_order(
    load: Load, several: list[Setup], delays: Conditions
) -> None:
    summaries = summarize_many(load, several, growths=GROWTHS, conditions=delays)
    for summary, outcome in zip(summaries, simulate_many(load, several, conditions=delays), strict=True):
        agree(summary, outcome)


def test_a_summary_of_no_ticks_or_no_work_has_nothing_unmet() -> None:
    for demand in ([], [0.0, 0.0]):
        (summary,) = summarize_many(Load(vcpu=np.array(demand)), (SETUP,), growths=(3.0,))
        assert (summary.unmet_share, summary.unmet_share_with_growth) == (0.0, (0.0,))
        assert summary.billed == 2 * len(demand)


@pytest.mark.parametrize("growth", [0.0, -1.0, float("nan"), float("inf")])
def test_a_growth_that_is_no_multiple_of_the_work_is_refused(growth: float) -> None:
    with pytest.raises(SetupRefused, match="growth"):
        summarize_many(Load(vcpu=np.ones(3)), (SETUP,), growths=(1.0, growth))
