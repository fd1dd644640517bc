"""How the containers' own limits change with the task's size, so that the new revision is legal and useful.

On Fargate (documented): container CPU shares sum to at most the task's CPU; a container's memory limit is at
most the task's memory; memory set aside for all containers fits the task; a reservation is below its limit.
"""

from collections.abc import Iterator
from typing import Any

from advisor.domain.inventory import Container, TaskDefinition
from advisor.domain.service import TaskSize

LEAST_CPU_SHARE = 2  # documented: Linux treats a share of 1 as 2


def fit_containers(old: TaskDefinition, new: TaskSize) -> list[dict[str, Any]]:
    """The containers that change, as `name` and the changed AWS fields.

    CPU shares are kept where they fit; else they shrink with the task. The memory limit of an only container
    follows the task's. Limits of several containers are never cut: raises ValueError with the reason.
    """
    changed = _shares(old, new)
    if len(old.containers) == 1:
        changed = _joined(changed, _only_container(old, new))
    else:
        _check_several(old, new)
    return [{"name": name, **fields} for name, fields in changed.items() if fields]


def _joined(first: dict[str, dict[str, int]], second: dict[str, dict[str, int]]) -> dict[str, dict[str, int]]:
    return {name: {**first.get(name, {}), **second.get(name, {})} for name in {**first, **second}}


def _shares(old: TaskDefinition, new: TaskSize) -> dict[str, dict[str, int]]:
    total = sum(c.cpu or 0 for c in old.containers)
    if total <= new.cpu and (old.os == "LINUX" or new.cpu == old.size.cpu):
        return {}  # on Linux shares are relative, so they go on meaning the same
    whole = max(old.size.cpu, total)
    shares = {c.name: max(c.cpu * new.cpu // whole, min(c.cpu, LEAST_CPU_SHARE)) for c in old.containers if c.cpu}
    if sum(shares.values()) > new.cpu:
        raise ValueError(f"{len(shares)} containers' CPU shares do not fit {new.cpu} CPU units")
    held = {c.name: c.cpu for c in old.containers}
    return {name: {"cpu": share} for name, share in shares.items() if share != held[name]}


def _only_container(old: TaskDefinition, new: TaskSize) -> dict[str, dict[str, int]]:
    held = old.containers[0]
    fields: dict[str, int] = {}
    if held.memory is not None and (held.memory > new.memory or new.memory > old.size.memory):
        fields["memory"] = new.memory
    limit = fields.get("memory", held.memory)
    if held.memory_reservation is not None:
        most = new.memory if limit is None else limit - 1
        if held.memory_reservation > most:
            fields["memoryReservation"] = most
    return {held.name: fields}


def _check_several(old: TaskDefinition, new: TaskSize) -> None:
    for problem in _several_problems(old.containers, old.size, new):
        raise ValueError(problem)


def _several_problems(containers: tuple[Container, ...], old: TaskSize, new: TaskSize) -> Iterator[str]:
    limits = [c.memory for c in containers if c.memory is not None]
    set_aside = sum(c.memory_reservation or c.memory or 0 for c in containers)
    if limits and max(limits) > new.memory:
        yield f"a container's own memory limit of {max(limits)} MiB does not fit {new.memory} MiB"
    if set_aside > new.memory:
        yield f"the containers set aside {set_aside} MiB, which does not fit {new.memory} MiB"
    grows = new.memory > old.memory and new.cpu <= old.cpu  # else memory may grow only because the CPU does
    if grows and containers and len(limits) == len(containers):
        yield "every container has its own memory limit, so more memory for the task would not reach them"
