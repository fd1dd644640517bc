"""The log of collections, one file each in `runs/`: apart from what was collected, and never part of the manifest."""

from datetime import UTC
from typing import BinaryIO

from advisor.codec import from_json, to_json
from advisor.domain.collecting import CollectionRun, PlaceRead
from advisor.domain.inventory import Skipped
from advisor.store.place import Place

FOLDER = "runs"
MOST_READ = 100  # chosen: so many of the newest runs tell what is missing


def add_run(place: Place, run: CollectionRun) -> None:
    """Keep the log of a collection."""
    data = to_json(run).encode()
    name = f"{FOLDER}/{run.started.astimezone(UTC):%Y%m%dT%H%M%S%fZ}"
    place.write(lambda sink: _write_all(sink, data), lambda sha: f"{name}-{sha[:16]}.json")


def runs(place: Place, *, most: int = MOST_READ) -> list[CollectionRun]:
    """The newest logs, newest first."""
    newest = sorted(place.list(FOLDER), reverse=True)[:most]
    return [from_json(CollectionRun, place.read(path), where=path) for path in newest]


def gaps(place: Place) -> tuple[Skipped, ...]:
    """What the last run of each account and region could not read; one that found no region speaks for all."""
    last: dict[tuple[str, str], PlaceRead] = {}
    for run in runs(place):
        newer = {account for account, _ in last}
        for read in run.places:
            known = read.account in newer and (read.region == "*" or (read.account, "*") in last)
            if not known:
                last.setdefault((read.account, read.region), read)
    return tuple(
        Skipped(service="*", account=read.account, region=read.region, reason=failure)
        for _, read in sorted(last.items())
        for failure in read.failures
    )


def _write_all(sink: BinaryIO, data: bytes) -> None:
    sink.write(data)
