"""The size rules of other advisors, as formulas of what one task used: what ours is measured against.

A rule takes what was seen and says what a task needs; the cheapest legal size that has both is then taken for all
of them alike. Every service is one task here, so "highest over the tasks" is the task itself. Sources: the code or
the manual of each, read in 2026 [documented]; Compute Optimizer publishes no formula: a stand-in [chosen].
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from advisor.domain.units import DAY_SECONDS, SECONDS_PER_HOUR

Floats = npt.NDArray[np.float64]

_RATIO = 1.05  # of the exponential buckets of the Vertical Pod Autoscaler
_FIRST_VCPU, _FIRST_MIB = 0.01, 1e7 / 2**20  # its first bucket
_CRANE_VCPU, _CRANE_MIB = 0.1, 100.0  # the linear buckets of Crane


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seen:
    """Work [vCPU] and memory [MiB] of one task on a complete grid; NaN where a step is missing."""

    vcpu: Floats
    mib: Floats
    step_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What a rule asks for: CPU [vCPU] and memory [MiB] of one task; 0 where nothing was measured."""

    vcpu: float
    mib: float


Rule = Callable[[Seen], Need]


def krr_simple(seen: Seen) -> Need:
    """CPU: 95 % quantile of 14 days; memory: highest times 1.15. (robusta krr, `simple`)"""
    last = _last(seen, 14)
    return Need(vcpu=_quantile(last.vcpu, 0.95), mib=_quantile(last.mib, 1.0) * 1.15)


def krr_limit(seen: Seen) -> Need:
    """CPU: 96 % quantile of 14 days, its limit; memory as `krr_simple`. (robusta krr, `simple_limit`)"""
    last = _last(seen, 14)
    return Need(vcpu=_quantile(last.vcpu, 0.96), mib=_quantile(last.mib, 1.0) * 1.15)


def vpa_target(seen: Seen) -> Need:
    """90 % quantile times 1.15 of decaying buckets; memory of daily peaks. (Kubernetes VPA; Goldilocks guaranteed)"""
    return _vpa(seen, 0.90, 1.0)


def vpa_upper(seen: Seen) -> Need:
    """95 % quantile times 1.15 (1 + 1 / days): the limit that Goldilocks sets for burstable pods. (VPA upper bound)"""
    days = max(len(seen.vcpu) * seen.step_seconds / DAY_SECONDS, 1e-9)
    return _vpa(seen, 0.95, 1 + 1 / days)


def crane(seen: Seen) -> Need:
    """99 % quantile times 1.15 of linear buckets of 7 days that decay. (Crane, percentile)"""
    last = _last(seen, 7)
    vcpu = _decayed(last.vcpu, 24 * SECONDS_PER_HOUR / seen.step_seconds, 0.99, _linear(_CRANE_VCPU))
    mib = _decayed(last.mib, 48 * SECONDS_PER_HOUR / seen.step_seconds, 0.99, _linear(_CRANE_MIB))
    return Need(vcpu=vcpu * 1.15, mib=mib * 1.15)


def harness_cost(seen: Seen) -> Need:
    """CPU: median; memory: 95 % quantile of the highest in 20 minutes; both times 1.15. (Harness CCM, cost)"""
    return Need(vcpu=_quantile(seen.vcpu, 0.5) * 1.15, mib=_quantile(_highest(seen, 1200), 0.95) * 1.15)


def harness_performance(seen: Seen) -> Need:
    """CPU: 95 % quantile; memory as `harness_cost`. (Harness CCM, performance)"""
    return Need(vcpu=_quantile(seen.vcpu, 0.95) * 1.15, mib=_quantile(_highest(seen, 1200), 0.95) * 1.15)


def cloudfix(seen: Seen) -> Need:
    """Highest hourly 99 % quantile times 1.20, both. (CloudFix, EcsOptimizeFargate; its filters left out)"""
    return Need(vcpu=_hourly_p99(seen.vcpu, seen) * 1.20, mib=_hourly_p99(seen.mib, seen) * 1.20)


def kubecost(seen: Seen) -> Need:
    """Highest over a target utilisation of 0.7, both. (Kubecost, requestSizingV2)"""
    return Need(vcpu=_quantile(seen.vcpu, 1.0) / 0.7, mib=_quantile(seen.mib, 1.0) / 0.7)


