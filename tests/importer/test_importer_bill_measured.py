"""Measured use of a bill: a task's hour is one, however its rows are cut; what a bill does not tell is not kept."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from bill_formats import WRITERS, cur2_parquet
from bill_measured import JOB, ONE, TWO, WRITTEN, row, rows, runs, written
from bill_world import ACCOUNT, Row

from advisor.domain.measured import MeasuredDay, MeasuredMonth
from advisor.importer import read_bill

RUNS = {f"{run.region}:{run.account}:task/{run.cluster}/{run.task}": (None, run.family) for run in runs()}
# By hand: 5 October 0.3 + 0.2 + 0.4 of 1.5 + 0.5 + 1.0 vCPU-hours, 1.0 + 0.6 of 4 + 2 GB-hours; the 6th as in the table
FIFTH = {"vcpu_used": 0.9, "vcpu_reserved": 3.0, "vcpu_highest": 0.4}
FIFTH |= {"gb_used": 1.6, "gb_reserved": 6.0, "gb_highest": 0.3}
SIXTH = {"vcpu_used": 0.1, "vcpu_reserved": 0.5, "vcpu_highest": 0.2}
SIXTH |= {"gb_used": 0.2, "gb_reserved": 1.0, "gb_highest": 0.2}
DAYS = tuple(MeasuredDay(day=day, written=WRITTEN, **told) for day, told in ((5, FIFTH), (6, SIXTH)))


def read(path: Path) -> dict[str, MeasuredMonth]:
    return {month.of: month for month in read_bill(written(path), runs=RUNS).measured}


@pytest.mark.parametrize("spelling", [name for name in WRITERS if name.startswith("cur")])
def test_a_tasks_hour_is_one_however_its_rows_are_cut(spelling: str, tmp_path: Path) -> None:
    found = read(WRITERS[spelling](rows(), tmp_path))
    assert found["family"] == MeasuredMonth(of="family", id=JOB, month="2026-10", days=DAYS)
    (web,) = found["service"].days  # one name, and yet another owner
    assert (found["service"].id, web.vcpu_used, web.vcpu_highest) == (JOB, 0.9, 0.9)


def test_rows_of_one_hour_in_several_files_are_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("advisor.importer.bill_sums._MOST_ROWS", 1)
    folder = tmp_path / "parts"
    folder.mkdir()
    for number, one in enumerate(rows()):
        if one.line_type != "SavingsPlanNegation":
            cur2_parquet([one], tmp_path / "part").rename(folder / f"{number}.parquet")
    for path in folder.iterdir():
        written(path)
    found = {month.of: month for month in read_bill(folder, runs=RUNS).measured}
    assert found["family"].days == DAYS


def test_focus_and_a_bill_without_split_cost_columns_measure_nothing(tmp_path: Path) -> None:
    assert read(WRITERS["focus-1.2-parquet"](rows(), tmp_path)) == {}
    assert read(cur2_parquet([replace(r, used=None) for r in rows()], tmp_path)) == {}


def test_tasks_that_nothing_names_are_nobodys_use(tmp_path: Path) -> None:
    path = cur2_parquet(rows(), tmp_path)
    assert {month.of for month in read_bill(path).measured} == {"service"}


def test_accounts_are_hidden_and_runs_still_join(tmp_path: Path) -> None:
    runs = {key.replace(ACCOUNT, "x0"): who for key, who in RUNS.items()}
    found = read_bill(cur2_parquet(rows(), tmp_path), runs=runs, hide=lambda text: text.replace(ACCOUNT, "x0"))
    assert ACCOUNT not in repr(found.measured)
    assert {(month.of, month.id.account) for month in found.measured} == {("service", "x0"), ("family", "x0")}


def test_pods_of_eks_are_not_measured(tmp_path: Path) -> None:
    assert read(cur2_parquet([replace(r, product="AmazonEKS") for r in rows()], tmp_path)) == {}


def test_a_task_that_used_nothing_was_measured(tmp_path: Path) -> None:
    found = read(cur2_parquet([row(ONE, 3, "vcpu", "0", "2")], tmp_path))
    (day,) = found["family"].days
    assert (day.vcpu_used, day.vcpu_reserved, day.vcpu_highest, day.gb_highest) == (0.0, 2.0, 0.0, None)


def lasting(path: Path, hours: int) -> Path:
    """The bill with rows that last so many hours, from the midnight before."""
    table = pq.read_table(path)
    names = ["line_item_usage_start_date", "line_item_usage_end_date"]
    start = pc.floor_temporal(table[names[0]], unit="day")
    ends = pc.add(start, pa.scalar(timedelta(hours=hours)))
    for name, column in zip(names, (start, ends), strict=True):
        table = table.set_column(table.column_names.index(name), name, column)
    pq.write_table(table, path)
    return path


def test_rows_of_days_give_sums_and_no_highest_hour(tmp_path: Path) -> None:
    found = read(lasting(cur2_parquet(rows(), tmp_path), 24))
    assert found["family"].days == tuple(replace(day, vcpu_highest=None, gb_highest=None) for day in DAYS)


def test_rows_of_a_month_tell_no_day(tmp_path: Path) -> None:
    assert read(lasting(cur2_parquet(rows(), tmp_path), 24 * 26)) == {}


def test_hours_without_resource_ids_tell_no_task(tmp_path: Path) -> None:
    mine: list[Row] = [r for r in rows() if r.task not in (ONE, TWO)]
    path = cur2_parquet(mine, tmp_path)
    table = pq.read_table(path)
    place = table.column_names.index("line_item_resource_id")
    region = table.column_names.index("product_region_code")
    assert table.column(region).to_pylist()[0] == "us-east-1"
    name = table.column_names[place]
    pq.write_table(table.set_column(place, name, pa.nulls(table.num_rows, pa.string())), path)
    (day,) = read(path)["service"].days
    assert (day.vcpu_used, day.vcpu_reserved, day.vcpu_highest, day.gb_highest) == (0.9, 1.0, None, None)
