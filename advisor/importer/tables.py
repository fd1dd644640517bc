"""Tables from CSV or Parquet files, column by column, with a refusal that names file, row and column."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pv
import pyarrow.parquet as pq

from advisor.domain.errors import InputRefused, one_line

NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
INSTANT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(Z|[+-][0-9]{2}:?[0-9]{2})$"
LARGEST = float(np.finfo("float32").max)
NUMBER_RULE = f"a number from 0 to {LARGEST:.3g}; an empty cell where it is not known"
INSTANT_RULE = "an ISO 8601 instant with offset, such as 2026-11-23T20:10:00Z, from 1970 to 2100"
_FIRST, _LAST = pd.Timestamp("1970-01-01", tz="UTC"), pd.Timestamp("2100-01-01", tz="UTC")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The wanted columns of a file; `first_row` is the number that its first row has for a person."""

    where: str
    columns: Mapping[str, pa.Array]
    rows: int
    first_row: int

    def refuse(self, what: str, *, row: int, column: str, value: object, rule: str) -> NoReturn:
        """Raise InputRefused for one cell; `row` counts from 0."""
        place = f"{self.where}: row {row + self.first_row}, column {column}"
        raise InputRefused(what, where=place, value=value, rule=rule)


def shown(path: Path) -> str:
    """A path for a message."""
    return one_line(path, 1000)


def read_bytes(path: Path) -> bytes:
    """The content of a file; raises InputRefused where it cannot be read."""
    try:
        return path.read_bytes()
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from None


def read_table(path: Path, *, required: tuple[str, ...], optional: tuple[str, ...], ignore_extra: bool) -> Table:
    """The columns of a CSV or Parquet file; raises InputRefused for missing, extra and twin columns."""
    try:
        with path.open("rb") as file:
            is_parquet = file.read(4) == b"PAR1"
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from None
    names = _parquet_names(path) if is_parquet else _csv_names(path)
    _check_names(path, names, required=required, optional=optional, ignore_extra=ignore_extra)
    wanted = [name for name in names if name in required + optional]
    columns = _parquet_columns(path, wanted) if is_parquet else _csv_columns(path, wanted, len(names))
    rows = len(next(iter(columns.values())))
    if not rows:
        raise InputRefused("no rows", where=shown(path), rule="at least one row below the header")
    return Table(where=shown(path), columns=columns, rows=rows, first_row=1 if is_parquet else 2)


def texts(table: Table, name: str) -> pa.Array:
    """A column of text; null where the cell is empty."""
    column = table.columns[name]
    if pa.types.is_null(column.type):
        column = column.cast(pa.string())
    if not pa.types.is_string(column.type):
        raise InputRefused("not text", where=f"{table.where}: column {name}", value=column.type, rule=f"{name} is text")
    return pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column)


def numbers(table: Table, name: str) -> np.ndarray:
    """A column of numbers, float64, 0 or more; NaN where the cell is empty."""
    column = table.columns[name]
    if pa.types.is_null(column.type):
        return np.full(table.rows, np.nan)
    if pa.types.is_string(column.type):
        values = _parsed(table, name, pc.utf8_trim_whitespace(column))
    elif pa.types.is_integer(column.type) or pa.types.is_floating(column.type) or pa.types.is_decimal(column.type):
        values = column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    else:
        raise InputRefused("not numbers", where=f"{table.where}: column {name}", value=column.type, rule=NUMBER_RULE)
    wrong = (values < 0) | (values > LARGEST)
    if wrong.any():
        row = int(wrong.argmax())
        what = "negative" if values[row] < 0 else "too large"
        table.refuse(what, row=row, column=name, value=column[row].as_py(), rule=NUMBER_RULE)
    return values


def instants(table: Table, name: str) -> np.ndarray:
    """A column of UTC instants as epoch seconds, int64; refused where empty, unclear or within a second."""
    column = table.columns[name]
    if pa.types.is_string(column.type):
        _refuse_where(table, name, pc.invert(pc.match_substring_regex(column, INSTANT)), "not an instant", INSTANT_RULE)
        found = pd.to_datetime(
            pd.Series(column.to_numpy(zero_copy_only=False)), format="ISO8601", utc=True, errors="coerce"
        )
    elif pa.types.is_timestamp(column.type):
        _refuse_where(table, name, pc.is_null(column), "no instant", INSTANT_RULE)
        found = pd.to_datetime(column.to_pandas(), utc=True)
    else:
        place = f"{table.where}: column {name}"
        raise InputRefused("not instants", where=place, value=column.type, rule=INSTANT_RULE)
    wrong = ~((found >= _FIRST) & (found < _LAST)).to_numpy()
    _refuse_where(table, name, pa.array(wrong), "no such instant", INSTANT_RULE)
    whole = found.dt.floor("s")
    _refuse_where(table, name, pa.array((whole != found).to_numpy()), "within a second", "whole seconds")
    return np.asarray(whole.dt.as_unit("s").astype("int64"))


