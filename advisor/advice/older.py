"""What the months before the reviewed days say against a change: a yearly peak that the minutes do not show."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from advisor.domain.finding import Advice, Caution
from advisor.domain.inventory import Service
from advisor.domain.peaks import MonthPeak
from advisor.domain.service import TaskSize


def with_older(advice: Advice, service: Service, peaks: Iterable[MonthPeak]) -> Advice:
    """The advice with a caution for each way in which an earlier month would not have fitted into it."""
    return replace(advice, cautions=(*advice.cautions, *_cautions(advice, service, peaks)))


def _cautions(advice: Advice, service: Service, peaks: Iterable[MonthPeak]) -> Iterator[Caution]:
    wanted, told = advice.recommended, list(peaks)
    if wanted is None or advice.verdict != "change":
        return
    memory = max(((_gib(peak, service), peak.month) for peak in told if peak.memory_max), default=(0.0, ""))
    if memory[0] > wanted.size.gib:
        yield Caution(
            code="older-memory-peak",
            text=f"In {memory[1]}, before the days reviewed, its fullest task used {memory[0]:.1f} GiB, by the size "
            f"that is known of then: more than the {wanted.size.gib:g} GiB recommended.",
        )
    tasks = max(((peak.tasks_max, peak.month) for peak in told if peak.tasks_max), default=(0.0, ""))
    lowered = wanted.bounds[1] * wanted.size.cpu < advice.current.bounds[1] * advice.current.size.cpu
    follows_load = bool(advice.current.policies)  # else how many tasks ran says nothing of how busy they were
    if follows_load and lowered and tasks[0] * _size_in(tasks[1], service).cpu > wanted.bounds[1] * wanted.size.cpu:
        yield Caution(
            code="older-load-peak",
            text=f"In {tasks[1]}, before the days reviewed, {tasks[0]:.0f} tasks ran on its busiest day on average: "
            f"more CPU than the recommended maximum of {wanted.bounds[1]} tasks has.",
        )


def _gib(peak: MonthPeak, service: Service) -> float:
    return (peak.memory_max or 0.0) / 100 * _size_in(peak.month, service).gib


def _size_in(month: str, service: Service) -> TaskSize:
    """The size of a task at the start of a month, as far back as is known."""
    before = [change.size for change in service.sizes if f"{change.at:%Y-%m}" < month]
    first = service.sizes[0].size if service.sizes else service.setup.size
    return before[-1] if before else first
