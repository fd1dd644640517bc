"""Services that scale: what may change, what is left alone, and what is replayed."""

from dataclasses import replace

import numpy as np
import pytest

from advisor.advice.candidates import families, other_ways, resized, sizes, targets_of
from advisor.advice.levers import Levers, find_levers
from advisor.advice.work import Work, work_of
from advisor.domain.inventory import Scaling
from advisor.domain.policy import OtherPolicy, ScheduledAction, StepScaling, TargetTracking
from advisor.domain.service import Setup, TaskSize
from advisor.domain.settings import Config, Limits
from advisor.profile import fit_profile, infer_demand
from advisor.simulation import Conditions, Load, simulate
from tests.service_worlds import START, World, advice_of, daily, lived, said, service_of, tracking, usage_of

WAVE = World(vcpu=daily(0.5, 4, days=7), hot=1.2, base_mib=400, slope=100)
WEB = tracking(2, 20, vcpu=1, gib=4)
REQUESTS = (TargetTracking(metric="requests", target=600),)
STEPS = (
    StepScaling(metric="cpu", direction="out", threshold=60, steps=((0.0, None, 2),)),
    StepScaling(metric="cpu", direction="in", threshold=30, steps=((None, 0.0, -1),)),
)


def test_size_target_and_bounds_are_chosen_together() -> None:
    wasteful = tracking(8, 20, vcpu=1, gib=4, target=40)
    advice = advice_of(lived(WAVE, wasteful), service_of(wasteful))
    then = advice.recommended
    assert advice.verdict == "change"
    assert then.size != wasteful.size
    assert then.policies[0].target > 40
    assert then.minimum < 8
    assert then.maximum * then.size.vcpu <= wasteful.maximum * wasteful.size.vcpu, "no more capacity than allowed"
    assert advice.usd_month.low <= advice.usd_month.recommended <= advice.usd_month.high
    assert advice.usd_month.recommended < advice.usd_month.current
    assert advice.backtest.cpu_throttled_share <= 0.01


def test_the_size_lever_alone_leaves_the_policy_and_the_minimum() -> None:
    advice = advice_of(lived(WAVE, WEB), service_of(WEB), Config(levers=("size",)))
    then = advice.recommended
    assert advice.verdict == "change"
    assert then.policies == WEB.policies
    assert then.minimum == WEB.minimum
    assert then.size != WEB.size


def test_the_scaling_lever_alone_leaves_the_size() -> None:
    wasteful = replace(WEB, policies=(TargetTracking(metric="cpu", target=30),))
    advice = advice_of(lived(WAVE, wasteful), service_of(wasteful), Config(levers=("scaling",)))
    assert advice.verdict == "change"
    assert advice.recommended.size == WEB.size
    assert advice.recommended.policies[0].target > 30


def test_no_lever_changes_nothing() -> None:
    assert advice_of(lived(WAVE, WEB), service_of(WEB), Config(levers=())).verdict == "keep"


def recorded(setup: Setup, world: World = WAVE) -> object:
    """Usage of a setup with the counts that WEB would have run: whatever scaled it, these were seen."""
    return usage_of(world, lived(world, WEB)["tasks"].to_numpy(dtype=float), setup.size)


def test_memory_tracking_keeps_the_memory_and_may_lose_cpu() -> None:
    setup = replace(WEB, policies=(TargetTracking(metric="memory", target=60),), size=TaskSize.of(vcpu=2, gib=4))
    advice = advice_of(recorded(setup), service_of(setup))
    assert "replay-error" in said(advice), "the counts are not those of this policy"
    assert advice.recommended.policies == setup.policies
    assert advice.recommended.size.memory == setup.size.memory
    assert advice.verdict == "change"
    assert advice.recommended.size.vcpu < 2


def test_step_scaling_on_cpu_keeps_the_cpu_and_may_lose_memory() -> None:
    setup = replace(WEB, policies=STEPS, size=TaskSize.of(vcpu=1, gib=8))
    advice = advice_of(recorded(setup), service_of(setup))
    assert advice.verdict == "change"
    assert advice.recommended == replace(setup, size=TaskSize.of(vcpu=1, gib=2))
    # The counts are those that were recorded, whatever the replay of the policy says: no range but that of days.
    assert advice.usd_month.low <= advice.usd_month.recommended <= advice.usd_month.high


