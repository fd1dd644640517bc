"""Checked frames: the index is UTC, sorted, unique and on one step; columns are those of the schema."""

import pandas as pd

from advisor.domain.errors import InputRefused
from advisor.domain.schema import Column


def check_frame(frame: pd.DataFrame, columns: tuple[Column, ...], *, step_seconds: int, where: str) -> None:
    """Raise InputRefused where a frame is not what its schema says; the frame is not changed."""
    _check_index(frame, step_seconds=step_seconds, where=where)
    known = {column.name: column for column in columns}
    for name in frame.columns:
        if name not in known:
            raise InputRefused("unknown column", where=where, value=name, rule=f"columns are {', '.join(known)}")
    for column in columns:
        _check_column(frame, column, where=where)


def _check_index(frame: pd.DataFrame, *, step_seconds: int, where: str) -> None:
    index = frame.index
    if not isinstance(index, pd.DatetimeIndex) or str(index.tz) != "UTC":
        raise InputRefused("index is not UTC instants", where=where, value=index.dtype, rule="a UTC DatetimeIndex")
    if not index.is_monotonic_increasing or not index.is_unique:
        raise InputRefused("instants are not in order or not unique", where=where, rule="sorted, unique instants")
    off_step = index.as_unit("s").asi8 % step_seconds != 0
    if off_step.any():
        value = index[off_step.argmax()]
        raise InputRefused("instant off the step", where=where, value=value, rule=f"whole steps of {step_seconds} s")


def _check_column(frame: pd.DataFrame, column: Column, *, where: str) -> None:
    if column.name not in frame.columns:
        if column.required:
            raise InputRefused(
                "missing column", where=where, value=column.name, rule=f"{column.meaning} [{column.unit}]"
            )
        return
    values = frame[column.name]
    low, high = column.low, column.high
    if low is not None and (values < low).any():
        rule = f"{column.name} is at least {low:g} {column.unit}"
        raise InputRefused("value too low", where=where, value=values.min(), rule=rule)
    if high is not None and (values > high).any():
        rule = f"{column.name} is at most {high:g} {column.unit}"
        raise InputRefused("value too high", where=where, value=values.max(), rule=rule)
