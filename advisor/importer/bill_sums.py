"""Rows of a bill, added up now and then, so that a large bill does not fill memory."""

from collections.abc import Mapping, Sequence

import pyarrow as pa

_MOST_ROWS = 1 << 18  # are kept apart before they are added up


class AddedUp:
    """Rows so far by `keys`; `how` says of each other column whether it is a sum or a max."""

    def __init__(self, keys: Sequence[str], how: Mapping[str, str]) -> None:
        self._keys, self._how = list(keys), dict(how)
        self._pieces: list[pa.Table] = []
        self._apart = self._added_up = 0  # rows

    def add(self, rows: pa.Table) -> None:
        """More rows; other columns than those named are left out."""
        self._pieces.append(rows.select([*self._keys, *self._how]))
        self._apart += rows.num_rows
        if self._apart >= max(_MOST_ROWS, self._added_up):
            self.whole()

    def whole(self) -> pa.Table | None:
        """Everything so far, one row per key; None before the first row."""
        if not self._pieces:
            return None
        pieces = pa.concat_tables(self._pieces).unify_dictionaries()
        totals = pieces.group_by(self._keys, use_threads=False).aggregate(list(self._how.items()))
        names = {f"{name}_{how}": name for name, how in self._how.items()}
        renamed = totals.rename_columns([names.get(name, name) for name in totals.column_names])
        self._pieces = [renamed.select([*self._keys, *self._how])]
        self._apart, self._added_up = 0, renamed.num_rows
        return self._pieces[0]
