"""Cells of a bill as numbers, instants and text; a cell that is none is refused with file, row and column."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NoReturn

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from advisor.domain.errors import InputRefused
from advisor.importer.bill_columns import Layout, plain
from advisor.importer.tables import INSTANT, INSTANT_RULE, NUMBER

# Money and quantities: exact to a millionth of a millionth, which a bill's own digits (ten) fit into.
DECIMAL = pa.decimal128(38, 12)
INSTANTS = pa.timestamp("s", tz="UTC")
_LONG = pa.decimal256(76, 40)
_NUMBER_RULE = "a number, or an empty cell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """Some rows of a file by our names; `rows` are their numbers for a person."""

    where: str
    layout: Layout
    batch: pa.RecordBatch
    rows: pa.Array

    def where_true(self, marks: pa.Array) -> "Cells":
        """The rows that are marked; a null mark is none."""
        keep = pc.fill_null(marks, False)
        return replace(self, batch=self.batch.filter(keep), rows=self.rows.filter(keep))

    def has(self, ours: str) -> bool:
        """Whether the file has this column."""
        return ours in self.layout.columns

    def text(self, ours: str) -> pa.Array:
        """A column of text; null where the cell is empty or the column is not there."""
        if not self.has(ours):
            return pa.nulls(len(self.batch), pa.string())
        return _text(self.batch[self.layout.columns[ours]])

    def decimals(self, ours: str) -> pa.Array:
        """A column of numbers; null where the cell is empty or the column is not there."""
        if not self.has(ours):
            return pa.nulls(len(self.batch), DECIMAL)
        column = _plain(self.batch[self.layout.columns[ours]])
        if pa.types.is_string(column.type):
            return self._parsed(ours, pc.utf8_trim_whitespace(column))
        if pa.types.is_floating(column.type):
            self.refuse_where(pc.invert(pc.is_finite(column)), ours, "not a number", _NUMBER_RULE)
            return self._cast(ours, column, DECIMAL)
        return pc.round(self._cast(ours, column, _LONG), 12).cast(DECIMAL)

    def instants(self, ours: str) -> pa.Array:
        """A column of UTC instants, whole seconds."""
        column = _plain(self.batch[self.layout.columns[ours]])
        if pa.types.is_string(column.type):
            self.refuse_where(pc.invert(pc.match_substring_regex(column, INSTANT)), ours, "no instant", INSTANT_RULE)
            texts = pd.Series(column.to_numpy(zero_copy_only=False))
            column = pa.array(pd.to_datetime(texts, format="ISO8601", utc=True, errors="coerce"))
        self.refuse_where(pc.is_null(column), ours, "no instant", INSTANT_RULE)
        if not pa.types.is_timestamp(column.type):
            self.refuse_all(ours, "no instants", INSTANT_RULE)
        return column.cast(pa.timestamp(column.type.unit, tz="UTC")).cast(INSTANTS, safe=False)

    def tag(self, ours: str, key: str) -> pa.Array:
        """A tag's value in each row, from a column of its own or from the column of all tags; null where none."""
        if ours in self.layout.tag_columns:
            return _text(self.batch[self.layout.tag_columns[ours]])
        if not self.has("tags"):
            return pa.nulls(len(self.batch), pa.string())
        column = self.batch[self.layout.columns["tags"]]
        if pa.types.is_map(column.type):
            found = [pc.map_lookup(column, name, "first") for name in _keys_like(column, key)]
            return _text(pc.coalesce(*found)) if found else pa.nulls(len(self.batch), pa.string())
        return self._from_json(_text(column), key)

    def refuse(self, row: int, ours: str, what: str, rule: str) -> NoReturn:
        """Raise InputRefused for one cell; `row` counts from 0 in these rows."""
        name = self.layout.columns[ours]
        place = f"{self.where}: row {self.rows[row].as_py()}, column {name}"
        raise InputRefused(what, where=place, value=self.batch[name][row].as_py(), rule=rule)

    def refuse_all(self, ours: str, what: str, rule: str) -> NoReturn:
        """Raise InputRefused for some cell of these rows."""
        place = f"{self.where}: rows {self.rows[0].as_py()} to {self.rows[-1].as_py()}"
        raise InputRefused(what, where=f"{place}, column {self.layout.columns[ours]}", rule=rule)

    def refuse_where(self, wrong: pa.Array, ours: str, what: str, rule: str) -> None:
        """Refuse the first row that is marked; a null mark is none."""
        if (row := pc.index(pc.fill_null(wrong, False), True).as_py()) >= 0:
            self.refuse(row, ours, what, rule)

    def _parsed(self, ours: str, column: pa.Array) -> pa.Array:
        filled = pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column)
        self.refuse_where(pc.invert(pc.match_substring_regex(filled, NUMBER)), ours, "not a number", _NUMBER_RULE)
        long = self._cast(ours, pc.replace_substring_regex(filled, r"^\+", ""), _LONG)
        return pc.round(long, 12).cast(DECIMAL)

    def _cast(self, ours: str, column: pa.Array, kind: pa.DataType) -> pa.Array:
        try:
            return column.cast(kind)
        except pa.ArrowException:
            rule = "at most 26 digits before the point and 40 after it"
            return self.refuse_all(ours, "a number too long, or none", rule)

    def _from_json(self, column: pa.Array, key: str) -> pa.Array:
        coded = column.dictionary_encode()
        values = [self._value(text, key) for text in coded.dictionary.to_pylist()]
        return pa.array(values, pa.string()).take(coded.indices)

    def _value(self, text: str, key: str) -> str | None:
        try:
            tags = json.loads(text)
        except (ValueError, RecursionError):
            tags = None
        if not isinstance(tags, Mapping):
            row = pc.index(_text(self.batch[self.layout.columns["tags"]]), text).as_py()
            self.refuse(row, "tags", "not tags", "a JSON object of keys and values")
        return next((str(value) for name, value in tags.items() if plain(name) == key and value), None)


def _keys_like(column: Any, key: str) -> list[str]:
    keys = column.keys.unique()
    return [name for name in keys.to_pylist() if name is not None and plain(name) == key]


def _text(column: pa.Array) -> pa.Array:
    plainly = _plain(column).cast(pa.string())
    return pc.if_else(pc.equal(plainly, ""), pa.scalar(None, pa.string()), plainly)


def _plain(column: pa.Array) -> pa.Array:
    """Without dictionaries, and text of one kind."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_large_string(column.type) or pa.types.is_string_view(column.type):
        column = column.cast(pa.string())
    return column
