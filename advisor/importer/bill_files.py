"""The files of an exported bill, in a folder or on S3, read piece by piece so that a large one does not fill memory."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pv
import pyarrow.parquet as pq
from pyarrow import fs

from advisor.domain.errors import AdvisorError, InputRefused, one_line
from advisor.importer.places import below, place_of, s3_refused

ROWS_PER_PIECE = 1 << 16
_BLOCK = 1 << 23  # bytes of CSV at a time; one row must fit
_HEADER = 1 << 20  # bytes that a header may take
_READ = (".parquet", ".csv", ".csv.gz")
_MONTH = re.compile(r"BILLING_PERIOD=[0-9-]+|[0-9]{8}-[0-9]{8}")


@dataclass(frozen=True, slots=True, kw_only=True)
class BillFile:
    """One file: its place, its columns, whether it is Parquet, and when it was last written."""

    files: fs.FileSystem
    path: str
    shown: str
    names: tuple[str, ...]
    parquet: bool
    written: datetime

    @property
    def first_row(self) -> int:
        """The number that the first row has for a person."""
        return 1 if self.parquet else 2

    def pieces(self, wanted: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """The wanted columns, some rows at a time, in order; CSV cells are text. Raises InputRefused."""
        try:
            yield from self._parquet(wanted) if self.parquet else self._csv(wanted)
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            raise _unreadable(self.shown, error) from None

    def _parquet(self, wanted: Sequence[str]) -> Iterator[pa.RecordBatch]:
        with self.files.open_input_file(self.path) as source:
            yield from pq.ParquetFile(source).iter_batches(batch_size=ROWS_PER_PIECE, columns=list(wanted))

    def _csv(self, wanted: Sequence[str]) -> Iterator[pa.RecordBatch]:
        with self.files.open_input_stream(self.path, compression=_compression(self.path)) as source:
            yield from pv.open_csv(
                source,
                read_options=pv.ReadOptions(
                    block_size=_BLOCK, use_threads=False, column_names=list(self.names), skip_rows=1
                ),
                parse_options=pv.ParseOptions(newlines_in_values=True),
                convert_options=pv.ConvertOptions(
                    include_columns=list(wanted),
                    column_types=dict.fromkeys(wanted, pa.string()),
                    strings_can_be_null=True,
                    null_values=[""],
                ),
            )


def bill_files(url: str | Path) -> tuple[BillFile, ...]:
    """The files of a bill: one file, or all Parquet and CSV files below a folder; also on `s3://`.

    Raises InputRefused where there is none, where one cannot be read, and where a month is there in two versions.
    """
    files, root = place_of(str(url), where="--bill")
    shown = one_line(Path(str(url)), 300) if "://" not in str(url) else one_line(str(url), 300)[1:-1]
    try:
        info = files.get_file_info(root)
        if info.type == fs.FileType.NotFound:
            raise InputRefused("not there", where=shown, rule="a file or a folder of an exported bill")
        paths = [root] if info.type == fs.FileType.File else below(files, root)
    except OSError as error:
        raise _unreadable(shown, error) from None
    read = [path for path in paths if path.lower().endswith(_READ)] or (paths if paths == [root] else [])
    if not read:
        rule = "Parquet, CSV or gzipped CSV files; zip files are to be unpacked first"
        raise InputRefused("no bill", where=shown, rule=rule)
    _check_versions(read, shown)
    return tuple(_opened(files, path, f"{shown}{path[len(root) :]}") for path in read)


def _check_versions(paths: Sequence[str], shown: str) -> None:
    """AWS may deliver each update of a month into a folder of its own: reading two would count all twice."""
    seen: dict[str, str] = {}
    for path in paths:
        folder = path.rpartition("/")[0]
        if (month := _MONTH.search(folder)) and seen.setdefault(folder[: month.end()], folder) != folder:
            value = f"{Path(seen[folder[: month.end()]]).name} and {Path(folder).name}"
            rule = "one version of each month: give the folder of the newest"
            raise InputRefused(f"two versions of {month[0]}", where=shown, value=value, rule=rule)


def _opened(files: fs.FileSystem, path: str, shown: str) -> BillFile:
    try:
        with files.open_input_file(path) as source:
            parquet = bytes(source.read(4)) == b"PAR1"
            names = pq.ParquetFile(source).schema_arrow.names if parquet else _csv_names(files, path)
        written = files.get_file_info(path).mtime.astimezone(UTC)
    except (pa.ArrowException, OSError, csv.Error, UnicodeDecodeError) as error:
        raise _unreadable(shown, error) from None
    return BillFile(files=files, path=path, shown=shown, names=tuple(names), parquet=parquet, written=written)


def _csv_names(files: fs.FileSystem, path: str) -> list[str]:
    with files.open_input_stream(path, compression=_compression(path)) as source:
        text = bytes(source.read(_HEADER)).decode("utf-8-sig", errors="replace")
    return next(csv.reader(io.StringIO(text, newline="")), [])


def _compression(path: str) -> str | None:
    return "gzip" if path.lower().endswith(".gz") else None


def _unreadable(shown: str, error: Exception) -> AdvisorError:
    if shown.startswith("s3://") and isinstance(error, OSError):
        return s3_refused(shown, error)
    reason = (error.strerror if isinstance(error, OSError) else None) or one_line(error, 160)
    return InputRefused("cannot be read", where=shown, rule=f"Parquet, CSV or gzipped CSV ({reason})")
