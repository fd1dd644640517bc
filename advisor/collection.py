"""A collection: sessions x regions into the store. One bad account or region does not stop the rest."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from advisor.domain.errors import AwsFailed
from advisor.domain.inventory import Inventory, Service, SizeChange, Skipped
from advisor.store import Store

if TYPE_CHECKING:
    from advisor.collector import AwsSession

Progress = Callable[[int, int], None]
Listed = tuple["AwsSession", str, Inventory]


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionReport:
    """What a collection did: services read, rows that are new, what is skipped, calls by action, failures."""

    services: int
    new_rows: int
    skipped: tuple[Skipped, ...] = ()
    calls: Mapping[str, int] = field(default_factory=dict)
    failures: tuple[str, ...] = ()


def run_collection(
    store: Store,
    sessions: Sequence["AwsSession"],
    regions: Sequence[str],
    *,
    now: datetime,
    progress: Progress | None = None,
) -> CollectionReport:
    """Collect every region of every session into the store; `progress` gets (services done, services in all).

    What was collected is kept batch by batch, so that a rerun goes on from there. Raises AwsFailed where
    nothing at all could be collected.
    """
    failures: list[str] = []
    places = [(session, region) for session in sessions for region in dict.fromkeys(regions)]
    listed = [
        (session, region, found)
        for session, region in places
        if (found := _inventory(store, session, region, now=now, failures=failures)) is not None
    ]
    if places and not listed:
        raise AwsFailed(failures[0])
    new_rows, failed = _all_usage(store, listed, now=now, progress=progress)
    store.compact(now)
    return CollectionReport(
        services=sum(len(found.services) for _, _, found in listed),
        new_rows=new_rows,
        skipped=tuple(skipped for _, _, found in listed for skipped in found.skipped),
        calls=dict(sorted(sum((Counter(session.calls) for session in sessions), Counter()).items())),
        failures=tuple(dict.fromkeys((*failures, *failed))),
    )


def _inventory(
    store: Store, session: "AwsSession", region: str, *, now: datetime, failures: list[str]
) -> Inventory | None:
    """The region's inventory, kept in the store; None where not even its clusters could be listed."""
    from advisor.collector import gather

    try:
        gathered = gather(session, region, now=now)
    except AwsFailed as error:
        failures.append(str(error))
        return None
    failures += gathered.failures
    before = {service.id: service for service in store.services}
    services = tuple(with_history(service, before.get(service.id)) for service in gathered.inventory.services)
    inventory = replace(gathered.inventory, services=services)
    store.add_inventory(inventory, account=session.account, region=region, complete=gathered.complete)
    store.add_runs(gathered.runs)
    return inventory


def _all_usage(
    store: Store, listed: Sequence[Listed], *, now: datetime, progress: Progress | None
) -> tuple[int, list[str]]:
    total, done, new_rows = sum(len(found.services) for _, _, found in listed), 0, 0
    failures: list[str] = []
    for session, region, found in listed:
        tell = _shifted(progress, done, total)
        added, failed = _usage(store, session, region, found.services, now=now, progress=tell)
        new_rows, done = new_rows + added, done + len(found.services)
        failures += failed
    return new_rows, failures


def _usage(
    store: Store,
    session: "AwsSession",
    region: str,
    services: Sequence[Service],
    *,
    now: datetime,
    progress: Progress | None,
) -> tuple[int, list[str]]:
    """Read what is new of the services into the store; returns the number of new rows, and what failed."""
    from advisor.collector import collect_usage

    since = {s.id: last for s in services if (last := store.last_instant(s.id)) is not None}
    new_rows = 0
    try:
        for frames in collect_usage(session, region, services, since=since, now=now, progress=progress):
            new_rows += store.add_usage(frames)
    except AwsFailed as error:
        return new_rows, [str(error)]
    return new_rows, []


def with_history(service: Service, before: Service | None) -> Service:
    """The service with the sizes that an earlier collection saw and AWS no longer lists."""
    if before is None or not service.sizes:
        return service
    first = service.sizes[0]
    older = [change for change in before.sizes if change.at < first.at and not _same(change, first)]
    return replace(service, sizes=(*older, *service.sizes))


def _same(one: SizeChange, other: SizeChange) -> bool:
    return one.task_definition == other.task_definition


def _shifted(progress: Progress | None, done: int, total: int) -> Progress | None:
    """Progress of one region as progress of all."""
    if progress is None:
        return None
    tell = progress
    return lambda now_done, _: tell(done + now_done, total)
