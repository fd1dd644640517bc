"""Laws of the store under damage: kills, foreign files, a second writer."""

import pickle
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store_samples import NOW, bytes_of, some_frame, some_id, some_service

from advisor.domain.errors import InputRefused, NoData, StoreDamaged
from advisor.domain.inventory import Inventory, Skipped
from advisor.domain.service import ServiceId
from advisor.store import open_store
from advisor.store.place import Folder
from advisor.store.usage import COLUMNS


def collect(folder: Path, batches: list[dict[ServiceId, pd.DataFrame]], *, since: bool) -> None:
    """What a collection does: what is missing of each batch, then the inventory, then compaction."""
    store = open_store(folder, create=True)
    for batch in batches:
        for id, frame in batch.items():
            last = store.last_instant(id)
            cut = frame if last is None or not since else frame[frame.index > pd.Timestamp(last)]
            store.add_usage({id: cut})
    inventory = Inventory(taken_at=NOW, services=tuple(some_service(id) for b in batches for id in b))
    store.add_inventory(inventory, account="000000000042", region="eu-west-1", complete=True)
    store.compact(NOW)


class Killed(BaseException):
    """Stands for SIGKILL: no `except Exception` may catch it."""


@pytest.mark.parametrize("kill_at", range(1, 16))
@pytest.mark.parametrize("before_rename", [True, False])
def test_a_killed_collection_run_again_gives_the_same_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kill_at: int, before_rename: bool
) -> None:
    start = NOW - timedelta(days=2)
    batches = [{some_id(f"prod/{n}"): some_frame(start, 1500, seed=n)} for n in range(2)]
    collect(tmp_path / "whole", batches, since=True)
    count, write = iter(range(1, 1000)), Folder.write

    def dying(place: Folder, fill: object, name: object) -> object:
        last = next(count) == kill_at
        if last and before_rename:
            Path(place.root).mkdir(exist_ok=True)
            (Path(place.root) / ".tmp-left").write_bytes(b"half")
            raise Killed
        written = write(place, fill, name)  # type: ignore[arg-type]
        if last:
            raise Killed
        return written

    monkeypatch.setattr(Folder, "write", dying)
    try:
        collect(tmp_path / "killed", batches, since=True)
    except Killed:
        monkeypatch.setattr(Folder, "write", write)
        open_store(tmp_path / "killed", create=True).usage(some_id("prod/0"))
        collect(tmp_path / "killed", batches, since=True)
    assert bytes_of(tmp_path / "killed") == bytes_of(tmp_path / "whole")


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3000), st.integers(1, 900)), min_size=1, max_size=6), st.data())
def test_the_store_depends_on_what_was_added_not_on_how(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[tuple[int, int]], data: st.DataObject
) -> None:
    whole = some_frame(datetime(2026, 10, 30, tzinfo=UTC), 3900)
    parts = [whole.iloc[at : at + length] for at, length in cuts]
    folders = [tmp_path_factory.mktemp("store") for _ in range(2)]
    for folder, order in zip(folders, (parts, data.draw(st.permutations(parts))), strict=True):
        store = open_store(folder, create=True)
        for part in order:
            store.add_usage({some_id(): part})
        store.compact(NOW)
    assert bytes_of(folders[0]) == bytes_of(folders[1])
    want = whole[whole.index.isin(np.concatenate([p.index for p in parts]))]
    pd.testing.assert_frame_equal(open_store(folders[0]).usage(some_id()), want, check_freq=False)


@pytest.mark.parametrize("harm", ["missing", "changed"])
@pytest.mark.parametrize("pattern", ["*.parquet", "region=*/2*.json"])
def test_a_missing_or_changed_file_is_told(tmp_path: Path, harm: str, pattern: str) -> None:
    store = open_store(tmp_path, create=True)
    store.add_usage({some_id(): some_frame(NOW, 5)})
    store.add_inventory(
        Inventory(taken_at=NOW, services=(some_service(some_id()),)),
        account="000000000042",
        region="eu-west-1",
        complete=True,
    )
    store.compact(NOW)
    (path,) = tmp_path.rglob(pattern)
    if harm == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-1] + b"!")
    with pytest.raises(StoreDamaged, match=harm):
        _ = [(damaged.usage(some_id()), damaged.services) for damaged in [open_store(tmp_path)]]


@pytest.mark.parametrize("text", [b"", b"[]", b"{", b'{"format": 1}', b'{"format": 2, "data": 3}', b"\xff"])
def test_a_manifest_that_is_none_is_told(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "manifest").mkdir()
    (tmp_path / "manifest" / f"{sha256(text).hexdigest()[:16]}.json").write_bytes(text)
    with pytest.raises(StoreDamaged, match="manifest"):
        open_store(tmp_path, create=True)


