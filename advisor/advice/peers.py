"""The size rules of other advisors, as formulas of what the tasks used: what ours is measured against.

A rule takes what was seen and says what a task needs; the cheapest legal size that has both is then taken for all
of them alike. Sources: the code or the manual of each, read in 2026 [documented], Autopilot's numbers from memory
[UNCONFIRMED]; Compute Optimizer publishes no formula: a stand-in [chosen].

AWS/ECS tells the average and the hottest task, not each task. What a rule is given instead, exact of one task:

================================  ==============================================================================
the rule says                     it is given
================================  ==============================================================================
samples of all tasks pooled       the hottest task's, and the others' as if these were alike (`Samples`)
highest over tasks and time       just that
highest of each task's quantile   the quantile of whichever task is hottest: that or more (KRR simple)
mean of each task's quantile      the quantile of the average task: just that where tasks rise and fall together
                                  (Cast AI)
nothing on that                   the hottest task (Compute Optimizer)
================================  ==============================================================================
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from advisor.advice.samples import Exponential, Linear, Samples, decayed_quantile, pooled_quantile, quantile
from advisor.advice.seen import Seen
from advisor.domain.service import TaskSize
from advisor.domain.units import DAY_SECONDS, SECONDS_PER_HOUR

_VPA_VCPU, _VPA_MIB, _VPA_DAYS = Exponential(0.01), Exponential(1e7 / 2**20), 8
_CRANE_VCPU, _CRANE_MIB = Linear(0.1), Linear(100.0)
_AUTOPILOT_VCPU, _AUTOPILOT_MIB = Linear(0.01), Linear(10.0)  # chosen: the paper tells only how many there are
_AUTOPILOT_SECONDS = 300  # of its windows; a recommendation at the end of each
_CLOUDFIX_SMALLEST = TaskSize.of(vcpu=0.25, gib=0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What a rule asks for: CPU [vCPU] and memory [MiB] of one task; 0 where nothing was measured."""

    vcpu: float
    mib: float


Rule = Callable[[Seen], Need]


def krr_simple(seen: Seen) -> Need:
    """CPU: 95 % quantile of 14 days; memory: highest times 1.15, or killed times 1.25. (robusta krr, `simple`)"""
    return Need(vcpu=quantile(_last(seen.vcpu, seen, 14).hottest, 0.95), mib=_krr_mib(seen))


def krr_limit(seen: Seen) -> Need:
    """CPU: 96 % quantile of 14 days, pooled, its limit; memory as `krr_simple`. (robusta krr, `simple_limit`)"""
    return Need(vcpu=pooled_quantile(_last(seen.vcpu, seen, 14), 0.96), mib=_krr_mib(seen))


def vpa_target(seen: Seen) -> Need:
    """90 % quantile times 1.15 of decaying buckets; memory of daily peaks. (Kubernetes VPA; Goldilocks guaranteed)"""
    return _vpa(seen, 0.90, 1.0)


def vpa_upper(seen: Seen) -> Need:
    """95 % quantile times 1.15 (1 + 1 / days): the limit that Goldilocks sets for burstable pods. (VPA upper bound)

    Days: from the first sample to the last, or as many as one task's samples of a minute would fill, if fewer.
    """
    steps = min(len(seen.vcpu) - 1, int(seen.vcpu.tasks.sum()))
    return _vpa(seen, 0.95, 1 + DAY_SECONDS / max(steps * seen.step_seconds, 1))


def crane(seen: Seen) -> Need:
    """99 % quantile times 1.15 of linear buckets of 7 days that decay, pooled; more after a kill. (Crane, percentile)

    Its default samples by the minute and divides by a target utilisation of 1.
    """
    per_day = DAY_SECONDS / seen.step_seconds
    vcpu = decayed_quantile(_last(seen.vcpu, seen, 7), per_day, 0.99, _CRANE_VCPU)
    mib = decayed_quantile(_last(seen.mib, seen, 7), 2 * per_day, 0.99, _CRANE_MIB)
    return Need(vcpu=vcpu * 1.15, mib=max(mib * 1.15, _bumped(_killed(seen, 7))))


def harness_cost(seen: Seen) -> Need:
    """CPU: median, pooled; memory: 95 % quantile of the highest in 20 minutes; both times 1.15. (Harness CCM, cost)"""
    return Need(vcpu=pooled_quantile(seen.vcpu, 0.5) * 1.15, mib=_harness_mib(seen))


def harness_performance(seen: Seen) -> Need:
    """CPU: 95 % quantile, pooled; memory as `harness_cost`. (Harness CCM, performance)"""
    return Need(vcpu=pooled_quantile(seen.vcpu, 0.95) * 1.15, mib=_harness_mib(seen))


def cloudfix(seen: Seen) -> Need:
    """`cloudfix_need` where both peaks are below 80 % of today's size, and that is not the smallest; else today's size.

    It asks that the size gets smaller too, which it does then, and for 30 days of history, which is not asked here.
    (CloudFix, EcsOptimizeFargate)
    """
    need, today = cloudfix_need(seen), seen.today
    spare = need.vcpu / 1.20 < 0.80 * today.vcpu and need.mib / 1.20 < 0.80 * today.memory
    return need if spare and today != _CLOUDFIX_SMALLEST else Need(vcpu=today.vcpu, mib=float(today.memory))


def cloudfix_need(seen: Seen) -> Need:
    """Highest hourly 99 % quantile times 1.20, pooled, both: CloudFix without its filters."""
    return Need(vcpu=_hourly_p99(seen.vcpu, seen) * 1.20, mib=_hourly_p99(seen.mib, seen) * 1.20)


