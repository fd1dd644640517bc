"""One key, or none, hides the accounts of a store: every write holds to it, whoever was first."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier

import boto3
import pytest
from store_samples import NOW, bytes_of, some_frame, some_id, some_service

from advisor.domain.collecting import CollectionRun
from advisor.domain.errors import InputRefused
from advisor.domain.inventory import Inventory
from advisor.store import Store, hiding, open_store
from advisor.store.bucket import place_of
from advisor.store.place import Folder

ONE, TWO = "x0000000001a", "x0000000002b"
DAY = datetime(2026, 11, 20, tzinfo=UTC)
RUN = CollectionRun(started=DAY, ended=DAY)
REFUSED = "hidden in another way"
WRITES: dict[str, Callable[[Store], object]] = {
    "inventory": lambda s: s.add_inventory(Inventory(taken_at=NOW), account="1", region="r", complete=True),
    "usage": lambda s: s.add_usage({some_id(): some_frame(NOW, 5)}),
    "import": lambda s: s.add_import(Inventory(taken_at=NOW, services=(some_service(some_id()),)), {}),
    "table": lambda s: s.add_reach([some_id()], NOW, of="usage"),
    "log": lambda s: s.add_log(RUN),
}


@pytest.fixture(params=["folder", "s3"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "s3":
        request.getfixturevalue("endpoint")
        boto3.client("s3").create_bucket(Bucket="stores")
    return "s3://stores/of/us" if request.param == "s3" else str(tmp_path / "store")


def marks(url: str | Path) -> list[str]:
    return [path.partition("/")[2].rpartition("-")[0] for path in place_of(url).list(hiding.FOLDER)]


@pytest.mark.parametrize("write", WRITES)
def test_whatever_is_written_first_says_by_which_key_and_no_other_may_follow(url: str, write: str) -> None:
    WRITES[write](open_store(url, create=True, hidden_by=ONE))
    assert marks(url) == [ONE]
    held = place_of(url).list()
    for other in (TWO, ""):
        with pytest.raises(InputRefused, match=REFUSED):
            open_store(url, create=True, hidden_by=other)
    for again in WRITES.values():
        with pytest.raises(InputRefused, match=REFUSED):
            again(open_store(url, create=True))  # who says nothing writes in the clear
    assert place_of(url).list() == held
    WRITES[write](open_store(url, create=True, hidden_by=ONE))


def test_a_store_in_the_clear_takes_no_key_and_says_what_to_do(tmp_path: Path) -> None:
    WRITES["usage"](open_store(tmp_path, create=True))
    assert marks(tmp_path) == ["clear"]
    with pytest.raises(InputRefused, match="Next: leave --anonymise out"):
        open_store(tmp_path, hidden_by=ONE)


def test_to_look_at_a_store_marks_nothing(tmp_path: Path) -> None:
    open_store(tmp_path / "store", create=True, hidden_by=ONE)
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize("before", [ONE, ""])
def test_the_logs_of_a_store_of_before_decide_and_it_is_marked_then(tmp_path: Path, before: str) -> None:
    store = open_store(tmp_path, create=True, hidden_by=before)
    store.add_usage({some_id(): some_frame(NOW, 5)})
    store.add_log(CollectionRun(started=DAY, ended=DAY, hidden_by=before))
    _forget(tmp_path)
    for other in {ONE, TWO, ""} - {before}:
        with pytest.raises(InputRefused, match=REFUSED):
            open_store(tmp_path, hidden_by=other)
    open_store(tmp_path, hidden_by=before).add_usage({some_id(): some_frame(NOW, 9)})
    assert marks(tmp_path) == [before or "clear"]


def test_a_store_of_before_without_logs_is_in_the_clear_where_an_account_is(tmp_path: Path) -> None:
    for account in ("000000000042", "x302a3299b29"):
        open_store(tmp_path / account, create=True).add_reach([some_id(account=account)], NOW, of="usage")
        _forget(tmp_path / account)
    with pytest.raises(InputRefused, match=REFUSED):
        open_store(tmp_path / "000000000042", hidden_by=ONE)
    WRITES["log"](open_store(tmp_path / "x302a3299b29", hidden_by=ONE))
    assert marks(tmp_path / "x302a3299b29") == [ONE]


def test_of_two_that_start_at_once_with_two_keys_at_most_one_goes_on(tmp_path: Path) -> None:
    for round_ in range(20):
        folder, gate = tmp_path / str(round_), Barrier(2)

        def begin(key: str, folder: Path = folder, gate: Barrier = gate) -> str | None:
            store = open_store(folder, create=True, hidden_by=key)
            gate.wait()
            try:
                WRITES["usage"](store)
            except InputRefused:
                return None
            return key

        with ThreadPoolExecutor(2) as pool:
            done = [key for key in pool.map(begin, (ONE, TWO)) if key]
        assert len(done) <= 1
        assert marks(folder) == done
        assert any(path.startswith("usage/") for path in bytes_of(folder)) == bool(done)


def test_who_finds_another_mark_beside_its_own_takes_its_own_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, write = open_store(tmp_path, create=True, hidden_by=ONE), Folder.write
    other = open_store(tmp_path, create=True, hidden_by=TWO)

    def meddling(*given: object) -> object:
        monkeypatch.setattr(Folder, "write", write)
        WRITES["log"](other)
        return write(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(Folder, "write", meddling)
    with pytest.raises(InputRefused, match=REFUSED):
        WRITES["usage"](store)
    assert marks(tmp_path) == [TWO]


def _forget(folder: Path) -> None:
    """As a store is that was written before there were marks."""
    for mark in (folder / hiding.FOLDER).iterdir():
        mark.unlink()
