"""What Container Insights measured of services and of their containers, month by month.

A month and not a day is one record, so that 455 days of 3,000 services with several containers stay small.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from advisor.domain.service import ServiceId

InsightsMode = Literal["enabled", "enhanced"]
TASK = ""  # in the place of a container's name: the whole task


@dataclass(frozen=True, slots=True, kw_only=True)
class InsightsMonth:
    """What was seen of a service in one month ("2025-11", UTC); None = not measured.

    `container` is "" for what is of whole tasks. `days` of the month were measured, from midnight to midnight.
    `memory_mib` [MiB], `cpu_units` and `storage_gib` [GiB of ephemeral storage] are what one container, or task, used
    at most. `restarts`: (day, highest RestartCount), where above 0. `pending`: the days on which at least one task was
    pending in each sample.
    """

    id: ServiceId
    container: str = TASK
    month: str
    days: tuple[int, ...] = ()
    memory_mib: float | None = None
    cpu_units: float | None = None
    storage_gib: float | None = None
    restarts: tuple[tuple[int, int], ...] = ()
    pending: tuple[int, ...] = ()


NUMBERS = ("memory_mib", "cpu_units", "storage_gib")


def merge_insights(months: Iterable[InsightsMonth]) -> tuple[InsightsMonth, ...]:
    """One entry per service, container and month with the highest of each, sorted; in whichever order they come."""
    best: dict[tuple[ServiceId, str, str], InsightsMonth] = {}
    for month in months:
        key = (month.id, month.container, month.month)
        best[key] = _joined(best[key], month) if key in best else month
    return tuple(best[key] for key in sorted(best))


def _joined(one: InsightsMonth, other: InsightsMonth) -> InsightsMonth:
    def high(name: str) -> float | None:
        return max((v for v in (getattr(one, name), getattr(other, name)) if v is not None), default=None)

    restarts = dict(sorted((*one.restarts, *other.restarts)))  # of two for a day, the higher one comes last
    return InsightsMonth(
        id=one.id,
        container=one.container,
        month=one.month,
        days=tuple(sorted({*one.days, *other.days})),
        restarts=tuple(restarts.items()),
        pending=tuple(sorted({*one.pending, *other.pending})),
        **{name: high(name) for name in NUMBERS},
    )
