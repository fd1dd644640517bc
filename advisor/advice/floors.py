"""Scheduled floors: a minimum for each hour that the history needed, as few scheduled actions."""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

from advisor.domain.policy import ScheduledAction
from advisor.domain.units import DAY_SECONDS
from advisor.fargate.scaling import CEIL_TOLERANCE
from advisor.fargate.schedule import occurrences
from advisor.simulation import Load

Shape = Literal["day", "week"]
Level = npt.NDArray[np.int64]

HOURS, DAYS = 24, 7
DAY_NAMES = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
FIRST_WEEKEND_DAY = 5
LEAD_MINUTES = 10  # chosen: start-up, and one minute for the action to be carried out, with room
MOST_STEPS = 6  # chosen: a day with more steps is a plan that nobody reads
FEWEST_DAYS: dict[Shape, int] = {"day": 2, "week": 7}  # chosen: each hour of each kind of day was seen twice
_MINUTES = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Floors:
    """Scheduled actions that set the minimum, and the minimum [tasks] in force just after the history's end."""

    actions: tuple[ScheduledAction, ...]
    minimum: int


def scheduled_floors(
    load: Load,
    *,
    task_vcpu: float,
    share: float,
    quantile: float,
    shape: Shape = "day",
    timezone: str = "UTC",
    least: int = 1,
    most: int = 2**31 - 1,
) -> Floors | None:
    """Floors that would have held for a quantile of the minutes of every hour of the clock.

        floor of an hour = ceil(quantile of its work / (vCPU of a task x share))     [tasks]

    `shape` "day" takes all days alike, "week" working days and weekends apart. A rise is due `LEAD_MINUTES`
    before its hour, a fall on the hour; hours are joined (the higher floor holds) until a day has at most
    `MOST_STEPS` steps. Hours are those of `timezone`, an IANA name, so that a summer time is followed.
    None where the history has no instants, is shorter than `FEWEST_DAYS`, or needs the same floor at all hours.
    """
    if load.start is None or len(load.vcpu) * load.tick_seconds < FEWEST_DAYS[shape] * DAY_SECONDS:
        return None
    work = _work_by_day_kind(load, load.start.astimezone(ZoneInfo(timezone)), shape)
    kinds = [[_quantile(hour, quantile) for hour in kind] for kind in work]
    levels = [np.clip(_tasks(np.array(kind), task_vcpu * share), least, most) for kind in kinds]
    week = _week([joined(level, MOST_STEPS) for level in levels])
    if (week == week[0]).all():
        return None
    actions = _actions(week, timezone)
    return Floors(actions=actions, minimum=_in_force(actions, load, int(week.min())))


def ticked(actions: Sequence[ScheduledAction], load: Load) -> tuple[ScheduledAction, ...]:
    """The same actions at the ticks of a load, so that many replays need not look up the calendar again.

    Those that have no expression, and all of them where the load has no instants, stay as they are.
    """
    if load.start is None:
        return tuple(actions)
    end = load.start + timedelta(seconds=load.tick_seconds * len(load.vcpu))
    found: list[ScheduledAction] = []
    for action in actions:
        if action.expression is None:
            found.append(action)
            continue
        for instant in occurrences(action.expression, action.timezone, load.start, end):
            tick = math.ceil((instant - load.start).total_seconds() / load.tick_seconds)
            found.append(replace(action, expression=None, at_tick=tick))
    return tuple(found)


def joined(levels: Level, most: int) -> Level:
    """The levels of a day with at most `most` steps, none lower than before, each at the least cost in task-hours.

    >>> joined(np.array([1, 1, 5, 4, 1, 1]), 2).tolist()
    [1, 1, 5, 5, 1, 1]
    """
    found = levels.copy()
    while len(runs := _runs(found)) > max(most, 1):
        _, at, level = min(rise for at in range(len(runs)) for rise in _rises(found, runs, at))
        found[runs[at]] = level
    return found


