"""One step per service: 20, 60 or 300 s; a gap is a multiple of it."""

import numpy as np

from advisor.importer.tables import Table

STEPS = (300, 60, 20)
LONGEST_RUN = 6  # chosen: so many equal differences in a row are a longer step, not gaps
STEP_RULE = "one step of 20, 60 or 300 s per service, starting on whole steps; a gap is a multiple of it"
ORDER_RULE = "per service, instants are unique and in order"


def check_order(table: Table, rows: np.ndarray, at: np.ndarray) -> None:
    """Refuse the first instant of a service that is not after the one before."""
    back = np.diff(at[rows]) <= 0
    if back.any():
        place = int(back.argmax()) + 1
        seen = at[rows[place]] in set(at[rows[:place]].tolist())
        what = "duplicate instant" if seen else "instant out of order"
        _refuse(table, what, row=int(rows[place]), rule=ORDER_RULE)


def step_of(table: Table, rows: np.ndarray, at: np.ndarray) -> int:
    """The step of a service [s]: what all differences between its instants are multiples of."""
    gaps = np.diff(at[rows])
    step = int(np.gcd.reduce(gaps)) if len(gaps) else _step_of_one(int(at[rows[0]]))
    if step not in STEPS:
        odd = _first(gaps % 60 != 0, gaps % 20 != 0, gaps != gaps[0]) if len(gaps) else 0
        _refuse(table, f"bad or mixed step ({step} s)", row=int(rows[odd]), rule=STEP_RULE)
    if at[rows[0]] % step:
        _refuse(table, f"instant off the step of {step} s", row=int(rows[0]), rule=STEP_RULE)
    for longer in (other for other in STEPS if other > step):
        if (place := _run(gaps == longer)) is not None:
            _refuse(table, f"mixed steps ({step} and {longer} s)", row=int(rows[place + 1]), rule=STEP_RULE)
    return step


def _refuse(table: Table, what: str, *, row: int, rule: str) -> None:
    table.refuse(what, row=row, column="timestamp", value=table.columns["timestamp"][row].as_py(), rule=rule)


def _step_of_one(instant: int) -> int:
    """A single row says no step: one minute where it can be."""
    return next((step for step in (60, 20) if instant % step == 0), 1)


def _first(*marks: np.ndarray) -> int:
    """The row after the first difference that stands out."""
    return next((int(mark.argmax()) + 1 for mark in marks if mark.any()), 1)


def _run(same: np.ndarray) -> int | None:
    """Where the first run of LONGEST_RUN differences begins, None where there is none."""
    if len(same) < LONGEST_RUN:
        return None
    counts = np.convolve(same, np.ones(LONGEST_RUN, dtype="int64"), mode="valid")
    full = counts == LONGEST_RUN
    return int(full.argmax()) if full.any() else None