def kubecost(seen: Seen) -> Need:
    """Highest over a target utilisation of 0.7, both. (Kubecost, requestSizingV2)"""
    return Need(vcpu=quantile(seen.vcpu.hottest, 1.0) / 0.7, mib=quantile(seen.mib.hottest, 1.0) / 0.7)


def cast(seen: Seen) -> Need:
    """CPU: 80 % quantile of 5 days, of the average task; memory: highest of 5 days times 1.10. (Cast AI)"""
    vcpu, mib = _last(seen.vcpu, seen, 5), _last(seen.mib, seen, 5)
    return Need(vcpu=quantile(vcpu.average, 0.80), mib=quantile(mib.hottest, 1.0) * 1.10)


def compute_optimizer(seen: Seen) -> Need:
    """CPU: 99.5 % quantile of 14 days, memory: highest, both times 1.20. (A stand-in for AWS Compute Optimizer)"""
    vcpu, mib = _last(seen.vcpu, seen, 14), _last(seen.mib, seen, 14)
    return Need(vcpu=quantile(vcpu.hottest, 0.995) * 1.2, mib=quantile(mib.hottest, 1.0) * 1.2)


def autopilot(seen: Seen) -> Need:
    """CPU: 95 % quantile, memory: 98 % of peaks, of decaying buckets weighted by use, times 1.15; pooled.

    The highest of the last hour of such recommendations. A serving job that bears few kills. (Autopilot, EuroSys '20)
    """
    steps = _steps(seen, _AUTOPILOT_SECONDS)
    peaks, per_hour = seen.mib.peaks(steps), SECONDS_PER_HOUR / seen.step_seconds
    back = range(0, max(1, int(per_hour)), steps)
    vcpu = (seen.vcpu[: len(seen.vcpu) - ago] for ago in back)
    mib = (peaks[: len(peaks) - ago // steps] for ago in back)
    return Need(
        vcpu=1.15 * max(decayed_quantile(s, 12 * per_hour, 0.95, _AUTOPILOT_VCPU, by_load=True) for s in vcpu),
        mib=1.15 * max(decayed_quantile(s, 48 * per_hour / steps, 0.98, _AUTOPILOT_MIB, by_load=True) for s in mib),
    )


PEERS: Mapping[str, Rule] = {
    "KRR simple": krr_simple,
    "KRR simple_limit": krr_limit,
    "VPA target": vpa_target,
    "VPA upper (Goldilocks)": vpa_upper,
    "Crane": crane,
    "Harness cost": harness_cost,
    "Harness performance": harness_performance,
    "CloudFix": cloudfix,
    "Kubecost": kubecost,
    "Cast AI": cast,
    "Compute Optimizer (stand-in)": compute_optimizer,
    "Autopilot": autopilot,
}


def highest_times(factor: float) -> Rule:
    """Highest times a factor, both: the family that every such rule belongs to."""

    def rule(seen: Seen) -> Need:
        return Need(vcpu=quantile(seen.vcpu.hottest, 1.0) * factor, mib=quantile(seen.mib.hottest, 1.0) * factor)

    return rule


def _vpa(seen: Seen, share: float, factor: float) -> Need:
    vcpu = decayed_quantile(seen.vcpu, DAY_SECONDS / seen.step_seconds, share, _VPA_VCPU)
    mib = decayed_quantile(_vpa_peaks(seen), 1.0, share, _VPA_MIB)
    return Need(vcpu=vcpu * 1.15 * factor, mib=mib * 1.15 * factor)


def _vpa_peaks(seen: Seen) -> Samples:
    """Daily peaks of the last 8 days, pooled; a kill is a peak of its day that is higher than the killed task."""
    peaks = seen.mib.peaks(_steps(seen, DAY_SECONDS))[-_VPA_DAYS:]
    before = (_VPA_DAYS - len(peaks), 0)
    hottest, others = (np.pad(v, before, constant_values=np.nan) for v in (peaks.hottest, peaks.others))
    for kill in seen.kills:
        if kill.days_ago < _VPA_DAYS:
            day = -1 - int(kill.days_ago)
            hottest[day] = np.fmax(hottest[day], _bumped(kill.mib))
    return Samples(hottest=hottest, others=others, count=np.pad(peaks.count, before))


def _krr_mib(seen: Seen) -> float:
    """With `use_oomkill_data`, which has to be asked for."""
    return max(quantile(_last(seen.mib, seen, 14).hottest, 1.0) * 1.15, _killed(seen, 14) * 1.25)


def _harness_mib(seen: Seen) -> float:
    return quantile(seen.mib.peaks(_steps(seen, 1200)).hottest, 0.95) * 1.15


def _hourly_p99(samples: Samples, seen: Seen) -> float:
    return max(pooled_quantile(hour, 0.99) for hour in samples.windows(_steps(seen, SECONDS_PER_HOUR)))


def _killed(seen: Seen, days: int) -> float:
    """The largest task that was killed in the last days  [MiB]; 0 where none was."""
    return max((kill.mib for kill in seen.kills if kill.days_ago <= days), default=0.0)


def _bumped(mib: float) -> float:
    """What the Vertical Pod Autoscaler and Crane take a killed task to have wanted  [MiB]; 0 where none was killed."""
    return max(mib + 100, mib * 1.2) if mib else 0.0


def _last(samples: Samples, seen: Seen, days: int) -> Samples:
    return samples[-_steps(seen, days * DAY_SECONDS) :]


def _steps(seen: Seen, seconds: int) -> int:
    return max(1, seconds // seen.step_seconds)
