"""The log of runs: newest first, and what the last run of each place could not read."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from advisor.domain.collecting import CollectionRun, PlaceRead
from advisor.store import Store, open_store

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def ran(store: Store, days_ago: float, **failures: str) -> None:
    """A run over regions of one account; the text says what failed, empty where nothing did."""
    at = NOW - timedelta(days=days_ago)
    places = [
        PlaceRead(account="1", region=region.replace("every", "*"), failures=(text,) if text else ())
        for region, text in failures.items()
    ]
    store.add_log(CollectionRun(started=at, ended=at, places=tuple(places)))


def gaps(store: Store) -> list[tuple[str, str]]:
    return [(gap.region, gap.reason) for gap in store.skipped]


def test_the_last_run_of_each_region_says_what_is_missing(tmp_path: Path) -> None:
    store = open_store(tmp_path, create=True)
    assert (gaps(store), store.logs()) == ([], [])
    ran(store, 3, a="denied", b="denied")
    ran(store, 2, a="", c="throttled")
    assert gaps(store) == [("b", "denied"), ("c", "throttled")]
    assert [run.started for run in store.logs()] == [NOW - timedelta(days=days) for days in (2, 3)]
    assert len(store.logs(most=1)) == 1


def test_where_no_region_could_be_listed_that_speaks_for_all_until_one_is_read(tmp_path: Path) -> None:
    store = open_store(tmp_path, create=True)
    ran(store, 3, a="denied")
    ran(store, 2, every="regions denied")
    assert gaps(store) == [("*", "regions denied")]
    ran(store, 1, a="")
    assert gaps(store) == []


def test_services_in_part_are_listed_by_name_until_they_are_read(tmp_path: Path) -> None:
    store = open_store(tmp_path, create=True)
    place = PlaceRead(account="1", region="a", partly=("prod/api", "prod/web"), partly_more=40)
    store.add_log(CollectionRun(started=NOW, ended=NOW, places=(place,)))
    told = [(gap.service, gap.account, gap.region, gap.reason.partition(" ")[0]) for gap in store.skipped]
    assert told == [("prod/api", "1", "a", "reviewed"), ("prod/web", "1", "a", "reviewed"), ("*", "1", "a", "40")]
    ran(store, -1, a="")
    assert store.skipped == ()


def test_a_place_that_nobody_tries_any_more_is_forgotten(tmp_path: Path) -> None:
    store = open_store(tmp_path, create=True)
    ran(store, 50, a="denied")
    ran(store, 30, b="denied")
    ran(store, 0, c="")
    assert gaps(store) == [("b", "denied")]
