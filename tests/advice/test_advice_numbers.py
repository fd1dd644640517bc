"""The formulas of the advice, with expected numbers worked out by hand; and the page that gives their reasons."""

import importlib
import math
import re
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from advisor.advice import explain
from advisor.advice.confidence import confidence
from advisor.advice.money import usd_range
from advisor.advice.replay import replayed, usd_per_task_hour
from advisor.advice.rules import NONE, USUAL
from advisor.advice.score import score
from advisor.advice.words import policy_words, setup_words, share, shares_apart
from advisor.advice.work import Work, split, work_of
from advisor.domain.finding import Advice
from advisor.domain.service import CapacityShare, TaskSize
from advisor.domain.settings import Config, Limits
from advisor.profile import MemoryModel, infer_demand
from advisor.simulation import load_of
from tests.service_worlds import PER_DAY, PRICES, World, advice_of, daily, fixed, level, lived, service_of, tracking

PAGE = Path(__file__).parents[2] / "docs" / "decisions" / "0002-advice.md"
SETUP = fixed(2, vcpu=1, gib=2)
FLAT = MemoryModel(base_mib=400, mib_per_vcpu=0, error_mib=0)


def work(world: World) -> Work:
    return work_of(infer_demand(lived(world, SETUP), service_of(SETUP)))


# Scores


def test_throttling_is_judged_by_the_hottest_task_and_unmet_work_by_the_whole_service() -> None:
    # 1.2 vCPU on two tasks, the hottest with 1.5 times the average: 0.9 vCPU. In tasks of 0.75 vCPU it is throttled
    # all the time, while 2 x 0.75 = 1.5 vCPU are enough for the whole.
    steady = work(World(vcpu=level(1.2), hot=1.5))
    two = np.full(len(steady.vcpu), 2.0)
    got = score(two, steady, size=TaskSize(cpu=768, memory=2048), memory=FLAT)
    assert got.throttled_share == 1
    assert got.unmet_share == 0
    # With 0.5 vCPU each: 0.2 of 1.2 vCPU find no capacity.
    assert score(two, steady, size=TaskSize(cpu=512, memory=2048), memory=FLAT).unmet_share == pytest.approx(1 / 6)


def test_more_work_per_task_takes_more_memory_and_less_work_frees_none() -> None:
    # 0.6 vCPU per task; half as many tasks do 1.2 but have 1: 0.4 more, at 100 MiB per vCPU 40 MiB more.
    steady, model = work(World(vcpu=level(1.2))), MemoryModel(base_mib=400, mib_per_vcpu=100, error_mib=0)
    one, four = np.full(len(steady.vcpu), 1.0), np.full(len(steady.vcpu), 4.0)
    assert score(one, steady, size=SETUP.size, memory=model).memory_peak_mib == pytest.approx(440, abs=0.1)
    assert score(four, steady, size=SETUP.size, memory=model).memory_peak_mib == pytest.approx(400, abs=0.1)


def test_one_task_alone_cannot_be_hotter_than_the_whole() -> None:
    steady = work(World(vcpu=level(0.8), hot=2.0))
    assert score(np.ones(len(steady.vcpu)), steady, size=SETUP.size, memory=FLAT).throttled_share == 0


def test_no_task_under_work_is_throttled_and_unmet() -> None:
    steady = work(World(vcpu=level(0.8)))
    got = score(np.zeros(len(steady.vcpu)), steady, size=SETUP.size, memory=FLAT)
    assert (got.throttled_share, got.unmet_share) == (1, 1)


# Money and time


def test_the_advice_replays_the_load_that_a_notebook_does() -> None:
    usage = lived(World(vcpu=daily(0.5, 1.5)), SETUP)
    usage.iloc[100:130] = np.nan
    demand = infer_demand(usage.drop(usage.index[200:210]), service_of(SETUP))
    work, load = work_of(demand).load(), load_of(demand)
    assert work.vcpu.tolist() == load.vcpu.tolist()
    assert (work.filled, work.tick_seconds, work.start) == (load.filled, load.tick_seconds, load.start)
    assert load.filled == 40 * 5


