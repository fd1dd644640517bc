"""The highest use of each month before the minutes that are held: what a yearly peak leaves in CloudWatch."""

from collections.abc import Iterable
from dataclasses import dataclass

from advisor.domain.service import ServiceId


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthPeak:
    """The highest use of a service in one month ("2025-11"); None = nothing was measured.

    `memory_max` and `cpu_max`: of the fullest and the hottest task [percent of its reservation at that time].
    `tasks_max`: tasks that ran on average on the busiest day. Of tasks without a service, `id` is `cluster/family`, and
    `task_vcpu_max` [vCPU] and `task_gib_max` [GiB] are what one of them used at most.
    """

    id: ServiceId
    month: str
    memory_max: float | None = None
    cpu_max: float | None = None
    tasks_max: float | None = None
    task_vcpu_max: float | None = None
    task_gib_max: float | None = None


NUMBERS = ("memory_max", "cpu_max", "tasks_max", "task_vcpu_max", "task_gib_max")


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

    return MonthPeak(id=one.id, month=one.month, **{name: high(name) for name in NUMBERS})
