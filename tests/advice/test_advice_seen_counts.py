"""What recorded counts and censored work mean for a score; and that a recommendation, asked again, is confirmed."""

from dataclasses import replace

import numpy as np
import pytest
from service_worlds import PRICES, World, advice_of, daily, fixed, level, lived, said, service_of, tracking, usage_of

from advisor.advice import advise
from advisor.advice.replay import run, seen_tasks
from advisor.advice.rules import CENSORED_WORK
from advisor.advice.score import score
from advisor.advice.work import work_of
from advisor.domain.service import TaskSize
from advisor.profile import MemoryModel, fit_profile, infer_demand

FLAT = MemoryModel(base_mib=400.0, mib_per_vcpu=0.0, error_mib=0.0)


def test_a_step_in_which_a_task_ran_for_a_part_counts_as_one_task():
    running = np.ones(6 * 288)
    running[100] = 0.3
    running[101] = 0.0
    setup = fixed(1, vcpu=1, gib=2)
    usage = usage_of(World(vcpu=0.2 * running), running, setup.size)
    work = work_of(infer_demand(usage, service_of(setup)))
    outcome = run(setup, work, "seen")
    # Steps of 300 s are five ticks of a minute each: step 100 is ticks 500 to 504, step 101 is 505 to 509.
    assert seen_tasks(work)[500] == pytest.approx(0.3)
    assert outcome.running[500:505].tolist() == [1] * 5
    assert outcome.running[505:510].tolist() == [0] * 5


def test_censored_work_is_taken_to_have_wanted_more():
    setup = fixed(1, vcpu=1, gib=2)
    vcpu = level(0.5)
    vcpu[:3] = 1.0  # 100 % of one vCPU: the true need is hidden
    work = work_of(infer_demand(usage_of(World(vcpu=vcpu), np.ones(len(vcpu)), setup.size), service_of(setup)))
    running = np.ones(len(work.vcpu))
    fits = TaskSize.of(vcpu=1 * CENSORED_WORK + 0.01, gib=2)
    # 15 of 8,640 minutes are censored: throttled in 1.2 vCPU, not in 1.26 / 0.995 and more.
    short = score(running, work, size=TaskSize.of(vcpu=1.2, gib=2), memory=FLAT)
    assert short.throttled_share == pytest.approx(15 / 8640)
    assert score(running, work, size=fits, memory=FLAT).throttled_share == 0.0
    assert short.unmet_share == 0.0  # nothing is invented for the work itself


@pytest.mark.parametrize(
    ("world", "setup"),
    [
        (World(vcpu=daily(0.2, 3.0)), fixed(4, vcpu=2, gib=8)),
        (World(vcpu=daily(0.5, 6.0), slope=200.0, hot=1.2), tracking(3, 40, vcpu=1, gib=4, target=45)),
    ],
    ids=["fixed", "tracking"],
)
def test_asked_again_with_the_same_demand_a_recommendation_is_confirmed(world, setup):
    usage, service = lived(world, setup), service_of(setup)
    demand = infer_demand(usage, service)
    profile = fit_profile(demand)
    first = advise(service, demand, profile, prices=PRICES)
    assert first.verdict == "change"
    assert first.recommended is not None
    again = advise(replace(service, setup=first.recommended), demand, profile, prices=PRICES)
    assert again.verdict == "keep"


def test_no_change_is_advised_of_a_size_that_never_ran():
    usage = lived(World(vcpu=level(0.1)), fixed(2, vcpu=1, gib=2))
    service = service_of(fixed(2, vcpu=4, gib=8))
    deployed = replace(service, sizes=())
    measured = infer_demand(usage, service_of(fixed(2, vcpu=1, gib=2)))
    advice = advise(deployed, measured, fit_profile(measured), prices=PRICES)
    assert advice.verdict == "keep"
    assert advice.confidence == 0.0
    assert advice.usd_month.recommended == advice.usd_month.current
    assert "thin-history" in {caution.code for caution in advice.cautions}


def test_a_measured_size_is_advised_on():
    advice = advice_of(lived(World(vcpu=level(0.1)), fixed(2, vcpu=4, gib=8)), service_of(fixed(2, vcpu=4, gib=8)))
    assert advice.verdict == "change"
    assert "thin-history" not in said(advice)


def test_nothing_is_said_of_a_size_that_never_ran_and_is_too_small():
    usage = lived(World(vcpu=level(0.9)), fixed(2, vcpu=1, gib=2))
    service = replace(service_of(fixed(2, vcpu=0.25, gib=1)), sizes=())
    measured = infer_demand(usage, service_of(fixed(2, vcpu=1, gib=2)))
    advice = advise(service, measured, fit_profile(measured), prices=PRICES)
    assert advice.verdict == "no-advice"
    assert advice.confidence == 0.0
    assert "nothing was measured" in advice.reasons[0]