def test_a_task_hour_is_the_mix_of_its_providers() -> None:
    # us-east-1, 1 vCPU and 2 GiB: 0.04048 + 2 x 0.004445 = 0.04937.
    assert usd_per_task_hour(SETUP, PRICES, region="us-east-1") == pytest.approx(0.04937)
    spot = fixed(2, vcpu=1, gib=2, capacity=(CapacityShare(provider="FARGATE_SPOT"),))
    both = (CapacityShare(provider="FARGATE", weight=1), CapacityShare(provider="FARGATE_SPOT", weight=3))
    cheap = usd_per_task_hour(spot, PRICES, region="us-east-1")
    mixed = usd_per_task_hour(fixed(2, vcpu=1, gib=2, capacity=both), PRICES, region="us-east-1")
    assert mixed == pytest.approx((0.04937 + 3 * cheap) / 4)


def test_a_constant_count_has_no_range_and_the_replay_error_widens_one_that_varies() -> None:
    steady = work(World(vcpu=level(0.5)))
    calm = replayed(SETUP, steady, "set", PRICES)
    assert usd_range(calm, steady, replay_error=0.1) == (Decimal("72.08"), Decimal("72.08"))
    wave = work(World(vcpu=daily(0.1, 1.9) * np.repeat([1, 1, 1, 0.3, 0.3, 0.3], PER_DAY)))
    scaled = replayed(tracking(1, 9, vcpu=0.5, gib=1), wave, "replayed", PRICES)
    low, high = usd_range(scaled, wave, replay_error=0.0)
    wider = usd_range(scaled, wave, replay_error=0.1)
    assert wider[0] < low < scaled.usd_month < high < wider[1]


def test_confidence_is_a_half_after_three_days_and_zero_after_none() -> None:
    assert (confidence(0), confidence(3), confidence(-1)) == (0, 0.5, 0)
    assert confidence(1e9) < 1 or math.isclose(confidence(1e9), 1)


@pytest.mark.parametrize(("days", "held_out"), [(3, 1), (4, 1), (5.9, 1), (6, 2), (9.5, 3), (15, 5)])
def test_whole_days_are_held_out_a_third_at_most_and_one_at_least(days: float, held_out: int) -> None:
    demand = infer_demand(lived(World(vcpu=level(0.5, days=days)), SETUP), service_of(SETUP))
    earlier, later = split(demand, 1 / 3)
    assert len(later.frame) == held_out * PER_DAY
    assert len(earlier.frame) + len(later.frame) == len(demand.frame)
    assert earlier.frame.index[-1] < later.frame.index[0]


def test_margins_only_ever_ask_for_more() -> None:
    assert NONE.growth == NONE.steady_growth == NONE.memory == 1
    assert USUAL.growth > USUAL.steady_growth > 1
    assert USUAL.memory > 1


def test_the_held_out_days_decide_where_they_differ_from_the_days_before() -> None:
    # Eight days of 0.3 vCPU, then four of 0.7: 0.25 vCPU each do for the first, and have none left in the two days
    # after them; for the last two, days of 0.7 were seen before.
    world = World(vcpu=np.concatenate([level(0.3, days=8), level(0.7, days=4)]))
    advice = advice_of(lived(world, fixed(2, vcpu=2, gib=4)), service_of(fixed(2, vcpu=2, gib=4)))
    assert advice.backtest.days_fitted == 8
    assert advice.backtest.days_held_out == 4
    # 0.35 vCPU each: 0.5 vCPU tasks would do for the whole history, but the procedure missed its limits.
    assert advice.verdict == "keep"
    (missed,) = (caution.text for caution in advice.cautions if caution.code == "held-out-miss")
    assert "the hottest task was throttled in 50.0 % of the time" in missed


