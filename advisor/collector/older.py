"""What CloudWatch still knows of the days before its one-minute data: the highest use of each month.

age of a point      finest period   what is asked for
up to 15 days       60 s            every minute (metrics.py)
up to 63 days       300 s           a day: a maximum stays what it is in any period
up to 455 days      3,600 s         a day
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta

import pandas as pd

from advisor.collector.metrics import KEPT, Batch, peak_series
from advisor.domain.inventory import Service
from advisor.domain.peaks import MonthPeak, merge_peaks
from advisor.domain.service import ServiceId
from advisor.domain.units import CPU_UNITS_PER_VCPU, MIB_PER_GIB

DAY = timedelta(days=1)
OLDEST = timedelta(days=455)  # documented: how long CloudWatch keeps hourly data
_NUMBERS = {  # of a peak: the column of a daily frame, and how much of its unit is one of ours
    "memory_max": ("memory_max", 1),
    "cpu_max": ("cpu_max", 1),
    "tasks_max": ("tasks", DAY / timedelta(minutes=1)),
    "task_vcpu_max": ("units", CPU_UNITS_PER_VCPU),
    "task_gib_max": ("mib", MIB_PER_GIB),
}
SERVICES_PER_BATCH = 2_000  # chosen: at most 2.7 million points


def older_batches(services: Iterable[Service], *, known: Collection[ServiceId], now: datetime) -> Iterator[Batch]:
    """What to ask for once of each service that is older than one-minute data; `known` were asked for before."""
    end = midnight(now - KEPT) + DAY
    waiting = sorted(
        s.id for s in services if s.id not in known and (s.created_at is None or s.created_at < now - KEPT)
    )
    for first in range(0, len(waiting), SERVICES_PER_BATCH):
        some = tuple(waiting[first : first + SERVICES_PER_BATCH])
        start = midnight(now - OLDEST) + DAY
        yield Batch(services=some, start=start, end=end, period=DAY, of=peak_series, into="peaks")


def month_peaks(frames: Mapping[ServiceId, pd.DataFrame], *, asked: Batch) -> tuple[MonthPeak, ...]:
    """Daily frames as peaks of months; a service without any gets an empty one, so that it is not asked for again."""
    nothing = f"{asked.start:%Y-%m}"
    return merge_peaks(
        peak for id, frame in frames.items() for peak in (_peaks(id, frame) or [MonthPeak(id=id, month=nothing)])
    )


def _peaks(id: ServiceId, frame: pd.DataFrame) -> list[MonthPeak]:
    held = {name: (column, per) for name, (column, per) in _NUMBERS.items() if column in frame}
    return [
        MonthPeak(id=id, month=str(month), **{name: _high(part[column] / per) for name, (column, per) in held.items()})
        for month, part in frame.groupby(pd.DatetimeIndex(frame.index).strftime("%Y-%m"))
    ]


def _high(values: pd.Series) -> float | None:
    return round(float(values.max()), 3) if values.notna().any() else None


def midnight(instant: datetime) -> datetime:
    """The start of an instant's day."""
    return instant.replace(hour=0, minute=0, second=0, microsecond=0)
