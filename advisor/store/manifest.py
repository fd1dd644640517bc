"""The manifest: which files a store consists of, and which row group holds which service."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

from advisor.domain.errors import StoreDamaged, one_line
from advisor.domain.service import ServiceId
from advisor.store.place import Place

NAME = "manifest.json"
FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Rows:
    """One row group: its service, its number of rows, its first and last instant [epoch seconds]."""

    service: str
    rows: int
    first: int
    last: int


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class UsageFile:
    """One Parquet file: `groups` are in the order of its row groups; `period` is a month or a day."""

    account: str
    region: str
    period: str
    path: str
    sha256: str
    size: int
    groups: tuple[Rows, ...]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class RunsFile:
    """One Parquet file of task runs: those that were made in the month `period`."""

    account: str
    region: str
    period: str
    path: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One inventory file. `complete` = it lists all that is in the account and region."""

    account: str
    region: str
    taken_at: str
    path: str
    sha256: str
    size: int
    complete: bool


RowGroup = tuple[UsageFile, int, Rows]


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """All that counts. Equal content makes equal bytes: entries are sorted, and no time of writing is kept."""

    inventory: tuple[Snapshot, ...] = ()
    usage: tuple[UsageFile, ...] = ()
    runs: tuple[RunsFile, ...] = ()

    def files(self) -> tuple[UsageFile | RunsFile | Snapshot, ...]:
        """Every file that counts."""
        return (*self.inventory, *self.usage, *self.runs)

    @cached_property
    def _index(self) -> dict[ServiceId, list[RowGroup]]:
        index: dict[ServiceId, list[RowGroup]] = {}
        for file in self.usage:
            for number, rows in enumerate(file.groups):
                id = ServiceId(account=file.account, region=file.region, service=rows.service)
                index.setdefault(id, []).append((file, number, rows))
        return index

    def row_groups(self, id: ServiceId) -> list[RowGroup]:
        """Where the rows of a service lie: (file, number of the row group, its entry)."""
        return self._index.get(id, [])


def in_time(snapshots: Iterable[Snapshot]) -> tuple[Snapshot, ...]:
    """Snapshots by place and time; of two at one instant, the one that was added later comes later."""
    return tuple(sorted(snapshots, key=lambda s: (s.account, s.region, s.taken_at)))


def load(place: Place) -> Manifest | None:
    """The manifest of a store, None where there is none; raises StoreDamaged where it cannot be read."""
    try:
        text = place.read(NAME)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise damaged(place, NAME, error.strerror or one_line(error)) from error
    try:
        data = json.loads(text)
        if data["format"] != FORMAT:
            raise damaged(place, NAME, f"format {one_line(data['format'])}, not {FORMAT}")
        return _from_data(data)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise damaged(place, NAME, f"not a manifest ({type(error).__name__})") from error


def save(place: Place, manifest: Manifest) -> Manifest:
    """Make this manifest the one that counts, in one step; returns it sorted."""
    ordered = Manifest(
        inventory=in_time(manifest.inventory),
        usage=tuple(sorted(manifest.usage)),
        runs=tuple(sorted(manifest.runs)),
    )
    text = _text(ordered).encode()
    place.write(lambda sink: _write_all(sink, text), lambda _: NAME)
    return ordered


def damaged(place: Place, path: str, what: str) -> StoreDamaged:
    """The error for a file that is not what it should be."""
    return StoreDamaged(
        f"store {one_line(Path(place.root), 300)}: {path}: {what}. Rule: every file is as manifest.json says. "
        "Next: restore the store from a backup, or collect or import again into a new folder."
    )


def _write_all(sink: Any, data: bytes) -> None:
    sink.write(data)


def _text(manifest: Manifest) -> str:
    """JSON with one file per line: quick to write, and a difference between two manifests can be read."""
    inventory = [json.dumps(asdict(snapshot)) for snapshot in manifest.inventory]
    usage = [json.dumps(_usage_data(file)) for file in manifest.usage]
    runs = [json.dumps(asdict(file)) for file in manifest.runs]
    lists = {"inventory": inventory, "usage": usage, "runs": runs}
    return f'{{"format": {FORMAT},\n' + ",\n".join(f'"{key}": {_lines(value)}' for key, value in lists.items()) + "}\n"


def _lines(entries: list[str]) -> str:
    return "[\n" + ",\n".join(entries) + "\n]" if entries else "[]"


def _usage_data(file: UsageFile) -> dict[str, Any]:
    """Row groups as short lists: there are many."""
    groups = [[g.service, g.rows, g.first, g.last] for g in file.groups]
    return {field.name: getattr(file, field.name) for field in fields(file)} | {"groups": groups}


def _from_data(data: dict[str, Any]) -> Manifest:
    return Manifest(
        inventory=tuple(Snapshot(**entry) for entry in data["inventory"]),
        usage=tuple(UsageFile(**{**entry, "groups": _groups(entry["groups"])}) for entry in data["usage"]),
        runs=tuple(RunsFile(**entry) for entry in data.get("runs", ())),
    )


def _groups(lists: list[list[Any]]) -> tuple[Rows, ...]:
    return tuple(Rows(service=s, rows=n, first=first, last=last) for s, n, first, last in lists)
