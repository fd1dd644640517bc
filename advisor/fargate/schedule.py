"""When AWS runs a schedule: `cron(...)`, `rate(...)`, `at(...)`, with an IANA time zone.

AWS's cron has six fields, minute to year; days of the week are 1-7 or SUN-SAT, where cronsim counts 0-7 from
Sunday; one of the two day fields is `?`. Documented: botocore 1.44.5, `application-autoscaling`
PutScheduledAction, and the EventBridge guide. Chosen, as AWS does not say: `rate` counts from the start of the
window that is asked for; an hour that daylight saving skips runs as soon as it is over, and one that it repeats
runs once.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from advisor.domain.errors import SetupRefused

_FORM = re.compile(r"(?P<kind>cron|rate|at)\((?P<inside>[^()]{1,256})\)")
_RATE = re.compile(r"(?P<count>[1-9]\d{0,6}) (?P<unit>minute|hour|day)s?")
_UNITS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_YEAR = re.compile(r"(?P<low>\d{4}|\*)(?:-(?P<high>\d{4}))?(?:/(?P<step>[1-9]\d{0,2}))?")
_NEAREST_WEEKDAY = re.compile(r"([1-9]|[12]\d|3[01])W", re.IGNORECASE)
Fields = tuple[str, str, str, str, str]

_FIRST_YEAR, _LAST_YEAR = 1970, 2199  # documented for the year field

RULE = "cron(minute hour day-of-month month day-of-week year), rate(count unit) or at(yyyy-mm-ddThh:mm:ss)"


def occurrences(
    expression: str, timezone: str, start: datetime, end: datetime, *, where: str = "schedule"
) -> list[datetime]:
    """Every instant in [start, end) at which the expression is due, in UTC; raises SetupRefused.

    >>> day = datetime(2026, 7, 6, tzinfo=UTC)
    >>> [str(at) for at in occurrences("cron(0 8 ? * MON-FRI *)", "Asia/Tokyo", day, day + timedelta(days=2))]
    ['2026-07-06 23:00:00+00:00', '2026-07-07 23:00:00+00:00']
    """
    return list(_occurrences(expression, timezone, start, end, where))


@lru_cache(maxsize=1024)  # a search replays the same schedules over the same days again and again
def _occurrences(expression: str, timezone: str, start: datetime, end: datetime, where: str) -> Sequence[datetime]:
    if start.tzinfo is None or end.tzinfo is None:
        raise SetupRefused("instants without offset", where=where, value=start, rule="both have a time zone")
    kind, inside = _split(expression, where=where)
    if kind == "rate":
        return _rate(inside, start, end, expression=expression, where=where)
    zone = _zone(timezone, where=where)
    if kind == "at":
        due = _at(inside, zone, where=where)
        return [due] if start <= due < end else []
    return _cron(inside, zone, start, end, expression=expression, where=where)


def check_schedule(expression: str, timezone: str, *, where: str = "schedule") -> None:
    """Raise SetupRefused for an expression or a time zone that AWS would not take."""
    day = datetime(2026, 1, 1, tzinfo=UTC)
    occurrences(expression, timezone, day, day + timedelta(days=1), where=where)


def _split(expression: str, *, where: str) -> tuple[Literal["cron", "rate", "at"], str]:
    found = _FORM.fullmatch(expression.strip())
    if not found:
        raise SetupRefused("unreadable schedule", where=where, value=expression, rule=RULE)
    return found["kind"], found["inside"].strip()  # type: ignore[return-value]


def _zone(name: str, *, where: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        rule = 'a name of the IANA database ("Europe/Berlin")'
        raise SetupRefused("unknown time zone", where=where, value=name, rule=rule) from None


def _rate(inside: str, start: datetime, end: datetime, *, expression: str, where: str) -> list[datetime]:
    found = _RATE.fullmatch(inside)
    if not found:
        rule = "rate(count unit), unit is minutes, hours or days"
        raise SetupRefused("unreadable schedule", where=where, value=expression, rule=rule)
    step = int(found["count"]) * _UNITS[found["unit"]]
    first = start.astimezone(UTC)
    return [first + i * step for i in range(max(0, -((first - end) // step)))]


def _at(inside: str, zone: tzinfo, *, where: str) -> datetime:
    try:
        local = datetime.strptime(inside, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=zone)
    except ValueError:
        rule = "at(yyyy-mm-ddThh:mm:ss)"
        raise SetupRefused("unreadable schedule", where=where, value=inside, rule=rule) from None
    return local.astimezone(UTC)


def _cron(inside: str, zone: tzinfo, start: datetime, end: datetime, *, expression: str, where: str) -> list[datetime]:
    fields = inside.upper().split()
    if len(fields) != 6:
        raise SetupRefused("not six fields", where=where, value=expression, rule=RULE)
    minute, hour, day, month, weekday, year = fields
    if (day == "?") == (weekday == "?"):
        rule = "exactly one of day-of-month and day-of-week is ?"
        raise SetupRefused("unclear days", where=where, value=expression, rule=rule)
    years = _years(year, expression=expression, where=where)
    try:
        five = (minute, hour, "*" if day == "?" else day, month, _weekdays(weekday))
        if found := _NEAREST_WEEKDAY.fullmatch(day):
            due = _nearest_weekdays(five, int(found[1]), zone, start, end)
        else:
            due = _walk(five, zone, start, end)
        return [at for at in due if at.astimezone(zone).year in years]
    except (CronSimError, ValueError) as error:
        raise SetupRefused("unreadable schedule", where=where, value=expression, rule=f"{RULE}: {error}") from None


def _walk(five: Fields, zone: tzinfo, start: datetime, end: datetime) -> Iterator[datetime]:
    """The instants of a five-field expression in [start, end), in UTC."""
    for local in CronSim(" ".join(five), start.astimezone(zone) - timedelta(seconds=1)):
        at = local.astimezone(UTC)
        if at >= end:
            return
        if at >= start:
            yield at


def _nearest_weekdays(five: Fields, day: int, zone: tzinfo, start: datetime, end: datetime) -> Iterator[datetime]:
    """As `_walk`, on the weekday (MON-FRI) nearest to a day of the month, within that month."""
    minute, hour, _, month, weekday = five
    months = ("0", "0", "1", month, "*")
    for first in _walk(months, UTC, start - timedelta(days=33), end + timedelta(days=1)):
        last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        if day > last.day:
            continue
        middle = first.replace(day=day)
        near = min(
            (first + timedelta(days=i) for i in range(last.day)),
            key=lambda d: (d.weekday() >= 5, abs((d - middle).days)),
        )
        day_start = near.replace(tzinfo=zone).astimezone(UTC)
        day_end = (near + timedelta(days=1)).replace(tzinfo=zone).astimezone(UTC)
        yield from _walk((minute, hour, str(near.day), month, weekday), zone, max(start, day_start), min(end, day_end))


def _weekdays(field: str) -> str:
    """AWS's days of the week, 1-7 or SUN-SAT, as cronsim's, 0-6; `?` is any."""
    return "*" if field == "?" else ",".join(_weekday_part(part) for part in field.split(","))


def _weekday_part(part: str) -> str:
    """`MON`, `MON-FRI`, `*/2`, `MON/2`: a step without an end runs to Saturday; cronsim would count on to Sunday."""
    days, slash, step = part.partition("/")
    if days == "*":
        return part
    first, dash, last = days.partition("-")
    if not slash:
        return f"{_weekday(first)}-{_weekday(last)}" if dash else _weekday(first)
    return f"{_weekday(first)}-{_weekday(last) if dash else 6}/{step}"


def _weekday(day: str) -> str:
    """One day: `2`, `MON`, `6L` (the last), `2#1` (the first), `L` (Saturday)."""
    if day == "L":
        return "6"
    found = re.fullmatch(r"([1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)(L|#[1-5])?", day)
    if not found:
        raise ValueError(f"day of the week {day[:10]!r}")
    number = _DAYS.index(found[1]) if found[1] in _DAYS else int(found[1]) - 1
    return f"{number}{found[2] or ''}"


def _years(field: str, *, expression: str, where: str) -> set[int]:
    years: set[int] = set()
    for part in field.split(","):
        found = _YEAR.fullmatch(part)
        low, high = _year_range(found) if found else (1, 0)
        if not found or not _FIRST_YEAR <= low <= high <= _LAST_YEAR:
            rule = f"years are *, {_FIRST_YEAR}-{_LAST_YEAR}, lists, ranges and steps"
            raise SetupRefused("unreadable year", where=where, value=expression, rule=rule)
        years |= set(range(low, high + 1, int(found["step"] or 1)))
    return years


def _year_range(found: re.Match[str]) -> tuple[int, int]:
    low = _FIRST_YEAR if found["low"] == "*" else int(found["low"])
    open_end = found["low"] == "*" or found["step"]
    return low, int(found["high"] or (_LAST_YEAR if open_end else low))
