"""What a bill's split-cost columns measured of services, and of families of tasks without one, day by day.

Source: split cost allocation data covers Fargate; its actual usage is the measured vCPU- and GB-hours of a task, while
the usage amount stays what was reserved (documented; no bill of a real account was read). Hours become days, with the
highest hour of one task: 3,000 owners are 90,000 days a month and would be two million hours. A record is a month
with its days in it, as tables of records are read whole.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal

from advisor.domain.service import ServiceId

MeasuredOf = Literal["service", "family"]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class MeasuredDay:
    """One day (UTC) of all tasks of an owner: unit-hours that were used, and that were billed for them.

    `vcpu_highest`, `gb_highest`: of the mean of one task in an hour, the highest  [share of what was billed for it in
    that hour]; None where the bill's rows tell no task or no hour apart. `written`: when the bill's file was.
    """

    day: int
    written: datetime
    vcpu_used: float = 0.0
    vcpu_reserved: float = 0.0
    vcpu_highest: float | None = None
    gb_used: float = 0.0
    gb_reserved: float = 0.0
    gb_highest: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredMonth:
    """The measured days of one month ("2026-11", UTC), sorted.

    `id` is `cluster/service`, or `cluster/family` of tasks without a service; `of` says which: both may have one name.
    """

    of: MeasuredOf
    id: ServiceId
    month: str
    days: tuple[MeasuredDay, ...]

    @property
    def dated(self) -> dict[date, MeasuredDay]:
        """The days by their dates."""
        return {date.fromisoformat(f"{self.month}-{day.day:02}"): day for day in self.days}


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredUse:
    """What tasks used of what was billed for them  [shares, 0 to 1]; None = not measured.

    Over the measured `days` from `start` to `end`, both included: `vcpu_share` and `gb_share` of all tasks together,
    `vcpu_highest` and `gb_highest` of one task in its highest hour, as the mean of that hour.
    """

    start: date
    end: date
    days: int
    vcpu_share: float | None = None
    gb_share: float | None = None
    vcpu_highest: float | None = None
    gb_highest: float | None = None


def merge_measured(months: Iterable[MeasuredMonth]) -> tuple[MeasuredMonth, ...]:
    """One entry per owner and month, sorted, each day once; in whichever order they come.

    Of two readings of a day that of the file that was written later counts, as AWS restates a month until it closes; of
    two from one time that with more billed (more tasks are known by their runs).
    """
    found: dict[tuple[ServiceId, MeasuredOf, str], list[MeasuredMonth]] = {}
    for month in months:
        found.setdefault((month.id, month.of, month.month), []).append(month)
    return tuple(_joined(found[key]) for key in sorted(found))


def _joined(readings: Sequence[MeasuredMonth]) -> MeasuredMonth:
    best: dict[int, MeasuredDay] = {}
    for day in (day for month in readings for day in month.days):
        held = best.setdefault(day.day, day)
        if held != day:
            best[day.day] = max(held, day, key=_rank)
    return replace(readings[0], days=tuple(best[day] for day in sorted(best)))


def _rank(day: MeasuredDay) -> tuple[datetime, float, str]:
    return day.written, day.vcpu_reserved + day.gb_reserved, repr(day)
