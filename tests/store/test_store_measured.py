"""The store keeps what bills measured: of two readings of a day the later file's; pieces leave no trace."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store_samples import HOSTILE, NOW, bytes_of, some_id

from advisor.codec import from_json, to_json
from advisor.domain.measured import MeasuredDay, MeasuredMonth, merge_measured
from advisor.store import open_store
from advisor.store.place import Folder

WRITTEN = datetime(2026, 10, 7, 6, tzinfo=UTC)
hours, shares = st.floats(0, 1e6), st.none() | st.floats(0, 1)
days = st.builds(
    MeasuredDay,
    day=st.integers(1, 28),
    written=st.sampled_from((WRITTEN, WRITTEN + timedelta(microseconds=1), WRITTEN + timedelta(days=3))),
    **dict.fromkeys(("vcpu_used", "vcpu_reserved", "gb_used", "gb_reserved"), hours),
    **dict.fromkeys(("vcpu_highest", "gb_highest"), shares),
)
months = st.builds(
    MeasuredMonth,
    of=st.sampled_from(("service", "family")),
    id=st.sampled_from((some_id(), some_id(HOSTILE), some_id(account="000000000043"))),
    month=st.sampled_from(("2026-09", "2026-10")),
    days=st.lists(days, unique_by=lambda day: day.day, max_size=4).map(lambda d: tuple(sorted(d, key=lambda o: o.day))),
)


@given(first=st.lists(months), second=st.lists(months))
def test_neither_order_nor_repetition_matters(first: list[MeasuredMonth], second: list[MeasuredMonth]) -> None:
    whole = merge_measured([*first, *second])
    assert whole == merge_measured([*second, *first]) == merge_measured([*merge_measured(first), *second, *first])
    for seen in (*first, *second):
        (kept,) = (m for m in whole if (m.id, m.of, m.month) == (seen.id, seen.of, seen.month))
        held = {day.day: day for day in kept.days}
        assert all(held[day.day].written >= day.written for day in seen.days)


@settings(max_examples=15, deadline=None)
@given(some=st.lists(months, min_size=1, max_size=6))
def test_pieces_leave_no_trace(tmp_path_factory: object, some: list[MeasuredMonth]) -> None:
    folder: Path = tmp_path_factory.mktemp("store")  # type: ignore[attr-defined]
    once, pieces = open_store(folder / "once", create=True), open_store(folder / "pieces", create=True)
    once.add_measured(some)
    for part in (some[1:], some[:1], some):
        pieces.add_measured(part)
    for store in (once, pieces):
        store.compact(NOW)
    assert bytes_of(folder / "pieces") == bytes_of(folder / "once")
    assert open_store(folder / "pieces").measured() == merge_measured(some)


@given(seen=months)
def test_a_record_survives_its_json(seen: MeasuredMonth) -> None:
    assert from_json(MeasuredMonth, to_json(seen), where="measured") == seen


def month(name: str, *told: MeasuredDay) -> MeasuredMonth:
    return MeasuredMonth(of="family", id=some_id(), month=name, days=told)


def test_a_restated_day_takes_the_place_of_the_old_also_where_it_is_less_and_the_other_days_stay() -> None:
    old, kept = MeasuredDay(day=5, written=WRITTEN, vcpu_reserved=9.0), MeasuredDay(day=6, written=WRITTEN, gb_used=1.0)
    new = MeasuredDay(day=5, written=WRITTEN + timedelta(days=1), vcpu_reserved=4.0)
    assert merge_measured([month("2026-10", old, kept), month("2026-10", new)]) == (month("2026-10", new, kept),)


def test_of_one_file_read_twice_the_reading_that_knew_more_tasks_counts() -> None:
    few = MeasuredDay(day=5, written=WRITTEN, vcpu_used=2.0, vcpu_reserved=2.0)
    more = replace(few, vcpu_used=1.0, vcpu_reserved=4.0)
    assert merge_measured([month("2026-10", more), month("2026-10", few)]) == (month("2026-10", more),)


def test_the_newest_months_are_read_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(tmp_path, create=True)
    told = [month(f"2026-{n:02}", MeasuredDay(day=1, written=WRITTEN)) for n in (7, 8, 9)]
    store.add_measured(told)
    read: list[str] = []
    whole = Folder.read
    monkeypatch.setattr(Folder, "read", lambda place, path: read.append(path) or whole(place, path))
    assert open_store(tmp_path).measured(newest=2) == tuple(told[1:])
    assert len([path for path in read if path.startswith("measured/")]) == 2
    assert open_store(tmp_path).measured() == tuple(told)
