"""Shapes of history that must not fool the advice: what it must do and say, and what it must not."""

from datetime import timedelta

import numpy as np
import pytest

from advisor.advice import explain
from advisor.domain.finding import Advice
from advisor.domain.inventory import SizeChange
from advisor.domain.service import Setup, TaskSize
from advisor.fargate.sizes import legal_sizes
from tests.service_worlds import (
    PER_DAY,
    START,
    World,
    advice_of,
    daily,
    fixed,
    level,
    lived,
    said,
    service_of,
    usage_of,
)

ROOMY = fixed(2, vcpu=1, gib=4)


def judged(world: World, setup: Setup = ROOMY, **more: object) -> Advice:
    return advice_of(lived(world, setup), service_of(setup, **more))


def days_of(days: int) -> np.ndarray:
    return np.arange(days * PER_DAY) / PER_DAY


def test_constant_the_smallest_size_with_margins_and_no_doubt() -> None:
    advice = judged(World(vcpu=level(0.4, days=30), base_mib=700))
    assert advice.recommended.size == TaskSize.of(vcpu=0.25, gib=1)
    assert said(advice) == {"long-step"}
    assert advice.risk.memory_breach_probability < 0.05
    assert advice.confidence > 0.9


def test_all_idle_the_smallest_size_and_the_question_whether_it_is_needed() -> None:
    advice = judged(World(vcpu=level(0.002, days=30), base_mib=40))
    assert advice.recommended.size == legal_sizes()[0]
    assert "no task costs nothing" in advice.reasons[0]
    assert judged(World(vcpu=level(0.4, days=30), base_mib=40)).reasons[0].startswith("CPU"), "else nothing is said"


def test_one_spike_a_month_ago_still_holds_memory_and_leaves_cpu_alone() -> None:
    # One step of 8,640: 0.01 % of the time, so CPU may be short in it, unless more than 0.1 % of the work is in it.
    noise, vcpu = np.zeros(30 * PER_DAY), level(0.3, days=30)
    noise[100], vcpu[100] = 2300, 1.5
    advice = judged(World(vcpu=vcpu, base_mib=500, noise=noise))
    assert advice.recommended.size == TaskSize.of(vcpu=0.5, gib=4), "2,800 MiB x 1.15 is more than 3 GiB"
    assert 0 < advice.risk.cpu_throttled_share < 0.001


def test_steady_growth_is_carried_on_for_a_month() -> None:
    # 2 % a day on 1,000 MiB: after 14 days 1,280 MiB, which 2 GiB hold; after 30 more days 2,060, which they do not.
    grown = 1.02 ** days_of(14)
    busier = World(vcpu=0.4 * grown, base_mib=1000, noise=1000 * (grown - 1), slope=0)
    advice = judged(busier)
    assert advice.recommended is None or advice.recommended.size.memory > 2060
    assert "leak" not in said(advice), "the work grows along"
    text = next(caution.text for caution in advice.cautions if caution.code == "memory-grows")
    # ln(4096 / (1000 x 1.02^14)) / ln 1.02 = 57 days to today's 4 GiB
    assert "grows by 2.0 % a day: going on like that, it reaches 4 GiB in 57 days" in text
    steady = judged(World(vcpu=level(0.4, days=14), base_mib=1280))
    assert steady.recommended.size.gib == 2, "which is enough without the growth"
    assert "memory-grows" not in said(steady)


def leaking(days: int = 15, *, every: float = 3, mib: float = 1500) -> World:
    return World(vcpu=daily(0.2, 0.8, days=days), base_mib=500, slope=100, noise=days_of(days) % every / every * mib)


def test_steady_growth_of_work_is_carried_on_before_cpu_gets_smaller() -> None:
    # 2 % a day: the hottest of two tasks does 0.216 vCPU at the end of 30 days, 0.39 after 30 more: 0.25 are too few.
    grown = 1.02 ** (days_of(30) - 30)
    advice = judged(World(vcpu=0.36 * grown, hot=1.2, base_mib=700))
    assert advice.recommended.size == TaskSize.of(vcpu=0.5, gib=1)
    (text,) = (caution.text for caution in advice.cautions if caution.code == "work-grows")
    # ln(0.995 / 0.216) / ln 1.02 = 77 days to today's 1 vCPU, ln(0.4975 / 0.216) / ln 1.02 = 42 to half of it.
    assert "grows by 2.0 % a day" in text
    assert "1 vCPU in 77 days, 0.5 vCPU in 42 days" in text
    lost = next(one for one in advice.alternatives if one.setup.size.vcpu == 0.25)
    assert "once it has grown for 30 days more" in lost.why_not
    still = judged(World(vcpu=level(0.36, days=30), hot=1.2, base_mib=700))
    assert still.recommended.size.vcpu == 0.25, "which is enough without the growth"
    assert "work-grows" not in said(still)


