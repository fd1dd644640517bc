"""Dated inventory snapshots: adding one, and folding them into what is known now."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime

from advisor.codec import from_json, to_json
from advisor.domain.errors import InputRefused
from advisor.domain.inventory import Inventory, Service, Skipped, TaskSchedule
from advisor.domain.service import ServiceId
from advisor.store.manifest import Manifest, Snapshot, damaged, in_time
from advisor.store.place import Place, segment

_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)


def add_snapshot(
    place: Place, held: Manifest, inventory: Inventory, *, account: str, region: str, complete: bool
) -> Manifest:
    """Write what `inventory` holds of one account and region, unless that is known; returns the manifest."""
    taken = inventory.taken_at.astimezone(UTC)
    mine = Inventory(
        taken_at=taken,
        services=tuple(
            sorted(
                (s for s in inventory.services if (s.id.account, s.id.region) == (account, region)),
                key=lambda s: s.id,
            )
        ),
        skipped=tuple(s for s in inventory.skipped if (s.account, s.region) == (account, region)),
        schedules=tuple(s for s in inventory.schedules if (s.account, s.region) == (account, region)),
    )
    if _says_nothing_new(place, held, mine, account=account, region=region, complete=complete):
        return held
    data = to_json(mine).encode()
    name = f"inventory/account={segment(account)}/region={segment(region)}/{taken:%Y%m%dT%H%M%SZ}"
    written = place.write(lambda sink: _write_all(sink, data), lambda sha: f"{name}-{sha[:12]}.json")
    snapshot = Snapshot(
        account=account,
        region=region,
        taken_at=taken.isoformat(timespec="microseconds"),
        path=written.path,
        sha256=written.sha256,
        size=written.size,
        complete=complete,
    )
    return replace(held, inventory=(*held.inventory, snapshot))


Known = tuple[tuple[Service, ...], tuple[Skipped, ...], tuple[TaskSchedule, ...]]


def latest(place: Place, held: Manifest) -> Known:
    """What is known now: in each account and region the last complete snapshot, and what came after it."""
    services: dict[ServiceId, Service] = {}
    skipped: list[Skipped] = []
    schedules: dict[TaskSchedule, None] = {}
    for where in sorted({(s.account, s.region) for s in held.inventory}):
        for inventory in (_read(place, snapshot) for snapshot in _since_complete(held, *where)):
            services |= {service.id: service for service in inventory.services}
            told = {service.id for service in inventory.services} | {_id_of(s) for s in inventory.skipped}
            skipped = [s for s in skipped if _id_of(s) not in told] + list(inventory.skipped)
            schedules |= dict.fromkeys(inventory.schedules)
    return (
        tuple(services[id] for id in sorted(services)),
        tuple(sorted(skipped, key=lambda s: (_id_of(s), s.reason))),
        tuple(schedules),
    )


def _id_of(skipped: Skipped) -> ServiceId:
    return ServiceId(account=skipped.account, region=skipped.region, service=skipped.service)


def _since_complete(held: Manifest, account: str, region: str) -> list[Snapshot]:
    mine = [s for s in in_time(held.inventory) if (s.account, s.region) == (account, region)]
    whole = [i for i, snapshot in enumerate(mine) if snapshot.complete]
    return mine[whole[-1] if whole else 0 :]


def _says_nothing_new(
    place: Place, held: Manifest, mine: Inventory, *, account: str, region: str, complete: bool
) -> bool:
    """Whether the last snapshot says the same, but for the times at which things were seen."""
    before = [s for s in in_time(held.inventory) if (s.account, s.region) == (account, region)]
    if not before or before[-1].complete != complete:
        return False
    return _timeless(_read(place, before[-1])) == _timeless(mine)


def _timeless(inventory: Inventory) -> Inventory:
    services = tuple(replace(service, seen_at=_NO_TIME) for service in inventory.services)
    return replace(inventory, taken_at=_NO_TIME, services=services)


def _read(place: Place, snapshot: Snapshot) -> Inventory:
    try:
        data = place.read(snapshot.path)
    except FileNotFoundError as error:
        raise damaged(place, snapshot.path, "missing") from error
    if hashlib.sha256(data).hexdigest() != snapshot.sha256:
        raise damaged(place, snapshot.path, "changed since it was written")
    try:
        return from_json(Inventory, data, where=snapshot.path)
    except InputRefused as error:
        raise damaged(place, snapshot.path, str(error)) from error


def _write_all(sink: object, data: bytes) -> None:
    sink.write(data)  # type: ignore[attr-defined]
