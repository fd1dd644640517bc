"""Reading, adding and compacting the usage files of a store."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import BinaryIO

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from advisor.domain.errors import one_line
from advisor.domain.service import ServiceId
from advisor.store import usage
from advisor.store.manifest import Manifest, RowGroup
from advisor.store.place import SHA_CHARACTERS, Place, segment
from advisor.store.records import DataFile, Rows, about

Groups = Iterable[tuple[str, pd.DataFrame]]
Part = tuple[DataFile, pd.DataFrame]


class UsageFiles:
    """The files of one table of usage in one place. A file's sha256 is checked before its first reading."""

    def __init__(self, place: Place, table: str) -> None:
        self.place, self.table = place, table
        self._footers: dict[str, pq.FileMetaData] = {}

    def read(self, file: DataFile, group: int) -> pd.DataFrame:
        """One row group as a frame; raises StoreDamaged where the file is missing or changed."""
        try:
            footer = self._footers.get(file.path) or self._check(file)
            with self.place.files.open_input_file(self.place.full(file.path)) as source:
                return usage.frame_of(pq.ParquetFile(source, metadata=footer).read_row_group(group))
        except OSError as error:
            raise self.place.failed(file.path, error) from error
        except (pa.ArrowException, IndexError) as error:
            raise self.place.damaged(file.path, f"unreadable ({one_line(error)})") from error

    def of(self, held: Manifest, id: ServiceId, *, low: float, high: float = float("inf")) -> pd.DataFrame:
        """The row groups of a service that overlap a window of epoch seconds."""
        parts = [part for part in held.row_groups(self.table, id) if part[2].last >= low and part[2].first < high]
        return usage.merge(self.read(file, group) for file, group, _ in parts)

    def add(self, held: Manifest, frames: Mapping[ServiceId, pd.DataFrame]) -> tuple[Manifest, int]:
        """Keep the cells that are new; returns what is then held, and the number of rows with any."""
        fresh = {id: self._fresh(held, id, usage.normal(frame)) for id, frame in frames.items()}
        told = {id: frame for id, frame in fresh.items() if len(frame)}
        return self._added(held, told), sum(map(len, told.values()))

    def _fresh(self, held: Manifest, id: ServiceId, frame: pd.DataFrame) -> pd.DataFrame:
        if frame.empty:
            return frame
        return usage.only_new(frame, self.of(held, id, low=usage.seconds(frame.index[:1])[0]))

    def _added(self, held: Manifest, frames: Mapping[ServiceId, pd.DataFrame]) -> Manifest:
        """Write one file per account and region, a row group per period and service."""
        added: list[DataFile] = []
        for account, region in sorted({(id.account, id.region) for id in frames}):
            mine = {id.service: f for id, f in frames.items() if (id.account, id.region) == (account, region)}
            newest = max(frame.index[-1].to_pydatetime() for frame in mine.values())
            cut = sorted(
                ((period, service, part) for service, f in mine.items() for period, part in usage.periods(f, newest)),
                key=lambda each: each[:2],
            )
            added += self._write(account, region, "", ((service, part) for _, service, part in cut))
        return held.plus(*added)

    def compact(self, held: Manifest, *, now: datetime) -> Manifest:
        """Merge what there is of each period into one file; returns the manifest of what then counts."""
        wanted: dict[tuple[str, str, str], list[RowGroup]] = {}
        for file in held.table(self.table):
            for number, rows in enumerate(file.groups):
                key = (file.account, file.region, _period(file, rows, now=now))
                wanted.setdefault(key, []).append((file, number, rows))
        kept: list[DataFile] = []
        for (account, region, period), groups in sorted(wanted.items()):
            files = {file for file, _, _ in groups}
            if [file.period for file in files] == [period]:
                kept += files
            else:
                kept += self._merge(account, region, period, groups)
        self._footers.clear()  # most are of files that go now, and those of 1,600 row groups take 10 MiB each
        return held.with_table(self.table, kept)

    def _merge(self, account: str, region: str, period: str, groups: list[RowGroup]) -> list[DataFile]:
        """One file of all; a file of the period that says as much as all together is taken as it is."""
        whole = {file for file, _, _ in groups if file.period == period}

        def merged() -> Iterator[tuple[str, pd.DataFrame]]:
            for service, parts in self._parts(groups):
                frame = usage.merge(part for _, part in parts)
                whole.intersection_update([file for file, part in parts if file in whole and part.equals(frame)])
                yield service, frame

        made = self._write(account, region, period, merged(), unless=lambda: bool(whole))
        return made or [min(whole)]

    def _parts(self, groups: list[RowGroup]) -> Iterator[tuple[str, list[Part]]]:
        places: dict[str, list[tuple[DataFile, int]]] = {}
        for file, number, rows in groups:
            places.setdefault(rows.service, []).append((file, number))
        for service in sorted(places):
            yield service, [(file, self.read(file, number)) for file, number in places[service]]

    def _write(
        self, account: str, region: str, period: str, groups: Groups, *, unless: Callable[[], bool] = lambda: False
    ) -> list[DataFile]:
        """Write one file, and forget it if, once it is whole, `unless` says so."""
        entries: list[Rows] = []
        folder = f"{self.table}/account={segment(account)}/region={segment(region)}"

        def fill(sink: BinaryIO) -> None:
            with usage.writer(sink) as writer:
                for service, frame in groups:
                    writer.write_table(usage.table(service, frame), row_group_size=max(len(frame), 1))
                    at = usage.seconds(frame.index)
                    entries.append(Rows(service=service, rows=len(at), first=int(at[0]), last=int(at[-1])))
                writer.add_key_value_metadata(about(account=account, region=region, period=period, groups=entries))

        def name(sha: str) -> str | None:
            return None if unless() else f"{folder}/{period or 'new'}-{sha[:SHA_CHARACTERS]}.parquet"

        if (path := self.place.write(fill, name)) is None:
            return []
        return [DataFile(path=path, account=account, region=region, period=period, groups=tuple(entries))]

    def _check(self, file: DataFile) -> pq.FileMetaData:
        self.place.check(file.path)
        with self.place.files.open_input_file(self.place.full(file.path)) as source:
            self._footers[file.path] = pq.read_metadata(source)
        return self._footers[file.path]


def _period(file: DataFile, rows: Rows, *, now: datetime) -> str:
    """The period whose file a row group belongs into: a month stays a month, a day becomes one when it is over."""
    first, last = (datetime.fromtimestamp(at, UTC) for at in (rows.first, rows.last))
    month = f"{first:%Y-%m}"
    return month if file.period == month or first.date() != last.date() else usage.period_of(first, newest=now)
