"""What a setup would have meant for the work: throttling, unmet work, memory."""

from dataclasses import dataclass

import numpy as np

from advisor.advice.rules import CENSORED_WORK
from advisor.advice.work import Floats, Work
from advisor.domain.service import TaskSize
from advisor.profile import MemoryModel
from advisor.profile.demand import SATURATED_PERCENT
from advisor.profile.fit import daily_peaks

THROTTLED = SATURATED_PERCENT / 100  # of the CPU of a task, as for the recorded history


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Shares 0 to 1; memory of one task in MiB, None where no memory was measured.

    `throttled_share`: of the ticks with work, those in which the hottest task had no CPU left.
    `unmet_share`: of the work. `memory_daily_mib`: the highest need per 24 hours, as `daily_peaks` counts them.
    """

    throttled_share: float
    unmet_share: float
    memory_peak_mib: float | None
    memory_daily_mib: tuple[float, ...]


def score(
    running: Floats,
    work: Work,
    *,
    size: TaskSize,
    memory: MemoryModel,
    growth: float = 1.0,
    hot: Floats | None = None,
) -> Score:
    """Score running task counts (one per tick) of one size against the work times `growth`.

    `hot`: `hottest` of the same, where it is known.

    Memory is what was observed in the tick, plus the memory model's slope times the work that the hottest task does
    beyond what it did; less work frees none. CPU of starts is not judged, their memory is.
    """
    demand, counted = work.vcpu * growth, work.known & ~work.starting
    active, hot = work.active & counted, hottest(running, work, growth) if hot is None else hot
    unmet = np.maximum(demand - running * size.vcpu, 0.0)
    asked = float(demand[counted].sum())
    throttled = (hot >= THROTTLED * size.vcpu) | ((running == 0) & (demand > 0))
    done = np.minimum(hot, size.vcpu)
    need = work.hot_mib + memory.mib_per_vcpu * np.maximum(done - work.hot_vcpu, 0.0)
    seen = np.isfinite(work.hot_mib)
    peak = float(need[seen].max()) if seen.any() else None
    return Score(
        throttled_share=float(throttled[active].mean()) if active.any() else 0.0,
        unmet_share=float(unmet[counted].sum()) / asked if asked > 0 else 0.0,
        memory_peak_mib=peak,
        memory_daily_mib=daily_peaks(need, work.tick_seconds),
    )


def hottest(running: Floats, work: Work, growth: float = 1.0) -> Floats:
    """Work that the hottest task has to do in each tick  [vCPU].

        work / running x min(hot ratio, running), x 1.25 where it was censored

    The hot ratio is the recorded one of the same tick: an imbalance is taken to stay what it was, and no task can do
    more than the whole work.
    """
    some = np.maximum(running, 1.0)
    censored = np.where(work.censored, CENSORED_WORK, 1.0)
    return np.asarray(work.vcpu * growth / some * np.minimum(work.hot_ratio, some) * censored)


def judged(hot: Floats, work: Work) -> Floats:
    """Work of the hottest task where CPU is judged, NaN elsewhere: nothing known or asked for, or a start  [vCPU]."""
    return np.where(work.active & ~work.starting, hot, np.nan)