def test_growth_of_work_makes_nobody_pay_for_more_cpu() -> None:
    # 0.6 of 1 vCPU in the hottest task, and 1.09 after 30 days of 2 %: told, and nothing dearer is advised.
    advice = judged(World(vcpu=1.0 * 1.02 ** (days_of(30) - 30), hot=1.2, base_mib=3000), fixed(2, vcpu=1, gib=4))
    assert advice.verdict == "keep"
    assert "work-grows" in said(advice)


def test_a_leak_with_restarts_is_told_from_load_and_memory_is_left_with_room_for_another_life() -> None:
    # From 500 to 2,000 MiB in three days, then a restart; twice as long is 3,500 MiB, which 4 GiB hold.
    advice = judged(leaking(), fixed(2, vcpu=1, gib=8))
    assert advice.recommended.size.gib == 4
    text = next(caution.text for caution in advice.cautions if caution.code == "leak")
    assert "rises by 0.49 GiB a day whatever the work is" in text
    assert "fell at 4 restarts" in text
    assert "a task with 8 GiB lives 15.3 days, with 4 GiB 7.1 days" in text
    # (8 - 1.96) / 0.49 = 12.4 days are left of today's tasks; a change starts new ones.
    assert "The fullest holds 1.96 GiB now, and has 12.4 days left." in text
    assert advice.risk.memory_breach_probability is None, "how far a leak goes is no matter of chance"
    assert "per vCPU of work" in " ".join(advice.reasons)
    per_vcpu = next(r for r in advice.reasons if r.startswith("Memory")).split(" plus ")[1].split(" MiB")[0]
    assert float(per_vcpu) == pytest.approx(100, rel=0.3), "the leak is not read as load"


def test_a_leak_alone_makes_nobody_pay_for_more_memory() -> None:
    # 120 MiB a day from 500 MiB, never restarted: 2,300 MiB after fifteen days, and 2 GiB more last a fortnight.
    grows = World(vcpu=daily(0.1, 0.2, days=15), base_mib=500, noise=120 * days_of(15))
    advice = judged(grows, fixed(1, vcpu=0.5, gib=4))
    assert advice.recommended.size.gib == 4
    assert advice.usd_month.recommended <= advice.usd_month.current
    text = next(caution.text for caution in advice.cautions if caution.code == "leak")
    assert "More memory only delays the end" in text
    assert "restarts" not in text


def test_a_leak_that_reaches_all_of_its_memory_says_that_tasks_are_killed_there() -> None:
    advice = judged(leaking(every=3, mib=3580), fixed(2, vcpu=0.5, gib=4))
    text = next(caution.text for caution in advice.cautions if caution.code == "leak")
    assert "Tasks reach all of it: they are probably killed there" in text
    assert "memory-full" in said(advice)
    assert advice.recommended is None or advice.recommended.size.gib >= 4


def test_a_weekly_job_in_a_service_that_runs_all_week_is_as_steady_as_its_weeks() -> None:
    # Six hours a week 2,870 MiB, else 610, and one per cent up or down: 4 GiB hold it, and nobody pays for more.
    at, random = days_of(28), np.random.default_rng(3)
    busy = (at % 7 >= 2) & (at % 7 < 2.25)
    noise = np.where(busy, 2260.0, 0.0) + 10 * random.standard_normal(len(at))
    advice = judged(World(vcpu=np.where(busy, 1.2, 0.3), base_mib=610, noise=noise))
    assert advice.recommended is None or advice.recommended.size.gib == 4
    assert advice.risk.memory_breach_probability < 0.05


def test_a_weekly_batch_is_sized_for_its_day_and_paid_for_its_hours() -> None:
    running = np.where((days_of(28) % 7 >= 2) & (days_of(28) % 7 < 2.25), 1.0, 0.0)
    world, setup = World(vcpu=running * 0.9, base_mib=1500), fixed(0, vcpu=2, gib=8)
    advice = advice_of(usage_of(world, running, setup.size), service_of(setup))
    # Six hours a week of 2 vCPU with 8 GiB: 730 / 28 x 0.11652 = 3.04 a month, so nothing is worth a change.
    assert float(advice.usd_month.current) == pytest.approx(730 / 28 * (2 * 0.04048 + 8 * 0.004445), abs=0.01)
    assert advice.verdict == "keep"
    dear = advice_of(usage_of(world, running * 20, setup.size), service_of(setup))
    assert dear.verdict == "change"
    assert dear.recommended.size.memory >= 1500 * 1.15, "four days speak, not the mean over the week"


@pytest.mark.parametrize("share", [0.02, 1.0])
def test_saturated_at_100_percent_gets_no_smaller_cpu_and_the_reason(share: float) -> None:
    vcpu = np.where(np.arange(14 * PER_DAY) % 100 < 100 * share, 3.0, 0.2)
    advice = judged(World(vcpu=vcpu, base_mib=300), fixed(1, vcpu=1, gib=8))
    assert advice.verdict == "no-advice"
    assert "what the service really needs cannot be seen" in advice.reasons[0]
    assert advice.recommended is None
    assert "lower bound" in explain(advice) or "cannot be seen" in explain(advice)