def test_a_policy_on_requests_leaves_both_sizes_free() -> None:
    setup = replace(WEB, policies=(TargetTracking(metric="requests", target=1000),), size=TaskSize.of(vcpu=2, gib=8))
    advice = advice_of(recorded(setup), service_of(setup))
    assert advice.replay_error is None, "without a history of requests the policy cannot be replayed"
    assert advice.recommended.size.vcpu < 2
    assert advice.recommended.size.gib < 8


def test_a_custom_metric_leaves_everything_alone() -> None:
    setup = replace(WEB, policies=(OtherPolicy(why="a custom metric"),))
    advice = advice_of(recorded(setup), service_of(setup))
    assert advice.verdict == "keep"
    assert "policy-not-advised" in said(advice)
    assert advice.replay_error is None


def test_memory_tracking_is_replayed_with_the_memory_that_was_seen() -> None:
    # Memory follows the work: 400 + 3000 MiB per vCPU and task, target 50 % of 4 GiB.
    world = replace(WAVE, hot=1.0, slope=3000)
    setup = replace(WEB, policies=(TargetTracking(metric="memory", target=50),))
    usage = lived_by_memory(world, setup)
    assert advice_of(usage, service_of(setup)).replay_error < 0.05


def lived_by_memory(world: World, setup: Setup) -> object:
    load = Load(vcpu=np.repeat(world.vcpu, 5), start=START)
    memory = Conditions(memory_base_mib=world.base_mib, memory_mib_per_vcpu=world.slope)
    running = simulate(load, setup, conditions=memory).running.reshape(-1, 5).mean(axis=1)
    return usage_of(world, running, setup.size)


def test_suspended_scaling_leaves_the_policy_alone() -> None:
    scaling = Scaling(minimum=2, maximum=20, scale_in_suspended=True)
    advice = advice_of(recorded(WEB), service_of(WEB, scaling=scaling))
    assert advice.recommended.policies == WEB.policies
    assert any("suspended" in caution.text for caution in advice.cautions)


def test_a_policy_that_the_replay_does_not_know_is_left_alone() -> None:
    # Twice the tasks that the policy would run: something else scales this service as well.
    usage = lived(WAVE, WEB)
    usage["tasks"] = np.ceil(usage["tasks"] * 2)
    usage[["cpu_avg", "cpu_max"]] /= 2
    advice = advice_of(usage, service_of(WEB))
    assert advice.replay_error > 0.15
    assert advice.recommended.policies == WEB.policies
    assert advice.recommended.size.cpu == WEB.size.cpu
    assert "replay-error" in said(advice)


def test_a_schedule_alone_is_replayed_as_seen() -> None:
    night = ScheduledAction(expression="cron(0 20 * * ? *)", minimum=2, maximum=2)
    day = ScheduledAction(expression="cron(0 8 * * ? *)", minimum=6, maximum=6)
    setup = Setup(size=TaskSize.of(vcpu=1, gib=4), desired=2, minimum=2, maximum=6, schedule=(night, day))
    calm = replace(WAVE, vcpu=daily(0.2, 1.5, days=7))
    advice = advice_of(lived(calm, setup), service_of(setup))
    assert advice.verdict == "change"
    assert advice.recommended == replace(setup, size=TaskSize.of(vcpu=1, gib=2))
    assert advice.replay_error == pytest.approx(0, abs=0.01)


def test_without_the_schedule_lever_a_schedule_that_sets_the_minimum_stays() -> None:
    day = ScheduledAction(expression="cron(0 8 * * ? *)", minimum=4)
    setup = replace(WEB, minimum=4, desired=4, schedule=(day,))
    advice = advice_of(lived(WAVE, setup), service_of(setup), Config(levers=("size", "scaling")))
    assert advice.recommended.minimum == 4
    assert advice.recommended.schedule == (day,)


def test_what_cannot_be_replayed_at_all_gets_no_advice() -> None:
    setup = replace(WEB, schedule=(ScheduledAction(expression="cron(nonsense)", minimum=3),))
    advice = advice_of(recorded(setup), service_of(setup))
    assert advice.verdict == "no-advice"
    assert "not-replayable" in said(advice)


