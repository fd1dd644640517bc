"""What rules of others are shown of several tasks: all that AWS/ECS tells, and no more than the tasks can have used."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.advice.board import by_peer, origin_of, rolling
from advisor.advice.peers import (
    Rule,
    autopilot,
    cast,
    cloudfix,
    cloudfix_need,
    compute_optimizer,
    crane,
    harness_cost,
    harness_performance,
    krr_limit,
    krr_simple,
    kubecost,
    vpa_target,
    vpa_upper,
)
from advisor.advice.samples import Linear, Samples, decayed_quantile, pooled_quantile, quantile
from advisor.advice.seen import Killed, Seen, seen_of
from advisor.domain.service import TaskSize
from advisor.domain.settings import Config
from advisor.profile import Demand, Kill, infer_demand
from tests.service_worlds import PER_DAY, PRICES, World, fixed, level, service_of, usage_of

SETUP = fixed(2, vcpu=2, gib=4)


def demand_of(world: World, running: np.ndarray) -> Demand:
    return infer_demand(usage_of(world, running, SETUP.size), service_of(fixed(0, vcpu=2, gib=4)))


def fifty(hottest: float, others: float, days: int) -> Samples:
    """One task and 49 others, all the same all the time."""
    flat = np.ones(PER_DAY * days)
    return Samples(hottest=hottest * flat, others=others * flat, count=np.full(len(flat), 49))


def test_the_others_share_alike_what_the_hottest_task_leaves_of_the_average() -> None:
    running = np.tile([0.0, 4.0, 1.0], PER_DAY)
    world = World(vcpu=np.where(running > 0, 2.0, 0.0), hot=1.75, base_mib=900, slope=200)
    seen = seen_of(demand_of(world, running))
    # From the second step on. Four tasks of 0.5 vCPU, one of them 0.875: 1.125 for three, 0.375 each; a lone one has 2.
    assert np.isnan(seen.vcpu.hottest[2::3]).all()
    assert seen.vcpu.hottest[:2] == pytest.approx([0.875, 2.0], rel=1e-5)
    assert seen.vcpu.others[0] == pytest.approx(0.375, rel=1e-5)
    assert list(seen.vcpu.count[:2]) == [3, 0]
    assert seen.vcpu.average[:2] == pytest.approx([0.5, 2.0], rel=1e-5)
    # 900 MiB and 200 per vCPU: 1,075 in the hottest, 1,000 on average, so 975 in the others.
    assert (seen.mib.hottest[0], seen.mib.others[0]) == pytest.approx((1075, 975), rel=1e-5)
    assert seen.today == TaskSize.of(vcpu=2, gib=4)


@given(st.lists(st.tuples(st.floats(0, 9), st.floats(0, 9), st.integers(0, 5)), min_size=1), st.floats(0, 1))
def test_a_pooled_quantile_is_that_of_every_sample_of_every_task(
    steps: list[tuple[float, float, int]], share: float
) -> None:
    hottest, others, count = (np.array(values) for values in zip(*steps, strict=True))
    pooled = np.concatenate([hottest, np.repeat(others, count)])
    samples = Samples(hottest=hottest, others=others, count=count)
    assert pooled_quantile(samples, share) == pytest.approx(np.quantile(pooled, share))
    alone = Samples(hottest=hottest, others=np.full(len(count), np.nan), count=count * 0)
    assert pooled_quantile(alone, share) == pytest.approx(quantile(hottest, share))


def test_a_histogram_counts_every_task() -> None:
    # One sample of 2.5 and three of 0.5, now and a half-life ago: 1 of 4 of the weight is in the bucket that ends at 3.
    samples = Samples(hottest=np.full(2, 2.5), others=np.full(2, 0.5), count=np.full(2, 3))
    assert decayed_quantile(samples, 1.0, 0.74, Linear(1.0)) == 1.0
    assert decayed_quantile(samples, 1.0, 0.76, Linear(1.0)) == 3.0
    # By load 3 of 3 + 3 x 1: half.
    assert decayed_quantile(samples, 1.0, 0.51, Linear(1.0), by_load=True) == 3.0
    assert decayed_quantile(samples, 1.0, 0.49, Linear(1.0), by_load=True) == 1.0


@pytest.mark.parametrize(
    ("rule", "vcpu", "mib"),
    [
        # The hottest of fifty tasks is 2 % of all samples: 2.005 vCPU and 2955 MiB beside 0.105 and 445.
        (krr_simple, 2.005, 2955 * 1.15),  # the highest of each task's quantile is the hottest task's
        (krr_limit, 0.105, 2955 * 1.15),  # of the pooled samples 4 % may be higher
        # 10 % and 5 % of the samples may be higher; 0.105 is in floor(log(1.525) / log 1.05) = floor(8.65), which ends
        # at 0.2 x (1.05^9 - 1) = 0.110266; 445 MiB as in the tests of one task. Of nearly 8 days: 1 + 1/8.
        (vpa_target, 0.110266 * 1.15, 455.16 * 1.15),
        (vpa_upper, 0.110266 * 1.15 * 1.125, 455.16 * 1.15 * 1.125),
        (crane, 2.1 * 1.15, 3000 * 1.15),  # 1 % may be higher
        (harness_cost, 0.105 * 1.15, 2955 * 1.15),
        (harness_performance, 0.105 * 1.15, 2955 * 1.15),
        (cloudfix_need, 2.005 * 1.2, 2955 * 1.2),  # 1 % of each hour
        (kubecost, 2.005 / 0.7, 2955 / 0.7),
        (cast, (2.005 + 49 * 0.105) / 50, 2955 * 1.1),
        (compute_optimizer, 2.005 * 1.2, 2955 * 1.2),
        # By load: 2.01 of 2.01 + 49 x 0.11 is 27 %, above 5; 2960 of 2960 + 49 x 450 is 12 %, above 2.
        (autopilot, 2.01 * 1.15, 2960 * 1.15),
    ],
)
def test_rules_that_pool_the_samples_of_all_tasks_are_not_given_the_hottest_alone(
    rule: Rule, vcpu: float, mib: float
) -> None:
    seen = Seen(vcpu=fifty(2.005, 0.105, 8), mib=fifty(2955, 445, 8), step_seconds=300, today=SETUP.size)
    got = rule(seen)
    assert (got.vcpu, got.mib) == pytest.approx((vcpu, mib), rel=1e-3)


def test_a_rule_that_looks_at_the_last_days_says_of_a_stopped_service_what_it_said_last() -> None:
    running = np.concatenate([np.full(PER_DAY * 6, 2.0), np.zeros(PER_DAY * 6)])
    demand = demand_of(World(vcpu=0.4 * running, base_mib=900), running)
    got = cast(seen_of(demand))
    assert (got.vcpu, got.mib) == pytest.approx((0.4, 990), rel=1e-5)


def test_kills_are_told_by_their_age_but_not_those_of_a_container_at_its_own_limit() -> None:
    demand = demand_of(World(vcpu=level(0.8), base_mib=900), np.full(PER_DAY * 6, 2.0))
    end = demand.frame.index[-1].to_pydatetime() + timedelta(minutes=5)
    early = Kill(at=end - timedelta(days=9), memory=1024)
    own, late = replace(early, container="app"), replace(early, at=end - timedelta(hours=12), memory=4096)
    told = (Killed(days_ago=9, mib=1024), Killed(days_ago=0.5, mib=4096))
    assert seen_of(replace(demand, kills=(early, own, late))).kills == told
    frame = demand.frame.assign(hot_gib=np.nan, gib=np.nan)
    assert seen_of(replace(demand, frame=frame, kills=(early,))).kills == ()


@pytest.mark.parametrize("vcpu", [0.1, 0.4, 0.9, 1.55, 1.65, 1.9])
@pytest.mark.parametrize("mib", [300, 1700, 3200, 3300, 4000])
def test_cloudfix_never_asks_for_more_than_today(vcpu: float, mib: float) -> None:
    demand = demand_of(World(vcpu=2 * level(vcpu, days=8), base_mib=mib), np.full(PER_DAY * 8, 2.0))
    ((before, after),) = rolling(demand, 1)
    then = origin_of(service_of(SETUP), before, after, PRICES, Config()).before
    size = by_peer(cloudfix)(then).size
    assert size.vcpu <= SETUP.size.vcpu
    assert size.memory <= SETUP.size.memory
    assert size == SETUP.size or (vcpu < 0.8 * 2 and mib < 0.8 * 4096)
