"""The log of collections, one file each in `runs/`: apart from what was collected, and never part of the manifest."""

from collections.abc import Iterator
from datetime import UTC, timedelta
from typing import BinaryIO

from advisor.codec import from_json, to_json
from advisor.domain.collecting import CollectionRun, PlaceRead
from advisor.domain.inventory import Skipped
from advisor.store.place import Place

FOLDER = "runs"
_STAMP = "%Y%m%dT%H%M%S%fZ"
MOST_READ = 100  # chosen: so many of the newest runs are read, and
PARTLY = "reviewed without some of its newest metrics, which did not come. Next: run `advisor collect` again."
RECENT = timedelta(days=40)  # chosen: of these the ones up to so long before the newest tell what is missing


def add_run(place: Place, run: CollectionRun) -> None:
    """Keep the log of a collection."""
    data = to_json(run).encode()
    name = f"{FOLDER}/{run.started.astimezone(UTC):{_STAMP}}"
    place.write(lambda sink: _write_all(sink, data), lambda sha: f"{name}-{sha[:16]}.json")


def runs(place: Place, *, most: int = MOST_READ) -> list[CollectionRun]:
    """The newest logs, newest first."""
    newest = sorted(place.list(FOLDER), reverse=True)[:most]
    return [from_json(CollectionRun, place.read(path), where=path) for path in newest]


def _recent(place: Place) -> list[CollectionRun]:
    newest = runs(place, most=1)
    if not newest:
        return []
    since = f"{newest[0].started.astimezone(UTC) - RECENT:{_STAMP}}"
    recent = [path for path in place.list(FOLDER) if path > f"{FOLDER}/{since}"]
    return runs(place, most=min(MOST_READ, len(recent)))


def gaps(place: Place) -> tuple[Skipped, ...]:
    """What the last run of each account and region could not read; one that found no region speaks for all."""
    last: dict[tuple[str, str], PlaceRead] = {}
    for run in _recent(place):
        newer = {account for account, _ in last}
        for read in run.places:
            known = read.account in newer and (read.region == "*" or (read.account, "*") in last)
            if not known:
                last.setdefault((read.account, read.region), read)
    return tuple(
        Skipped(service=service, account=read.account, region=read.region, reason=reason)
        for _, read in sorted(last.items())
        for service, reason in _told(read)
    )


def _told(read: PlaceRead) -> Iterator[tuple[str, str]]:
    """What could not be read of which service, "*" where that is not about one."""
    yield from (("*", failure) for failure in read.failures)
    yield from ((service, PARTLY) for service in read.partly)
    if read.partly_more:
        yield "*", f"{read.partly_more} more services: {PARTLY}"


def _write_all(sink: BinaryIO, data: bytes) -> None:
    sink.write(data)
