"""From what AWS measures (percent of a reservation) to what was asked: work in vCPU, memory in GiB.

    work of the service [vCPU] = CPU average / 100 x running tasks x vCPU of one task at that time

=========  ================================================================================================
state      meaning, and what the row holds
=========  ================================================================================================
observed   measured; values as they are
gap        nothing is known of this step; NaN. A fixed service must not be read as idle here
saturated  the hottest task was at 99.5 % or more of its CPU. Fargate never gives more than the task has
           (documented), so the true need is hidden: the work is a lower bound
starting   as observed, but the hottest task had just come and its CPU is that of a start
           (`advisor.profile.starts`)
no task    nothing ran: zero work. AWS/ECS sends no datapoint then (documented), so a missing step counts as
           this only where tasks = 0 was written, or where the service is allowed to run nothing at all
=========  ================================================================================================

Saturation is decided by the hottest task, because limits on throttling are held for the hottest task.
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd

from advisor.domain.errors import NoData, one_line
from advisor.domain.finding import Caution
from advisor.domain.frames import check_frame
from advisor.domain.insights import InsightsMonth
from advisor.domain.inventory import Service
from advisor.domain.runs import TaskRun
from advisor.domain.schema import GAP, NO_TASK, OBSERVED, SATURATED, STARTING, USAGE
from advisor.profile.counts import task_factor
from advisor.profile.kills import doubtful_cautions, kill_cautions, kills_of, with_kills
from advisor.profile.older import older_days, within_cautions
from advisor.profile.records import Demand
from advisor.profile.starts import start_cautions, starting

Floats = npt.NDArray[np.float64]

SATURATED_PERCENT = 99.5  # chosen: one sample's rounding below the documented ceiling of 100 %
LONG_STEP_SECONDS = 300


def infer_demand(
    usage: pd.DataFrame,
    service: Service,
    *,
    runs: Iterable[TaskRun] = (),
    insights: Iterable[InsightsMonth] = (),
    older: Iterable[pd.DataFrame] = (),
    shorter: pd.DataFrame | None = None,
) -> Demand:
    """The demand of one service from its usage (schema USAGE), on a complete grid (schema DEMAND).

    `runs`: of any service; those of this one tell when a task was killed for want of memory. `insights`: of any service
    too, what Container Insights measured. `older`: usage of the service in longer steps, `shorter`: in
    steps of `SHORT_STEP`.

    Raises NoData for an empty frame and InputRefused for one that breaks its schema.
    """
    check_frame(usage, USAGE, step_seconds=service.step_seconds, where=one_line(service.id, 300))
    if usage.empty:
        raise NoData(
            f"{one_line(service.id, 300)}: the store holds no usage of this service. Next: collect or import it."
        )
    grid = _complete(usage, service.step_seconds)
    raw = {name: _column(grid, name) for name in (column.name for column in USAGE)}
    factor, told = task_factor(raw["tasks"], service)
    tasks, assumed = _tasks(raw["tasks"] / factor, raw["cpu_avg"], service)
    ended = tuple(runs)
    kills = kills_of(ended, service)
    frame = with_kills(_frame(grid.index, raw, tasks, service), kills)
    cautions = (
        *told,
        *assumed,
        *kill_cautions(kills),
        *doubtful_cautions(ended, service),
        *start_cautions(frame),
        *(() if shorter is None else within_cautions(shorter, usage)),
        *_blind_spots(usage, service, frame),
    )
    return Demand(
        id=service.id,
        frame=frame,
        step_seconds=service.step_seconds,
        task_factor=float(factor),
        kills=kills,
        insights=tuple(sorted((seen for seen in insights if seen.id == service.id), key=lambda seen: seen.month)),
        older=older_days(older, service),
        cautions=cautions,
    )


def _complete(usage: pd.DataFrame, step_seconds: int) -> pd.DataFrame:
    index = usage.index
    grid = pd.date_range(index[0], index[-1], freq=pd.Timedelta(seconds=step_seconds))
    return usage if len(grid) == len(index) else usage.reindex(grid)


def _column(frame: pd.DataFrame, name: str) -> Floats:
    if name not in frame.columns:
        return np.full(len(frame), np.nan)
    values = frame[name].to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.isfinite(values), values, np.nan)


def _tasks(tasks: Floats, cpu: Floats, service: Service) -> tuple[Floats, tuple[Caution, ...]]:
    """Task counts; where only the count is unknown, a fixed service is taken to run what it was told to."""
    unknown = np.isnan(tasks) & np.isfinite(cpu)
    fixed = service.setup.bounds[0] == service.setup.bounds[1] and service.setup.desired > 0
    if not unknown.any() or not fixed:
        return tasks, ()
    text = (
        f"Task counts are missing in {unknown.mean():.1%} of the steps;"
        f" the fixed count of {service.setup.desired} was taken there."
    )
    filled = np.where(unknown, float(service.setup.desired), tasks)
    return filled, (Caution(code="tasks-assumed", text=text),)


def _frame(
    index: pd.Index, raw: dict[str, Floats], tasks: Floats, service: Service
) -> pd.DataFrame:  # one row per step, schema DEMAND
    task_vcpu, task_gib = _sizes(index, service)
    cpu, memory = np.clip(raw["cpu_avg"], 0, 100), raw["memory_avg"]
    hot_cpu = np.fmax(np.clip(raw["cpu_max"], 0, 100), cpu)
    hot_memory = np.fmax(raw["memory_max"], memory)
    state = _states(cpu, hot_cpu, memory, tasks, may_run_nothing=_may_run_nothing(service))
    started = starting(cpu, hot_cpu, tasks, service.step_seconds) & ((state == OBSERVED) | (state == SATURATED))
    state = np.where(started, np.int8(STARTING), state)
    columns = {
        "vcpu": cpu / 100 * tasks * task_vcpu,
        "gib": memory / 100 * tasks * task_gib,
        "requests": raw["requests"],
        "tasks": tasks,
        "task_vcpu": task_vcpu,
        "task_gib": task_gib,
        "hot_vcpu": hot_cpu / 100 * task_vcpu,
        "hot_gib": hot_memory / 100 * task_gib,
        "response_p99": raw["response_p99"],
    }
    for name in ("vcpu", "gib", "tasks", "hot_vcpu", "hot_gib"):
        columns[name] = np.select([state == NO_TASK, state == GAP], [0.0, np.nan], columns[name])
    return pd.DataFrame({**columns, "state": state}, index=pd.DatetimeIndex(index))


def _states(
    cpu: Floats, hot_cpu: Floats, memory: Floats, tasks: Floats, *, may_run_nothing: bool
) -> npt.NDArray[np.int8]:
    silent = np.isnan(cpu) & np.isnan(memory) & np.isnan(tasks)
    no_task = (tasks == 0) | (silent & may_run_nothing)
    gap = ~no_task & (np.isnan(cpu) | np.isnan(tasks))
    saturated = np.nan_to_num(hot_cpu) >= SATURATED_PERCENT
    return np.select([no_task, gap, saturated], [NO_TASK, GAP, SATURATED], OBSERVED).astype(np.int8)


def _may_run_nothing(service: Service) -> bool:
    """Whether silence can mean that nothing ran: some bound, count or schedule lets the service go to zero."""
    setup = service.setup
    counts = [setup.desired, setup.bounds[0], *(action.minimum for action in setup.schedule)]
    return service.running == 0 or 0 in counts


def _sizes(index: pd.Index, service: Service) -> tuple[Floats, Floats]:
    """vCPU and GiB of one task in each step; the first size of a history speaks for all before it too."""
    changes = sorted(service.sizes, key=lambda change: change.at)
    sizes = [change.size for change in changes] or [service.setup.size]
    starts = pd.DatetimeIndex([pd.Timestamp(change.at) for change in changes[1:]], tz="UTC")
    at = np.searchsorted(starts.as_unit("ns").asi8, pd.DatetimeIndex(index).as_unit("ns").asi8, side="right")
    return np.array([size.vcpu for size in sizes])[at], np.array([size.gib for size in sizes])[at]


def _blind_spots(usage: pd.DataFrame, service: Service, frame: pd.DataFrame) -> tuple[Caution, ...]:
    found = []
    if service.step_seconds >= LONG_STEP_SECONDS:
        text = f"History has steps of {service.step_seconds} s: shorter peaks of CPU and memory cannot be seen."
        found.append(Caution(code="long-step", text=text))
    several = bool(np.nanmax(frame["tasks"].to_numpy(), initial=0) > 1)
    unseen = [n for n in ("cpu_max", "memory_max") if n not in usage.columns or usage[n].isna().all()]
    if several and unseen:
        text = f"No {' and no '.join(unseen)}: peaks of single tasks were not seen, averages stand in for them."
        found.append(Caution(code="no-task-peaks", text=text))
    return tuple(found)
