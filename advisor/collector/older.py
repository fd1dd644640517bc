"""What CloudWatch still knows of the time before its one-minute data, and what it has in days alone.

age of a point      finest step     asked for
up to 15 days       60 s            each minute (metrics.py)
up to 63 days       300 s           once
up to 455 days      3,600 s         once
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import pandas as pd

from advisor.collector.metrics import NO_LABELS, Batch, count_of_series
from advisor.collector.steps import oldest_minute, rounded_down, rounded_up, together
from advisor.domain.inventory import Service
from advisor.domain.peaks import MonthPeak, merge_peaks
from advisor.domain.service import ServiceId
from advisor.domain.units import CPU_UNITS_PER_VCPU, MIB_PER_GIB

HOUR = timedelta(hours=1)
OLDEST = timedelta(days=455)  # documented: how long CloudWatch keeps hourly data
KEPT_IN = {timedelta(minutes=5): timedelta(days=63), HOUR: OLDEST}  # documented: by step, how long it is kept
MARGIN = timedelta(hours=1)  # chosen: these come after the minutes, which take 20 minutes of 2,000 services
_NEAR_DAYS, _NEAR_SHARE = timedelta(days=7), 0.1  # chosen: how far apart services may begin that are asked for together
_NUMBERS = {  # of a peak: the column of a daily frame, and how much of its unit is one of ours
    "task_vcpu_max": ("units", CPU_UNITS_PER_VCPU),
    "task_gib_max": ("mib", MIB_PER_GIB),
}
SERVICES_PER_BATCH = 2_000  # chosen: at most 2.7 million points


def older_batches(
    services: Iterable[Service],
    *,
    reach: Mapping[ServiceId, datetime],
    now: datetime,
    labels: Mapping[ServiceId, tuple[str, ...]] = NO_LABELS,
) -> Iterator[Batch]:
    """What to ask for of the time before the minutes, in the finest steps that CloudWatch has of it.

    Of each service from its creation on, or from its `reach` on, until when it was read before; nothing where these are
    in the minutes. What is asked for of some services comes together, so that what was begun is soon whole.
    """
    pieces = _pieces(now)
    end, oldest = pieces[0].end, pieces[-1].start
    starts = {s.id: max((oldest, *(at for at in (s.created_at, reach.get(s.id)) if at))) for s in services}
    waiting = {id: start for id, start in starts.items() if start < end}
    near_by = together(
        waiting,
        series=lambda id: count_of_series(labels.get(id, ())),
        steps=lambda at: sum(piece.steps(at) for piece in pieces),
        near=lambda at: max(_NEAR_DAYS, (end - at) * _NEAR_SHARE),
    )
    for start, some in near_by:
        for piece in pieces:
            since = {id: rounded_down(starts[id], piece.step) for id in some if starts[id] < piece.end}
            if since:
                yield Batch(
                    services=tuple(since),
                    start=piece.from_(start),
                    end=piece.end,
                    labels=labels,
                    period=piece.step,
                    since=since,
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """A stretch of time, on whole steps, of which CloudWatch has these steps and no finer ones."""

    step: timedelta
    start: datetime
    end: datetime

    def from_(self, start: datetime) -> datetime:
        """Where it begins for a service that begins at `start`."""
        return max(self.start, rounded_down(start, self.step))

    def steps(self, start: datetime) -> int:
        """How many steps it has then."""
        return max(0, (self.end - self.from_(start)) // self.step)


def _pieces(now: datetime) -> tuple[_Piece, ...]:
    """The stretches before the minutes, the youngest first; each ends where the one before begins."""
    end, found = oldest_minute(now), []
    for step, kept in KEPT_IN.items():
        start = rounded_up(now - kept + MARGIN, HOUR)
        found.append(_Piece(step=step, start=start, end=end))
        end = start
    return tuple(found)


def month_peaks(frames: Mapping[ServiceId, pd.DataFrame]) -> tuple[MonthPeak, ...]:
    """Daily frames as peaks of months."""
    return merge_peaks(peak for id, frame in frames.items() for peak in _peaks(id, frame))


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
