"""What a service ran, by its metrics, without what its deployments put beside it: the capacity that is modelled."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from advisor.domain.deployments import Deployment
from advisor.domain.inventory import Service
from advisor.domain.service import INCLUDED_EPHEMERAL_GIB, Architecture
from advisor.domain.units import SECONDS_PER_HOUR
from advisor.fargate.prices import ANY, PriceUnit
from advisor.fargate.usage_types import UsageType
from advisor.ledger.overlaps import overlaps_of
from advisor.profile import infer_demand

Floats = npt.NDArray[np.float64]
Seconds = npt.NDArray[np.int64]
Charged = tuple[PriceUnit, str]  # a unit of the price list, and an architecture, ANY where that does not matter


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Capacity of a service, step by step.

    `at` are epoch seconds, one per step of `step` seconds; `wanted` are unit-hours in each step, by what is charged.
    `architectures`: those that it had, the last one last. `deployments` are the spans in which a deployment
    may have overlapped; `gap_share` of the steps was not measured and is taken as the step before.
    """

    at: Seconds
    step: int
    wanted: dict[Charged, Floats]
    architectures: tuple[Architecture, ...]
    deployments: tuple[tuple[int, int], ...]
    gap_share: float

    def charged_as(self, kind: UsageType) -> Charged:
        """What a usage type is held against: one of an architecture that was not known, with the last."""
        known = kind.architecture in (ANY, *self.architectures)
        return kind.unit, kind.architecture if known else self.architectures[-1]

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
    architectures, gib = _platforms(service, at)
    each = _capacity(demand.frame, service, architectures, gib)
    hours = demand.step_seconds / SECONDS_PER_HOUR
    return Recorded(
        at=at,
        step=demand.step_seconds,
        wanted={charged: wanted * size * hours for charged, size in each.items()},
        architectures=_in_order(architectures),
        deployments=spans,
        gap_share=float(known.isna().mean()),
    )


def _capacity(
    frame: pd.DataFrame, service: Service, architectures: npt.NDArray[np.str_], gib: Floats
) -> dict[Charged, Floats]:
    """What one task of each step is charged for: of each architecture, zero in the steps of another."""
    each: dict[Charged, Floats] = {}
    for name in np.unique(architectures).tolist():
        mine = architectures == name
        each["vcpu-hour", name] = frame["task_vcpu"].to_numpy() * mine
        each["gb-hour", name] = frame["task_gib"].to_numpy() * mine
        if service.setup.os == "WINDOWS":
            each["os-licence-vcpu-hour", name] = each["vcpu-hour", name]
    if (extra := np.maximum(0.0, gib - INCLUDED_EPHEMERAL_GIB)).any():
        each["storage-gb-hour", ANY] = extra
    return each


def _in_order(architectures: npt.NDArray[np.str_]) -> tuple[Architecture, ...]:
    """Each once, that of the last step last."""
    return cast("tuple[Architecture, ...]", tuple(dict.fromkeys(architectures[::-1].tolist()))[::-1])


def _platforms(service: Service, at: Seconds) -> tuple[npt.NDArray[np.str_], Floats]:
    """Architecture and storage [GiB] of a task in each step; the first of a history speaks for all before it too."""
    changes, today = sorted(service.sizes, key=lambda change: change.at), service.setup
    architectures = [change.architecture or today.architecture for change in changes] or [today.architecture]
    gib = [today.ephemeral_gib if c.ephemeral_gib is None else c.ephemeral_gib for c in changes]
    step = np.searchsorted([change.at.timestamp() for change in changes[1:]], at, side="right")
    return np.array(architectures)[step], np.array(gib or [today.ephemeral_gib], dtype=np.float64)[step]


def _wanted(tasks: Floats, at: Seconds, spans: tuple[tuple[int, int], ...]) -> Floats:
    """The count without a deployment's second set: in its span, what ran before it or what stays to the end of it."""
    wanted = tasks.copy()
    for start, end in spans:
        first, last = np.searchsorted(at, (start, end))
        before, ahead = wanted[max(first - 1, 0)], tasks[first : last + 1]
        stays = np.minimum.accumulate(ahead[::-1])[::-1][: last - first]
        wanted[first:last] = np.minimum(tasks[first:last], np.maximum(before, stays))
    return wanted