def _work_by_day_kind(load: Load, start: datetime, shape: Shape) -> list[list[npt.NDArray[np.float64]]]:
    """The work of every minute by kind of day and hour of the local clock: [kind][hour] -> work  [vCPU]."""
    step = pd.Timedelta(seconds=load.tick_seconds)
    local = pd.date_range(start, periods=len(load.vcpu), freq=step)
    weekend = (local.day_of_week >= FIRST_WEEKEND_DAY) & (shape == "week")
    kinds = (False, True) if shape == "week" else (False,)
    hours = local.hour.to_numpy()
    return [[load.vcpu[(hours == hour) & (weekend == kind)] for hour in range(HOURS)] for kind in kinds]


def _quantile(work: npt.NDArray[np.float64], quantile: float) -> float:
    return float(np.quantile(work, quantile)) if work.size else 0.0


def _tasks(work: npt.NDArray[np.float64], per_task: float) -> Level:
    return np.ceil(work / per_task - CEIL_TOLERANCE.value).astype(np.int64)


def _week(kinds: Sequence[Level]) -> Level:
    """The levels of the 168 hours from Monday 0:00; one kind of day stands for all seven."""
    return np.concatenate([kinds[-1] if day >= FIRST_WEEKEND_DAY else kinds[0] for day in range(DAYS)])


def _runs(levels: Level) -> list[list[int]]:
    """Stretches of hours of equal level, around the clock: the last hour stands beside the first."""
    starts = np.flatnonzero(levels != np.roll(levels, 1))
    if not starts.size:
        return [list(range(len(levels)))]
    order = np.roll(np.arange(len(levels)), -starts[0])
    return [part.tolist() for part in np.split(order, starts[1:] - starts[0])]


def _rises(levels: Level, runs: Sequence[Sequence[int]], at: int) -> list[tuple[int, int, int]]:
    """(task-hours, run, level) for raising a run to a neighbour that is higher."""
    run = runs[at]
    beside = (int(levels[runs[other % len(runs)][0]]) for other in (at - 1, at + 1))
    return [((level - int(levels[run[0]])) * len(run), at, level) for level in beside if level > levels[run[0]]]


def _actions(week: Level, timezone: str) -> tuple[ScheduledAction, ...]:
    """One action for each change of level; changes at the same time of day to the same level share one."""
    before = np.roll(week, 1)
    days: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    for hour in np.flatnonzero(week != before):
        lead = LEAD_MINUTES if week[hour] > before[hour] else 0
        minute = (int(hour) * _MINUTES - lead) % (DAYS * HOURS * _MINUTES)
        days[minute % (HOURS * _MINUTES), int(week[hour])].append(minute // (HOURS * _MINUTES))
    return tuple(
        ScheduledAction(expression=_cron(minute, sorted(on)), timezone=timezone, minimum=level)
        for (minute, level), on in sorted(days.items())
    )


def _cron(minute: int, days: Sequence[int]) -> str:
    """AWS's cron for a time of day on some days of the week.

    >>> _cron(8 * 60 - 10, range(5))
    'cron(50 7 ? * MON-FRI *)'
    """
    at = f"{minute % _MINUTES} {minute // _MINUTES}"
    if len(days) == DAYS:
        return f"cron({at} * * ? *)"
    return f"cron({at} ? * {','.join(_stretches(days))} *)"


def _stretches(days: Sequence[int]) -> list[str]:
    """Names of days; three or more in a row as a range.  AWS's week begins on Sunday, so no range runs over it."""
    rows = [[day for _, day in group] for _, group in groupby(enumerate(days), key=_offset)]
    return [part for row in rows for part in _names(row)]


def _offset(numbered: tuple[int, int]) -> int:
    """The same for all days of a stretch without a hole."""
    place, day = numbered
    return day - place


def _names(days: Sequence[int]) -> list[str]:
    names = [DAY_NAMES[day] for day in days]
    return [f"{names[0]}-{names[-1]}"] if len(days) > 2 and days[-1] < DAYS - 1 else names


def _in_force(actions: Sequence[ScheduledAction], load: Load, least: int) -> int:
    """The floor of the last action before the end of the history; `least` where none was due."""
    if load.start is None:
        return least
    end = load.start + timedelta(seconds=load.tick_seconds * len(load.vcpu))
    due = [
        (max(instants), action.minimum)
        for action in actions
        if (instants := occurrences(action.expression or "", action.timezone, end - timedelta(days=8), end))
    ]
    return max(due, default=(end, least), key=lambda last: last[0])[1] or least
