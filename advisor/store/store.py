"""The store as the other rooms see it."""

import difflib
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import pandas as pd
from pyarrow import fs

from advisor.domain.errors import InputRefused, NoData, StoreDamaged, one_line
from advisor.domain.inventory import Inventory, Service, Skipped, TaskSchedule
from advisor.domain.runs import TaskRun
from advisor.domain.service import ServiceId
from advisor.store import manifest as manifests
from advisor.store import usage
from advisor.store.files import UsageFiles
from advisor.store.manifest import Manifest
from advisor.store.place import LOCK, TEMPORARY, Place
from advisor.store.runs import RunFiles
from advisor.store.snapshots import Known, add_snapshot, latest

FOLDERS = ("usage/", "inventory/", "tasks/")

if TYPE_CHECKING:
    from advisor.fargate.prices import PriceBook


def open_store(url: str | Path, *, create: bool = False) -> "Store":
    """Open the store in a folder (a path or `file://`); `create` makes one where the folder is new or empty.

    Raises NoData where there is no store, InputRefused where one cannot be, StoreDamaged where it cannot be read.
    """
    place = Place(fs.LocalFileSystem(), _local_path(url))
    found = manifests.load(place)
    if found is None:
        if not create:
            raise NoData(
                f"{one_line(Path(url), 300)}: no store here. Next: `advisor collect` or `advisor import` makes one."
            )
        _check_empty(place)
        found = Manifest()
    return Store(place, found, url=str(url))


class Store:
    """Usage and inventory of a fleet. Reading never changes it; every write counts as a whole or not at all."""

    def __init__(self, place: Place, manifest: Manifest, *, url: str) -> None:
        self.url = url
        self._place, self._manifest = place, manifest
        self._files, self._run_files = UsageFiles(place), RunFiles(place)
        self._inventory: tuple[Manifest, Known] | None = None

    def __repr__(self) -> str:
        return f"Store({self.url!r})"

    @property
    def services(self) -> tuple[Service, ...]:
        """Every service of the latest inventory of each account and region, sorted by id."""
        return self._latest()[0]

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """What the latest inventories saw and do not cover, with the reason."""
        return self._latest()[1]

    @property
    def schedules(self) -> tuple[TaskSchedule, ...]:
        """What the latest inventories say starts tasks without a service."""
        return self._latest()[2]

    def service(self, name: str, account: str | None = None, region: str | None = None) -> Service:
        """The service called `cluster/name`; raises NoData that names the nearest, or says where it is twice."""
        found = [
            service
            for service in self.services
            if service.id.service == name
            and account in (None, service.id.account)
            and region in (None, service.id.region)
        ]
        if len(found) == 1:
            return found[0]
        if found:
            places = ", ".join(one_line(f"{s.id.account}/{s.id.region}") for s in found)
            raise NoData(f"service {one_line(name)} is in several places: {places}. Next: give account and region.")
        near = difflib.get_close_matches(name, {s.id.service for s in self.services}, n=3, cutoff=0.3)
        hint = f" Nearest: {', '.join(one_line(n) for n in near)}." if near else ""
        raise NoData(
            f"store {one_line(Path(self.url), 300)}: no service {one_line(name)}.{hint} Next: `.services` lists all."
        )

    def usage(
        self, service: Service | ServiceId, *, start: datetime | None = None, end: datetime | None = None
    ) -> pd.DataFrame:
        """What a service used, from `start` (inclusive) to `end` (exclusive): schema USAGE, float32, UTC index.

        All columns are there, in the order of the schema; NaN = not measured. A missing step is a missing row.
        A service without usage gives a frame without rows.
        """
        id = service.id if isinstance(service, Service) else service
        low, high = _bounds(start, end)
        for attempt in (1, 2):
            held = self._manifest.row_groups(id)
            parts = [entry for entry in held if entry[2].last >= low and entry[2].first < high]
            try:
                whole = usage.merge(self._files.read(file, group) for file, group, _ in parts)
                break
            except StoreDamaged:
                if attempt == 2 or not self._reload():  # another process may have compacted in between
                    raise
        at = usage.seconds(whole.index)
        return whole[(at >= low) & (at < high)]

    @property
    def prices(self) -> "PriceBook":
        """The prices to reckon with: those that advisor ships."""
        from advisor.fargate.prices import PriceBook

        return PriceBook.shipped()

    def last_instant(self, id: ServiceId) -> datetime | None:
        """The newest step held of a service, None where there is none."""
        last = max((rows.last for _, _, rows in self._manifest.row_groups(id)), default=None)
        return None if last is None else datetime.fromtimestamp(last, UTC)

    @property
    def task_runs(self) -> tuple[TaskRun, ...]:
        """Every task run held, sorted by account, region, cluster and task; `TaskRun.id` says whose it is."""
        return self._run_files.runs(self._manifest)

    def add_runs(self, runs: Iterable[TaskRun]) -> int:
        """Keep task runs; returns how many told something new. What is known of an end is never unlearnt."""
        counts: list[int] = []
        self._write(lambda held: self._with_runs(held, tuple(runs), counts))
        return counts[-1]

    def add_inventory(self, inventory: Inventory, *, account: str, region: str, complete: bool) -> None:
        """Keep what `inventory` holds of one account and region as a dated snapshot.

        `complete`: services that it does not list are gone. A snapshot that says nothing new is not kept.
        """
        self._write(
            lambda held: add_snapshot(self._place, held, inventory, account=account, region=region, complete=complete)
        )

    def add_usage(self, frames: Mapping[ServiceId, pd.DataFrame]) -> int:
        """Keep the cells that are new; returns the number of rows with any. What is held stays as it is."""
        counts: list[int] = []
        self._write(lambda held: self._with_usage(held, frames, counts))
        return counts[0]

    def add_import(self, inventory: Inventory, frames: Mapping[ServiceId, pd.DataFrame]) -> int:
        """Keep an imported inventory with its usage, both or neither; returns the number of new rows."""
        counts: list[int] = []
        places = {(s.id.account, s.id.region) for s in inventory.services}
        places |= {(s.account, s.region) for s in inventory.skipped}

        def change(held: Manifest) -> Manifest:
            held = self._with_usage(held, frames, counts)
            for account, region in sorted(places):
                held = add_snapshot(self._place, held, inventory, account=account, region=region, complete=False)
            return self._files.compact(held, now=inventory.taken_at)

        self._write(change)
        return counts[0]

    def compact(self, now: datetime) -> None:
        """One file per day, and per month once the month has been over for two days; the content stays."""
        self._write(lambda held: self._files.compact(held, now=now))

    def _with_usage(self, held: Manifest, frames: Mapping[ServiceId, pd.DataFrame], counts: list[int]) -> Manifest:
        fresh = {id: self._fresh(held, id, usage.normal(frame)) for id, frame in frames.items()}
        counts.append(sum(len(frame) for frame in fresh.values()))
        return self._files.add(held, {id: frame for id, frame in fresh.items() if len(frame)})

    def _with_runs(self, held: Manifest, runs: Iterable[TaskRun], counts: list[int]) -> Manifest:
        changed, new = self._run_files.add(held, runs)
        counts.append(new)
        return changed

    def _fresh(self, held: Manifest, id: ServiceId, frame: pd.DataFrame) -> pd.DataFrame:
        if frame.empty:
            return frame
        first = usage.seconds(frame.index[:1])[0]
        parts = [entry for entry in held.row_groups(id) if entry[2].last >= first]
        return usage.only_new(frame, usage.merge(self._files.read(file, group) for file, group, _ in parts))

    def _write(self, change: Callable[[Manifest], Manifest]) -> None:
        """Write new files, then the manifest that names them, then remove what no longer counts."""
        with self._place.locked():
            held = manifests.load(self._place)
            changed = change(held or Manifest())
            if changed != held:
                changed = manifests.save(self._place, changed)
            _clean(self._place, changed)
            self._manifest = changed

    def _reload(self) -> bool:
        fresh = manifests.load(self._place)
        changed = fresh is not None and fresh != self._manifest
        self._manifest = fresh or self._manifest
        return changed

    def _latest(self) -> Known:
        held = self._manifest
        if self._inventory is None or self._inventory[0] is not held:
            self._inventory = (held, latest(self._place, held))
        return self._inventory[1]


