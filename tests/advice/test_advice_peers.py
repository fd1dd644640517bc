"""The rules of other advisors, with expected numbers worked out by hand from their published formulas."""

import numpy as np
import pytest

from advisor.advice.peers import (
    PEERS,
    Need,
    Seen,
    autopilot,
    cast,
    cloudfix,
    compute_optimizer,
    crane,
    harness_cost,
    harness_performance,
    highest_times,
    krr_limit,
    krr_simple,
    kubecost,
    vpa_target,
    vpa_upper,
)

PER_DAY = 288
DAYS = 15
# Day by day the work is 0, 0.001, ... 0.287 vCPU; memory is 500 MiB, but 1000 in one step of the first day.
VCPU = np.tile(np.arange(PER_DAY) / 1000, DAYS)
MIB = np.full(PER_DAY * DAYS, 500.0)
MIB[10] = 1000.0
WAVE = Seen(vcpu=VCPU, mib=MIB, step_seconds=300)
FLAT = Seen(vcpu=np.full(PER_DAY * 8, 0.5), mib=np.full(PER_DAY * 8, 500.0), step_seconds=300)


def need(vcpu: float, mib: float) -> Need:
    return Need(vcpu=pytest.approx(vcpu, rel=1e-3), mib=pytest.approx(mib, rel=1e-3))  # type: ignore[arg-type]


def test_quantile_rules_on_a_daily_wave() -> None:
    # Quantile q of 0 .. 0.287, each fourteen times: 0.287 q, nearly. The first day is out of the last fourteen.
    assert krr_simple(WAVE) == need(np.quantile(VCPU, 0.95), 500 * 1.15)
    assert krr_limit(WAVE) == need(np.quantile(VCPU, 0.96), 500 * 1.15)
    assert harness_cost(WAVE) == need(0.1435 * 1.15, 500 * 1.15)
    assert harness_performance(WAVE) == need(np.quantile(VCPU, 0.95) * 1.15, 500 * 1.15)
    assert compute_optimizer(WAVE) == need(np.quantile(VCPU, 0.995) * 1.2, 600)
    assert cast(WAVE) == need(np.quantile(VCPU, 0.80), 550)
    assert kubecost(WAVE) == need(0.287 / 0.7, 1000 / 0.7)
    assert highest_times(2)(WAVE) == need(0.574, 2000)


def test_cloudfix_takes_the_highest_hour() -> None:
    # The last hour of a day is 0.276 .. 0.287: its 99 % quantile is 0.28689. In the hour of the peak of memory,
    # eleven steps of 500 and one of 1000: 500 + 0.89 x 500 = 945.
    assert cloudfix(WAVE) == need(0.28689 * 1.2, 945 * 1.2)


def test_the_vertical_pod_autoscaler_answers_with_ends_of_buckets() -> None:
    # CPU: bucket i starts at 0.01 (1.05^i - 1) / 0.05. 0.5 is in i = floor(log(0.5 x 0.05 / 0.01 + 1) / log 1.05)
    #   = floor(25.68) = 25, which ends at 0.2 x (1.05^26 - 1) = 0.511135.
    # Memory: first bucket 10^7 bytes = 9.53674 MiB; 500 is in floor(log(500 x 0.05 / 9.53674 + 1) / log 1.05)
    #   = floor(26.38) = 26, which ends at 190.7349 x (1.05^27 - 1) = 521.36.
    assert vpa_target(FLAT) == need(0.511135 * 1.15, 521.36 * 1.15)
    assert vpa_upper(FLAT) == need(0.511135 * 1.15 * (1 + 1 / 8), 521.36 * 1.15 * (1 + 1 / 8))


def test_decaying_rules_forget_what_is_old() -> None:
    # Half a day at 2 vCPU fourteen half-lives ago counts for nothing; 0.5 is in the bucket that ends at 0.6.
    vcpu = np.concatenate([np.full(PER_DAY // 2, 2.0), np.full(PER_DAY * 14, 0.5)])
    seen = Seen(vcpu=vcpu, mib=np.full(len(vcpu), 450.0), step_seconds=300)
    assert crane(seen) == need(0.6 * 1.15, 500 * 1.15)
    assert vpa_target(seen).vcpu == pytest.approx(0.511135 * 1.15, rel=1e-3)
    assert autopilot(seen) == need(0.51 * 1.15, 460 * 1.15)


def test_autopilot_weighs_cpu_by_use() -> None:
    # Nine tenths of the time 0.1, one tenth 1.0: more than half of the use is at 1.0.
    vcpu = np.tile([0.105] * 9 + [1.005], 500)
    assert autopilot(Seen(vcpu=vcpu, mib=vcpu * 100, step_seconds=300)).vcpu == pytest.approx(1.01 * 1.15)


@pytest.mark.parametrize("name", PEERS)
def test_every_rule_takes_gaps_and_a_service_without_memory(name: str) -> None:
    vcpu = VCPU.copy()
    vcpu[::3] = np.nan
    got = PEERS[name](Seen(vcpu=vcpu, mib=np.full(len(vcpu), np.nan), step_seconds=300))
    assert 0 < got.vcpu < 1
    assert got.mib == 0
