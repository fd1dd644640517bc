"""Any number of processes may write to one store at once, in a folder or on S3, and it is as if one had."""

import multiprocessing
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import boto3
import pandas as pd
import pytest
from store_samples import HOSTILE, NOW, some_frame, some_id, some_service

from advisor.domain.errors import AwsFailed, NoData, StoreDamaged
from advisor.domain.inventory import Inventory
from advisor.store import open_store
from advisor.store.bucket import place_of

START = NOW - timedelta(days=3)
PLACE = {"account": "000000000042", "region": "eu-west-1", "complete": True}
SERVICES = range(4)


@pytest.fixture(params=["folder", "s3"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "s3":
        request.getfixturevalue("endpoint")
        boto3.client("s3").create_bucket(Bucket="stores")
    return "s3://stores/of/us" if request.param == "s3" else str(tmp_path / "store")


def content(url: str) -> dict[str, bytes]:
    place = place_of(url)
    return {path: place.read(path) for path in place.list() if path != ".lock"}


def collect(url: str, services: range, begin: Callable[[], object] = int) -> None:
    """As a collection does: inventory, usage piece by piece, compaction; each process opens the store for itself."""
    begin()
    store = open_store(url, create=True)
    inventory = Inventory(taken_at=NOW, services=tuple(some_service(some_id(f"prod/{n}")) for n in SERVICES))
    store.add_inventory(inventory, **PLACE)
    for n in services:
        frame = some_frame(START, 1500, seed=n)
        store.add_usage({some_id(f"prod/{n}"): frame.iloc[:1000]})
        store.add_usage({some_id(f"prod/{n}"): frame.iloc[500:]})
        store.compact(NOW)


def test_two_processes_at_once_give_the_store_of_one(url: str, tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    gate = context.Barrier(2)
    parts = (range(3), range(1, 4))
    others = [context.Process(target=collect, args=(url, part, gate.wait)) for part in parts]
    for other in others:
        other.start()
    for other in others:
        other.join(60)
    assert [other.exitcode for other in others] == [0, 0]
    open_store(url).compact(NOW)
    collect(str(tmp_path / "alone"), SERVICES)
    assert content(url) == content(str(tmp_path / "alone"))


@pytest.mark.parametrize("name", ["write", "delete"])
def test_a_compaction_may_come_between_any_steps_of_another(
    url: str, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Before each write or each removal of a compaction, another process adds, and compacts too."""
    collect(url, range(2))
    wanted = {n: open_store(url).usage(some_id(f"prod/{n}")) for n in range(2)}
    store = open_store(url)
    store.add_usage({some_id("prod/1"): some_frame(NOW, 5)})
    kind, late_rows = type(place_of(url)), 0
    plain = getattr(kind, name)

    def meddling(place: object, *given: object) -> object:
        nonlocal late_rows
        with monkeypatch.context() as mended:
            mended.setattr(kind, name, plain)
            late = open_store(url)
            late_rows += late.add_usage({some_id("prod/0"): some_frame(NOW + timedelta(minutes=late_rows), 1)})
            late.compact(NOW)
        return plain(place, *given)

    with monkeypatch.context() as patched:
        patched.setattr(kind, name, meddling)
        store.compact(NOW)
    assert late_rows
    again = open_store(url)
    for n, before in wanted.items():
        pd.testing.assert_frame_equal(again.usage(some_id(f"prod/{n}")).loc[before.index], before, check_freq=False)
    assert len(again.usage(some_id("prod/0"), start=NOW)) == late_rows


def test_a_manifest_that_comes_late_is_no_alarm_and_goes(tmp_path: Path) -> None:
    """As one does that was put by a process which slept while others compacted."""
    store = open_store(tmp_path, create=True)
    store.add_usage({some_id(): some_frame(NOW, 5)})
    store.compact(NOW)
    (old,) = (tmp_path / "manifest").iterdir()
    late = old.read_bytes()
    store.add_usage({some_id(): some_frame(NOW, 9)})
    store.compact(NOW)
    want = content(str(tmp_path))
    old.write_bytes(late)
    assert len(open_store(tmp_path).usage(some_id())) == 9
    open_store(tmp_path).compact(NOW)
    assert content(str(tmp_path)) == want


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_two_values_for_one_minute_the_order_decides_nothing(tmp_path: Path, order: tuple[int, int]) -> None:
    """Two processes that do not see each other's: of each cell the larger."""
    frames = [some_frame(NOW, 5, seed=seed) for seed in (1, 2)]
    stores = [open_store(tmp_path, create=True) for _ in frames]
    for n in order:
        stores[n].add_usage({some_id(): frames[n]})
    for _ in range(2):
        want = frames[0].where(frames[0] > frames[1], frames[1])
        pd.testing.assert_frame_equal(open_store(tmp_path).usage(some_id()), want, check_freq=False)
        stores[0].compact(NOW)


def test_a_reader_goes_on_while_others_compact(url: str) -> None:
    store = open_store(url, create=True)
    frame = some_frame(START, 3000)
    store.add_usage({some_id(): frame.iloc[:1500]})
    store.add_inventory(Inventory(taken_at=NOW, services=(some_service(some_id()),)), **PLACE)
    reader, writer = open_store(url), open_store(url)
    store.add_usage({some_id(): frame.iloc[1500:]})
    store.compact(NOW)
    assert len(reader.usage(some_id())) == 3000
    assert writer.add_usage({some_id(): frame}) == 0
    assert [s.id for s in reader.services] == [some_id()]


@pytest.mark.usefixtures("endpoint")
def test_what_is_lost_on_s3_is_damage_and_what_is_refused_is_aws() -> None:
    s3 = boto3.client("s3")
    with pytest.raises(AwsFailed, match="s3:PutObject"):
        open_store("s3://nowhere/x", create=True).add_usage({some_id(): some_frame(NOW, 5)})
    s3.create_bucket(Bucket="stores")
    with pytest.raises(NoData, match="s3://stores/x"):
        open_store("s3://stores/x")
    store = open_store("s3://stores/x", create=True)
    store.add_usage({some_id(account=HOSTILE): some_frame(NOW, 5)})
    store.compact(NOW)
    assert len(open_store("s3://stores/x").usage(some_id(account=HOSTILE))) == 5
    (key,) = (o["Key"] for o in s3.list_objects_v2(Bucket="stores")["Contents"] if ".parquet" in o["Key"])
    s3.put_object(Bucket="stores", Key=key, Body=b"other")
    with pytest.raises(StoreDamaged, match="changed"):
        open_store("s3://stores/x").usage(some_id(account=HOSTILE))
    s3.delete_object(Bucket="stores", Key=key)
    with pytest.raises(StoreDamaged, match="missing"):
        open_store("s3://stores/x")
