"""The minimum and maximum that scheduled actions have put in force at an instant."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from advisor.domain.errors import SetupRefused
from advisor.fargate.schedule import occurrences

_LOOK_BACK = (1, 8, 32, 367)  # days; the shortest that finds one, as every occurrence in it is listed


def in_force(
    base: tuple[int, int], actions: Mapping[str, Mapping[str, Any]], *, now: datetime, since: datetime | None = None
) -> tuple[int, int]:
    """(minimum, maximum) at `now`: `base` with the newest setting that any action has made of each.

    `actions`: parameters of PutScheduledAction by name. `since`: `base` held then, so only what ran after it
    counts; None = `base` holds where no action has run within a year. A minimum never exceeds the maximum.
    """
    low, high = base
    found = ((at, action) for action in actions.values() if (at := _last(action, now=now, since=since)))
    for _, action in sorted(found, key=lambda pair: pair[0]):
        bounds = action.get("ScalableTargetAction", {})
        low, high = bounds.get("MinCapacity", low), bounds.get("MaxCapacity", high)
    return min(low, high), high


def _last(action: Mapping[str, Any], *, now: datetime, since: datetime | None) -> datetime | None:
    """When the action ran last, by `now`; None where it did not."""
    start, end = (_instant(action.get(key)) for key in ("StartTime", "EndTime"))
    first = max(at for at in (since, start, now - timedelta(days=_LOOK_BACK[-1])) if at is not None)
    last = min(at for at in (now, end) if at is not None)
    for window in _windows(first, last):
        ran = [at for at in _occurrences(action, window, last) if since is None or at > since]
        if ran:
            return ran[-1]
    return None


def _windows(first: datetime, last: datetime) -> Iterator[datetime]:
    for days in _LOOK_BACK:
        window = last - timedelta(days=days)
        yield max(first, window)
        if window <= first:
            return


def _occurrences(action: Mapping[str, Any], start: datetime, last: datetime) -> list[datetime]:
    """An expression that cannot be read is AWS's to run; its settings are then not foreseen."""
    end = last + timedelta(seconds=1)
    if end <= start:
        return []
    try:
        return occurrences(action["Schedule"], action.get("Timezone") or "UTC", start, end)
    except SetupRefused:
        return []


def _instant(value: datetime | str | None) -> datetime | None:
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    return None if value is None else value.astimezone(UTC)
