"""What memory a task must have at least, whatever its percentiles say, and what is told of it.

===========  =================================================================================================
floor        why
===========  =================================================================================================
not measured nothing is known of it: no less than today
containers   several containers with stated memory must fit together: no change of theirs is advised
kills        more than a task that was killed for want of it
heaps        what their own limits allow them to take in the end
older days   more than a task held on days before the minutes, with the margin of the highest
held         what one of its containers held
leak         what it grows to is set by when it is restarted, not by load: as much as it takes until then, once more
===========  =================================================================================================
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from math import ceil, expm1, log

from advisor.advice.containers import container_floors, stated_mib
from advisor.advice.guardrails import Floor, gib_words
from advisor.advice.inside import heap_floors
from advisor.advice.rules import FAR_DAYS, KILLS_COUNT_DAYS, USUAL
from advisor.advice.tail import DAYS_AHEAD, FEWEST_TO_GROW, evidence
from advisor.advice.words import share
from advisor.domain.finding import Caution
from advisor.domain.inventory import TaskDefinition
from advisor.domain.service import TaskSize
from advisor.domain.units import MIB_PER_GIB
from advisor.profile import Demand, Leak
from advisor.profile.fit import MEMORY_FULL_SHARE as FULL


def floors(demand: Demand, definition: TaskDefinition | None, today: TaskSize, leak: Leak | None) -> tuple[Floor, ...]:
    """Every floor that holds for tasks that have the size `today`."""
    return (
        *_unmeasured(demand, today),
        *_kills(demand),
        *_containers(definition),
        *heap_floors(definition, today),
        *_older(demand, today),
        *container_floors(demand, definition, today),
        *_leaking(leak, today),
    )


def leak_cautions(leak: Leak | None, today: TaskSize, then: TaskSize | None) -> tuple[Caution, ...]:
    """That memory leaks, how fast, and how long a task lives with its memory, today and then, and from now on."""
    if leak is None:
        return ()
    fell = f", and fell at {leak.restarts} restarts" if leak.restarts else ""
    full = " Tasks reach all of it: they are probably killed there." if leak.top_gib >= FULL * today.gib else ""
    other = (
        f", with {then.gib:g} GiB {_days(leak, leak.low_gib, then)}"
        if then is not None and then.memory != today.memory
        else ""
    )
    text = (
        f"Memory leaks: it rises by {leak.gib_per_day:.2g} GiB a day whatever the work is, up to {leak.top_gib:.2f}"
        f" GiB so far{fell}. From {leak.low_gib:.2f} GiB on, a task with {today.gib:g} GiB lives"
        f" {_days(leak, leak.low_gib, today)}{other}. The fullest holds {leak.latest_gib:.2f} GiB now, and has"
        f" {_days(leak, leak.latest_gib, today)} left.{full} More memory only delays the end: mend it, or restart"
        " before."
    )
    return (Caution(code="leak", text=text),)


def growth_cautions(
    peaks_gib: Sequence[float], leak: Leak | None, today: TaskSize, then: TaskSize
) -> tuple[Caution, ...]:
    """How soon memory that grows steadily reaches a size, where it does within `FAR_DAYS`; nothing of a leak."""
    growth = evidence(peaks_gib).growth if leak is None and len(peaks_gib) >= FEWEST_TO_GROW else 0.0
    if growth <= 0:
        return ()
    days = {size.gib: log(size.gib / max(peaks_gib)) / growth for size in (today, then)}
    near = [f"{gib:g} GiB in {max(0.0, left):.0f} days" for gib, left in days.items() if left <= FAR_DAYS]
    if not near:
        return ()
    going = f"grows by {share(expm1(growth))} a day: going on like that, it reaches {', '.join(near)}"
    text = f"The daily peak of memory {going}."
    return (Caution(code="memory-grows", text=text),)


def _days(leak: Leak, held_gib: float, size: TaskSize) -> str:
    """How long a task that holds so much lives."""
    return f"{max(0.0, size.gib - held_gib) / leak.gib_per_day:.1f} days"


def _older(demand: Demand, today: TaskSize) -> Iterator[Floor]:
    if demand.older:
        highest = max(demand.older, key=lambda day: day.gib)
        mib = min(ceil(highest.gib * MIB_PER_GIB * USUAL.memory), today.memory)
        yield Floor(mib=mib, broken=f"a task held {highest.gib:.3g} GiB on {highest.day}, before the minutes")


def _unmeasured(demand: Demand, today: TaskSize) -> Iterator[Floor]:
    if not (demand.frame["hot_gib"] > 0).any():
        yield Floor(mib=today.memory, broken="its memory was never measured, so it gets no smaller")


def _kills(demand: Demand) -> Iterator[Floor]:
    """One MiB more than the largest task that was killed, of the kills that still count."""
    since = demand.frame.index[-1] - timedelta(days=KILLS_COUNT_DAYS)
    most = max((kill.memory for kill in demand.kills if not kill.container and kill.at >= since), default=0)
    if most:
        yield Floor(mib=most + 1, broken=f"a task with {gib_words(most)} was killed for want of memory")


def _containers(definition: TaskDefinition | None) -> Iterator[Floor]:
    """Nothing for one container, whose limit can follow."""
    if definition is not None and len(definition.containers) > 1:
        stated = sum(map(stated_mib, definition.containers))
        yield Floor(mib=stated, broken=f"its containers state {gib_words(stated)} together")


def _leaking(leak: Leak | None, today: TaskSize) -> Iterator[Floor]:
    """The top and what is added until the next restart, or for a month where none was seen; no more than today."""
    if leak is None:
        return
    wanted = leak.top_gib + leak.gib_per_day * (leak.longest_days if leak.restarts else DAYS_AHEAD)
    mib = min(today.memory, ceil(wanted * MIB_PER_GIB))
    yield Floor(mib=mib, broken=f"its memory leaks: it would be at its end before {gib_words(mib)} are")
