"""What longer steps of older days, and shorter ones of the last hours, say beside the minutes."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile

import numpy as np
import pandas as pd

from advisor.domain.finding import Caution
from advisor.domain.inventory import Service, SizeChange
from advisor.domain.peaks import MonthPeak, merge_peaks
from advisor.domain.schema import SHORT_STEP
from advisor.domain.service import ServiceId
from advisor.domain.units import SECONDS_PER_HOUR
from advisor.profile.records import DayPeak

FEWEST_HOURS = 1.0  # chosen: of shorter steps, so that one collection of a new service says nothing yet
LEAST_APART = 10.0  # chosen: points of CPU between some seconds and their minute


def older_days(older: Iterable[pd.DataFrame], service: Service) -> tuple[DayPeak, ...]:
    """The highest memory of each day in these frames (schema USAGE) since tasks have the size that they have last.

    Days before the first known size, or with another size, say nothing in GiB that holds for this one.
    """
    frames, ran = [frame for frame in older if len(frame)], _with_last_size(service)
    if not frames or not ran:
        return ()
    whole = pd.concat(frames)
    highest = whole[["memory_max", "memory_avg"]].max(axis=1)[whole.index >= pd.Timestamp(ran[-1].at)].dropna()
    daily = highest.groupby(pd.DatetimeIndex(highest.index).date).max()
    gib = ran[0].size.gib
    return tuple(DayPeak(day=day, gib=percent / 100 * gib) for day, percent in zip(daily.index, daily, strict=True))


def months_of(id: ServiceId, older: Iterable[pd.DataFrame]) -> tuple[MonthPeak, ...]:
    """The highest memory and CPU [percent] and the busiest day [tasks] of each month in these frames."""
    return merge_peaks(_month(id, month, part) for frame in older for month, part in _by_month(frame))


def within_cautions(shorter: pd.DataFrame, minutes: pd.DataFrame) -> tuple[Caution, ...]:
    """That the average CPU moves within the minute, where steps of `SHORT_STEP` show it far above its minute."""
    cpu = shorter["cpu_avg"].dropna()
    of_minute = minutes["cpu_avg"].reindex(pd.DatetimeIndex(cpu.index).floor("60s")).to_numpy()
    above = cpu.to_numpy() - of_minute
    hours = len(cpu) * SHORT_STEP / SECONDS_PER_HOUR
    if hours < FEWEST_HOURS or not np.nanmax(above, initial=0.0) >= LEAST_APART:
        return ()
    at = int(np.nanargmax(above))
    text = (
        f"CPU moves within the minute: {SHORT_STEP} seconds took {cpu.iloc[at]:.0f} % on average where their minute"
        f" says {of_minute[at]:.0f} %, in {hours:.0f} hours of such metrics. The advice counts minutes."
    )
    return (Caution(code="within-the-minute", text=text),)


def _with_last_size(service: Service) -> Sequence[SizeChange]:
    """The known changes since which tasks have their last size, latest first."""
    changes = sorted(service.sizes, key=lambda change: change.at, reverse=True)
    return list(takewhile(lambda change: change.size == changes[0].size, changes))


def _by_month(frame: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    for month, part in frame.groupby(pd.DatetimeIndex(frame.index).strftime("%Y-%m")):
        yield str(month), part


def _month(id: ServiceId, month: str, part: pd.DataFrame) -> MonthPeak:
    daily = part["tasks"].groupby(pd.DatetimeIndex(part.index).normalize()).mean()
    highest = {"memory_max": part["memory_max"], "cpu_max": part["cpu_max"], "tasks_max": daily}
    return MonthPeak(id=id, month=month, **{name: _high(values) for name, values in highest.items()})


def _high(values: pd.Series) -> float | None:
    return round(float(values.max()), 3) if values.notna().any() else None
