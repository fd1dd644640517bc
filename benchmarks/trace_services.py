"""Public traces as services of one task, split into the part that rules see and the part that scores them.

Each series is one service; sources are never joined. A percentage becomes work and memory by the size that
`make_interface_files.py` gives its source. The pools of cloudcluster have no capacity: the highest of the part
that is seen is taken to be 1 vCPU and 4 GiB. Since these sizes are choices, every service is scored at each of
`SCALES` times its size, which moves it over the steps between Fargate's sizes; they count as one service.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from advisor.advice.board import MOST_DAYS_FITTED, Origin, origin_of, rolling
from advisor.advice.tail import Floats
from advisor.advice.tail_fit import Series
from advisor.domain.inventory import Service as FleetService
from advisor.domain.schema import GAP, OBSERVED
from advisor.domain.service import ServiceId, Setup, TaskSize
from advisor.domain.settings import Config, TailModel
from advisor.domain.units import MIB_PER_GIB
from advisor.fargate.prices import PriceBook
from advisor.profile import Demand

STEP_SECONDS = 300
PER_DAY = 288
START = datetime(2026, 1, 5, tzinfo=UTC)  # a Monday; most sources have no dates of their own
SMALLEST = TaskSize.of(vcpu=0.25, gib=0.5)
SCALES = tuple(2.0 ** (half / 2) for half in range(-4, 3))
SIZES = {  # vCPU and GiB that 100 % is taken to be, as in make_interface_files.py; OTHER for the rest
    "google2011_jobs": (8.0, 32.0),
    "google2011_machines": (8.0, 32.0),
    "google2019_tasks": (1.0, 4.0),
    "opendc_bitbrains_small": (1.0, 2.0),
    "cloudcluster_pool_demand": (1.0, 4.0),
}
OTHER = (2.0, 8.0)
SOFT_CPU = ("google2019_tasks", "cloudcluster_pool_demand")  # no ceiling
NEAR_CEILING = 0.95
SOURCES = (*SIZES, "azure_vm_cpu", "jumpstarter_services", "nab_cloudwatch")
CPU, MEMORY = ("cpu_percent", "load_raw"), ("memory_max_percent", "memory_percent", "memory_raw")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Service:
    """One series of one source on a complete grid: work [vCPU] and memory [MiB; all NaN where it has none]."""

    source: str
    entity: str
    vcpu: Floats
    mib: Floats

    @property
    def has_memory(self) -> bool:
        """Whether memory was measured."""
        return bool(np.isfinite(self.mib).any())

    @property
    def cut(self) -> int:
        """First step of the scored part: after 14 days, or half of the series where it is shorter than 28."""
        return min(MOST_DAYS_FITTED * PER_DAY, len(self.vcpu) // 2)


def services_of(traces: Path) -> Iterator[Service]:
    """Every series with CPU, or with CPU and memory, that has both a part to see and a part to score."""
    for source in SOURCES:
        frame = pd.read_parquet(traces / f"{source}.parquet")
        for entity, rows in frame.groupby("entity", observed=True):
            vcpu, mib = _highest(rows, CPU), _highest(rows, MEMORY)
            if np.isfinite(vcpu).any():
                service = _sized(source, str(entity), vcpu, mib)
                if _is_scored(service):
                    yield service


def _highest(rows: pd.DataFrame, columns: tuple[str, ...]) -> Floats:
    """Highest of the columns per five minutes, NaN where nothing was measured."""
    known = [name for name in columns if name in rows]
    at = pd.DatetimeIndex(rows.timestamp).floor(f"{STEP_SECONDS}s")
    values = rows[known].max(axis=1).to_numpy(dtype=float) if known else np.full(len(rows), np.nan)
    steps = pd.Series(values, index=at).groupby(level=0).max()
    return steps.reindex(pd.date_range(at.min(), at.max(), freq=f"{STEP_SECONDS}s")).to_numpy(dtype=float)


def _sized(source: str, entity: str, vcpu: Floats, mib: Floats) -> Service:
    size_vcpu, size_gib = SIZES.get(source, OTHER)
    service = Service(source=source, entity=entity, vcpu=vcpu, mib=mib)
    raw = source == "cloudcluster_pool_demand"
    full_vcpu, full_mib = (np.nanmax(vcpu[: service.cut]), np.nanmax(mib[: service.cut])) if raw else (100.0, 100.0)
    return Service(
        source=source,
        entity=entity,
        vcpu=vcpu / full_vcpu * size_vcpu,
        mib=mib / full_mib * size_gib * MIB_PER_GIB,
    )


def _is_scored(service: Service) -> bool:
    parts = (service.vcpu[: service.cut], service.vcpu[service.cut :])
    if service.has_memory:
        parts += (service.mib[: service.cut], service.mib[service.cut :])
    return all(np.nanmax(part, initial=0.0) > 0 for part in parts)


def origin_at(service: Service, scale: float, model: TailModel) -> Origin:
    """One service of one task at a scale, cut where its scored part begins; nothing but its size may change.

    Today's size is Fargate's smallest, whatever the work is, so that no rule starts from a size that fits.
    """
    id = ServiceId(account="traces", region="us-east-1", service=f"{service.source}/{service.entity}")
    fleet = FleetService(id=id, setup=Setup(size=SMALLEST, desired=1), seen_at=START, step_seconds=STEP_SECONDS)
    ((before, after),) = rolling(_demand(service, scale, id), 1)
    return origin_of(fleet, before, after, PriceBook.shipped(), Config(memory_tail=model))


def _demand(service: Service, scale: float, id: ServiceId) -> Demand:
    vcpu, gib = service.vcpu * scale, service.mib * scale / MIB_PER_GIB
    known = np.isfinite(vcpu)
    columns = {
        "vcpu": vcpu,
        "gib": gib,
        "requests": np.nan,
        "tasks": np.where(known, 1.0, np.nan),
        "task_vcpu": SMALLEST.vcpu,
        "task_gib": SMALLEST.gib,
        "hot_vcpu": vcpu,
        "hot_gib": gib,
        "state": np.where(known, OBSERVED, GAP).astype(np.int8),
    }
    index = pd.date_range(START, periods=len(vcpu), freq=f"{STEP_SECONDS}s")
    return Demand(id=id, frame=pd.DataFrame(columns, index=index), step_seconds=STEP_SECONDS)


def series_of(services: Iterable[Service]) -> Iterator[Series]:
    """Memory and CPU of every service for the memory tail; CPU that comes near its ceiling cannot go above it."""
    for service in services:
        size_vcpu, _ = SIZES.get(service.source, OTHER)
        soft = service.source in SOFT_CPU
        if service.has_memory:
            yield _series(service, service.mib, is_memory=True)
        if soft or np.nanmax(service.vcpu) <= NEAR_CEILING * size_vcpu:
            yield _series(service, service.vcpu, is_memory=False)


def _series(service: Service, values: Floats, *, is_memory: bool) -> Series:
    return Series(source=service.source, values=values, step_seconds=STEP_SECONDS, is_memory=is_memory)
