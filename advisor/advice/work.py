"""One service's history as arrays per tick, ready to be replayed and scored."""

from dataclasses import dataclass, replace
from datetime import date, datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from advisor.domain.schema import GAP, SATURATED, STARTING
from advisor.domain.service import TaskSize
from advisor.domain.units import DAY_SECONDS, MIB_PER_GIB
from advisor.profile import Demand
from advisor.simulation import Load
from advisor.simulation.loads import fill_gaps

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

TICK_SECONDS = 60  # longer steps are repeated to minutes, because alarms look at minutes (documented)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Work:
    """Arrays of one length, one value per tick; gaps are filled on a straight line and not `known`.

    `vcpu` work of the service, `tasks` recorded count (NaN in gaps), `hot_ratio` the hottest task's work over
    the average task's, `hot_vcpu` its work, `hot_mib` the fullest task's memory (NaN where not measured).
    `censored`: the hottest task had no CPU left, so its work is a lower bound. `starting`: its CPU was that of a start.
    """

    vcpu: Floats
    requests: Floats | None
    tasks: Floats
    hot_ratio: Floats
    hot_vcpu: Floats
    hot_mib: Floats
    known: Bools
    censored: Bools
    starting: Bools
    start: datetime
    tick_seconds: int
    region: str

    @property
    def seconds(self) -> int:
        """Length of the history  [s]."""
        return len(self.vcpu) * self.tick_seconds

    @property
    def days(self) -> float:
        """Length of the history  [days]."""
        return self.seconds / DAY_SECONDS

    @property
    def active(self) -> Bools:
        """Ticks in which something is known to have been asked for or to have run."""
        return self.known & ((self.vcpu > 0) | (self.tasks > 0))

    def load(self) -> Load:
        """The work as the simulator takes it."""
        return Load(
            vcpu=self.vcpu,
            requests=self.requests,
            deploying=None,
            start=self.start,
            tick_seconds=self.tick_seconds,
            region=self.region,
            filled=int(np.count_nonzero(~self.known)),
        )


def work_of(demand: Demand) -> Work:
    """The arrays of a demand; steps longer than a minute are repeated, gaps filled on a straight line."""
    frame, state = demand.frame, demand.frame["state"].to_numpy()
    tasks, vcpu, hot = (frame[name].to_numpy() for name in ("tasks", "vcpu", "hot_vcpu"))
    average = np.divide(vcpu, tasks, out=np.zeros_like(vcpu), where=tasks > 0)
    ratio = np.divide(hot, average, out=np.ones_like(vcpu), where=average > 0)
    known = state != GAP
    requests = frame["requests"].to_numpy()
    columns = {
        "vcpu": fill_gaps(vcpu, known),
        "tasks": tasks,
        "hot_ratio": np.where(known, np.fmax(ratio, 1.0), 1.0),
        "hot_vcpu": np.where(known, hot, 0.0),
        "hot_mib": frame["hot_gib"].to_numpy() * MIB_PER_GIB,
        "known": known,
        "censored": state == SATURATED,
        "starting": state == STARTING,
    }
    times = max(1, demand.step_seconds // TICK_SECONDS)
    asked = np.isfinite(requests)
    return Work(
        **{name: np.repeat(values, times) for name, values in columns.items()},
        requests=np.repeat(fill_gaps(requests, asked), times) if asked.any() else None,
        start=frame.index[0].to_pydatetime(),
        tick_seconds=demand.step_seconds // times,
        region=demand.id.region,
    )


def cut(demand: Demand, low: int, high: int) -> Demand:
    """The steps from `low` up to `high` of a demand, as a demand of its own, with what else was known by then.

    Of what is held by the month, a month is known once it is over.
    """
    older = demand.older
    if low:
        start = demand.frame.index[low].date() if low < len(demand.frame) else date.max
        older = tuple(day for day in older if day.day >= start)
    part = replace(demand, frame=demand.frame.iloc[low:high], older=older)
    if high >= len(demand.frame):
        return part
    end = demand.frame.index[high]
    kills = tuple(kill for kill in demand.kills if kill.at < end)
    return replace(
        part,
        kills=kills,
        insights=tuple(m for m in demand.insights if m.month < f"{end:%Y-%m}"),
        older=tuple(day for day in older if day.day < end.date()),
    )


def current_stretch(demand: Demand, size: TaskSize) -> Demand:
    """The latest days in which tasks had today's `size`, nothing older; no step where the last ones had another."""
    frame = demand.frame
    changed = np.flatnonzero(
        (np.diff(frame["task_vcpu"].to_numpy()) != 0) | (np.diff(frame["task_gib"].to_numpy()) != 0)
    )
    low = int(changed[-1]) + 1 if changed.size else 0
    return cut(demand, low if last_size(demand) == size else len(frame), len(frame))


def last_size(demand: Demand) -> TaskSize:
    """The size of the tasks at the end of the history."""
    last = demand.frame.iloc[-1]
    return TaskSize.of(vcpu=float(last["task_vcpu"]), gib=float(last["task_gib"]))


def split(demand: Demand, held_out_share: float) -> tuple[Demand, Demand]:
    """Earlier days to choose on, later days to be scored on; whole days are held out, at least one."""
    per_day = DAY_SECONDS // demand.step_seconds
    days = len(demand.frame) / per_day
    held_out = max(1, int(days * held_out_share + 1e-9)) * per_day
    at = len(demand.frame) - held_out
    return cut(demand, 0, at), cut(demand, at, len(demand.frame))


def origins(demand: Demand, held_out_share: float) -> tuple[tuple[Demand, Demand], ...]:
    """The held-out days as they came: (what went before, one stretch of them), two stretches from two days on."""
    earlier, later = split(demand, held_out_share)
    per_day = DAY_SECONDS // demand.step_seconds
    middle = len(later.frame) // per_day // 2 * per_day
    if not middle:
        return ((earlier, later),)
    at = len(earlier.frame) + middle
    return (earlier, cut(later, 0, middle)), (cut(demand, 0, at), cut(demand, at, len(demand.frame)))


def hourly(values: Floats, work: Work, how: str) -> tuple[float | None, ...]:
    """Values per tick as one value per hour of the clock (`mean` or `max`), 4 significant digits.

    None where nothing is known in the hour.
    """
    index = pd.date_range(work.start, periods=len(values), freq=pd.Timedelta(seconds=work.tick_seconds))
    hours = pd.Series(values, index=index).resample("h").agg(how).to_numpy()
    return tuple(None if np.isnan(value) else float(f"{value:.4g}") for value in hours)
