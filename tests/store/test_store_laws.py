"""Laws of the store: nothing is lost, nothing is written twice, nothing half-written counts."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pytest
from store_samples import HOSTILE, NOW, bytes_of, some_frame, some_id, some_service

from advisor.domain.errors import InputRefused
from advisor.domain.frames import check_frame
from advisor.domain.inventory import Inventory, Skipped, TaskDefinition, TaskSchedule
from advisor.domain.schema import USAGE
from advisor.domain.service import TaskSize
from advisor.store import open_store, usage
from advisor.store.usage import COLUMNS, PARTITIONS


def periods_of(folder: Path) -> list[str]:
    (manifest,) = (folder / "manifest").iterdir()
    return [file["period"] for file in json.loads(manifest.read_text())["data"]]


def test_what_is_added_is_read_back(tmp_path: Path) -> None:
    frame = some_frame(NOW - timedelta(days=3), 3 * 1440)
    store = open_store(tmp_path, create=True)
    assert store.add_usage({some_id(): frame}) == len(frame)
    got = open_store(tmp_path).usage(some_id())
    pd.testing.assert_frame_equal(got, frame, check_freq=False)
    check_frame(got, USAGE, step_seconds=60, where="store")
    assert store.last_instant(some_id()) == frame.index[-1].to_pydatetime()


def test_a_file_from_before_a_column_is_read_without_it_and_takes_it_from_then_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = ["response_avg", "response_p99"]
    with monkeypatch.context() as before:
        kept = tuple(name for name in COLUMNS if name not in new)
        before.setattr(usage, "COLUMNS", kept)
        before.setattr(usage, "SCHEMA", pa.schema([f for f in usage.SCHEMA if f.name not in new]))
        old = some_frame(NOW - timedelta(hours=2), 60).drop(columns=new)
        open_store(tmp_path, create=True).add_usage({some_id(): old})
    store = open_store(tmp_path)
    pd.testing.assert_frame_equal(store.usage(some_id()), old.reindex(columns=list(COLUMNS)), check_freq=False)
    later = some_frame(NOW - timedelta(hours=1, minutes=10), 60, seed=2)
    assert store.add_usage({some_id(): later}) == 60, "ten minutes that were held get what is new of them"
    store.compact(NOW)
    got = open_store(tmp_path).usage(some_id())
    assert got[new].notna().all(axis=1).sum() == 60
    pd.testing.assert_frame_equal(got.loc[old.index, list(kept)], old, check_freq=False)
    pd.testing.assert_frame_equal(got.loc[later.index, new], later[new], check_freq=False)
    assert store.add_usage({some_id(): later}) == 0


def test_a_window_is_half_open(tmp_path: Path) -> None:
    frame = some_frame(NOW - timedelta(days=3), 3 * 1440)
    store = open_store(tmp_path, create=True)
    store.add_usage({some_id(): frame})
    start, end = frame.index[100].to_pydatetime(), frame.index[2000].to_pydatetime()
    got = store.usage(some_id(), start=start, end=end)
    pd.testing.assert_frame_equal(got, frame.iloc[100:2000], check_freq=False)


def test_adding_again_changes_no_byte(tmp_path: Path) -> None:
    frames = {some_id(): some_frame(NOW - timedelta(days=2), 1000)}
    inventory = Inventory(taken_at=NOW, services=(some_service(some_id()),))
    open_store(tmp_path, create=True).add_usage(frames)
    open_store(tmp_path).add_inventory(inventory, account="000000000042", region="eu-west-1", complete=True)
    before = bytes_of(tmp_path)
    later = Inventory(
        taken_at=NOW + timedelta(hours=1),
        services=(some_service(some_id(), seen_at=NOW + timedelta(hours=1)),),
    )
    store = open_store(tmp_path, create=True)
    assert store.add_usage(frames) == 0
    store.add_inventory(later, account="000000000042", region="eu-west-1", complete=True)
    assert bytes_of(tmp_path) == before


def test_only_new_cells_are_kept_and_held_ones_stay(tmp_path: Path) -> None:
    frame = some_frame(NOW, 10)
    first, second = frame.copy(), frame.iloc[5:] + 1
    first.loc[first.index[7], "memory_avg"] = np.nan
    store = open_store(tmp_path, create=True)
    store.add_usage({some_id(): first.iloc[:8]})
    assert store.add_usage({some_id(): second}) == 3  # one filled cell in row 7, rows 8 and 9
    got = store.usage(some_id())
    assert got["memory_avg"].iloc[7] == second["memory_avg"].iloc[2]
    assert (got["cpu_avg"].iloc[:8] == frame["cpu_avg"].iloc[:8]).all()
    assert len(got) == 10


def test_no_argument_is_changed(tmp_path: Path) -> None:
    frame = some_frame(NOW, 10)[["cpu_avg", "tasks"]].astype("float64").iloc[::-1]
    copy = frame.copy()
    open_store(tmp_path, create=True).add_usage({some_id(): frame})
    pd.testing.assert_frame_equal(frame, copy)


@pytest.mark.parametrize("account", ["000000000042", "..", "a/b", "x" * 400, "é\x00\n"])
def test_accounts_and_regions_survive_as_text_and_never_leave_the_folder(tmp_path: Path, account: str) -> None:
    id = some_id(account=account, region="../eu")
    store = open_store(tmp_path / "store", create=True)
    store.add_usage({id: some_frame(NOW, 5)})
    store.add_inventory(
        Inventory(taken_at=NOW, services=(some_service(id),)), account=account, region="../eu", complete=True
    )
    again = open_store(tmp_path / "store")
    assert again.services[0].id == id
    assert len(again.usage(id)) == 5
    assert [p.name for p in tmp_path.iterdir()] == ["store"]


def test_hostile_service_names_are_held_and_never_part_of_a_path(tmp_path: Path) -> None:
    id = some_id(HOSTILE)
    store = open_store(tmp_path, create=True)
    store.add_usage({id: some_frame(NOW, 5)})
    store.add_inventory(
        Inventory(taken_at=NOW, services=(some_service(id),)), account=id.account, region=id.region, complete=True
    )
    assert open_store(tmp_path).service(HOSTILE).id == id
    assert len(open_store(tmp_path).usage(id)) == 5
    assert all("script" not in str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*"))


def test_files_are_a_dataset_with_an_explicit_partition_schema(tmp_path: Path) -> None:
    open_store(tmp_path, create=True).add_usage({some_id(): some_frame(NOW, 5)})
    read = ds.dataset(tmp_path / "usage", partitioning=ds.partitioning(PARTITIONS, flavor="hive"))
    table = read.to_table(filter=ds.field("account") == "000000000042")
    assert table.num_rows == 5
    assert table["account"][0].as_py() == "000000000042"


def test_each_row_group_is_one_service_without_dictionaries_on_metrics(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    open_store(tmp_path, create=True).add_usage(
        {some_id(f"prod/{n}"): some_frame(NOW.replace(hour=0), 60) for n in "cab"}
    )
    (path,) = tmp_path.rglob("*.parquet")
    with pq.ParquetFile(path) as file:
        names = [file.read_row_group(i)["service"].unique().to_pylist() for i in range(3)]
        columns = [file.metadata.row_group(0).column(i) for i in range(2 + len(COLUMNS))]
    assert names == [["prod/a"], ["prod/b"], ["prod/c"]]
    encodings = {c.path_in_schema: c.encodings for c in columns}
    assert "DELTA_BINARY_PACKED" in encodings["ts"]
    assert all("BYTE_STREAM_SPLIT" in encodings[name] for name in COLUMNS)
    assert not any("DICTIONARY" in e for name in COLUMNS for e in encodings[name])
    assert {c.compression for c in columns} == {"ZSTD"}


def test_months_that_are_over_are_one_file_and_the_content_stays(tmp_path: Path) -> None:
    start = datetime(2026, 10, 28, tzinfo=UTC)
    frame = some_frame(start, 4 * 1440).iloc[::5]
    store = open_store(tmp_path, create=True)
    for part in np.array_split(np.arange(len(frame)), 7):
        store.add_usage({some_id(): frame.iloc[part]})
    before = store.usage(some_id())
    store.compact(datetime(2026, 11, 2, 12, tzinfo=UTC))  # October may still get rows
    assert periods_of(tmp_path) == [f"2026-10-{d}" for d in range(28, 32)]
    store.compact(datetime(2026, 11, 3, 12, tzinfo=UTC))
    assert periods_of(tmp_path) == ["2026-10"]
    pd.testing.assert_frame_equal(open_store(tmp_path).usage(some_id()), before)
    bytes_before = bytes_of(tmp_path)
    store.compact(datetime(2026, 11, 3, 13, tzinfo=UTC))
    assert bytes_of(tmp_path) == bytes_before


def test_of_two_snapshots_at_one_instant_the_later_one_counts(tmp_path: Path) -> None:
    store = open_store(tmp_path, create=True)
    for desired in (5, 3, 4, 1, 2):
        inventory = Inventory(taken_at=NOW, services=(some_service(some_id(), desired=desired),))
        store.add_inventory(inventory, account="000000000042", region="eu-west-1", complete=True)
        assert open_store(tmp_path).services[0].setup.desired == desired


def test_a_task_and_a_service_may_share_a_name(tmp_path: Path) -> None:
    skipped = Skipped(service="prod/api", account="000000000042", region="eu-west-1", reason="standalone task")
    store = open_store(tmp_path, create=True)
    store.add_import(Inventory(taken_at=NOW, services=(some_service(some_id()),), skipped=(skipped,)), {})
    assert (len(store.services), store.skipped) == (1, (skipped,))


def test_a_schedule_whose_definition_is_read_later_is_one_schedule(tmp_path: Path) -> None:
    task = TaskDefinition(arn="nightly:1", family="nightly", revision=1, size=TaskSize.of(vcpu=1, gib=2))
    schedule = TaskSchedule(
        account="000000000042", region="eu-west-1", kind="rule", name="nightly", cluster="prod", family=task.family
    )
    store = open_store(tmp_path, create=True)
    for hour, complete, definition in ((0, True, None), (1, False, task)):
        found = (replace(schedule, task_definition=definition),)
        inventory = Inventory(taken_at=NOW + timedelta(hours=hour), schedules=found)
        store.add_inventory(inventory, account="000000000042", region="eu-west-1", complete=complete)
    assert open_store(tmp_path).schedules == (replace(schedule, task_definition=task),)


def test_instants_without_offset_are_utc(tmp_path: Path) -> None:
    frame = some_frame(NOW, 10)
    store = open_store(tmp_path, create=True)
    store.add_usage({some_id(): frame})
    start = frame.index[5].to_pydatetime()
    assert len(store.usage(some_id(), start=start.replace(tzinfo=None))) == 5


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputRefused, match="writable folder"):
        open_store(tmp_path / "file" / "store", create=True).add_usage({some_id(): some_frame(NOW, 2)})
