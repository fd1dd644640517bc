"""From when to when services are asked for, in which steps, and which of them together."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta

from advisor.domain.schema import SHORT_STEP
from advisor.domain.service import ServiceId

SHORT, MINUTE, DAY = timedelta(seconds=SHORT_STEP), timedelta(minutes=1), timedelta(days=1)
POINTS_PER_BATCH = 10_800_000  # chosen: 100 services of 15 days; 43 MB
KEPT = timedelta(days=15)  # documented: how long CloudWatch keeps one-minute data
KEPT_SHORT = timedelta(hours=3)  # documented: how long CloudWatch keeps points of less than a minute
MARGIN = timedelta(minutes=15)  # chosen: the collection itself takes time, and older than KEPT is refused
SETTLED = timedelta(minutes=3)  # chosen: a minute may still change until then
LATE = timedelta(days=1)  # chosen: where nothing came, it may come so late; delays of CloudWatch have lasted for hours
SETTLED_DAY = timedelta(hours=2)  # chosen: a day may still change until so long after its end
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def together(
    starts: Mapping[ServiceId, datetime],
    *,
    series: Callable[[ServiceId], int],
    steps: Callable[[datetime], int],
    near: Callable[[datetime], timedelta],
) -> Iterator[tuple[datetime, tuple[ServiceId, ...]]]:
    """Services in groups as large as memory allows, each with its first start, earlier ones first.

    `series`: how many a service has; `steps`: how many there are from a start on; `near`: how far from it the other
    starts of a group may be.
    """
    waiting = sorted((start, id) for id, start in starts.items())
    while waiting:
        start = waiting[0][0]
        room = POINTS_PER_BATCH // max(1, steps(start))
        some = _first(waiting, series, room=room, latest=start + near(start))
        yield start, some
        waiting = waiting[len(some) :]


def _first(
    waiting: Iterable[tuple[datetime, ServiceId]],
    series: Callable[[ServiceId], int],
    *,
    room: int,
    latest: datetime,
) -> tuple[ServiceId, ...]:
    """The first services that have no more series than `room` together; one in any case."""
    some: list[ServiceId] = []
    for begin, id in waiting:
        room -= series(id)
        if some and (room < 0 or begin > latest):
            break
        some.append(id)
    return tuple(some)


def settled(now: datetime) -> datetime:
    """Until when (exclusive) points are asked for."""
    return rounded_down(now - SETTLED, MINUTE)


def settled_day(now: datetime) -> datetime:
    """Until when (exclusive) days are over and do not change any more."""
    return rounded_down(now - SETTLED_DAY, DAY)


def oldest_minute(now: datetime) -> datetime:
    """Where the minutes begin, and longer steps end."""
    return rounded_up(now - KEPT + MARGIN, 5 * MINUTE)


def rounded_down(instant: datetime, step: timedelta) -> datetime:
    """The whole step (of UTC) at or before an instant."""
    return instant - (instant - _EPOCH) % step


def rounded_up(instant: datetime, step: timedelta) -> datetime:
    """The whole step (of UTC) at or after an instant."""
    return instant + (_EPOCH - instant) % step
