"""Dated inventory snapshots: adding one, and folding them into what is known now."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from advisor.codec import from_json, to_json
from advisor.domain.errors import InputRefused
from advisor.domain.inventory import Inventory, Service, Skipped, TaskSchedule
from advisor.domain.service import ServiceId
from advisor.store.manifest import Manifest
from advisor.store.place import SHA_CHARACTERS, Place, segment
from advisor.store.records import Snapshot, snapshot_of

_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The content of an inventory file. `complete` = it lists all that is in the account and region."""

    account: str
    region: str
    complete: bool
    inventory: Inventory


Known = tuple[tuple[Service, ...], tuple[Skipped, ...], tuple[TaskSchedule, ...]]


class Snapshots:
    """The inventory files of one place; each is read once."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._kept: dict[str, Kept] = {}

    def add(self, held: Manifest, inventory: Inventory, *, account: str, region: str, complete: bool) -> Manifest:
        """Write what `inventory` holds of one account and region, unless that is known; returns what is then held.

        Of two snapshots at one instant, the one that was added later is told to be later, by a microsecond.
        """
        before = _of(held, account, region)
        mine = Inventory(
            taken_at=_free_instant(before, inventory.taken_at.astimezone(UTC)),
            services=tuple(
                sorted(
                    (s for s in inventory.services if (s.id.account, s.id.region) == (account, region)),
                    key=lambda s: s.id,
                )
            ),
            skipped=tuple(s for s in inventory.skipped if (s.account, s.region) == (account, region)),
            measured=tuple(id for id in inventory.measured if (id.account, id.region) == (account, region)),
            schedules=tuple(s for s in inventory.schedules if (s.account, s.region) == (account, region)),
        )
        kept = Kept(account=account, region=region, complete=complete, inventory=mine)
        if before and _timeless(self._read(before[-1])) == _timeless(kept):
            return held
        data = to_json(kept).encode()
        name = f"inventory/account={segment(account)}/region={segment(region)}/{mine.taken_at:%Y%m%dT%H%M%SZ}"
        path = self._place.write(lambda sink: _write_all(sink, data), lambda sha: f"{name}-{sha[:SHA_CHARACTERS]}.json")
        return held.with_snapshot(snapshot_of(str(path), json.loads(data)))

    def latest(self, held: Manifest) -> Known:
        """What is known now: in each account and region the last complete snapshot, and what came after it."""
        services: dict[ServiceId, Service] = {}
        skipped: list[Skipped] = []
        schedules: dict[TaskSchedule, TaskSchedule] = {}
        for where in sorted({(s.account, s.region) for s in held.inventory}):
            for inventory in (self._read(snapshot).inventory for snapshot in _since_complete(held, *where)):
                services |= {service.id: service for service in inventory.services}
                told = {service.id for service in inventory.services} | {_id_of(s) for s in inventory.skipped}
                skipped = [s for s in skipped if _id_of(s) not in told] + list(inventory.skipped)
                schedules |= {replace(s, task_definition=None): s for s in inventory.schedules}
        return (
            tuple(services[id] for id in sorted(services)),
            tuple(sorted(skipped, key=lambda s: (_id_of(s), s.reason))),
            tuple(schedules.values()),
        )

    def _read(self, snapshot: Snapshot) -> Kept:
        if snapshot.path not in self._kept:
            content = self._place.read(snapshot.path)
            try:
                self._kept[snapshot.path] = from_json(Kept, content, where=snapshot.path)
            except InputRefused as error:
                raise self._place.damaged(snapshot.path, str(error)) from error
        return self._kept[snapshot.path]


def places_of(inventory: Inventory) -> list[tuple[str, str]]:
    """Every account and region that an inventory speaks of."""
    services = {(s.id.account, s.id.region) for s in inventory.services}
    return sorted(services | {(s.account, s.region) for s in inventory.skipped})


def resized(inventory: Inventory, known: Iterable[Service]) -> Inventory:
    """Of an inventory, the services that are known with another history of sizes."""
    sizes = {service.id: service.sizes for service in known}
    changed = tuple(s for s in inventory.services if s.sizes != sizes.get(s.id, s.sizes))
    return Inventory(taken_at=inventory.taken_at, services=changed)


def _id_of(skipped: Skipped) -> ServiceId:
    return ServiceId(account=skipped.account, region=skipped.region, service=skipped.service)


def _of(held: Manifest, account: str, region: str) -> list[Snapshot]:
    """The snapshots of an account and region, in order of time."""
    mine = (s for s in held.inventory if (s.account, s.region) == (account, region))
    return sorted(mine, key=lambda s: (_instant(s), s.path))


def _instant(snapshot: Snapshot) -> datetime:
    return datetime.fromisoformat(snapshot.taken_at)


def _free_instant(before: list[Snapshot], instant: datetime) -> datetime:
    taken = {_instant(snapshot) for snapshot in before}
    while instant in taken:
        instant += timedelta(microseconds=1)
    return instant


def _since_complete(held: Manifest, account: str, region: str) -> list[Snapshot]:
    mine = _of(held, account, region)
    whole = [i for i, snapshot in enumerate(mine) if snapshot.complete]
    return mine[whole[-1] if whole else 0 :]


def _timeless(kept: Kept) -> Kept:
    """What it says but for the times at which things were seen."""
    services = tuple(replace(service, seen_at=_NO_TIME) for service in kept.inventory.services)
    return replace(kept, inventory=replace(kept.inventory, taken_at=_NO_TIME, services=services))


def _write_all(sink: object, data: bytes) -> None:
    sink.write(data)  # type: ignore[attr-defined]