def test_sentences_carry_the_numbers_that_the_choice_used() -> None:
    advice = advice_of(lived(World(vcpu=level(0.4), base_mib=700), SETUP), service_of(SETUP))
    text = explain(advice)
    assert "2 x 1 vCPU / 2 GiB at $72.08 a month to 2 x 0.25 vCPU / 1 GiB at $21.26" in text
    assert "saves $50.82" in text
    assert "0.68 GiB of its 2 GiB" in text  # 700 / 1024
    assert setup_words(tracking(2, 9, vcpu=1, gib=2)).startswith("2 to 9 x 1 vCPU / 2 GiB, cpu target 70")
    assert policy_words(tracking(2, 9, vcpu=1, gib=2).policies[0]) == "cpu target 70 (cooldowns 300 s out, 300 s in)"
    assert share(1) == "100.0 %"


def uneasy(limit: float | None = None) -> Advice:
    """A task of 4 GiB whose daily peaks move: a chance above the limit, not so far that dearer tasks are advised."""
    noise = np.repeat(np.random.default_rng(1).normal(0, 130, 14), PER_DAY)
    setup = fixed(1, vcpu=1, gib=4)
    config = None if limit is None else Config(limits=Limits(memory_breach_probability=limit))
    usage = lived(World(vcpu=level(0.8, days=14), base_mib=3236, noise=noise), setup)
    return advice_of(usage, service_of(setup), config)


def test_of_a_dearer_setup_that_lost_it_is_not_said_that_nothing_cheaper_keeps_the_limits() -> None:
    advice = uneasy()
    assert advice.verdict == "keep"
    dearer = [lost for lost in advice.alternatives if lost.usd_month > advice.usd_month.current]
    assert [lost.why_not for lost in dearer] == ["keeps the limits; does not cost less"]


def test_a_chance_just_above_its_limit_is_told_by_another_number_than_the_limit() -> None:
    chance = uneasy().risk.memory_breach_probability
    text = next(caution.text for caution in uneasy(chance - 1e-7).cautions if caution.code == "memory-risk")
    stated, limit = re.search(r"30 days is (\S+) %, above the limit of (\S+) %", text).groups()
    assert float(stated) > float(limit)


@pytest.mark.parametrize("one", [0.050001, 0.05 + 1e-9, 0.0499999, 0.3, 0.0])
def test_two_shares_that_differ_are_never_told_by_the_same_number(one: float) -> None:
    above, limit = shares_apart(one, 0.05)
    assert above != limit
    assert float(above.rstrip(" %")) == pytest.approx(100 * one, rel=0.01)
    assert float(limit.rstrip(" %")) == 5
    assert shares_apart(0.05, 0.05) == ("5.0 %", "5.0 %")


@pytest.mark.parametrize(
    "module",
    [
        "advice.rules",
        "advice.shortage",
        "advice.tail",
        "advice.tail_fit",
        "advice.worth",
        "advice.money",
        "profile.demand",
        "profile.counts",
        "profile.fit",
        "profile.gaps",
        "profile.leaks",
        "profile.memories",
        "profile.shifts",
        "profile.starts",
    ],
)
def test_every_chosen_number_has_its_reason_on_the_page(module: str) -> None:
    page = PAGE.read_text(encoding="utf-8")
    units = {
        "DAY_SECONDS",
        "HOURS_PER_WEEK",
        "HOURS_PER_DAY",
        "MS_PER_MINUTE",
        "HOURS_PER_MONTH",
        "SECONDS_PER_HOUR",
        "MIB_PER_GIB",
        "SEED",
    }
    found = vars(importlib.import_module(f"advisor.{module}")).items()
    chosen = [name for name, value in found if name.isupper() and isinstance(value, int | float)]
    codes = {"GAP", "NO_TASK", "OBSERVED", "SATURATED", "STARTING"}
    missing = [n for n in chosen if not n.startswith("_") and n not in units | codes and f"`{n}`" not in page]
    assert missing == []
