"""The store keeps what Container Insights measured: of two readings the higher; pieces leave no trace in the bytes."""

from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from store_samples import HOSTILE, NOW, bytes_of, some_id, some_service

from advisor.codec import Anonymiser, from_json, to_json
from advisor.domain.insights import InsightsMonth, merge_insights
from advisor.domain.inventory import Inventory, Service
from advisor.store import open_store
from advisor.store.manifest import DATA

highest = st.none() | st.floats(0, 1e6)
days = st.lists(st.integers(1, 28), unique=True).map(lambda found: tuple(sorted(found)))
months = st.builds(
    InsightsMonth,
    id=st.sampled_from((some_id(), some_id(f"prod/{HOSTILE}"), some_id(account="000000000043"))),
    container=st.sampled_from(("", "app", HOSTILE, " 111122223333 ")),
    month=st.sampled_from(("2025-12", "2026-01")),
    days=days,
    memory_mib=highest,
    cpu_units=highest,
    storage_gib=highest,
    restarts=st.dictionaries(st.integers(1, 28), st.integers(1, 9)).map(lambda d: tuple(sorted(d.items()))),
    pending=days,
)


@given(first=st.lists(months), second=st.lists(months))
def test_neither_order_nor_repetition_matters(first: list[InsightsMonth], second: list[InsightsMonth]) -> None:
    whole = merge_insights([*first, *second])
    assert whole == merge_insights([*second, *first]) == merge_insights([*merge_insights(first), *second, *first])
    for seen in (*first, *second):
        (kept,) = (m for m in whole if (m.id, m.container, m.month) == (seen.id, seen.container, seen.month))
        assert set(seen.days) <= set(kept.days)
        assert (kept.memory_mib or 0) >= (seen.memory_mib or 0)
        assert all(dict(kept.restarts)[day] >= count for day, count in seen.restarts)


@settings(max_examples=15, deadline=None)
@given(some=st.lists(months, min_size=1, max_size=6))
def test_pieces_leave_no_trace(tmp_path_factory: object, some: list[InsightsMonth]) -> None:
    folder: Path = tmp_path_factory.mktemp("store")  # type: ignore[attr-defined]
    once, pieces = open_store(folder / "once", create=True), open_store(folder / "pieces", create=True)
    once.add_insights(some)
    for part in (some[1:], some[:1], some):
        pieces.add_insights(part)
    for store in (once, pieces):
        store.compact(NOW)
    assert bytes_of(folder / "pieces") == bytes_of(folder / "once")
    assert open_store(folder / "pieces").insights == merge_insights(some)


@given(seen=months)
def test_a_record_survives_its_json_and_keeps_no_account_when_hidden(seen: InsightsMonth) -> None:
    assert from_json(InsightsMonth, to_json(seen), where="insights") == seen
    hidden = Anonymiser(b"key").record(seen)
    assert "111122223333" not in to_json(hidden)
    assert (hidden.days, hidden.restarts, hidden.memory_mib) == (seen.days, seen.restarts, seen.memory_mib)


def test_a_store_and_an_inventory_from_before_are_read(tmp_path: Path) -> None:
    service = some_service(some_id())
    store = open_store(tmp_path, create=True)
    inventory = Inventory(taken_at=datetime(2026, 1, 1, tzinfo=UTC), services=(service,))
    store.add_inventory(inventory, account=service.id.account, region=service.id.region, complete=True)
    (path,) = tmp_path.rglob("inventory/**/*.json")
    assert ' "insights": null' in path.read_text()
    before = to_json(service).replace('"insights": null,', "")
    assert from_json(Service, before, where="before") == service
    assert "insights" in DATA
    assert not (tmp_path / "insights").exists()
    assert open_store(tmp_path).insights == ()
