"""The demand file of `advisor simulate`: one row per tick."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from advisor.domain.errors import InputRefused
from advisor.simulation import Load

if TYPE_CHECKING:
    from datetime import datetime

COLUMNS = ("demand_vcpu", "timestamp", "requests", "deploying")


def read_demand(path: Path, *, tick_seconds: int, region: str | None = None) -> Load:
    """A demand CSV as a load: `demand_vcpu` [vCPU], optionally `timestamp`, `requests` [per minute], `deploying`.

    Raises InputRefused naming row, column, value and rule.
    """
    frame = _read(path)
    requests = _numbers(frame, "requests", path) if "requests" in frame else None
    deploying = _numbers(frame, "deploying", path).astype(bool) if "deploying" in frame else None
    return Load(
        vcpu=_numbers(frame, "demand_vcpu", path),
        requests=requests,
        deploying=deploying,
        start=_start(frame, path, tick_seconds=tick_seconds),
        tick_seconds=tick_seconds,
        region=region,
    )


def _read(path: Path) -> pd.DataFrame:
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise InputRefused("cannot be read", where=str(path), rule=f"a CSV file: {error}") from None
    if extra := [c for c in frame.columns if c not in COLUMNS]:
        raise InputRefused("unknown column", where=str(path), value=extra[0], rule=f"columns are {', '.join(COLUMNS)}")
    if "demand_vcpu" not in frame or frame.empty:
        raise InputRefused("no demand", where=str(path), rule="a column demand_vcpu with at least one row")
    return frame


def _numbers(frame: pd.DataFrame, column: str, path: Path) -> np.ndarray:
    texts = frame[column]
    values = pd.to_numeric(texts, errors="coerce").to_numpy(dtype=np.float64)
    bad = ~(np.isfinite(values) & (values >= 0))
    if column == "deploying":
        bad |= ~np.isin(values, (0.0, 1.0))
    if bad.any():
        row = int(bad.argmax())
        rule = "0 or 1" if column == "deploying" else "a finite number, 0 or more; fill or cut gaps first"
        where = f"{path}: row {row + 2}, column {column}"
        raise InputRefused("bad value", where=where, value=texts.iloc[row], rule=rule)
    return values


def _start(frame: pd.DataFrame, path: Path, *, tick_seconds: int) -> "datetime | None":
    if "timestamp" not in frame:
        return None
    where = f"{path}: column timestamp"
    instants = pd.to_datetime(frame["timestamp"], format="ISO8601", utc=True, errors="coerce")
    zoned = frame["timestamp"].str.contains(r"(?:Z|[+-]\d\d:?\d\d)$", regex=True)
    if (bad := (instants.isna() | ~zoned).to_numpy()).any():
        value = frame["timestamp"].iloc[int(bad.argmax())]
        raise InputRefused("bad instant", where=where, value=value, rule="ISO 8601 with offset")
    steps = instants.diff().dropna().dt.total_seconds()
    if (off := (steps != tick_seconds).to_numpy()).any():
        value = frame["timestamp"].iloc[int(off.argmax()) + 1]
        raise InputRefused("off the tick", where=where, value=value, rule=f"one row every {tick_seconds} s, no gap")
    first: datetime = instants.iloc[0].to_pydatetime()
    return first