def _bounds(start: datetime | None, end: datetime | None) -> tuple[float, float]:
    """The window as epoch seconds; instants without offset are UTC."""
    low = float("-inf") if start is None else _utc(start).timestamp()
    high = float("inf") if end is None else _utc(end).timestamp()
    return low, high


def _utc(instant: datetime) -> datetime:
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant


def _clean(place: Place, manifest: Manifest) -> None:
    """Remove what killed writes and compactions left."""
    counted = {file.path for file in manifest.files()}
    for path in place.walk():
        ours = path.startswith((*FOLDERS, TEMPORARY))
        if ours and path not in counted:
            place.delete(path)


def _check_empty(place: Place) -> None:
    """A store is made in a new or empty folder only; what a killed first write left does not count."""
    if place.files.get_file_info(place.root).type == fs.FileType.File:
        raise InputRefused("is a file", where=one_line(Path(place.root), 300), rule="a store is a folder")
    first = (*FOLDERS, TEMPORARY, LOCK)
    if foreign := [path for path in place.walk() if not path.startswith(first)]:
        rule = "a store is made in a new or empty folder"
        raise InputRefused("is not a store", where=one_line(Path(place.root), 300), value=foreign[0], rule=rule)


def _local_path(url: str | Path) -> str:
    parts = urlsplit(str(url))
    if "://" in str(url) and parts.scheme != "file":
        raise InputRefused(
            "not a local folder", where=one_line(Path(url), 300), value=parts.scheme, rule="a path or file:// URL"
        )
    path = unquote(parts.path) if parts.scheme == "file" else str(url)
    if not path or "\0" in path:
        raise InputRefused("no folder given", where="store", value=path, rule="a path or file:// URL")
    return str(Path(path).expanduser().resolve())
