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

from advisor.codec import Anonymiser
from advisor.domain.errors import AwsFailed
from advisor.domain.inventory import Skipped, with_history
from advisor.domain.schema import SHORT_STEP
from advisor.store import Store

if TYPE_CHECKING:
    import pandas as pd

    from advisor.collector import AwsSession, Batch, Gathered, Missing, Place, Reaching, Spent
    from advisor.domain.collecting import Into
    from advisor.domain.service import ServiceId

    Read = tuple[dict[ServiceId, pd.DataFrame], tuple[Missing, ...]]

READING = 3  # chosen: batches of metrics in memory, 43 MB of points each
CLEAR = Anonymiser()
T = TypeVar("T")

Progress = Callable[[int, int], None]
Money = tuple[Decimal, Decimal]


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


def run_collection(
    store: Store,
    sessions: Sequence["AwsSession"],
    regions: Sequence[str] | None,
    *,
    now: datetime,
    progress: Progress | None = None,
    hide: Anonymiser = CLEAR,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> CollectionReport:
    """Collect every region of every session into the store; `progress` gets (services done, services in all).

    `regions` None: those that are enabled in each account. What was collected is kept batch by batch, so that a
    rerun goes on from there; what was called and what failed is kept as a log. `hide` takes account ids out of
    all that is kept or told. Raises AwsFailed where nothing at all could be collected, InputRefused where the
    store hides accounts in another way.
    """
    from advisor.collector import Reaching, gather_all

    store.hide_by(hide.name)
    started, spent = clock(), _spent(sessions)
    places: list[Place] = []
    try:
        places += _places(store, sessions, regions, hide=hide)
        for place, gathered in gather_all(places, now=now):
            _keep(store, place, gathered, hide=hide)
        if places and not any(place.found for place in places):
            raise AwsFailed(hide.text(places[0].failures[0]))
        planned = _planned(store, places, now=now, hide=hide)
        reaching = Reaching((batch for _, batch in planned), now=now)
        _read(store, _affordable(planned, spent), reaching, hide=hide, progress=progress)
        store.compact(now)
    finally:
        log = spent.log(started=started, ended=clock(), places=[place.told() for place in places])
        store.add_log(replace(hide.record(log), hidden_by=hide.name))
    return CollectionReport(
        services=sum(len(place.services) for place in places),
        new_rows=sum(place.new_rows for place in places),
        skipped=tuple(hide.record(s) for place in places if place.found for s in place.found.skipped),
        calls=spent.by_action(),
        failures=tuple(map(hide.text, _each_once(place.failures for place in places))),
        usd=spent.asked.usd,
        stopped=_each_once(place.stopped for place in places),
    )


def plan_collection(
    store: Store,
    sessions: Sequence["AwsSession"],
    regions: Sequence[str] | None,
    *,
    now: datetime,
    hide: Anonymiser = CLEAR,
) -> CollectionPlan:
    """What `run_collection` would ask for now. Lists and describes, which is free; writes nothing anywhere."""
    from advisor.collector import gather_all

    store.hide_by(hide.name)
    spent = _spent(sessions)
    places = _places(store, sessions, regions, hide=hide)
    for place, gathered in gather_all(places, now=now):
        place.found = gathered.inventory
        place.failures += gathered.failures
    planned = [batch for _, batch in _planned(store, places, now=now, hide=hide)]
    asked = sum((batch.asked for batch in planned), spent.asked)
    return CollectionPlan(
        services=sum(len(place.services) for place in places),
        calls=spent.by_action(),
        requests=sum(1 for batch in planned for _ in batch.slabs()),
        metrics=(asked.least, asked.most),
        usd=asked.usd,
        failures=tuple(map(hide.text, _each_once(place.failures for place in places))),
    )


def _spent(sessions: Sequence["AwsSession"]) -> "Spent":
    from advisor.collector import Meter, Spent

    return Spent(sessions[0].meter if sessions else Meter())


def _places(
    store: Store, sessions: Sequence["AwsSession"], regions: Sequence[str] | None, *, hide: Anonymiser
) -> list["Place"]:
    """Every account and region, with the newest scaling activity and the task definitions that are held of it."""
    from advisor.collector import held_of, places_of

    activities = sorted(store.scaling_activities, key=lambda one: one.started)
    newest = {(one.id.account, one.id.region): one.started for one in activities}
    held = held_of(()) if hide.name else held_of(store.services, store.schedules)  # hidden names are not those of AWS
    places = places_of(sessions, regions)
    for place in places:
        place.since, place.held = newest.get((hide.text(place.session.account), place.region)), held
    return places


def _keep(store: Store, place: "Place", gathered: "Gathered", *, hide: Anonymiser) -> None:
    """Keep the inventory of a place, and what was seen of its tasks and its scaling."""
    place.found = gathered.inventory
    place.failures += gathered.failures
    before = {service.id: service for service in store.services}
    hidden = hide.record(gathered.inventory)
    services = tuple(with_history(service, before.get(service.id)) for service in hidden.services)
    account = hide.text(place.session.account)
    inventory = replace(hidden, services=services)
    store.add_inventory(inventory, account=account, region=place.region, complete=gathered.complete)
    store.add_runs(map(hide.record, gathered.runs))
    store.add_activities(map(hide.record, gathered.activities))
    store.add_deployments(map(hide.record, gathered.deployments))


def _planned(
    store: Store, places: Sequence["Place"], *, now: datetime, hide: Anonymiser
) -> list[tuple["Place", "Batch"]]:
    """The batches of all places, taken in turns, so that those under way are about different places.

    In each place what is gone soonest comes first: short steps, minutes, the time before them that was never read; then
    the days of tasks without a service, and what Container Insights adds of services.
    """
    from advisor.collector import batches, family_batches, insights_batches, older_batches, short_batches

    reach: dict[Into, dict[ServiceId, datetime]] = {of: store.reach(of) for of in ("usage", "peaks", "insights")}

    def of(place: "Place") -> Iterator[tuple["Place", "Batch"]]:
        services = place.services
        kept = {service.id: hide.record(service.id) for service in services}
        labels = {service.id: service.target_groups for service in services}
        measured = {id: hide.record(id) for id in (place.found.measured if place.found else ())}
        until = _under(kept, reach["usage"])

        def last(step_seconds: int | None) -> "dict[ServiceId, datetime]":
            found = {id: store.last_instant(own, step_seconds=step_seconds) for id, own in kept.items()}
            return {id: at for id, at in found.items() if at is not None}

        return (
            (place, batch)
            for batch in chain(
                short_batches(services, since=last(SHORT_STEP), now=now),
                batches(list(kept), since=last(None), reach=until, now=now, labels=labels),
                older_batches(services, reach=until, now=now, labels=labels),
                family_batches(measured, reach=_under(measured, reach["peaks"]), now=now),
                insights_batches(services, reach=_under(kept, reach["insights"]), now=now),
            )
        )

    turns = zip_longest(*(of(place) for place in places))
    return [entry for turn in turns for entry in turn if entry is not None]


def _under(kept: Mapping["ServiceId", "ServiceId"], told: Mapping["ServiceId", T]) -> dict["ServiceId", T]:
    """What the store tells of services, under the ids that AWS has; `kept` has those of the store."""
    return {id: told[own] for id, own in kept.items() if own in told}


def _affordable(planned: list[tuple["Place", "Batch"]], spent: "Spent") -> list[tuple["Place", "Batch"]]:
    """The batches that surely stay within the limit; the places of the others are told."""
    from advisor.collector import over_budget

    limit, total = spent.meter.most_usd, spent.meter.asked
    if limit is None:
        return planned
    for number, (_, batch) in enumerate(planned):
        total += batch.asked
        if total.usd[1] > limit:
            for place in {id(place): place for place, _ in planned[number:]}.values():
                left = {service for other, batch in planned[number:] if other is place for service in batch.services}
                place.stopped.append(f"metrics of {len(left)} services were not read: {over_budget(limit)}")
            return planned[:number]
    return planned


def _read(
    store: Store,
    planned: Sequence[tuple["Place", "Batch"]],
    reaching: "Reaching",
    *,
    hide: Anonymiser,
    progress: Progress | None,
) -> None:
    """Read the batches into the store, in their order."""
    from advisor.collector import insights_months, month_peaks

    total, done = sum(len(batch.services) for _, batch in planned), 0
    for place, batch, (frames, missing) in _ahead(planned):
        lost = frozenset(chain.from_iterable(one.services for one in missing))
        whole = {id: frame for id, frame in frames.items() if id not in lost}  # a part of a day has other extremes
        if batch.into == "usage":
            told = {hide.record(id): frame for id, frame in frames.items()}
            place.new_rows += store.add_usage(told, step_seconds=batch.step_seconds)
        elif batch.into == "peaks":
            store.add_peaks(map(hide.record, month_peaks(whole)))
        else:
            store.add_insights(map(hide.record, insights_months(whole)))
        came = reaching.after(batch, without=lost)
        store.add_reach(map(hide.record, came), reaching.until[batch.into], of=batch.into)
        place.failures += (str(one.why) for one in missing)
        place.partly |= lost
        done += len(batch.services)
        if progress:
            progress(done, total)


def _ahead(planned: Sequence[tuple["Place", "Batch"]]) -> Iterator[tuple["Place", "Batch", "Read"]]:
    """What each batch gives, in order; a few are under way at a time, so that memory stays bounded."""
    from advisor.collector import read_batch

    waiting: deque[tuple[Place, Batch, Future[Read]]] = deque()
    with ThreadPoolExecutor(READING) as pool:
        for place, batch in planned:
            waiting.append((place, batch, pool.submit(read_batch, place.session, place.region, batch)))
            if len(waiting) == READING:
                yield _done(waiting.popleft())
        while waiting:
            yield _done(waiting.popleft())


def _done(started: "tuple[Place, Batch, Future[Read]]") -> tuple["Place", "Batch", "Read"]:
    place, batch, reading = started
    return place, batch, reading.result()


def _each_once(lists: Iterable[Sequence[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(lists)))
