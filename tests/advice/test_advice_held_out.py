"""The held-out score: of what is advised, and by nothing of the days that score."""

import numpy as np

from advisor.advice import explain
from advisor.report import words
from tests.service_worlds import PER_DAY, World, advice_of, daily, fixed, level, lived, said, service_of


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
