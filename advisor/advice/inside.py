"""What runs inside a task and does not follow its size by itself: heaps, and containers with limits of their own."""

from collections.abc import Iterator, Sequence
from math import ceil

from advisor.advice.containers import ContainerUse, lower_limits, stated_mib, uses_of
from advisor.advice.guardrails import Floor, gib_words
from advisor.advice.rules import HELD_UP
from advisor.domain.errors import printable
from advisor.domain.finding import Caution
from advisor.domain.inventory import Container, Heap, TaskDefinition
from advisor.domain.service import TaskSize
from advisor.domain.units import MIB_PER_GIB
from advisor.profile import Demand, follows_size

_NAMES = {"jvm": "Java", "node": "Node.js"}
_OPTIONS = {"jvm": "-Xmx", "node": "--max-old-space-size"}


def heap_floors(definition: TaskDefinition | None, today: TaskSize) -> Iterator[Floor]:
    """All that the heaps may take by their commands; no more than today, since they live with that."""
    most = sum(container.heap.most or 0 for container in _containers(definition) if container.heap)
    if most:
        mib = min(most, today.memory)
        yield Floor(mib=mib, broken=f"the heaps of its containers may take {gib_words(most)} by their own limits")


def inside_cautions(
    definition: TaskDefinition | None,
    whole: Demand,
    peak_gib: float,
    *,
    today: TaskSize,
    then: TaskSize,
    margin: float | None,
) -> tuple[Caution, ...]:
    """What to know of heaps and containers before a change of size, and what keeps memory from being less.

    `whole`: the demand with the days before a change of size; `peak_gib`: the most that a task held; `margin`: times
    what was held, which memory must have, None where what was held says nothing of what will be.
    """
    found = ((c, c.heap) for c in _containers(definition) if c.heap is not None)
    memory = then.memory != today.memory
    heaps = (_heap(container, heap, then) for container, heap in found if heap.share is not None or memory)
    uses = uses_of(whole, definition)
    several = _several(uses, today, then, peak_gib, margin) if len(uses) > 1 else ()
    return (*heaps, *_followed(whole), *several)


def _containers(definition: TaskDefinition | None) -> tuple[Container, ...]:
    return () if definition is None else definition.containers


def _heap(container: Container, heap: Heap, then: TaskSize) -> Caution:
    name, option = _NAMES[heap.runtime], _OPTIONS[heap.runtime]
    who = f"{name} in the container {printable(container.name)}"
    if heap.most is not None:
        text = (
            f"{who} may take a heap of {gib_words(heap.most)} ({option}), whatever the task has: change it with the"
            " size. It needs more than its heap."
        )
        return Caution(code="heap", text=text)
    memory = min(container.memory or then.memory, then.memory)
    if heap.share is not None:
        text = (
            f"{who} takes up to {heap.share:g} % of its memory as heap (MaxRAMPercentage), so"
            f" {gib_words(ceil(memory * heap.share / 100))} of {gib_words(memory)}: what it held was what it was"
            " allowed, not what it needs. Try another size on one task first."
        )
        return Caution(code="heap", text=text)
    options = f"{option} or MaxRAMPercentage" if heap.runtime == "jvm" else option
    text = (
        f"{who} sizes its heap by the memory that it sees, unless its environment, which is not read, sets a limit"
        f" ({options}): look there before its memory changes."
    )
    return Caution(code="heap", text=text)


def _followed(demand: Demand) -> Iterator[Caution]:
    found = follows_size(demand)
    if found is not None:
        text = (
            f"Memory followed the size: a task used {found.share_before:.0%} of {found.before:g} GiB and"
            f" {found.share_after:.0%} of {found.after:g} GiB, as a heap does that is set in percent. What it needs was"
            " not seen: it may do with less, or not."
        )
        yield Caution(code="memory-follows-size", text=text)


def _several(
    uses: Sequence[ContainerUse], today: TaskSize, then: TaskSize, peak_gib: float, margin: float | None
) -> Iterator[Caution]:
    """What each of several containers keeps in another size, what is left to all, and limits that hold memory up."""
    containers = [use.container for use in uses]
    stated, shares = sum(map(stated_mib, containers)), sum(container.cpu or 0 for container in containers)
    if then.memory != today.memory or any(use.mib for use in uses):
        kept = ", ".join(f"{printable(use.container.name)} {_keeps(use.container)}{use.held}" for use in uses)
        left = then.memory - sum(container.memory_reservation or container.memory or 0 for container in containers)
        text = (
            f"Of {then.gib:g} GiB the containers keep what they state: {kept};"
            f" {gib_words(max(left, 0))} are left to all."
        )
        yield Caution(code="containers", text=text)
    if then.memory > today.memory and all(container.memory for container in containers):
        text = (
            "Every container has a memory limit of its own: more memory for the task reaches none until they are"
            " raised."
        )
        yield Caution(code="containers-limited", text=text)
    if then.memory <= today.memory and 0 < peak_gib * HELD_UP * MIB_PER_GIB < stated:
        lower = "" if margin is None else lower_limits(uses, margin)
        text = (
            f"The containers state {gib_words(stated)} together and hold {peak_gib:.2f} GiB at most: where their limits"
            f" may be lower, the task may be smaller.{lower}"
        )
        yield Caution(code="containers-hold-memory", text=text)
    if then.cpu < min(today.cpu, shares):
        used = ", ".join(f"{printable(u.container.name)} {u.units:.0f}" for u in uses if u.units is not None)
        text = f"CPU shares of {shares} units do not fit {then.cpu}: a plan cuts them in proportion."
        text += f" Units used at most: {used}." if used else ""
        yield Caution(code="containers-cpu", text=text)


def _keeps(container: Container) -> str:
    aside = f"{gib_words(container.memory_reservation)} set aside" if container.memory_reservation else ""
    most = f"at most {gib_words(container.memory)}" if container.memory else ""
    return " and ".join(part for part in (aside, most) if part) or "nothing stated"
