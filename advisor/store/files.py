"""Reading, adding and compacting the Parquet files of a store."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import BinaryIO

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from advisor.domain.errors import one_line
from advisor.domain.service import ServiceId
from advisor.store import usage
from advisor.store.manifest import Manifest, Rows, UsageFile, damaged
from advisor.store.place import Place, segment

Groups = Iterable[tuple[str, pd.DataFrame]]


class UsageFiles:
    """The usage files of one place. A file's sha256 is checked before its first reading."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._footers: dict[str, pq.FileMetaData] = {}

    def read(self, file: UsageFile, group: int) -> pd.DataFrame:
        """One row group as a frame; raises StoreDamaged where the file is missing or changed."""
        footer = self._footers.get(file.path) or self._check(file)
        try:
            with self.place.files.open_input_file(self.place.full(file.path)) as source:
                return usage.frame_of(pq.ParquetFile(source, metadata=footer).read_row_group(group))
        except (OSError, pa.ArrowException, IndexError) as error:
            raise damaged(self.place, file.path, f"unreadable ({one_line(error)})") from error

    def add(self, held: Manifest, frames: Mapping[ServiceId, pd.DataFrame]) -> Manifest:
        """Write one file per account, region and period; returns the manifest with them."""
        added: list[UsageFile] = []
        for account, region in sorted({(id.account, id.region) for id in frames}):
            mine = {id.service: f for id, f in frames.items() if (id.account, id.region) == (account, region)}
            newest = max(frame.index[-1].to_pydatetime() for frame in mine.values())
            cut: dict[str, dict[str, pd.DataFrame]] = {}
            for service, frame in mine.items():
                for period, part in usage.periods(frame, newest=newest):
                    cut.setdefault(period, {})[service] = part
            added += [
                self._write(account, region, period, sorted(parts.items())) for period, parts in sorted(cut.items())
            ]
        return replace(held, usage=(*held.usage, *added))

    def compact(self, held: Manifest, *, now: datetime) -> Manifest:
        """Merge the files of a period into one; returns the manifest of what then counts."""
        wanted: dict[tuple[str, str, str], list[UsageFile]] = {}
        for file in held.usage:
            day = datetime.strptime(f"{file.period}-01"[:10], "%Y-%m-%d").replace(tzinfo=UTC)
            period = file.period if len(file.period) == len("2026-11") else usage.period_of(day, newest=now)
            wanted.setdefault((file.account, file.region, period), []).append(file)
        kept: list[UsageFile] = []
        for (account, region, period), files in wanted.items():
            if len(files) == 1 and files[0].period == period:
                kept += files
            else:
                kept.append(self._write(account, region, period, self._merged(files)))
        return replace(held, usage=tuple(sorted(kept)))

    def _merged(self, files: list[UsageFile]) -> Groups:
        places: dict[str, list[tuple[UsageFile, int]]] = {}
        for file in files:
            for number, rows in enumerate(file.groups):
                places.setdefault(rows.service, []).append((file, number))
        for service in sorted(places):
            yield service, usage.merge(self.read(file, group) for file, group in places[service])

    def _write(self, account: str, region: str, period: str, groups: Groups) -> UsageFile:
        entries: list[Rows] = []
        folder = f"usage/account={segment(account)}/region={segment(region)}"
        written = self.place.write(_filler(groups, entries), lambda sha: f"{folder}/{period}-{sha[:12]}.parquet")
        return UsageFile(
            account=account,
            region=region,
            period=period,
            path=written.path,
            sha256=written.sha256,
            size=written.size,
            groups=tuple(entries),
        )

    def _check(self, file: UsageFile) -> pq.FileMetaData:
        try:
            if self.place.sha256(file.path) != file.sha256:
                raise damaged(self.place, file.path, "changed since it was written")
            with self.place.files.open_input_file(self.place.full(file.path)) as source:
                footer = pq.read_metadata(source)
        except (OSError, pa.ArrowException) as error:
            missing = isinstance(error, FileNotFoundError)
            raise damaged(self.place, file.path, "missing" if missing else one_line(error)) from error
        self._footers[file.path] = footer
        return footer


def _filler(groups: Groups, entries: list[Rows]) -> Callable[[BinaryIO], None]:
    """What writes the row groups and notes them in `entries`."""

    def fill(sink: BinaryIO) -> None:
        with usage.writer(sink) as writer:
            for service, frame in groups:
                writer.write_table(usage.table(service, frame), row_group_size=max(len(frame), 1))
                at = usage.seconds(frame.index)
                entries.append(Rows(service=service, rows=len(at), first=int(at[0]), last=int(at[-1])))

    return fill
