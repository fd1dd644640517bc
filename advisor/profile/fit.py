"""From a demand to what is typical and what is extreme in it."""

import itertools
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pandas as pd

from advisor.domain.errors import NoData, one_line
from advisor.domain.finding import Caution
from advisor.domain.schema import GAP, NO_TASK, SATURATED
from advisor.domain.service import TaskSize
from advisor.domain.units import DAY_SECONDS, MIB_PER_GIB
from advisor.profile.gaps import gap_cautions
from advisor.profile.records import Demand, MemoryModel, Profile, Regime

Floats = npt.NDArray[np.float64]

HOURS_PER_WEEK = 168
ERROR_QUANTILE = 0.99  # chosen: the memory model's error bounds 99 of 100 steps
FEWEST_STEPS_FOR_SLOPE = 60  # chosen: fewer steps say nothing of memory per work
STEPS_FOR_SLOPE = 400  # chosen: 79,800 pairs take a few milliseconds
MEMORY_FULL_SHARE = 0.99  # chosen: a task so full may have been killed before it showed its peak


def fit_profile(demand: Demand) -> Profile:
    """The profile of one demand; raises NoData where no step is known."""
    frame = demand.frame
    state = frame["state"].to_numpy()
    known, ran = state != GAP, (state != GAP) & (state != NO_TASK)
    if not known.any():
        raise NoData(
            f"{one_line(demand.id, 300)}: every step of the history is a gap. Next: collect or import its usage."
        )
    tasks, vcpu = frame["tasks"].to_numpy(), frame["vcpu"].to_numpy()
    peaks = daily_peaks(frame["hot_gib"].to_numpy(), demand.step_seconds)
    return Profile(
        days=len(frame) * demand.step_seconds / DAY_SECONDS,
        gap_share=float(np.mean(~known)),
        saturated_share=float(np.mean(state[ran] == SATURATED)) if ran.any() else 0.0,
        no_task_share=float(np.mean(state[known] == NO_TASK)),
        tasks_mean=float(np.mean(tasks[known])),
        cpu_peak_vcpu=float(np.max(vcpu[known])),
        hot_ratio=_hot_ratio(frame, ran),
        memory_peak_gib=max(peaks, default=0.0),
        memory_daily_peaks=peaks,
        memory_typical_gib=_typical(frame["hot_gib"].to_numpy()),
        memory_model=fit_memory(frame[ran]),
        hour_of_week=_hour_of_week(frame),
        regimes=find_regimes(frame, demand.step_seconds),
        cautions=(*demand.cautions, *gap_cautions(demand), *_full_memory(frame[ran])),
    )


def daily_peaks(hot_gib: Floats, step_seconds: int) -> tuple[float, ...]:
    """Highest memory of one task per 24 hours, counted back from the end, oldest first.  [GiB]

    Days without a running task have no peak; a first day of less than half a day joins none.
    """
    per_day = DAY_SECONDS // step_seconds
    short = len(hot_gib) % per_day
    whole = hot_gib[short:] if short < per_day / 2 and len(hot_gib) > short else hot_gib
    padded = np.concatenate([np.full(-len(whole) % per_day, np.nan), whole]).reshape(-1, per_day)
    peaks = np.fmax.reduce(padded, axis=1)
    return tuple(float(peak) for peak in peaks[peaks > 0])


def _typical(hot_gib: Floats) -> float:
    some = hot_gib[hot_gib > 0]
    return float(np.median(some)) if some.size else 0.0


