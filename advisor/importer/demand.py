"""The demand file of `advisor simulate`: one row per tick."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from advisor.domain.errors import SetupRefused
from advisor.importer.tables import Table, instants, numbers, read_table

if TYPE_CHECKING:
    from advisor.simulation import Load

_REQUIRED, _OPTIONAL = ("demand_vcpu",), ("timestamp", "requests", "deploying")


def read_demand(path: str | Path, *, tick_seconds: int, region: str | None = None) -> "Load":
    """Read a demand file (CSV or Parquet): `demand_vcpu` [vCPU] and optionally timestamp, requests, deploying.

    Raises InputRefused for values that are none, SetupRefused for gaps: a replay has no missing tick.
    """
    from advisor.simulation import Load

    table = read_table(Path(path), required=_REQUIRED, optional=_OPTIONAL, ignore_extra=False)
    return Load(
        vcpu=_full(table, "demand_vcpu"),
        requests=_full(table, "requests") if "requests" in table.columns else None,
        deploying=_flags(table) if "deploying" in table.columns else None,
        start=_start(table, tick_seconds) if "timestamp" in table.columns else None,
        tick_seconds=tick_seconds,
        region=region,
        filled=0,
    )


def _full(table: Table, name: str) -> np.ndarray:
    values = numbers(table, name)
    if np.isnan(values).any():
        row = int(np.isnan(values).argmax()) + table.first_row
        raise SetupRefused("missing value", where=f"{table.where}: row {row}, column {name}", rule="no gaps")
    return values


def _flags(table: Table) -> np.ndarray:
    values = _full(table, "deploying")
    wrong = ~np.isin(values, (0, 1))
    if wrong.any():
        row = int(wrong.argmax())
        table.refuse("bad flag", row=row, column="deploying", value=values[row], rule="0 or 1")
    return np.asarray(values == 1)


def _start(table: Table, tick_seconds: int) -> datetime:
    at = instants(table, "timestamp")
    wrong = np.diff(at) != tick_seconds
    if wrong.any():
        row = int(wrong.argmax()) + 1
        place = f"{table.where}: row {row + table.first_row}, column timestamp"
        value = table.columns["timestamp"][row].as_py()
        raise SetupRefused("a gap or another step", where=place, value=value, rule=f"every {tick_seconds} s")
    return datetime.fromtimestamp(int(at[0]), UTC)
