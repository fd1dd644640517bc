"""The held-out score: of what is advised, and by nothing of the days that score."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from advisor.advice import explain
from advisor.advice.backtest import chosen_on, score_held_out
from advisor.advice.rules import USUAL
from advisor.advice.subject import Subject, policy_is_unknown, subject_of, with_stretches
from advisor.domain.service import Setup
from advisor.domain.settings import Config
from advisor.profile import fit_profile, infer_demand
from advisor.report import words
from tests.service_worlds import (
    PER_DAY,
    PRICES,
    World,
    advice_of,
    daily,
    fixed,
    level,
    lived,
    said,
    service_of,
    tracking,
    usage_of,
)


def test_the_score_of_what_is_kept_is_its_own() -> None:
    # Eight days of 0.3 vCPU in two tasks, then four of 0.7: what was chosen before is throttled then.
    setup = fixed(2, vcpu=2, gib=4)
    world = World(vcpu=np.concatenate([level(0.3, days=8), level(0.7, days=4)]))
    advice = advice_of(lived(world, setup), service_of(setup))
    assert advice.verdict == "keep"
    assert advice.backtest.cost_usd == advice.usd_month.current
    assert advice.backtest.cpu_throttled_share == 0
    assert words.backtest(advice).startswith("Today's setup, replayed on the last 4 days:")
    assert "proof: As it is, replayed over the last days, 4.0:" in explain(advice)


def test_a_leak_that_is_kept_is_not_proved_by_more_memory_than_it_has() -> None:
    # 3,600 MiB in three days on top of 496: every life ends at all of its 4 GiB.
    rising = np.minimum(np.arange(1, 15 * PER_DAY + 1) % (3 * PER_DAY) / (3 * PER_DAY) * 3650, 3600)
    world, setup = World(vcpu=daily(0.2, 0.8, days=15), base_mib=496, noise=rising), fixed(2, vcpu=0.5, gib=4)
    advice = advice_of(lived(world, setup), service_of(setup))
    assert advice.verdict == "keep"
    assert "leak" in said(advice)
    assert advice.backtest.memory_breached


TWO, SCALED = fixed(2, vcpu=2, gib=4), tracking(2, 12, vcpu=1, gib=4)
CALM = World(vcpu=daily(0.4, 0.8, days=12), base_mib=700)
WAVE = World(vcpu=daily(0.8, 4, days=12), base_mib=700)


def judged(usage: pd.DataFrame, setup: Setup) -> Subject:
    service = service_of(setup)
    demand = infer_demand(usage, service)
    return with_stretches(subject_of(service, demand, fit_profile(demand), PRICES, Config()))


def busier(usage: pd.DataFrame) -> None:
    usage[["cpu_avg", "cpu_max"]] *= 4
    usage[["memory_avg", "memory_max"]] *= 2.5


def a_batch(usage: pd.DataFrame) -> None:
    usage.loc[usage.index.minute < 50, "tasks"] = 0
    usage.loc[usage["tasks"] > 0, ["cpu_avg", "cpu_max"]] = 100


def counted_elsewhere(usage: pd.DataFrame) -> None:
    usage["tasks"] *= 4
    usage[["cpu_avg", "cpu_max"]] /= 4


@pytest.mark.parametrize("day", [8, 10])
@pytest.mark.parametrize(
    ("world", "setup", "comes"),
    [
        (CALM, TWO, busier),
        (CALM, TWO, a_batch),
        (CALM, TWO, counted_elsewhere),
        (WAVE, SCALED, counted_elsewhere),
        (WAVE, SCALED, busier),
    ],
)
def test_nothing_of_the_days_that_score_enters_a_choice(
    world: World, setup: Setup, comes: Callable[[pd.DataFrame], None], day: int
) -> None:
    usage = lived(world, setup)
    later = usage.iloc[day * PER_DAY :].copy()
    comes(later)
    calm, wild = judged(usage, setup), judged(pd.concat([usage.iloc[: day * PER_DAY], later]), setup)
    known = (wild.levers, wild.limits, policy_is_unknown(wild), chosen_on(wild, USUAL))
    assert known != (calm.levers, calm.limits, policy_is_unknown(calm), chosen_on(calm, USUAL)), "all days show it"
    pairs = [(one.before, other.before) for one, other in zip(calm.stretches, wild.stretches, strict=True)]
    before = [(one, other) for one, other in pairs if other.work.days <= day]
    assert len(before) == (1 if day == 8 else 2)
    for one, other in before:
        assert (one.levers, one.limits, one.error) == (other.levers, other.limits, other.error)
        assert chosen_on(one, USUAL) == chosen_on(other, USUAL) != setup


def test_what_the_days_before_led_to_is_what_is_scored() -> None:
    usage = lived(CALM, TWO)
    subject = judged(usage, TWO)
    (chosen,) = {chosen_on(stretch.before, USUAL) for stretch in subject.stretches}
    found = score_held_out(subject, USUAL)
    small = judged(usage_of(CALM, usage["tasks"].to_numpy(), chosen.size), chosen)
    assert found.backtest == score_held_out(small, USUAL).today
    assert found.backtest.cost_usd < found.today.cost_usd
