"""What runs inside a task and does not follow its size by itself: heaps, and containers with limits of their own."""

from collections.abc import Iterator
from math import ceil

from advisor.advice.guardrails import Floor, gib_words
from advisor.advice.words import printable
from advisor.domain.finding import Caution
from advisor.domain.inventory import Container, Heap, TaskDefinition
from advisor.domain.service import TaskSize
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
    definition: TaskDefinition | None, demand: Demand, today: TaskSize, then: TaskSize
) -> tuple[Caution, ...]:
    """What to know of heaps and containers before a change of memory; where it stays, only what follows its size."""
    stays = then.memory == today.memory
    found = ((c, c.heap) for c in _containers(definition) if c.heap is not None)
    heaps = (_heap(container, heap, then) for container, heap in found if heap.share is not None or not stays)
    return (*heaps, *_followed(demand), *(() if stays else _shared(definition, then)))


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


def _shared(definition: TaskDefinition | None, then: TaskSize) -> Iterator[Caution]:
    """What each of several containers keeps, and what is left to all."""
    containers = _containers(definition)
    if len(containers) < 2:
        return
    kept = ", ".join(f"{printable(container.name)} {_keeps(container)}" for container in containers)
    left = then.memory - sum(container.memory_reservation or container.memory or 0 for container in containers)
    text = (
        f"Of {then.gib:g} GiB the containers keep what they state: {kept}; {gib_words(max(left, 0))} are left to all."
    )
    yield Caution(code="containers", text=text)


def _keeps(container: Container) -> str:
    aside = f"{gib_words(container.memory_reservation)} set aside" if container.memory_reservation else ""
    most = f"at most {gib_words(container.memory)}" if container.memory else ""
    return " and ".join(part for part in (aside, most) if part) or "nothing stated"