def _refuse_where(table: Table, name: str, wrong: pa.Array, what: str, rule: str) -> None:
    """Refuse the first row that is marked, or whose mark is null."""
    marks = pc.fill_null(wrong, True).to_numpy(zero_copy_only=False)
    if marks.any():
        row = int(marks.argmax())
        table.refuse(what, row=row, column=name, value=table.columns[name][row].as_py(), rule=rule)


def _parsed(table: Table, name: str, column: pa.Array) -> np.ndarray:
    filled = pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column)
    wrong = pc.invert(pc.match_substring_regex(filled, NUMBER))
    _refuse_where(table, name, pc.fill_null(wrong, False), "not a number", NUMBER_RULE)
    try:
        return np.asarray(filled.cast(pa.float64()).to_numpy(zero_copy_only=False))
    except pa.ArrowInvalid:  # a plus sign, or beyond float64
        return np.array([np.nan if cell is None else float(cell) for cell in filled.to_pylist()])


def _csv_names(path: Path) -> list[str]:
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            names = next((row for row in csv.reader(file) if row), None)
    except (csv.Error, OSError) as error:
        raise _not_csv(path, error) from None
    if names is None:
        raise InputRefused("empty file", where=shown(path), rule="a header and at least one row")
    return names


def _csv_columns(path: Path, wanted: list[str], width: int) -> dict[str, pa.Array]:
    broken: list[tuple[int | None, int]] = []

    def note(row: pv.InvalidRow) -> str:
        broken.append((row.number, row.actual_columns))
        return "error"

    try:
        table = pv.read_csv(
            path,
            read_options=pv.ReadOptions(use_threads=False),
            parse_options=pv.ParseOptions(
                newlines_in_values=True,
                invalid_row_handler=note,
                ignore_empty_lines=width > 1,  # in a file of one column, an empty line is an empty cell
            ),
            convert_options=pv.ConvertOptions(
                include_columns=wanted,
                column_types=dict.fromkeys(wanted, pa.string()),
                strings_can_be_null=False,
            ),
        )
    except (pa.ArrowInvalid, OSError, UnicodeDecodeError) as error:
        if broken:
            row, cells = broken[0]
            place = f"{shown(path)}: row {row}"
            raise InputRefused(
                "wrong number of cells", where=place, value=cells, rule=f"{width} cells as in the header"
            ) from None
        raise _not_csv(path, error) from None
    return {name: table[name].combine_chunks() for name in wanted}


def _parquet_names(path: Path) -> list[str]:
    try:
        return list(pq.read_schema(path).names)
    except (pa.ArrowException, OSError) as error:
        raise _not_parquet(path, error) from None


def _parquet_columns(path: Path, wanted: list[str]) -> dict[str, pa.Array]:
    try:
        table = pq.ParquetFile(path).read(columns=wanted)
        return {name: _plain(table[name].combine_chunks()) for name in wanted}
    except (pa.ArrowException, OSError) as error:
        raise _not_parquet(path, error) from None


def _plain(column: pa.Array) -> pa.Array:
    """Without dictionaries, and text of one kind."""
    if isinstance(column, pa.ChunkedArray):
        column = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_large_string(column.type) or pa.types.is_string_view(column.type):
        column = column.cast(pa.string())
    return column


def _check_names(
    path: Path, names: list[str], *, required: tuple[str, ...], optional: tuple[str, ...], ignore_extra: bool
) -> None:
    rule = f"columns are {', '.join(required)}; optional {', '.join(optional)}"
    known = [name for name in names if name in required + optional]
    for name in required:
        if name not in names:
            raise InputRefused("missing column", where=f"{shown(path)}: header", value=name, rule=rule)
    for name in names:
        if names.count(name) > 1 and name in known:
            raise InputRefused("column twice", where=f"{shown(path)}: header", value=name, rule=rule)
        if name not in known and not ignore_extra:
            next_step = "remove the column, or pass --ignore-extra"
            raise InputRefused(
                "extra column", where=f"{shown(path)}: header", value=name, rule=rule, next_step=next_step
            )


def _unreadable(path: Path, error: Exception) -> InputRefused:
    reason = (error.strerror if isinstance(error, OSError) else None) or one_line(error)
    return InputRefused("cannot be read", where=shown(path), rule=f"a readable file ({reason})")


def _not_csv(path: Path, error: Exception) -> InputRefused:
    return InputRefused("not a CSV file", where=shown(path), value=str(error), rule="UTF-8 text with commas")


def _not_parquet(path: Path, error: Exception) -> InputRefused:
    return InputRefused("not a Parquet file", where=shown(path), value=str(error), rule="a Parquet table")
