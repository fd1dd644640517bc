"""Shapes that must not fool the advice; numbers are derived by hand where a comment says so."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest

from advisor.advice import explain
from advisor.domain.inventory import Container, Service, SizeChange, TaskDefinition
from advisor.domain.service import CapacityShare, Setup, TaskSize
from advisor.domain.settings import Config, Limits
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


def judged(world: World, setup: Setup = ROOMY, config: Config | None = None, **more: object):
    return advice_of(lived(world, setup), service_of(setup, **{"step_seconds": world.step, **more}), config)


def test_constant_work_gets_the_smallest_size_that_bears_the_margins() -> None:
    # 0.4 vCPU on two tasks: 0.2 each, 0.22 with 10 % growth, under 99.5 % of 0.25 vCPU.
    # 700 MiB x 1.15 = 805 MiB, so 1 GiB; the tail: daily peaks of 700 MiB, spread taken as 1 % = 7 MiB,
    # beta = 7 x 0.78 x (1 + 2/6) = 7.3 MiB, and 1024 MiB are 44 beta above: no chance worth stating.
    advice = judged(World(vcpu=level(0.4), base_mib=700))
    assert advice.verdict == "change"
    assert advice.recommended == replace(ROOMY, size=TaskSize.of(vcpu=0.25, gib=1))
    # us-east-1: 0.04048 USD per vCPU-hour, 0.004445 per GB-hour; two tasks, 730 hours.
    # today 2 x 730 x (0.04048 + 4 x 0.004445) = 85.0596; then 2 x 730 x (0.01012 + 0.004445) = 21.2649
    assert advice.usd_month.current == Decimal("85.06")
    assert advice.usd_month.recommended == Decimal("21.26")
    assert (advice.usd_month.low, advice.usd_month.high) == (Decimal("21.26"), Decimal("21.26"))
    # six days: 6 / (6 + 3)
    assert advice.confidence == pytest.approx(2 / 3, abs=1e-3)
    assert advice.replay_error == 0


def test_the_growth_margin_decides_between_two_sizes() -> None:
    # 0.2376 vCPU each x 1.05 = 0.24948 > 0.995 x 0.25 = 0.24875: the next CPU size; 0.2348 x 1.05 = 0.24654: not.
    assert judged(World(vcpu=level(2 * 0.2376))).recommended.size.vcpu == 0.5
    assert judged(World(vcpu=level(2 * 0.2348))).recommended.size.vcpu == 0.25


def test_the_memory_margin_decides_between_two_sizes() -> None:
    # 1.15 x 890 MiB = 1023.5 MiB fits into 1 GiB, 1.15 x 891 = 1024.65 does not; 0.25 vCPU has 2 GiB next.
    risky = Config(limits=Limits(memory_breach_probability=0.2))
    assert judged(World(vcpu=level(0.1), base_mib=890), config=risky).recommended.size.gib == 1
    assert judged(World(vcpu=level(0.1), base_mib=891), config=risky).recommended.size.gib == 2


@pytest.mark.parametrize("limit", [0.0005, 0.01, 0.05, 0.1, 0.3])
def test_memory_never_shrinks_to_a_size_with_a_risk_above_the_limit(limit: float) -> None:
    wild = np.repeat(np.random.default_rng(1).normal(0, 150, 14), PER_DAY)
    world = World(vcpu=level(0.1, days=14), base_mib=1500, noise=wild)
    advice = judged(world, fixed(2, vcpu=1, gib=8), Config(limits=Limits(memory_breach_probability=limit)))
    shrinks = advice.recommended.size.memory < advice.current.size.memory
    assert not shrinks or advice.risk.memory_breach_probability <= limit
    assert shrinks == (limit >= 0.01)


def test_an_idle_service_is_called_idle_and_gets_the_smallest_size() -> None:
    advice = judged(World(vcpu=level(0.001), base_mib=50))
    assert advice.recommended.size == legal_sizes()[0]
    assert any(reason.startswith("It is idle") for reason in advice.reasons)


def test_one_spike_of_five_minutes_is_within_the_throttling_limit_but_a_day_of_them_is_not() -> None:
    short, long = level(0.2), level(0.2)
    short[1000] = long[PER_DAY : 2 * PER_DAY] = 1.8
    lenient = Config(limits=Limits(unmet_share=0.02))
    assert judged(World(vcpu=short), config=lenient).recommended.size.vcpu == 0.25
    assert judged(World(vcpu=long), config=lenient).recommended.size.vcpu == 1


def test_one_spike_of_memory_holds_the_size_for_the_whole_history() -> None:
    noise = np.zeros(6 * PER_DAY)
    noise[500] = 2600
    advice = judged(World(vcpu=level(0.2), noise=noise))
    assert advice.recommended is None or advice.recommended.size.memory >= 3000 * 1.15


def test_a_saturated_service_gets_no_advice_and_the_reason() -> None:
    advice = judged(World(vcpu=level(3)), fixed(1, vcpu=1, gib=2))
    assert advice.verdict == "no-advice"
    assert advice.recommended is None
    assert "saturated" in said(advice)
    assert advice.usd_month.recommended is None
    assert advice.usd_month.current == Decimal("36.04")  # 730 x (0.04048 + 2 x 0.004445) = 36.0401
    assert advice.confidence == 0, "a history that is all saturated vouches for nothing"


def test_less_than_three_days_are_too_few() -> None:
    assert judged(World(vcpu=level(0.2, days=3))).verdict == "change"
    advice = judged(World(vcpu=level(0.2, days=2.9)))
    assert advice.verdict == "no-advice"
    assert said(advice) >= {"thin-history"}
    assert advice.usd_month.current is not None


def gaps(days: float, *, of: float = 10, first: float = 0) -> tuple[object, Service]:
    usage = lived(World(vcpu=level(0.2, days=of)), ROOMY)
    usage.iloc[round(first * PER_DAY) : round((first + days) * PER_DAY)] = np.nan
    return usage, service_of(ROOMY)


def test_more_than_two_fifths_of_gaps_are_too_many() -> None:
    assert advice_of(*gaps(3.9)).verdict == "change"
    advice = advice_of(*gaps(4.1))
    assert advice.verdict == "no-advice"
    assert "gaps" in said(advice)


def test_held_out_days_that_are_gaps_score_nothing_so_there_is_no_advice() -> None:
    # Ten days: the last three are held out; with 1.5 days of them missing 85 % of the history is there.
    advice = advice_of(*gaps(1.5, first=8.5))
    assert advice.verdict == "no-advice"
    assert "50.0 % of the days that it would be scored on" in advice.reasons[0]
    assert advice_of(*gaps(1.5, first=2)).verdict == "change"


def test_only_days_with_todays_size_speak() -> None:
    # Ten days at 2 vCPU / 8 GiB with 6 GiB in use, then five at 1 / 4 with 700 MiB.
    change = START + timedelta(days=10)
    old, new = TaskSize.of(vcpu=2, gib=8), TaskSize.of(vcpu=1, gib=4)
    before = usage_of(World(vcpu=level(1.0, days=10), base_mib=6 * 1024), np.full(10 * PER_DAY, 2.0), old)
    usage = usage_of(World(vcpu=level(0.4, days=15), base_mib=700), np.full(15 * PER_DAY, 2.0), new)
    usage.iloc[: 10 * PER_DAY] = before
    sizes = (SizeChange(at=START, size=old), SizeChange(at=change, size=new))
    advice = advice_of(usage, service_of(ROOMY, sizes=sizes))
    assert advice.recommended.size == TaskSize.of(vcpu=0.25, gib=1)
    assert advice.confidence == pytest.approx(5 / 8, abs=1e-3)
    text = next(c.text for c in advice.cautions if c.code == "size-changed")
    assert "5.0 days before the end" in text
    assert "up to 6.00 GiB" in text


def test_a_size_that_never_ran_has_no_history_and_no_confidence() -> None:
    usage = lived(World(vcpu=level(0.4, days=10)), fixed(2, vcpu=2, gib=8))
    old, new = TaskSize.of(vcpu=2, gib=8), TaskSize.of(vcpu=1, gib=4)
    sizes = (SizeChange(at=START, size=old), SizeChange(at=START + timedelta(days=10), size=new))
    advice = advice_of(usage, service_of(ROOMY, sizes=sizes))
    assert advice.verdict == "keep"
    assert advice.confidence == 0
    assert advice.usd_month.current == Decimal("85.06")


def nightly(share: float, *, work: float) -> tuple[World, np.ndarray]:
    """A task runs for a share of each day, and nothing for the rest."""
    running = np.tile(np.arange(PER_DAY) < share * PER_DAY, 6).astype(float)
    return World(vcpu=running * work, base_mib=700), running


def test_a_nightly_batch_is_paid_for_the_hours_that_it_runs_only() -> None:
    world, running = nightly(0.25, work=0.2)
    setup = fixed(1, vcpu=1, gib=4)
    advice = advice_of(usage_of(world, running, setup.size), service_of(setup))
    # A quarter of 730 x (0.04048 + 4 x 0.004445) = 10.63
    assert advice.verdict == "change"
    assert "count-set-elsewhere" in said(advice)
    assert advice.usd_month.current == Decimal("10.63")
    assert advice.recommended.size == TaskSize.of(vcpu=0.25, gib=1)


def test_a_batch_that_takes_all_the_cpu_it_is_given_keeps_its_cpu_but_not_its_memory() -> None:
    world, running = nightly(0.25, work=2)
    setup = fixed(1, vcpu=1, gib=8)
    advice = advice_of(usage_of(world, running, setup.size), service_of(setup))
    assert "batch" in said(advice)
    assert advice.verdict == "change"
    assert advice.recommended.size == TaskSize.of(vcpu=1, gib=2)
    assert advice.risk.cpu_throttled_share == 1


def test_a_service_that_never_ran_is_kept_and_asked_about() -> None:
    world = World(vcpu=np.zeros(6 * PER_DAY))
    setup = fixed(0, vcpu=1, gib=4)
    advice = advice_of(usage_of(world, np.zeros(6 * PER_DAY), setup.size), service_of(setup))
    assert advice.verdict == "keep"
    assert advice.replay_error is None
    assert advice.usd_month.current == Decimal("0.00")
    assert "No task ran in the whole history: is the service still needed?" in advice.reasons


def test_metrics_of_20_seconds_lead_to_the_same_advice_as_those_of_60() -> None:
    world, setup = World(vcpu=daily(0.2, 1.5, days=4, step=60), step=60), fixed(2, vcpu=2, gib=8)
    usage = lived(world, setup)
    once = advice_of(usage, service_of(setup, step_seconds=60, running=2))
    usage["tasks"] *= 3
    thrice = advice_of(usage, service_of(setup, step_seconds=60, running=2))
    assert "task-factor" in said(thrice)
    assert (thrice.recommended, thrice.usd_month) == (once.recommended, once.usd_month)


def test_without_maxima_averages_stand_in_and_it_is_said() -> None:
    usage = lived(World(vcpu=level(0.4), hot=1.9, base_mib=700), ROOMY).drop(columns=["cpu_max", "memory_max"])
    advice = advice_of(usage, service_of(ROOMY))
    assert advice.recommended.size.vcpu == 0.25
    assert "no-task-peaks" in said(advice)
    # With the hottest task at 1.9 x 0.2 = 0.38 vCPU, 0.25 vCPU would not have done.
    assert judged(World(vcpu=level(0.4), hot=1.9, base_mib=700)).recommended.size.vcpu == 0.5


def test_memory_that_was_never_measured_is_left_as_it_is() -> None:
    usage = lived(World(vcpu=level(0.4)), ROOMY)
    usage[["memory_avg", "memory_max"]] = np.nan
    advice = advice_of(usage, service_of(ROOMY))
    assert advice.recommended.size.gib >= 4
    assert advice.risk.memory_breach_probability is None
    assert any("never measured" in reason for reason in advice.reasons)


@pytest.mark.parametrize(
    "service",
    [
        service_of(ROOMY, region="mars-east-1"),
        service_of(replace(ROOMY, architecture="ARM64"), region="us-west-1"),  # derived only
        service_of(replace(ROOMY, os="WINDOWS"), region="us-west-1"),
        service_of(replace(ROOMY, ephemeral_gib=100), region="us-west-1"),
    ],
)
def test_a_price_that_is_not_known_gives_no_advice_and_no_money(service: Service) -> None:
    advice = advice_of(lived(World(vcpu=level(0.4)), ROOMY), service)
    assert advice.verdict == "no-advice"
    assert "price-missing" in said(advice)
    assert (advice.usd_month.current, advice.usd_month.recommended) == (None, None)
    assert "no price" in explain(advice)


def two_containers(first: int, second: int) -> TaskDefinition:
    containers = (Container(name="app", memory=first), Container(name="envoy", memory_reservation=second))
    return TaskDefinition(arn="arn", family="web", revision=1, size=ROOMY.size, containers=containers)


def test_memory_holds_what_two_containers_state_together() -> None:
    world = World(vcpu=level(0.1), base_mib=300)
    assert judged(world).recommended.size.gib == 0.5
    assert judged(world, task_definition=two_containers(1024, 256)).recommended.size.gib == 2
    assert judged(world, task_definition=two_containers(3000, 1000)).recommended.size.gib == 4


def test_the_limit_of_a_single_container_follows_the_size() -> None:
    one = replace(two_containers(4096, 0), containers=two_containers(4096, 0).containers[:1])
    assert judged(World(vcpu=level(0.1), base_mib=300), task_definition=one).recommended.size.gib == 0.5


def test_windows_gets_sizes_that_windows_has() -> None:
    setup = fixed(2, vcpu=4, gib=16, os="WINDOWS")
    advice = advice_of(lived(World(vcpu=level(0.4), base_mib=700), setup), service_of(setup, region="us-east-1"))
    assert advice.verdict == "change", advice.reasons
    assert advice.recommended.size in legal_sizes("WINDOWS")
    assert advice.recommended.size.vcpu == 1


def test_arm_is_priced_as_arm() -> None:
    setup = fixed(2, vcpu=1, gib=4, architecture="ARM64")
    advice = judged(World(vcpu=level(0.4), base_mib=700), setup)
    assert advice.recommended.architecture == "ARM64"
    assert advice.usd_month.current < judged(World(vcpu=level(0.4), base_mib=700)).usd_month.current


def test_doubtful_prices_of_spot_are_told() -> None:
    mixed = (CapacityShare(provider="FARGATE", base=1, weight=1), CapacityShare(provider="FARGATE_SPOT", weight=3))
    advice = judged(World(vcpu=level(0.4), base_mib=700), replace(ROOMY, capacity=mixed))
    assert advice.recommended.capacity == mixed
    assert "price-doubtful" in said(advice)


def test_a_strategy_of_bases_only_is_compared_by_its_price_too() -> None:
    bases = (CapacityShare(provider="FARGATE", base=5, weight=0),)
    advice = judged(World(vcpu=level(0.1), base_mib=300), replace(ROOMY, capacity=bases))
    assert advice.recommended.size == legal_sizes()[0]


@pytest.mark.parametrize("days", [4, 10])
def test_a_breach_probability_is_stated_from_seven_daily_peaks_on(days: int) -> None:
    advice = judged(World(vcpu=level(0.4, days=days), base_mib=700))
    assert (advice.risk.memory_breach_probability is None) == (days < 7)
    assert ("memory-risk-unknown" in said(advice)) == (days < 7)


def test_a_hostile_name_reaches_no_sentence_unprintably() -> None:
    name = "prod/=cmd|'/C calc'!A1 <script>\x1b[31m../..\u202e"
    for world in (World(vcpu=level(0.4)), World(vcpu=level(0.4, days=1))):
        advice = judged(world, name=name)
        assert all(line.isprintable() for line in explain(advice).splitlines())
        assert advice.id.service == name
