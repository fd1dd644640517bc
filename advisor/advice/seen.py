"""What the rules of other advisors are shown of one service."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from advisor.advice.samples import Samples
from advisor.advice.work import last_size
from advisor.domain.service import TaskSize
from advisor.domain.units import MIB_PER_GIB
from advisor.profile import Demand


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seen:
    """Work [vCPU] and memory [MiB] of the tasks on a complete grid, and the size they had."""

    vcpu: Samples
    mib: Samples
    step_seconds: int
    today: TaskSize


def seen_of(demand: Demand) -> Seen:
    """A demand as a rule sees it: nothing where no task ran.

    From the first step that was measured to the last: of a service that stands still since, a rule that looks at the
    last days says what it said when it last saw a task.
    """
    vcpu, mib = _samples(demand.frame, "vcpu", 1.0), _samples(demand.frame, "gib", MIB_PER_GIB)
    measured = np.flatnonzero(np.isfinite(vcpu.hottest) | np.isfinite(mib.hottest))
    span = slice(measured[0], measured[-1] + 1) if measured.size else slice(None)
    return Seen(
        vcpu=vcpu[span],
        mib=mib[span],
        step_seconds=demand.step_seconds,
        today=last_size(demand),
    )


def _samples(frame: pd.DataFrame, name: str, factor: float) -> Samples:
    """The hottest task, and what the total leaves for each of the others: between nothing and the hottest."""
    tasks = frame["tasks"].to_numpy()
    total, hottest = (factor * frame[column].to_numpy() for column in (name, f"hot_{name}"))
    hottest = np.where(tasks > 0, hottest, np.nan)
    whole = np.where(tasks > 0, np.maximum(np.rint(tasks), 1), 1)
    average = np.divide(total, tasks, out=np.full(len(tasks), np.nan), where=tasks > 0)
    left = np.divide(whole * average - hottest, whole - 1, out=np.full(len(tasks), np.nan), where=whole > 1)
    return Samples(hottest=hottest, others=np.clip(left, 0, hottest), count=(whole - 1).astype(np.int64))
