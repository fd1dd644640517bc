"""Accounts x regions, side by side: which there are, and the inventory of each."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import chain
from typing import TypeVar

from advisor.collector.inventory import NOTHING_HELD, Gathered, gather
from advisor.collector.opening import regions_of
from advisor.collector.sessions import AwsSession
from advisor.collector.several import tried
from advisor.collector.task_definitions import Held
from advisor.domain.collecting import PlaceRead
from advisor.domain.errors import AwsFailed
from advisor.domain.inventory import Inventory, Service
from advisor.domain.service import ServiceId

NAMED = 20  # chosen: services in part that the log names
AT_ONCE = 8  # chosen: inventories under way; each has a bound of its own on its calls
T = TypeVar("T")
R = TypeVar("R")


@dataclass(slots=True, kw_only=True)
class Place:
    """An account and region on its way.

    `since`: the newest scaling activity held of it; `held`: the task definitions, of all places. `partly`: the
    services of which not all metrics came.
    """

    session: AwsSession
    region: str
    since: datetime | None = None
    held: Held = NOTHING_HELD
    found: Inventory | None = None
    new_rows: int = 0
    failures: list[str] = field(default_factory=list)
    partly: set[ServiceId] = field(default_factory=set)
    stopped: list[str] = field(default_factory=list)

    @property
    def services(self) -> tuple[Service, ...]:
        """The services that were found."""
        return self.found.services if self.found else ()

    def told(self) -> PlaceRead:
        """What the log says of it."""
        return PlaceRead(
            account=self.session.account,
            region=self.region,
            services=len(self.services),
            new_rows=self.new_rows,
            failures=tuple(dict.fromkeys((*self.failures, *self.stopped))),
            partly=tuple(id.service for id in sorted(self.partly)[:NAMED]),
            partly_more=max(0, len(self.partly) - NAMED),
        )


def places_of(sessions: Sequence[AwsSession], regions: Sequence[str] | None) -> list[Place]:
    """Every account with every region; an account whose regions are not known has the one place "*"."""

    def of(session: AwsSession) -> list[Place]:
        if regions is not None:
            return [Place(session=session, region=region) for region in dict.fromkeys(regions)]
        found = tried(session, session.home, "ec2:DescribeRegions", lambda: regions_of(session))
        if isinstance(found, AwsFailed):
            return [Place(session=session, region="*", failures=[str(found)])]
        return [Place(session=session, region=region) for region in found]

    return list(chain.from_iterable(_side_by_side(of, sessions)))


def gather_all(places: Sequence[Place], *, now: datetime) -> Iterator[tuple[Place, Gathered]]:
    """The inventory of each place, in the order of places; a place that could not be read is told so."""

    def of(place: Place) -> Gathered | AwsFailed:
        session, region = place.session, place.region
        read = partial(gather, session, region, now=now, since=place.since, held=place.held)
        return tried(session, region, "inventory", read)

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
