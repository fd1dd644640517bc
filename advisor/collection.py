"""A collection: accounts x regions into the store, several at once. One that fails does not stop the rest.

Calls run in threads; the store is written by this one, in the order of places and batches, whichever is done first.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, TypeVar

from advisor.domain.collecting import PlaceRead
from advisor.domain.errors import AwsFailed
from advisor.domain.inventory import Inventory, Service, SizeChange, Skipped
from advisor.store import Store

if TYPE_CHECKING:
    import pandas as pd

    from advisor.collector import AwsSession, Batch, Gathered, Spent
    from advisor.domain.service import ServiceId

    Read = tuple[dict[ServiceId, pd.DataFrame], tuple[AwsFailed, ...]]

AT_ONCE = 8  # chosen: inventories under way; each has a bound of its own on its calls
READING = 3  # chosen: batches of metrics in memory, 43 MB of points each

Progress = Callable[[int, int], None]
Money = tuple[Decimal, Decimal]
T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionReport:
    """What a collection did: services read, rows that are new, what is skipped, calls by action, failures.

    `usd`: the charge for metrics, at least and at most. `stopped` says why metrics were left out, if they were.
    """

    services: int
    new_rows: int
    skipped: tuple[Skipped, ...] = ()
    calls: Mapping[str, int] = field(default_factory=dict)
    failures: tuple[str, ...] = ()
    usd: Money = (Decimal(0), Decimal(0))
    stopped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionPlan:
    """What a collection would do: the calls made to find out, and the requests for metrics with their charge."""

    services: int
    calls: Mapping[str, int]
    requests: int
    metrics: tuple[int, int]
    usd: Money
    failures: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class _Place:
    """An account and region on its way."""

    session: "AwsSession"
    region: str
    found: Inventory | None = None
    new_rows: int = 0
    failures: list[str] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)

    @property
    def services(self) -> tuple[Service, ...]:
        return self.found.services if self.found else ()

    def told(self) -> PlaceRead:
        return PlaceRead(
            account=self.session.account,
            region=self.region,
            services=len(self.services),
            new_rows=self.new_rows,
            failures=tuple(dict.fromkeys((*self.failures, *self.stopped))),
        )


def run_collection(
    store: Store,
    sessions: Sequence["AwsSession"],
    regions: Sequence[str] | None,
    *,
    now: datetime,
    progress: Progress | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> CollectionReport:
    """Collect every region of every session into the store; `progress` gets (services done, services in all).

    `regions` None: those that are enabled in each account. What was collected is kept batch by batch, so that a
    rerun goes on from there; what was called and what failed is kept as a log. Raises AwsFailed where nothing at
    all could be collected.
    """
    started, spent = clock(), _spent(sessions)
    places: list[_Place] = []
    try:
        places += _places(sessions, regions)
        for place, gathered in _gathered(places, now=now):
            _keep(store, place, gathered)
        if places and not any(place.found for place in places):
            raise AwsFailed(places[0].failures[0])
        _read(store, _affordable(_planned(store, places, now=now), spent), progress=progress)
        store.compact(now)
    finally:
        store.add_log(spent.log(started=started, ended=clock(), places=[place.told() for place in places]))
    return CollectionReport(
        services=sum(len(place.services) for place in places),
        new_rows=sum(place.new_rows for place in places),
        skipped=tuple(skipped for place in places if place.found for skipped in place.found.skipped),
        calls=spent.by_action(),
        failures=_each_once(place.failures for place in places),
        usd=spent.asked.usd,
        stopped=_each_once(place.stopped for place in places),
    )


def plan_collection(
    store: Store, sessions: Sequence["AwsSession"], regions: Sequence[str] | None, *, now: datetime
) -> CollectionPlan:
    """What `run_collection` would ask for now. Lists and describes, which is free; writes nothing anywhere."""
    spent = _spent(sessions)
    places = _places(sessions, regions)
    for place, gathered in _gathered(places, now=now):
        place.found = gathered.inventory
        place.failures += gathered.failures
    planned = [batch for _, batch in _planned(store, places, now=now)]
    asked = sum((batch.asked for batch in planned), spent.asked)
    return CollectionPlan(
        services=sum(len(place.services) for place in places),
        calls=spent.by_action(),
        requests=sum(1 for batch in planned for _ in batch.slabs()),
        metrics=(asked.least, asked.most),
        usd=asked.usd,
        failures=_each_once(place.failures for place in places),
    )


def _spent(sessions: Sequence["AwsSession"]) -> "Spent":
    from advisor.collector import Meter, Spent

    return Spent(sessions[0].meter if sessions else Meter())


def _places(sessions: Sequence["AwsSession"], regions: Sequence[str] | None) -> list[_Place]:
    """Every account with every region; an account whose regions are not known has the one place "*"."""
    from advisor.collector import regions_of

    def of(session: "AwsSession") -> list[_Place]:
        try:
            found = regions_of(session) if regions is None else tuple(dict.fromkeys(regions))
        except AwsFailed as error:
            return [_Place(session=session, region="*", failures=[str(error)])]
        return [_Place(session=session, region=region) for region in found]

    return list(chain.from_iterable(_side_by_side(of, sessions)))


def _gathered(places: Sequence[_Place], *, now: datetime) -> Iterator[tuple[_Place, "Gathered"]]:
    """The inventory of each place, in the order of places; a place that could not be read is told so."""
    from advisor.collector import gather

    def of(place: _Place) -> "Gathered | AwsFailed":
        try:
            return gather(place.session, place.region, now=now)
        except AwsFailed as error:
            return error

    known = [place for place in places if place.region != "*"]
    for place, gathered in zip(known, _side_by_side(of, known), strict=True):
        if isinstance(gathered, AwsFailed):
            place.failures.append(str(gathered))
        else:
            yield place, gathered


def _side_by_side(work: Callable[[T], R], items: Sequence[T]) -> Iterator[R]:
    """Results in the order of items."""
    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        yield from pool.map(work, items)
    finally:
        pool.shutdown(cancel_futures=True)


def _keep(store: Store, place: _Place, gathered: "Gathered") -> None:
    """Keep the inventory of a place."""
    before = {service.id: service for service in store.services}
    services = tuple(with_history(service, before.get(service.id)) for service in gathered.inventory.services)
    place.found = replace(gathered.inventory, services=services)
    place.failures += gathered.failures
    store.add_inventory(place.found, account=place.session.account, region=place.region, complete=gathered.complete)
    store.add_runs(gathered.runs)


def _planned(store: Store, places: Sequence[_Place], *, now: datetime) -> list[tuple[_Place, "Batch"]]:
    """The batches of all places, taken in turns, so that those under way are about different places.

    In each place the minutes come first, then the months before them, for services that were never asked for them.
    """
    from advisor.collector import batches, older_batches

    known = {peak.id for peak in store.month_peaks}

    def of(place: _Place) -> Iterator[tuple[_Place, "Batch"]]:
        ids = [service.id for service in place.services]
        since = {id: last for id in ids if (last := store.last_instant(id)) is not None}
        labels = {service.id: service.target_groups for service in place.services}
        minutes = batches(ids, since=since, now=now, labels=labels)
        return ((place, batch) for batch in chain(minutes, older_batches(place.services, known=known, now=now)))

    turns = zip_longest(*(of(place) for place in places))
    return [entry for turn in turns for entry in turn if entry is not None]


def _affordable(planned: list[tuple[_Place, "Batch"]], spent: "Spent") -> list[tuple[_Place, "Batch"]]:
    """The batches that surely stay within the limit; the places of the others are told."""
    from advisor.collector import over_budget

    limit, total = spent.meter.most_usd, spent.meter.asked
    if limit is None:
        return planned
    for number, (_, batch) in enumerate(planned):
        total += batch.asked
        if total.usd[1] > limit:
            for place, left in planned[number:]:
                why = f"metrics of {len(left.services)} services were not read: {over_budget(limit)}"
                place.stopped.append(why)
            return planned[:number]
    return planned


def _read(store: Store, planned: Sequence[tuple[_Place, "Batch"]], *, progress: Progress | None) -> None:
    """Read the batches into the store, in their order."""
    from advisor.collector import month_peaks

    total, done = sum(len(batch.services) for _, batch in planned), 0
    for place, batch, (frames, failures) in _ahead(planned):
        if not batch.daily:
            place.new_rows += store.add_usage(frames)
        elif not failures:  # what was not read whole is asked for again
            store.add_peaks(month_peaks(frames, asked=batch))
        place.failures += map(str, failures)
        done += len(batch.services)
        if progress:
            progress(done, total)


def _ahead(planned: Sequence[tuple[_Place, "Batch"]]) -> Iterator[tuple[_Place, "Batch", "Read"]]:
    """What each batch gives, in order; a few are under way at a time, so that memory stays bounded."""
    from advisor.collector import read_batch

    waiting: deque[tuple[_Place, Batch, Future[Read]]] = deque()
    with ThreadPoolExecutor(READING) as pool:
        for place, batch in planned:
            waiting.append((place, batch, pool.submit(read_batch, place.session, place.region, batch)))
            if len(waiting) == READING:
                yield _done(waiting.popleft())
        while waiting:
            yield _done(waiting.popleft())


def _done(started: "tuple[_Place, Batch, Future[Read]]") -> tuple[_Place, "Batch", "Read"]:
    place, batch, reading = started
    return place, batch, reading.result()


def _each_once(lists: Iterable[Sequence[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(lists)))


def with_history(service: Service, before: Service | None) -> Service:
    """The service with the sizes that an earlier collection saw and AWS no longer lists."""
    if before is None or not service.sizes:
        return service
    first = service.sizes[0]
    older = [change for change in before.sizes if change.at < first.at and not _same(change, first)]
    return replace(service, sizes=(*older, *service.sizes))


def _same(one: SizeChange, other: SizeChange) -> bool:
    return one.task_definition == other.task_definition
