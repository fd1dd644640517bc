"""What a service ran, by its metrics, without what its deployments put beside it: the capacity that is modelled."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from advisor.domain.deployments import Deployment
from advisor.domain.inventory import Service
from advisor.domain.service import INCLUDED_EPHEMERAL_GIB
from advisor.domain.units import SECONDS_PER_HOUR
from advisor.fargate.prices import PriceUnit
from advisor.ledger.overlaps import overlaps_of
from advisor.profile import infer_demand

Floats = npt.NDArray[np.float64]
Seconds = npt.NDArray[np.int64]


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


def recorded_of(usage: pd.DataFrame, service: Service, deployments: Iterable[Deployment] = ()) -> Recorded | None:
    """What a service ran, from its usage (schema USAGE); None where no task count is known."""
    if usage.empty:
        return None
    demand = infer_demand(usage, service)
    known = demand.frame["tasks"]
    if known.isna().all():
        return None
    tasks = known.ffill().bfill().to_numpy()
    at = pd.DatetimeIndex(demand.frame.index).as_unit("s").asi8
    spans = overlaps_of(service, deployments, within=(int(at[0]), int(at[-1]) + demand.step_seconds))
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


def _wanted(tasks: Floats, at: Seconds, spans: tuple[tuple[int, int], ...]) -> Floats:
    """The count without a deployment's second set: in its span, what ran before it or what stays to the end of it."""
    wanted = tasks.copy()
    for start, end in spans:
        first, last = np.searchsorted(at, (start, end))
        before, ahead = wanted[max(first - 1, 0)], tasks[first : last + 1]
        stays = np.minimum.accumulate(ahead[::-1])[::-1][: last - first]
        wanted[first:last] = np.minimum(tasks[first:last], np.maximum(before, stays))
    return wanted
