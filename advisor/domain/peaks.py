"""The highest use of each month before the minutes that are held: what a yearly peak leaves in CloudWatch."""

from collections.abc import Iterable
from dataclasses import dataclass

from advisor.domain.service import ServiceId


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthPeak:
    """The highest use of a service in one month ("2025-11"); None = nothing was measured.

    `memory_max` and `cpu_max`: of the fullest and the hottest task [percent of its reservation at that time].
    `tasks_max`: tasks that ran on average on the busiest day.
    """

    id: ServiceId
    month: str
    memory_max: float | None = None
    cpu_max: float | None = None
    tasks_max: float | None = None


def merge_peaks(peaks: Iterable[MonthPeak]) -> tuple[MonthPeak, ...]:
    """One entry per service and month with the highest of each, sorted; in whichever order they come."""
    best: dict[tuple[ServiceId, str], MonthPeak] = {}
    for peak in peaks:
        key = (peak.id, peak.month)
        best[key] = _higher(best[key], peak) if key in best else peak
    return tuple(best[key] for key in sorted(best))


def _higher(one: MonthPeak, other: MonthPeak) -> MonthPeak:
    def high(name: str) -> float | None:
        return max((v for v in (getattr(one, name), getattr(other, name)) if v is not None), default=None)

    return MonthPeak(
        id=one.id,
        month=one.month,
        memory_max=high("memory_max"),
        cpu_max=high("cpu_max"),
        tasks_max=high("tasks_max"),
    )