def fit_memory(ran: pd.DataFrame) -> MemoryModel:
    """Memory of one task as base plus memory per work; the slope is never negative.

    The slope is the median of the slopes between all pairs of `STEPS_FOR_SLOPE` steps, spread evenly over the
    history, and the base the median of what is left: a start, a leak or a bad hour moves neither much (Theil, 1950;
    Sen, "Estimates of the regression coefficient based on Kendall's tau", 1968).

    Averages are fitted (work and memory of the average task in a step), since a peak of memory and a peak of work
    need not be the same task's. `ran`: the rows of a demand frame with a running task.
    """
    tasks = ran["tasks"].to_numpy()
    work, memory = ran["vcpu"].to_numpy() / tasks, ran["gib"].to_numpy() / tasks * MIB_PER_GIB
    known = np.isfinite(work) & np.isfinite(memory)
    work, memory = work[known], memory[known]
    if work.size == 0:
        return MemoryModel(base_mib=0.0, mib_per_vcpu=0.0, error_mib=0.0)
    slope = _slope(work, memory) if work.size >= FEWEST_STEPS_FOR_SLOPE else 0.0
    base = max(0.0, float(np.median(memory - slope * work)))
    error = float(np.quantile(memory - base - slope * work, ERROR_QUANTILE))
    return MemoryModel(base_mib=base, mib_per_vcpu=slope, error_mib=max(0.0, error))


def _slope(work: Floats, memory: Floats) -> float:
    """Median slope between pairs of steps whose work differs; 0 where it falls or nothing differs."""
    picked = np.unique(np.linspace(0, work.size - 1, STEPS_FOR_SLOPE).astype(np.int64))
    first, second = _pairs(picked.size)
    run, rise = (values[picked][second] - values[picked][first] for values in (work, memory))
    differ = run != 0
    return max(0.0, float(np.median(rise[differ] / run[differ]))) if differ.any() else 0.0


@lru_cache(maxsize=4)
def _pairs(count: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Both indices of every pair of so many things."""
    return np.triu_indices(count, 1)


def find_regimes(frame: pd.DataFrame, step_seconds: int) -> tuple[Regime, ...]:
    """Stretches of one task size, in order."""
    task_vcpu, task_gib = frame["task_vcpu"].to_numpy(), frame["task_gib"].to_numpy()
    cuts = np.flatnonzero((np.diff(task_vcpu) != 0) | (np.diff(task_gib) != 0)) + 1
    edges = [0, *cuts.tolist(), len(frame)]
    step = pd.Timedelta(seconds=step_seconds)
    return tuple(
        Regime(
            start=frame.index[low].to_pydatetime(),
            end=(frame.index[high - 1] + step).to_pydatetime(),
            size=TaskSize.of(vcpu=task_vcpu[low], gib=task_gib[low]),
        )
        for low, high in itertools.pairwise(edges)
    )


def _hot_ratio(frame: pd.DataFrame, ran: npt.NDArray[np.bool_]) -> float:
    """The hottest task's work over the average task's, weighted by work; 1 where nothing was done."""
    average = frame["vcpu"].to_numpy()[ran] / frame["tasks"].to_numpy()[ran]
    total = float(average.sum())
    return max(1.0, float(frame["hot_vcpu"].to_numpy()[ran].sum()) / total) if total > 0 else 1.0


def _hour_of_week(frame: pd.DataFrame) -> tuple[float | None, ...]:
    index, vcpu = pd.DatetimeIndex(frame.index), frame["vcpu"].to_numpy()
    hour = np.asarray(index.day_of_week * 24 + index.hour)
    known = np.isfinite(vcpu)
    count = np.bincount(hour[known], minlength=HOURS_PER_WEEK)
    total = np.bincount(hour[known], weights=vcpu[known], minlength=HOURS_PER_WEEK)
    return tuple(float(t / c) if c else None for t, c in zip(total, count, strict=True))


def _full_memory(ran: pd.DataFrame) -> tuple[Caution, ...]:
    full = (ran["hot_gib"] >= MEMORY_FULL_SHARE * ran["task_gib"]).to_numpy()
    if not full.any():
        return ()
    text = (
        f"A task used {MEMORY_FULL_SHARE:.0%} of its memory or more in {full.sum()} steps:"
        " it may have been killed there, and the true peak may be higher than what was seen."
    )
    return (Caution(code="memory-full", text=text),)