def test_a_tracking_service_on_one_task_may_stay_on_one() -> None:
    setup = tracking(1, 10, vcpu=1, gib=4)
    advice = advice_of(lived(WAVE, setup), service_of(setup))
    assert advice.recommended.minimum == 1
    two = advice_of(lived(WAVE, WEB), service_of(WEB))
    assert two.recommended.minimum == 2


# Candidates


def levers(**more: bool) -> Levers:
    return Levers(**{"cpu": True, "memory": True, "scaling": True, "counts": "replayed", **more})


def test_a_resized_service_never_gets_more_capacity_than_its_owner_allowed() -> None:
    for size in sizes(WEB, levers()):
        then = resized(WEB, size)
        assert then.minimum <= then.desired <= then.maximum
        if then.maximum > WEB.minimum:
            assert then.maximum * size.cpu <= WEB.maximum * WEB.size.cpu


def work_of_wave() -> Work:
    return work_of(infer_demand(lived(WAVE, WEB), service_of(WEB)))


@pytest.mark.parametrize("kind", [families, other_ways])
def test_every_member_of_a_family_is_a_way_with_another_target_highest_first(kind: object) -> None:
    found = list(kind(WEB, WEB.size, levers(schedule=True), Limits(), work_of_wave()))
    assert found
    for family in found:
        targets = [setup.policies[0].target for setup in family.setups]
        assert targets == sorted(targets, reverse=True)
        alike = {(s.size, s.bounds, s.schedule, len(s.policies)) for s in family.setups}
        assert len(alike) == 1


def test_a_target_of_requests_is_tried_where_it_asks_as_much_of_a_task_as_the_target_of_cpu() -> None:
    work = replace(work_of_wave(), requests=work_of_wave().vcpu * 600)  # 600 requests a minute keep one vCPU busy
    by_requests = TargetTracking(metric="requests", target=500)
    assert targets_of(by_requests, TaskSize.of(vcpu=2, gib=4), work)[:3] == (1100, 1000, 960)
    assert targets_of(WEB.policies[0], WEB.size, work)[:3] == (90, 85, 80)


def test_a_memory_policy_is_never_taken_away() -> None:
    both = replace(WEB, policies=(*WEB.policies, TargetTracking(metric="memory", target=60)))
    work = work_of_wave()
    assert not list(other_ways(both, WEB.size, levers(), Limits(), work))
    for family in families(both, WEB.size, levers(), Limits(), work):
        assert all(setup.policies[1:] == both.policies[1:] for setup in family.setups)


def test_a_size_whose_bounds_would_cross_the_schedule_is_not_tried() -> None:
    morning = replace(WEB, schedule=(ScheduledAction(expression="cron(0 8 * * ? *)", minimum=4),))
    large = TaskSize.of(vcpu=8, gib=16)
    assert not list(families(morning, large, levers(), Limits(), work_of_wave()))
    assert list(families(WEB, large, levers(), Limits(), work_of_wave()))


def test_a_frozen_part_of_the_size_stays() -> None:
    assert {size.cpu for size in sizes(WEB, levers(cpu=False))} == {1024}
    assert {size.memory for size in sizes(WEB, levers(memory=False))} == {4096}
    assert sizes(WEB, levers(cpu=False, memory=False)) == (WEB.size,)


def test_levers_of_each_kind_of_scaling() -> None:
    profile = fit_profile(infer_demand(lived(WAVE, WEB), service_of(WEB)))
    memory = replace(WEB, policies=(TargetTracking(metric="memory", target=60),))
    table = {
        "fixed": (Setup(size=WEB.size, desired=2), (True, True, False, "set")),
        "cpu": (WEB, (True, True, True, "replayed")),
        "memory": (memory, (True, True, True, "replayed")),
        "steps": (replace(WEB, policies=STEPS), (True, True, True, "replayed")),
        "both": (replace(WEB, policies=(*WEB.policies, *memory.policies)), (True, True, True, "replayed")),
        "requests": (replace(WEB, policies=REQUESTS), (True, True, False, "seen")),
        "custom": (replace(WEB, policies=(OtherPolicy(why="?"),)), (False, False, False, "seen")),
    }
    for name, (setup, expected) in table.items():
        found = find_levers(service_of(setup), profile, Config())
        assert (found.cpu, found.memory, found.scaling, found.counts) == expected, name