def cast(seen: Seen) -> Need:
    """CPU: 80 % quantile of 5 days; memory: highest of 5 days times 1.10. (Cast AI)"""
    last = _last(seen, 5)
    return Need(vcpu=_quantile(last.vcpu, 0.80), mib=_quantile(last.mib, 1.0) * 1.10)


def compute_optimizer(seen: Seen) -> Need:
    """CPU: 99.5 % quantile of 14 days, memory: highest, both times 1.20. (A stand-in for AWS Compute Optimizer)"""
    last = _last(seen, 14)
    return Need(vcpu=_quantile(last.vcpu, 0.995) * 1.2, mib=_quantile(last.mib, 1.0) * 1.2)


def autopilot(seen: Seen) -> Need:
    """CPU: 95 % quantile weighted by use, memory: 98 % quantile, both decaying, times 1.15. (Autopilot, EuroSys '20)"""
    per_hour = SECONDS_PER_HOUR / seen.step_seconds
    vcpu = _decayed(seen.vcpu, 12 * per_hour, 0.95, _linear(_CRANE_VCPU / 10), weigh=True)
    mib = _decayed(seen.mib, 48 * per_hour, 0.98, _linear(_CRANE_MIB / 10))
    return Need(vcpu=vcpu * 1.15, mib=mib * 1.15)


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
        return Need(vcpu=_quantile(seen.vcpu, 1.0) * factor, mib=_quantile(seen.mib, 1.0) * factor)

    return rule


def _vpa(seen: Seen, share: float, factor: float) -> Need:
    per_day = DAY_SECONDS / seen.step_seconds
    vcpu = _decayed(seen.vcpu, per_day, share, _exponential(_FIRST_VCPU))
    mib = _decayed(_highest(seen, DAY_SECONDS)[-8:], 1.0, share, _exponential(_FIRST_MIB))
    return Need(vcpu=vcpu * 1.15 * factor, mib=mib * 1.15 * factor)


def _decayed(
    values: Floats, half_life: float, share: float, ends: Callable[[Floats], Floats], *, weigh: bool = False
) -> float:
    """Quantile of bucket ends where a value counts half as much for every `half_life` steps of age."""
    weights = 0.5 ** (np.arange(len(values))[::-1] / half_life)
    known = np.isfinite(values)
    values, weights = values[known], weights[known]
    if values.size == 0:
        return 0.0
    weights = weights * values if weigh else weights
    found, at = np.unique(ends(values), return_inverse=True)
    reached = np.cumsum(np.bincount(at, weights)) >= share * weights.sum() * (1 - 1e-12)
    return float(found[np.argmax(reached)])


def _linear(width: float) -> Callable[[Floats], Floats]:
    return lambda values: (np.floor(values / width) + 1) * width


def _exponential(first: float) -> Callable[[Floats], Floats]:
    """Ends of buckets that start at first x (1.05^i - 1) / 0.05."""

    def ends(values: Floats) -> Floats:
        at = np.floor(np.log(values * (_RATIO - 1) / first + 1) / np.log(_RATIO))
        return np.asarray(first * (_RATIO ** (np.where(values < first, 0.0, at) + 1) - 1) / (_RATIO - 1))

    return ends


def _last(seen: Seen, days: int) -> Seen:
    steps = days * DAY_SECONDS // seen.step_seconds
    return Seen(vcpu=seen.vcpu[-steps:], mib=seen.mib[-steps:], step_seconds=seen.step_seconds)


def _quantile(values: Floats, share: float) -> float:
    known = values[np.isfinite(values)]
    return float(np.quantile(known, share)) if known.size else 0.0


def _highest(seen: Seen, seconds: int) -> Floats:
    """Highest memory in each window of so many seconds, counted from the end; windows without any are left out."""
    peaks = np.fmax.reduce(_windows(seen.mib, max(1, seconds // seen.step_seconds)), axis=1)
    return np.asarray(peaks[np.isfinite(peaks)])


def _hourly_p99(values: Floats, seen: Seen) -> float:
    hours = _windows(values, max(1, SECONDS_PER_HOUR // seen.step_seconds))
    hours = hours[np.isfinite(hours).any(axis=1)]
    return float(np.nanquantile(hours, 0.99, axis=1).max()) if len(hours) else 0.0


def _windows(values: Floats, steps: int) -> Floats:
    return np.concatenate([np.full(-len(values) % steps, np.nan), values]).reshape(-1, steps)
