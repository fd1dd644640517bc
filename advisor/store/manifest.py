"""What a store holds: which files there are, and which row group holds which service.

The files themselves are the truth: each says what it holds. A manifest is an index of them, so that they need not be
opened, and a record of what must be there, so that a lost file is noticed (docs/decisions/0004-store.md).
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from advisor.domain.errors import one_line
from advisor.domain.service import ServiceId
from advisor.store.place import SHA_CHARACTERS, FileMissing, Place
from advisor.store.records import DataFile, Rows, Snapshot, data_file, describe, to_data
from advisor.store.usage import USAGE_TABLES

FOLDER = "manifest"
FORMAT = 2
# The folders whose files count.
DATA = (
    "inventory",
    *USAGE_TABLES.values(),
    "reach",
    "tasks",
    "deployments",
    "peaks",
    "insights",
    "activities",
    "prices",
    "reconciliations",
    "measured",
    "savings-plans",
)

RowGroup = tuple[DataFile, int, Rows]


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """All that counts. Equal content makes equal bytes: entries are sorted, and no time of writing is kept."""

    inventory: tuple[Snapshot, ...] = ()
    data: tuple[DataFile, ...] = ()
    sources: tuple[str, ...] = field(default=(), compare=False)  # the manifest files that it was read from

    @property
    def files(self) -> tuple[Snapshot | DataFile, ...]:
        """Every file that counts."""
        return (*self.inventory, *self.data)

    @cached_property
    def paths(self) -> frozenset[str]:
        """Their paths."""
        return frozenset(file.path for file in self.files)

    def table(self, name: str) -> tuple[DataFile, ...]:
        """The files of one table."""
        return tuple(file for file in self.data if file.table == name)

    def plus(self, *files: DataFile) -> "Manifest":
        """With these files of tables, each once."""
        if not files:
            return self
        return replace(self, data=tuple(sorted({*self.data, *files})))

    def with_table(self, name: str, files: Iterable[DataFile]) -> "Manifest":
        """With these files as all of a table."""
        others = [file for file in self.data if file.table != name]
        return replace(self, data=tuple(sorted([*others, *files])))

    def with_snapshot(self, snapshot: Snapshot) -> "Manifest":
        """With one more snapshot."""
        return replace(self, inventory=tuple(sorted({*self.inventory, snapshot})))

    @cached_property
    def _index(self) -> dict[tuple[str, ServiceId], list[RowGroup]]:
        index: dict[tuple[str, ServiceId], list[RowGroup]] = {}
        for file in self.data:
            for number, rows in enumerate(file.groups):
                id = ServiceId(account=file.account, region=file.region, service=rows.service)
                index.setdefault((file.table, id), []).append((file, number, rows))
        return index

    def row_groups(self, table: str, id: ServiceId) -> list[RowGroup]:
        """Where the rows of a service lie in a table: (file, number of the row group, its entry)."""
        return self._index.get((table, id), [])


def load(place: Place) -> Manifest | None:
    """What is held, None where nothing is; raises StoreDamaged where something is lost or cannot be read.

    A file is lost if every manifest names it and it is not there, also at a second look: another process may have
    compacted in between, and then it has put another manifest first.
    """
    seen: object = None
    while True:
        try:
            known = {path: _read(place, path) for path in place.list(FOLDER)}
            listed = [path for folder in DATA for path in place.list(folder)]
            wanted = frozenset.intersection(*(m.paths for m in known.values())) if known else frozenset()
            missing = sorted(wanted.difference(listed))
            if not missing:
                return _joined(place, known, listed) if known or listed else None
        except FileMissing:
            continue
        if (sorted(known), missing) == seen:
            raise place.missing(missing[0])
        seen = (sorted(known), missing)


def save(place: Place, manifest: Manifest) -> Manifest:
    """Put this manifest in the place of those that it was read from."""
    text = _text(manifest).encode()
    path = place.write(lambda sink: _write_all(sink, text), lambda sha: f"{FOLDER}/{sha[:SHA_CHARACTERS]}.json")
    for source in manifest.sources:
        if source != path:
            place.delete(source)
    return replace(manifest, sources=(str(path),))


def _joined(place: Place, known: dict[str, Manifest], listed: Iterable[str]) -> Manifest:
    """The files that are there, as the manifests know them or as they describe themselves."""
    entries = {file.path: file for manifest in known.values() for file in manifest.files}
    files = [entries.get(path) or describe(place, path) for path in listed]
    return Manifest(
        inventory=tuple(sorted(file for file in files if isinstance(file, Snapshot))),
        data=tuple(sorted(file for file in files if isinstance(file, DataFile))),
        sources=tuple(known),
    )


def _read(place: Place, path: str) -> Manifest:
    content = place.read(path)
    try:
        said = json.loads(content)
        if said["format"] != FORMAT:
            raise place.damaged(path, f"format {one_line(said['format'])}, not {FORMAT}")
        return Manifest(
            inventory=tuple(Snapshot(**entry) for entry in said["inventory"]),
            data=tuple(data_file(entry["path"], entry) for entry in said["data"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise place.damaged(path, f"not a manifest ({type(error).__name__})") from error


def _text(manifest: Manifest) -> str:
    """JSON with one file per line: quick to write, and a difference between two manifests can be read."""
    inventory, data = (_lines(files) for files in (manifest.inventory, manifest.data))
    return f'{{"format": {FORMAT},\n"inventory": [\n{inventory}],\n"data": [\n{data}]}}\n'


def _lines(files: Iterable[Snapshot | DataFile]) -> str:
    return ",\n".join(json.dumps(to_data(file)) for file in files)


def _write_all(sink: Any, data: bytes) -> None:
    sink.write(data)