def test_a_file_that_says_nothing_of_itself_is_told(tmp_path: Path) -> None:
    store = open_store(tmp_path, create=True)
    store.add_usage({some_id(): some_frame(NOW, 5)})
    (path,) = tmp_path.rglob("*.parquet")
    pd.DataFrame({"a": [1]}).to_parquet(path.parent / "2026-11-24-aaaaaaaaaaaaaaaa.parquet")
    with pytest.raises(StoreDamaged, match="not a file of a store"):
        open_store(tmp_path)


def test_leftovers_of_a_killed_write_do_not_count_and_are_removed(tmp_path: Path) -> None:
    store = open_store(tmp_path, create=True)
    store.add_usage({some_id(): some_frame(NOW, 5)})
    (tmp_path / ".tmp-abc").write_bytes(b"half")
    (tmp_path / "notes.txt").write_text("the user's own")
    assert len(open_store(tmp_path).usage(some_id())) == 5
    store.compact(NOW)
    names = {p.name for p in tmp_path.rglob("*") if p.is_file() and p.suffix not in (".parquet", ".json")}
    assert names == {".lock", "notes.txt"}


def test_a_reader_survives_a_compaction_beside_it(tmp_path: Path) -> None:
    store = open_store(tmp_path, create=True)
    frame = some_frame(NOW, 10)
    store.add_usage({some_id(): frame.iloc[:5]})
    store.add_usage({some_id(): frame.iloc[5:]})
    reader = open_store(tmp_path)
    store.compact(NOW)
    pd.testing.assert_frame_equal(reader.usage(some_id()), frame, check_freq=False)


def test_no_store_and_no_service_say_what_to_do_next(tmp_path: Path) -> None:
    with pytest.raises(NoData, match="advisor import"):
        open_store(tmp_path / "none")
    store = open_store(tmp_path, create=True)
    assert store.services == ()
    assert store.usage(some_id()).empty
    assert list(store.usage(some_id()).columns) == list(COLUMNS)
    services = tuple(some_service(some_id(region=r)) for r in ("eu-west-1", "us-east-1"))
    store.add_import(Inventory(taken_at=NOW, services=services), {})
    with pytest.raises(NoData, match="prod/api"):
        store.service("prod/apy")
    with pytest.raises(NoData, match="several places"):
        store.service("prod/api")
    assert store.service("prod/api", region="us-east-1").id.region == "us-east-1"


def test_a_store_is_never_made_over_foreign_files(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(InputRefused, match="empty folder"):
        open_store(tmp_path, create=True)
    with pytest.raises(InputRefused, match="folder"):
        open_store(tmp_path / "thesis.txt", create=True)
    with pytest.raises(InputRefused, match="ftp"):
        open_store("ftp://host/store", create=True)
    with pytest.raises(InputRefused, match="bucket"):
        open_store("s3:///store", create=True)


def test_a_complete_snapshot_replaces_and_a_partial_one_adds(tmp_path: Path) -> None:
    store = open_store(tmp_path, create=True)
    ids = [some_id(f"prod/{n}") for n in "abc"]
    place = {"account": "000000000042", "region": "eu-west-1"}
    for hours, (names, complete) in enumerate([(ids[:2], True), (ids[2:], False)]):
        at = NOW + timedelta(hours=hours)
        services = tuple(some_service(id, seen_at=at) for id in names)
        store.add_inventory(Inventory(taken_at=at, services=services), complete=complete, **place)
    assert [s.id for s in store.services] == ids
    skipped = (Skipped(service="prod/c", reason="EC2", **place),)
    last = Inventory(taken_at=NOW + timedelta(days=1), services=(some_service(ids[0]),), skipped=skipped)
    store.add_inventory(last, complete=True, **place)
    assert [s.id for s in open_store(tmp_path).services] == ids[:1]
    assert open_store(tmp_path).skipped == skipped


def test_a_store_may_be_read_by_threads_and_sent_to_processes(tmp_path: Path) -> None:
    ids = [some_id(f"prod/{n}") for n in range(20)]
    store = open_store(tmp_path, create=True)
    store.add_usage({id: some_frame(NOW, 500, seed=n) for n, id in enumerate(ids)})
    want = [store.usage(id) for id in ids]
    copy = pickle.loads(pickle.dumps(store))
    for each in (open_store(tmp_path), copy):
        with ThreadPoolExecutor(8) as pool:
            for got, expected in zip(pool.map(each.usage, ids * 5), want * 5, strict=True):
                pd.testing.assert_frame_equal(got, expected)
