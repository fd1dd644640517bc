"""What breaks a rule of docs/interfaces.md is refused with file, row, column, value and rule."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from importer_samples import CSV, GOOD, some_id, some_usage

from advisor.domain.errors import InputRefused
from advisor.domain.inventory import Inventory
from advisor.importer import read_usage

BAD_CELLS = [
    (2, "-1", "column tasks: negative"),
    (3, "-0.001", "column cpu_avg: negative"),
    (3, "much", "column cpu_avg: not a number"),
    (3, "NaN", "not a number"),
    (3, "nan", "not a number"),
    (4, "inf", "not a number"),
    (4, "-inf", "not a number"),
    (4, "0x10", "not a number"),
    (4, "1_000", "not a number"),
    (4, '"1,5"', "not a number"),
    (4, "１２", "not a number"),
    (5, "1e400", "column memory_avg: too large"),
    (5, "1e39", "too large"),
    (5, "true", "not a number"),
    (7, "1e", "not a number"),
    (0, "", "column service: bad service name"),
    (0, "x/" + "y" * 511, "bad service name"),
    (0, "prod/chekout", "unknown service: 'prod/chekout'.*prod/checkout"),
    (0, "checkout", "unknown service"),
    (0, "prod/\x1b[31mapi", r"unknown service: 'prod/\\x1b"),
    (1, "", "column timestamp: not an instant"),
    (1, "yesterday", "not an instant"),
    (1, "2026-11-01T00:00:00", "not an instant.*offset"),
    (1, "2026-11-01", "not an instant"),
    (1, "1793491200", "not an instant"),
    (1, "2026-02-30T00:00:00Z", "no such instant"),
    (1, "2026-11-01T24:00:00Z", "no such instant"),
    (1, "9999-11-01T00:00:00Z", "no such instant"),
    (1, "1969-11-01T00:00:00Z", "no such instant"),
    (1, "2026-11-01T00:00:00.5Z", "within a second"),
    (1, "2026-11-01T00:00:07Z", "step"),
]


@pytest.mark.parametrize(("column", "value", "says"), BAD_CELLS)
def test_a_bad_cell_is_refused_with_file_row_column_value_and_rule(
    inventory: Inventory, written: Callable[[str], Path], column: int, value: str, says: str
) -> None:
    bad = [*GOOD[:column], value, *GOOD[column + 1 :]]
    first = ["prod/checkout", *GOOD[1:]]
    path = written(CSV + ",".join(first) + "\n" + ",".join(bad) + "\n")
    with pytest.raises(InputRefused, match=says) as caught:
        read_usage(path, inventory)
    text = str(caught.value)
    assert "usage.csv: row 3, column" in text
    assert "Rule: " in text
    assert text.isprintable()


def times(*minutes: float) -> str:
    stamps = [pd.Timestamp("2026-11-01", tz="UTC") + pd.Timedelta(minutes=m) for m in minutes]
    return CSV + "".join(f"prod/api,{t.isoformat()},1,2,3,4,5,6\n" for t in stamps)


@pytest.mark.parametrize(
    ("minutes", "says"),
    [
        ((0, 1, 1), "row 4, column timestamp: duplicate instant"),
        ((0, 1, 2, 0), "row 5, column timestamp: duplicate instant"),
        ((1, 2, 0), "row 4, column timestamp: instant out of order"),
        ((0, 1, 2.5), "row 4, column timestamp: bad or mixed step"),
        ((0, 1, 2, *range(7, 42, 5)), "mixed steps .60 and 300 s."),
        ((0, 60, 120), "bad or mixed step .3600 s."),
        ((0.5, 1.5), "off the step of 60 s"),
        ((1, 6, 11), "off the step of 300 s"),
    ],
)
def test_bad_steps_are_refused(
    inventory: Inventory, written: Callable[[str], Path], minutes: tuple[float, ...], says: str
) -> None:
    with pytest.raises(InputRefused, match=says):
        read_usage(written(times(*minutes)), inventory)


def test_gaps_are_multiples_of_the_step(inventory: Inventory, written: Callable[[str], Path]) -> None:
    frames, steps = read_usage(written(times(0, 2, 3, 100, 1000)), inventory)
    assert list(steps.values()) == [60]
    assert len(frames[some_id("prod/api")]) == 5


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty file"),
        ("\n\n", "empty file"),
        (CSV, "no rows"),
        (CSV.replace("memory_avg,", ""), "missing column: 'memory_avg'"),
        (CSV.replace("cpu_max", "cpu_avg") + ",".join(GOOD), "column twice"),
        (CSV + "prod/api,2026-11-01T00:00:00Z,1\n", "row 2: wrong number of cells: 3"),
        (CSV + ",".join(GOOD) + "\n" + ",".join(GOOD) + ",7\n", "row 3: wrong number of cells: 9"),
        ("\x00\x01\x02", "missing column"),
        ("{}", "missing column"),
    ],
)
def test_files_that_are_no_usage_are_refused(
    inventory: Inventory, written: Callable[[str], Path], text: str, says: str
) -> None:
    with pytest.raises(InputRefused, match=says) as caught:
        read_usage(written(text), inventory)
    assert "usage.csv" in str(caught.value)


@pytest.mark.parametrize("content", [b"PAR1", b"PAR1" + b"x" * 100, b"\xff\xfe\x00", None])
def test_files_that_cannot_be_read_are_refused(tmp_path: Path, inventory: Inventory, content: bytes | None) -> None:
    path = tmp_path / "usage.parquet"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    for where in (path, tmp_path / "none.csv"):
        with pytest.raises(InputRefused, match=where.name):
            read_usage(where, inventory)


def test_text_that_is_not_utf8_is_refused(tmp_path: Path, inventory: Inventory) -> None:
    path = tmp_path / "usage.csv"
    path.write_bytes((CSV + ",".join(GOOD)).replace("prod/api", "pr\xf6d/api").encode("latin-1"))
    with pytest.raises(InputRefused, match=r"usage\.csv: not a CSV file"):
        read_usage(path, inventory)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"cpu_avg": "2"}, None),
        ({"cpu_avg": True}, "column cpu_avg: not numbers"),
        ({"cpu_avg": np.inf}, "row 1, column cpu_avg: too large"),
        ({"cpu_avg": np.nan}, None),
        ({"cpu_avg": None}, None),
        ({"timestamp": 1793491200}, "column timestamp: not instants"),
        ({"account": 22223333}, "column account: not text"),
        ({"service": pd.Categorical(["prod/api"])}, None),
        ({"timestamp": pd.Timestamp("2026-11-01")}, None),
        ({"timestamp": pd.Timestamp("2026-11-01", tz="Asia/Tokyo")}, None),
        ({"timestamp": pd.NaT}, "timestamp"),
    ],
)
def test_types_in_parquet_are_held_to_the_rules(
    tmp_path: Path, inventory: Inventory, change: dict[str, Any], says: str | None
) -> None:
    usage = some_usage(rows=1).assign(service="prod/api").assign(**change)
    usage.to_parquet(tmp_path / "u.parquet", index=False)
    if says is None:
        assert len(read_usage(tmp_path / "u.parquet", inventory)[0]) == 1
    else:
        with pytest.raises(InputRefused, match=says):
            read_usage(tmp_path / "u.parquet", inventory)
