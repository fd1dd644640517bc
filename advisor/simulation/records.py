"""What goes into a replay and what comes out of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from advisor.domain.service import Setup

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Load:
    """What is asked of a service, one value per tick.

    `vcpu`: work offered [vCPU]; `requests`: per minute, whole service; `deploying`: no policy scales in.
    `start`: instant of tick 0, None for a replay without instants. `filled`: ticks that were gaps.
    """

    vcpu: Floats
    requests: Floats | None = None
    deploying: Flags | None = None
    start: datetime | None = None
    tick_seconds: int = 60
    region: str | None = None
    filled: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """Delays [ticks] and the memory of one task: base [MiB] plus a part per work served [MiB per vCPU]."""

    startup_ticks: int = 1
    metric_delay_ticks: int = 1
    drain_ticks: int = 0
    memory_base_mib: float = 0.0
    memory_mib_per_vcpu: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outcome:
    """A replay, tick by tick: `running`, `billed`, `desired` [tasks]; `actions` counts changes of the desired count."""

    setup: Setup
    load: Load
    running: Counts
    billed: Counts
    desired: Counts
    actions: int

    @property
    def capacity(self) -> Floats:
        """What the running tasks can do in each tick  [vCPU]."""
        return self.running.astype(np.float64) * self.setup.size.vcpu

    @property
    def utilization(self) -> Floats:
        """CPU of the average task in each tick  [percent]; NaN where no task ran."""
        ran = self.running > 0
        share: Floats = np.divide(self.load.vcpu, self.capacity, out=np.full(len(ran), np.nan), where=ran)
        return np.minimum(1.0, share) * 100.0

    @property
    def unmet(self) -> Floats:
        """Work that found no capacity in its tick  [vCPU]."""
        lacking: Floats = np.maximum(0.0, self.load.vcpu - self.capacity)
        return lacking

    @property
    def tick_seconds(self) -> int:
        """Length of a tick [s]."""
        return self.load.tick_seconds

    @property
    def task_seconds(self) -> int:
        """Billed time of all tasks [task-seconds]."""
        return int(self.billed.sum()) * self.load.tick_seconds

    @property
    def unmet_share(self) -> float:
        """Share of the work that found no capacity, 0 to 1."""
        demand = float(self.load.vcpu.sum())
        return float(self.unmet.sum()) / demand if demand > 0 else 0.0

    def summary(self, *, utilization_limit: float = 90.0, target: float = 70.0) -> dict[str, Any]:
        """The replay in numbers; elasticity against the ideal supply at `target` percent (see elasticity.py)."""
        from advisor.simulation.elasticity import elasticity

        return {
            "task_seconds": self.task_seconds,
            "ticks": len(self.running),
            "actions": self.actions,
            "unmet_share": self.unmet_share,
            "unmet_tick_share": float((self.unmet > 0).mean()) if len(self.unmet) else 0.0,
            "utilization_limit": utilization_limit,
            "ticks_over_limit": int((self.utilization > utilization_limit).sum()),
            **elasticity(self, target=target),
        }


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Summary:
    """A replay in sums: what a search compares setups by.

    `running`, `billed`: tasks, summed over the ticks [tasks x ticks]. `unmet`: work that found no capacity in its
    tick, `unmet_with_growth`: that of so many times the work on the same tasks, both as shares of the work, 0 to 1.
    """

    setup: Setup
    load: Load
    running: int
    billed: int
    actions: int
    unmet_share: float
    unmet_share_with_growth: tuple[float, ...]

    @property
    def task_seconds(self) -> int:
        """Billed time of all tasks [task-seconds]."""
        return self.billed * self.load.tick_seconds