def two_regimes(after_mib: float, *, days: int = 20, deployed: float | None = 10) -> Advice:
    """1,500 MiB for ten days, then so many; with a deployment of the same size between, or none that is known."""
    world = World(vcpu=level(0.4, days=days), base_mib=1500, noise=(after_mib - 1500) * (days_of(days) >= 10))
    at = [START] if deployed is None else [START, START + timedelta(days=deployed)]
    return judged(world, sizes=tuple(SizeChange(at=instant, size=ROOMY.size) for instant in at))


def test_two_regimes_only_the_new_code_speaks_and_the_window_is_named() -> None:
    advice = two_regimes(700)
    assert advice.recommended.size.gib == 1
    text = next(caution.text for caution in advice.cautions if caution.code == "behaviour-changed")
    assert (
        "The deployment of 2026-11-12 00:00 UTC changed the memory of a task: 1.46 GiB before, 0.684 GiB since" in text
    )
    assert "Only the 10.0 days since speak, not the 10.0 before" in text
    assert two_regimes(1500).recommended.size.gib == 2
    assert two_regimes(2900).recommended.size.gib == 4


def test_two_regimes_without_a_deployment_both_speak() -> None:
    advice = two_regimes(700, deployed=None)
    assert advice.recommended.size.gib == 2, "nobody knows why it fell"
    assert not said(advice) & {"behaviour-changed", "behaviour-changed-lately"}


def test_two_regimes_four_days_of_the_new_one_are_too_few_to_speak_alone() -> None:
    advice = two_regimes(700, days=14)
    assert advice.recommended.size.gib == 2
    text = next(caution.text for caution in advice.cautions if caution.code == "behaviour-changed-lately")
    assert "The 4.0 days since are not enough to speak alone" in text


def test_three_days_of_history_say_something_but_state_no_chance() -> None:
    advice = judged(World(vcpu=level(0.4, days=3), base_mib=700))
    assert advice.verdict == "change"
    assert advice.confidence == pytest.approx(0.5)
    assert advice.risk.memory_breach_probability is None
    assert "memory-risk-unknown" in said(advice)
    less = judged(World(vcpu=level(0.4, days=2.9), base_mib=700))
    assert (less.verdict, less.recommended) == ("no-advice", None)
    assert "2.9 days" in less.reasons[0]


def test_three_days_that_differ_make_nobody_pay_and_state_no_number() -> None:
    world = World(vcpu=level(0.6, days=3), base_mib=600, noise=np.repeat([0.0, 1000.0, 100.0], PER_DAY))
    advice = judged(world)
    assert advice.recommended.size.gib == 4, "as today: less was not shown to do, more was not shown to be needed"
    assert advice.risk.memory_breach_probability is None
    assert "chance" not in explain(advice)


def test_gaps_that_hide_the_daily_peak_are_named_and_never_make_the_advice_bolder_unsaid() -> None:
    # 3,000 MiB from 10:00 to 16:00, else 1,500: what is missing every day is in no peak.
    hour = np.arange(14 * PER_DAY) % PER_DAY * 24 // PER_DAY
    peak = (hour >= 10) & (hour < 16)
    usage = lived(World(vcpu=level(0.4, days=14), base_mib=1500, noise=1500.0 * peak), ROOMY)
    whole = advice_of(usage, service_of(ROOMY))
    usage.loc[peak] = np.nan
    hidden = advice_of(usage, service_of(ROOMY))
    assert whole.recommended.size.gib == 4
    assert not said(whole) & {"gaps", "unseen-hours"}
    assert hidden.recommended.size.gib < 4, "nothing that was seen asks for more"
    texts = {caution.code: caution.text for caution in hidden.cautions}
    assert "25.0 % of the history is missing, 3.5 of 14.0 days" in texts["gaps"]
    assert "Of 10:00 to 16:00 UTC next to nothing was measured" in texts["unseen-hours"]
    assert "no stated risk covers it" in texts["unseen-hours"]
    assert hidden.confidence < whole.confidence


@pytest.mark.parametrize("missing", [0.38, 0.42])
def test_forty_percent_of_gaps_are_the_most(missing: float) -> None:
    usage = lived(World(vcpu=level(0.4, days=14), base_mib=700), ROOMY)
    gone = np.arange(len(usage)) % 100 < 100 * missing
    usage.loc[gone] = np.nan
    advice = advice_of(usage, service_of(ROOMY))
    assert advice.verdict == ("change" if missing < 0.4 else "no-advice")
    texts = [caution.text for caution in advice.cautions if caution.code == "gaps"]
    assert len(texts) == 1, "as the reason for no advice or as a caution, once"
    assert texts[0].startswith(f"{100 * gone.mean():.1f} % of the history is missing")
    whole = judged(World(vcpu=level(0.4, days=14), base_mib=700))
    assert advice.confidence < whole.confidence
    if missing < 0.4:
        assert advice.recommended == whole.recommended, "a gap is not read as idle"
        assert advice.usd_month.current == whole.usd_month.current
