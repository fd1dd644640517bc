"""What the profile room hands on: a service's demand, and what is typical and extreme in it."""

from dataclasses import dataclass
from datetime import date, datetime

import pandas as pd

from advisor.domain.finding import Caution
from advisor.domain.insights import InsightsMonth
from advisor.domain.service import ServiceId, TaskSize
from advisor.domain.units import Mib


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """A task of `memory` [MiB] that was killed for want of it at `at` (UTC).

    `certain`: ECS said so. `container`: the one that reached a limit of its own, "" where the task's was reached.
    """

    at: datetime
    memory: Mib
    certain: bool = True
    container: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayPeak:
    """The most that a task held on a day of which the minutes are not known  [GiB]."""

    day: date
    gib: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Demand:
    """The work that was asked of one service, in absolute units.

    `frame` has the schema `advisor.domain.schema.DEMAND` on a complete grid: a missing step is a row with
    state GAP and NaN. `task_factor` is what the recorded task counts were divided by (1 = nothing). `kills` and
    `insights` (what Container Insights measured): until its end, oldest first, some before its start maybe; so are the
    `older` days, with tasks of today's size.
    """

    id: ServiceId
    frame: pd.DataFrame
    step_seconds: int
    task_factor: float = 1.0
    kills: tuple[Kill, ...] = ()
    insights: tuple[InsightsMonth, ...] = ()
    older: tuple[DayPeak, ...] = ()
    cautions: tuple[Caution, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryModel:
    """Memory of one task = base_mib [MiB] + mib_per_vcpu [MiB per vCPU] x its work [vCPU].

    `error_mib`: 99 of 100 observed steps lie no further above the line than this [MiB].
    """

    base_mib: float
    mib_per_vcpu: float
    error_mib: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Regime:
    """A stretch of history in which tasks had one size; `end` is exclusive."""

    start: datetime
    end: datetime
    size: TaskSize


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What is typical and what is extreme in one demand; shares are 0 to 1.

    `days` is the span from the first to the last step. `gap_share` is of all steps, `no_task_share` of the
    steps that are not gaps, `saturated_share` of the steps with a running task. `cpu_peak_vcpu` is the
    highest work of the whole service [vCPU], `hot_ratio` the hottest task's work over the average task's,
    `memory_peak_gib` the highest memory of one task [GiB], `memory_daily_peaks` the same per day of 24 hours
    counted back from the end, oldest first [GiB], `memory_typical_gib` its median over the steps with a running task
    [GiB, 0 where none was measured], `hour_of_week` the mean work per hour from Monday 00:00
    UTC [vCPU], None where no such hour was seen.
    """

    days: float
    gap_share: float
    saturated_share: float
    no_task_share: float
    tasks_mean: float
    cpu_peak_vcpu: float
    hot_ratio: float
    memory_peak_gib: float
    memory_daily_peaks: tuple[float, ...]
    memory_typical_gib: float
    memory_model: MemoryModel
    hour_of_week: tuple[float | None, ...]
    regimes: tuple[Regime, ...]
    cautions: tuple[Caution, ...] = ()

    @property
    def informative_days(self) -> float:
        """Days of steps that are neither gaps nor saturated: what the history can vouch for.  [days]"""
        return self.days * (1 - self.gap_share) * (1 - self.saturated_share * (1 - self.no_task_share))
