"""What a service ran, by its metrics, without what its deployments put beside it: the capacity that is modelled."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from advisor.domain.inventory import Service
from advisor.domain.service import INCLUDED_EPHEMERAL_GIB
from advisor.domain.units import SECONDS_PER_HOUR
from advisor.fargate.prices import PriceUnit
from advisor.profile import infer_demand

Floats = npt.NDArray[np.float64]
Seconds = npt.NDArray[np.int64]

# Chosen: how long after its start a deployment may keep tasks beside the wanted ones. Slower ones are told as unknown.
OVERLAP_SECONDS = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Capacity of a service, step by step.

    `at` are epoch seconds, one per step of `step` seconds; `wanted` are unit-hours in each step, by unit.
    `deployments` are the spans in which a deployment may have overlapped; `gap_share` of the steps was not measured
    and is taken as the step before.
    """

    at: Seconds
    step: int
    wanted: dict[PriceUnit, Floats]
    deployments: tuple[tuple[int, int], ...]
    gap_share: float

    @property
    def span(self) -> tuple[int, int]:
        """The first instant and the one after the last step."""
        return int(self.at[0]), int(self.at[-1]) + self.step


def recorded_of(usage: pd.DataFrame, service: Service) -> Recorded | None:
    """What a service ran, from its usage (schema USAGE); None where no task count is known."""
    if usage.empty:
        return None
    demand = infer_demand(usage, service)
    known = demand.frame["tasks"]
    if known.isna().all():
        return None
    tasks = known.ffill().bfill().to_numpy()
    at = pd.DatetimeIndex(demand.frame.index).as_unit("s").asi8
    spans = _deployments(service, at, demand.step_seconds)
    wanted = _wanted(tasks, at, spans)
    each = _capacity(demand.frame, service)
    hours = demand.step_seconds / SECONDS_PER_HOUR
    return Recorded(
        at=at,
        step=demand.step_seconds,
        wanted={unit: wanted * size * hours for unit, size in each.items()},
        deployments=spans,
        gap_share=float(known.isna().mean()),
    )


def _capacity(frame: pd.DataFrame, service: Service) -> dict[PriceUnit, Floats]:
    """What one task of each step is charged for."""
    vcpu, gib = frame["task_vcpu"].to_numpy(), frame["task_gib"].to_numpy()
    each: dict[PriceUnit, Floats] = {"vcpu-hour": vcpu, "gb-hour": gib}
    if service.setup.os == "WINDOWS":
        each["os-licence-vcpu-hour"] = vcpu
    if extra := max(0, service.setup.ephemeral_gib - INCLUDED_EPHEMERAL_GIB):
        each["storage-gb-hour"] = np.full(len(frame), float(extra))
    return each


def _deployments(service: Service, at: Seconds, step: int) -> tuple[tuple[int, int], ...]:
    """From the start of each deployment that the inventory knows to the end of what it may overlap."""
    starts = sorted(_seconds(change.at) for change in service.sizes)
    return tuple((start, start + OVERLAP_SECONDS) for start in starts if at[0] <= start < at[-1] + step)


def _wanted(tasks: Floats, at: Seconds, spans: tuple[tuple[int, int], ...]) -> Floats:
    """The count without a deployment's second set: in its span, what ran before it or what stays to the end of it."""
    wanted = tasks.copy()
    for start, end in spans:
        first, last = np.searchsorted(at, (start, end))
        before, ahead = tasks[max(first - 1, 0)], tasks[first : last + 1]
        stays = np.minimum.accumulate(ahead[::-1])[::-1][: last - first]
        wanted[first:last] = np.minimum(tasks[first:last], np.maximum(before, stays))
    return wanted


def _seconds(instant: datetime) -> int:
    return int(instant.timestamp())
