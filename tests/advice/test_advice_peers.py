"""The rules of other advisors, with expected numbers worked out by hand from their published formulas."""

import numpy as np
import pytest

from advisor.advice.peers import (
    PEERS,
    Need,
    Rule,
    autopilot,
    cast,
    cloudfix,
    cloudfix_need,
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
from advisor.advice.samples import Floats, Samples
from advisor.advice.seen import Killed, Seen
from advisor.domain.service import TaskSize

PER_DAY = 288
DAYS = 15
SIZE = TaskSize.of(vcpu=1, gib=4)


def one_task(
    vcpu: Floats, mib: Floats, *, step: int = 300, today: TaskSize = SIZE, kills: tuple[Killed, ...] = ()
) -> Seen:
    nothing, none = np.full(len(vcpu), np.nan), np.zeros(len(vcpu), dtype=np.int64)
    alone = [Samples(hottest=values, others=nothing, count=none) for values in (vcpu, mib)]
    return Seen(vcpu=alone[0], mib=alone[1], step_seconds=step, today=today, kills=kills)


# Day by day the work is 0, 0.001, ... 0.287 vCPU; memory is 500 MiB, but 1000 in one step of the first day.
VCPU = np.tile(np.arange(PER_DAY) / 1000, DAYS)
MIB = np.full(PER_DAY * DAYS, 500.0)
MIB[10] = 1000.0
WAVE = one_task(VCPU, MIB)
FLAT = one_task(np.full(PER_DAY * 8, 0.5), np.full(PER_DAY * 8, 500.0))


def fell(*, ago: float, days: float) -> Seen:
    """So many days in which work fell from 2.005 to 0.505 vCPU, and memory from 2955 to 445 MiB, so long ago [days]."""
    steps, low = round(days * PER_DAY), round(ago * PER_DAY)
    high = np.arange(steps) < steps - low
    return one_task(np.where(high, 2.005, 0.505), np.where(high, 2955.0, 445.0))


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
    assert cloudfix(WAVE) == cloudfix_need(WAVE) == need(0.28689 * 1.2, 945 * 1.2)


def test_the_vertical_pod_autoscaler_answers_with_ends_of_buckets() -> None:
    # CPU: bucket i starts at 0.01 (1.05^i - 1) / 0.05. 0.5 is in i = floor(log(0.5 x 0.05 / 0.01 + 1) / log 1.05)
    #   = floor(25.68) = 25, which ends at 0.2 x (1.05^26 - 1) = 0.511135.
    # Memory: first bucket 10^7 bytes = 9.53674 MiB; 500 is in floor(log(500 x 0.05 / 9.53674 + 1) / log 1.05)
    #   = floor(26.38) = 26, which ends at 190.7349 x (1.05^27 - 1) = 521.36.
    assert vpa_target(FLAT) == need(0.511135 * 1.15, 521.36 * 1.15)
    assert vpa_upper(FLAT) == need(0.511135 * 1.15 * (1 + 1 / 8), 521.36 * 1.15 * (1 + 1 / 8))


@pytest.mark.parametrize(
    ("rule", "ago", "days", "vcpu"),
    [
        # Share of the weight that is older than the fall: (2^-ago/h - 2^-days/h) / (1 - 2^-days/h), half-life h.
        # Crane, h = 1 day, 7 days: the high level is the 99 % quantile where its share is above 1 %. Ends of its
        # buckets of 0.1: 0.6 and 2.1.
        (crane, 5, 7, 2.1 * 1.15),  # (1/32 - 1/128) / (127/128) = 2.4 %
        (crane, 6, 7, 0.6 * 1.15),  # (1/64 - 1/128) / (127/128) = 0.8 %
        (crane, 6.5, 14, 0.6 * 1.15),  # (0.0110 - 1/128) / (127/128) = 0.3 %; of 14 days it would be 1.1 %
        # VPA, h = 1 day. 0.505 is in bucket 25, as above; 2.005 is in floor(log(11.025) / log 1.05) = floor(49.19),
        # which ends at 0.2 x (1.05^50 - 1) = 2.09348.
        (vpa_target, 3, 10, 2.09348 * 1.15),  # (1/8 - 1/1024) / (1023/1024) = 12.4 %, above 10 %
        (vpa_target, 3.5, 10, 0.511135 * 1.15),  # (0.0884 - 0.001) / 0.999 = 8.7 %
        (vpa_upper, 4, 10, 2.09348 * 1.15 * 1.1),  # (1/16 - 1/1024) / (1023/1024) = 6.2 %, above 5 %
        (vpa_upper, 4.5, 10, 0.511135 * 1.15 * 1.1),  # (0.0442 - 0.001) / 0.999 = 4.3 %
        # Autopilot, h = half a day, weighed by ends of buckets of 0.01: 2.01 w / (2.01 w + 0.51 (1 - w)), w the share.
        (autopilot, 3, 15, 2.01 * 1.15),  # w = 2^-6 = 1.56 %: 0.0314 / (0.0314 + 0.5020) = 5.9 %, above 5 %
        (autopilot, 3.25, 15, 0.51 * 1.15),  # w = 2^-6.5 = 1.10 %: 0.0222 / (0.0222 + 0.5044) = 4.2 %
        # Plain windows: a day of 14 is 7.1 %, above 5, 4 and 0.5 %; two of 7 days would be 29 %, above 20 %.
        (krr_simple, 13, 20, 2.005),
        (krr_simple, 14, 20, 0.505),
        (krr_limit, 13, 20, 2.005),
        (krr_limit, 14, 20, 0.505),
        (compute_optimizer, 13, 20, 2.005 * 1.2),
        (compute_optimizer, 14, 20, 0.505 * 1.2),
        (cast, 3.9, 20, 2.005),  # 1.1 of 5 days: 22 %, above 20 %; of 7 days it would be 44 %, of 3 nothing
        (cast, 5, 20, 0.505),
        # All of it: 6 % of 100 days, and 4 %; 51 and 49 %.
        (harness_performance, 94, 100, 2.005 * 1.15),
        (harness_performance, 96, 100, 0.505 * 1.15),
        (harness_cost, 49, 100, 2.005 * 1.15),
        (harness_cost, 51, 100, 0.505 * 1.15),
    ],
)
def test_quantile_window_and_half_life_decide_how_long_a_level_of_cpu_counts(
    rule: Rule, ago: float, days: float, vcpu: float
) -> None:
    assert rule(fell(ago=ago, days=days)).vcpu == pytest.approx(vcpu, rel=1e-3)


@pytest.mark.parametrize(
    ("rule", "ago", "days", "mib"),
    [
        # Crane, h = 2 days, the last 7 of 14: shares as above, buckets of 100.
        (crane, 6, 14, 3000 * 1.15),  # (2^-3 - 2^-3.5) / (1 - 2^-3.5) = 4.0 %, above 1 %; h = 1 day: 0.8 %
        (crane, 6.75, 14, 500 * 1.15),  # (2^-3.375 - 2^-3.5) / (1 - 2^-3.5) = 0.9 %; h = 4 days: 1.9 %
        (crane, 7, 14, 500 * 1.15),  # of 14 days it would be (2^-3.5 - 2^-7) / (1 - 2^-7) = 8.1 %
        # VPA, the highest of each of 8 days, h = 1 day: (2^-ago - 2^-8) / (1 - 2^-8). 445 MiB is in
        # floor(log(445 x 0.05 / 9.53674 + 1) / log 1.05) = floor(24.68) = 24, which ends at 190.7349 x (1.05^25 - 1)
        # = 455.16; 2955 in floor(57.45) = 57, which ends at 190.7349 x (1.05^58 - 1) = 3040.8.
        (vpa_target, 3, 15, 3040.8 * 1.15),  # 12.2 %, above 10 %
        (vpa_target, 4, 15, 455.16 * 1.15),  # 5.9 %; h = 3 days: 28 %
        (vpa_upper, 4, 15, 3040.8 * 1.15 * 16 / 15),  # 5.9 %, above 5 %
        (vpa_upper, 5, 15, 455.16 * 1.15 * 16 / 15),  # 2.7 %
        # Autopilot, h = 2 days, weighed by ends of buckets of 10: 2960 w / (2960 w + 450 (1 - w)).
        (autopilot, 16, 40, 2960 * 1.15),  # w = 2^-8 = 0.39 %: 11.6 / (11.6 + 448.2) = 2.5 %, above 2 %
        (autopilot, 17, 40, 450 * 1.15),  # w = 2^-8.5 = 0.28 %: 8.2 / (8.2 + 448.8) = 1.8 %
        (krr_simple, 13.9, 20, 2955 * 1.15),
        (krr_limit, 14, 20, 445 * 1.15),
        (compute_optimizer, 13.9, 20, 2955 * 1.2),
        (compute_optimizer, 14, 20, 445 * 1.2),
        (cast, 4.9, 20, 2955 * 1.1),
        (cast, 5, 20, 445 * 1.1),
        (kubecost, 19.9, 20, 2955 / 0.7),
        (harness_cost, 94, 100, 2955 * 1.15),
        (harness_performance, 96, 100, 445 * 1.15),
    ],
)
def test_quantile_window_and_half_life_decide_how_long_a_level_of_memory_counts(
    rule: Rule, ago: float, days: float, mib: float
) -> None:
    assert rule(fell(ago=ago, days=days)).mib == pytest.approx(mib, rel=1e-3)


@pytest.mark.parametrize(
    ("ages", "mib"),
    [
        # Day by day 2^-age, of 8 days 1.992 in all. 2^-3 + 2^-4 + 2^-7 = 0.1953 is 9.8 %; of 15 days, with those older,
        # 0.2031 of 2.000, 10.2 %.
        ((3, 4, *range(7, 15)), 455.16),
        ((3, 4, 6), 3040.8),  # 0.2031 of 1.992: 10.2 %; of 5 days 0.1875 of 1.9375, 9.7 %
    ],
)
def test_the_vertical_pod_autoscaler_knows_the_peaks_of_eight_days(ages: tuple[int, ...], mib: float) -> None:
    peaks = np.full(PER_DAY * DAYS, 445.0)
    for age in ages:
        peaks[-1 - PER_DAY * age - 100] = 2955.0  # one step of that day
    assert vpa_target(one_task(VCPU, peaks)).mib == pytest.approx(mib * 1.15, rel=1e-3)


@pytest.mark.parametrize(
    ("steps", "vcpu"),
    [
        # A recommendation every five minutes, the first of the last hour 11 steps ago. Weighed as above:
        (908, 2.01),  # now w = 2^-(908 / 144), 4.8 %; half an hour ago, 4.9 %; 11 steps ago 2^-(897 / 144), 5.06 %
        (912, 0.51),  # 11 steps ago 2^-(901 / 144), 4.96 %; two hours ago it was above 5 %
    ],
)
def test_autopilot_takes_the_highest_of_an_hour_of_recommendations(steps: int, vcpu: float) -> None:
    assert autopilot(fell(ago=steps / PER_DAY, days=15)).vcpu == pytest.approx(vcpu * 1.15)


def test_autopilot_takes_the_memory_of_five_minutes_by_its_peak() -> None:
    # One minute of 1000 is 0.1 % of the minutes, weighed by 2960 over 450 0.7 %; 0.5 % of the windows, 3.2 %: above 2.
    mib = np.full(40 * 1440, 445.0)
    mib[::1000] = 2955.0
    assert autopilot(one_task(np.full(len(mib), 0.1), mib, step=60)).mib == pytest.approx(2960 * 1.15)


@pytest.mark.parametrize(("every", "mib"), [(40, 2955.0), (100, 445.0)])
def test_harness_takes_the_highest_of_twenty_minutes(every: int, mib: float) -> None:
    # One step of 40 is 2.5 % of them, but one of ten windows of four steps; of 100, 4 % of the windows (12 % of hours).
    high = np.arange(PER_DAY * 20) % every == 0
    seen = one_task(np.full(len(high), 0.1), np.where(high, 2955.0, 445.0))
    assert harness_cost(seen).mib == harness_performance(seen).mib == pytest.approx(mib * 1.15)


def test_the_upper_bound_widens_where_little_was_measured() -> None:
    # Eight days, of which every fourth step was measured: samples for two days, so 1 + 1/2 instead of 1 + 1/8.
    vcpu = np.where(np.arange(PER_DAY * 8) % 4 == 0, 0.5, np.nan)
    assert vpa_upper(one_task(vcpu, FLAT.mib.hottest)).vcpu == pytest.approx(0.511135 * 1.15 * 1.5, rel=1e-3)


def test_cloudfix_leaves_a_task_alone_that_is_nearly_full_or_smallest() -> None:
    # 0.5 vCPU and 500 MiB need 0.6 and 600. Below 80 % of 0.75 vCPU is below 0.6; 500 of 625 MiB is 80 %.
    assert cloudfix(FLAT) == need(0.6, 600)
    full = np.full(PER_DAY * 8, 0.8)
    assert cloudfix(one_task(full, FLAT.mib.hottest)) == need(1, 4096)
    assert cloudfix(one_task(full * 0.999, FLAT.mib.hottest)) == need(0.8 * 0.999 * 1.2, 600)
    held = np.full(PER_DAY * 8, 0.8 * 4096)
    assert cloudfix(one_task(FLAT.vcpu.hottest, held)) == need(1, 4096)
    assert cloudfix(one_task(FLAT.vcpu.hottest, held * 0.999)) == need(0.6, 0.8 * 4096 * 0.999 * 1.2)
    smallest, little = TaskSize.of(vcpu=0.25, gib=0.5), np.full(PER_DAY * 8, 0.1)
    assert cloudfix(one_task(little, little, today=smallest)) == need(0.25, 512)
    assert cloudfix_need(one_task(little, little, today=smallest)) == need(0.12, 0.12)


@pytest.mark.parametrize(
    ("rule", "days_ago", "killed", "mib"),
    [
        # KRR: 1.25 times the largest that was killed in 14 days, if more than the highest, 500, times 1.15.
        (krr_simple, 13.9, 1024, 1280),
        (krr_limit, 13.9, 1024, 1280),
        (krr_simple, 14.1, 1024, 575),
        (krr_simple, 1, 400, 575),
        # Crane: 20 % more, at least 100 MiB, in 7 days and with no margin on it, if more than 600 x 1.15 = 690.
        (crane, 6.9, 1024, 1228.8),
        (crane, 6.9, 400, 690),
        (crane, 6.9, 600, 720),
        (crane, 7.1, 1024, 690),
        # VPA: the killed task's day has a peak of 1024 x 1.2 = 1228.8, in floor(log(7.4424) / log 1.05) = floor(41.14),
        # which ends at 190.7349 x (1.05^42 - 1) = 1289.6. Two days ago it weighs 1/4 of 1.992, 12.5 %; three, 6.3 %.
        (vpa_target, 2.5, 1024, 1289.6 * 1.15),
        (vpa_target, 3.5, 1024, 521.36 * 1.15),
        (vpa_upper, 3.5, 1024, 1289.6 * 1.15 * 1.125),
    ],
)
def test_a_kill_asks_for_more_than_the_killed_task_had(rule: Rule, days_ago: float, killed: float, mib: float) -> None:
    kills = (Killed(days_ago=days_ago, mib=killed), Killed(days_ago=days_ago, mib=100.0))
    seen = one_task(FLAT.vcpu.hottest, FLAT.mib.hottest, kills=kills)
    assert rule(seen).mib == pytest.approx(mib, rel=1e-3)


def test_a_small_task_that_was_killed_wanted_100_mib_more() -> None:
    # 256 x 1.2 = 307, so 356: in floor(log(2.8665) / log 1.05) = floor(21.58), which ends at 190.7349 x (1.05^22 - 1).
    seen = one_task(FLAT.vcpu.hottest, np.full(len(FLAT.mib), 90.0), kills=(Killed(days_ago=0.5, mib=256.0),))
    assert crane(seen).mib == 356
    assert vpa_target(seen).mib == pytest.approx(367.21 * 1.15, rel=1e-3)


def test_a_kill_from_before_the_days_that_are_seen_still_counts() -> None:
    # One day with 500 MiB in use; killed two days ago with 1024: 1/4 of 1 + 1/4 is 20 % of the weight.
    seen = one_task(VCPU[:PER_DAY], np.full(PER_DAY, 500.0), kills=(Killed(days_ago=2.5, mib=1024.0),))
    assert vpa_target(seen).mib == pytest.approx(1289.6 * 1.15, rel=1e-3)
    assert krr_simple(seen).mib == 1280


@pytest.mark.parametrize("name", PEERS)
def test_every_rule_takes_gaps_and_a_service_without_memory(name: str) -> None:
    vcpu = VCPU.copy()
    vcpu[::3] = np.nan
    got = PEERS[name](one_task(vcpu, np.full(len(vcpu), np.nan)))
    assert 0 < got.vcpu < 1
    assert got.mib == 0
