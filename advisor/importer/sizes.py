"""Which size the steps of several imports were measured with.

Usage is in percent of a task's reservation, so a step says nothing without the size of its time; and an inventory file
knows today's size alone, unless it gives `sizes`.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta

import pandas as pd

from advisor.domain.errors import InputRefused, one_line
from advisor.domain.inventory import Inventory, Service, SizeChange
from advisor.domain.service import ServiceId

Held = Callable[[ServiceId], pd.DataFrame]
Frames = dict[ServiceId, pd.DataFrame]


def with_sizes(inventory: Inventory, frames: Frames, *, before: Iterable[Service], held: Held) -> Inventory:
    """The inventory with the sizes that tasks had when what is already `held` was measured.

    `before`: the services as the store knows them; `held`: the usage that it holds of one. A size that is another
    than before counts from the first step on that is newer than all that is held, unless the inventory file
    gives `sizes`. Raises InputRefused for steps older than those held with another size than theirs.
    """
    known = {service.id: service for service in before}
    services = (_sized(one, known[one.id], frames, held) if one.id in known else one for one in inventory.services)
    return replace(inventory, services=tuple(services))


def _sized(service: Service, before: Service, frames: Frames, held: Held) -> Service:
    if not (service.sizes or before.sizes) and service.setup.size == before.setup.size:
        return service
    at = pd.DatetimeIndex(held(service.id).index)
    if at.empty:
        return service
    history = before.sizes or (SizeChange(at=at[0].to_pydatetime(), size=before.setup.size),)
    told = service.sizes or _change(service, history, at, _steps(frames, service.id))
    kept = tuple(change for change in history if not told or change.at < told[0].at)
    repeated = bool(kept and told) and kept[-1].size == told[0].size
    return replace(service, sizes=(*kept, *(told[1:] if repeated else told)))


def _change(
    service: Service, history: tuple[SizeChange, ...], at: pd.DatetimeIndex, steps: pd.DatetimeIndex
) -> tuple[SizeChange, ...]:
    """The change to today's size after the steps held, which are `at`; none where it is that of the last of them."""
    size, first = service.setup.size, history[0].size
    if len(steps) and steps[0] < at[0] and size != first:
        raise InputRefused(
            "steps older than those held, with another size",
            where=one_line(service.id, 300),
            value=str(size),
            rule=f"without `sizes` they are of {first}, as the oldest step held",
            next_step="say in the inventory file which size tasks had when (`sizes`).",
        )
    if size == history[-1].size:
        return ()
    newer = steps[steps > at[-1]]
    since = newer[0] if len(newer) else at[-1] + timedelta(seconds=service.step_seconds)
    return (SizeChange(at=since.to_pydatetime(), size=size),)


def _steps(frames: Frames, id: ServiceId) -> pd.DatetimeIndex:
    """The steps of a service in which anything is said."""
    return pd.DatetimeIndex(frames[id].dropna(how="all").index if id in frames else [], tz="UTC")
