"""What the rules of other advisors are shown of one service."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pandas as pd

from advisor.advice.samples import Samples
from advisor.advice.work import last_size
from advisor.domain.service import TaskSize
from advisor.domain.units import DAY_SECONDS, MIB_PER_GIB
from advisor.profile import Demand


@dataclass(frozen=True, slots=True, kw_only=True)
class Killed:
    """A task of `mib` [MiB] that was killed for want of it, `days_ago` before the last step that is seen ended."""

    days_ago: float
    mib: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seen:
    """Work [vCPU] and memory [MiB] of the tasks on a complete grid, the size they had, and which were killed.

    Kills may be older than the grid: it holds the days with tasks of `today`'s size only.
    """

    vcpu: Samples
    mib: Samples
    step_seconds: int
    today: TaskSize
    kills: tuple[Killed, ...] = ()


def seen_of(demand: Demand) -> Seen:
    """A demand as a rule sees it: nothing where no task ran, and no kills where memory was never measured.

    From the first step that was measured to the last: of a service that stands still since, a rule that looks at the
    last days says what it said when it last saw a task.
    """
    vcpu, mib = _samples(demand.frame, "vcpu", 1.0), _samples(demand.frame, "gib", MIB_PER_GIB)
    measured = np.flatnonzero(np.isfinite(vcpu.hottest) | np.isfinite(mib.hottest))
    span = slice(measured[0], measured[-1] + 1) if measured.size else slice(None)
    end = demand.frame.index[span][-1] + pd.Timedelta(seconds=demand.step_seconds)
    kills = [kill for kill in demand.kills if not kill.container and np.isfinite(mib.hottest).any()]
    return Seen(
        vcpu=vcpu[span],
        mib=mib[span],
        step_seconds=demand.step_seconds,
        today=last_size(demand),
        kills=tuple(Killed(days_ago=_days(end - kill.at), mib=float(kill.memory)) for kill in kills),
    )


def _days(ago: timedelta) -> float:
    """Not below nothing: a task may be killed after the last step that was measured."""
    return max(0.0, ago.total_seconds() / DAY_SECONDS)


def _samples(frame: pd.DataFrame, name: str, factor: float) -> Samples:
    """The hottest task, and what the total leaves for each of the others: between nothing and the hottest."""
    tasks = frame["tasks"].to_numpy()
    total, hottest = (factor * frame[column].to_numpy() for column in (name, f"hot_{name}"))
    hottest = np.where(tasks > 0, hottest, np.nan)
    whole = np.where(tasks > 0, np.maximum(np.rint(tasks), 1), 1)
    average = np.divide(total, tasks, out=np.full(len(tasks), np.nan), where=tasks > 0)
    left = np.divide(whole * average - hottest, whole - 1, out=np.full(len(tasks), np.nan), where=whole > 1)
    return Samples(hottest=hottest, others=np.clip(left, 0, hottest), count=(whole - 1).astype(np.int64))
