"""Tables of records as Parquet: one file per account, region and month; the same records give the same bytes.

To add a table: a `Table` beside its records, its name in `manifest.DATA`, and a property and a method in `Store`.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from advisor.domain.errors import one_line
from advisor.store.manifest import Manifest
from advisor.store.place import SHA_CHARACTERS, Place, segment
from advisor.store.records import DataFile, about

R = TypeVar("R", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(Generic[R]):
    """How records are kept. `merge` takes each record once, the one that knows most, sorted, in whichever order.

    `where` gives (account, region, instant), of records that `merge` takes as one the same place; `row` what `schema`
    holds; `record` makes a record of (account, region, row). Instants of a row are UTC.
    """

    name: str
    schema: pa.Schema
    where: Callable[[R], tuple[str, str, datetime]]
    row: Callable[[R], dict[str, Any]]
    record: Callable[[str, str, dict[str, Any]], R]
    merge: Callable[[Iterable[R]], tuple[R, ...]]


class TableFiles(Generic[R]):
    """The files of one table in one place; each is read once."""

    def __init__(self, table: Table[R], place: Place) -> None:
        self.table, self._place = table, place
        self._read: dict[str, tuple[R, ...]] = {}

    def records(self, held: Manifest, *, newest: int | None = None) -> tuple[R, ...]:
        """Every record, or those of the `newest` months held, sorted.

        Raises StoreDamaged where a file is missing or changed.
        """
        files = held.table(self.table.name)
        months = sorted({file.period for file in files})
        wanted = set(months if newest is None else months[-newest:])
        return self._merged(file for file in files if file.period in wanted)

    def add(self, held: Manifest, records: Iterable[R]) -> tuple[Manifest, int]:
        """Write what the records tell that is new; returns what is then held, and how many of them told it."""
        given = tuple(records)
        places = {self.table.where(record)[:2] for record in given}
        files = (file for file in held.table(self.table.name) if (file.account, file.region) in places)
        known = set(self._merged(files))
        fresh = [record for record in self.table.merge((*known, *given)) if record not in known]
        by_month: dict[tuple[str, str, str], list[R]] = {}
        for record in fresh:
            account, region, at = self.table.where(record)
            by_month.setdefault((account, region, f"{at.astimezone(UTC):%Y-%m}"), []).append(record)
        return held.plus(*(self._write(*key, some) for key, some in sorted(by_month.items()))), len(fresh)

    def compact(self, held: Manifest) -> Manifest:
        """One file per account, region and month; a file that says as much as all of them is taken as it is."""
        wanted: dict[tuple[str, str, str], list[DataFile]] = {}
        for file in held.table(self.table.name):
            wanted.setdefault((file.account, file.region, file.period), []).append(file)
        return held.with_table(self.table.name, [self._one(*key, files) for key, files in sorted(wanted.items())])

    def _one(self, account: str, region: str, month: str, files: Sequence[DataFile]) -> DataFile:
        if len(files) == 1:  # it was merged when it was written
            return files[0]
        merged = self._merged(files)
        whole = [file for file in files if self._of(file) == merged]
        return min(whole) if whole else self._write(account, region, month, merged)

    def _merged(self, files: Iterable[DataFile]) -> tuple[R, ...]:
        return self.table.merge(record for file in files for record in self._of(file))

    def _of(self, file: DataFile) -> tuple[R, ...]:
        if file.path not in self._read:
            try:
                content = pa.BufferReader(self._place.read(file.path))
                rows = pq.read_table(content, schema=self.table.schema).to_pylist()
            except OSError as error:
                raise self._place.failed(file.path, error) from error
            except pa.ArrowException as error:
                raise self._place.damaged(file.path, f"unreadable ({one_line(error)})") from error
            made = (self.table.record(file.account, file.region, _in_utc(row)) for row in rows)
            self._read[file.path] = tuple(made)
        return self._read[file.path]

    def _write(self, account: str, region: str, month: str, records: Sequence[R]) -> DataFile:
        said = about(account=account, region=region, period=month)
        rows = pa.Table.from_pylist([self.table.row(record) for record in records], schema=self.table.schema)
        folder = f"{self.table.name}/account={segment(account)}/region={segment(region)}"
        path = self._place.write(
            lambda sink: pq.write_table(rows.replace_schema_metadata(said), sink, compression="zstd"),
            lambda sha: f"{folder}/{month}-{sha[:SHA_CHARACTERS]}.parquet",
        )
        return DataFile(path=str(path), account=account, region=region, period=month)


def _in_utc(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value.astimezone(UTC) if isinstance(value, datetime) else value for key, value in row.items()}
