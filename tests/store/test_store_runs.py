"""The store keeps task runs: each once, the one that knows most; the same runs give the same bytes."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store_samples import HOSTILE, NOW, bytes_of, some_frame, some_id

from advisor.domain.errors import StoreDamaged
from advisor.domain.peaks import MonthPeak
from advisor.domain.runs import ContainerEnd, TaskRun
from advisor.domain.service import TaskSize
from advisor.store import open_store


def some_run(number: int, *, minutes: int | None = None, cluster: str = "prod") -> TaskRun:
    created = NOW - timedelta(days=9 * number)
    stopped = None if minutes is None else created + timedelta(minutes=minutes)
    return TaskRun(
        account="000000000042",
        region="eu-west-1",
        cluster=cluster,
        task=f"task{number}",
        family="nightly",
        revision=3,
        size=TaskSize.of(vcpu=0.25, gib=0.5),
        created=created,
        started=created + timedelta(seconds=30),
        stopped=stopped,
        seen=stopped or NOW,
        stop_code="EssentialContainerExited" if stopped else None,
        reason="out-of-memory" if stopped else None,
        containers=(ContainerEnd(name=HOSTILE, exit_code=137, out_of_memory=True), ContainerEnd(name="b")),
    )


def test_runs_are_read_back_in_order(tmp_path: Path) -> None:
    runs = [some_run(1), some_run(0, minutes=5), some_run(7, minutes=1, cluster=HOSTILE)]
    assert open_store(tmp_path, create=True).add_runs(runs) == 3
    assert open_store(tmp_path).task_runs == (runs[1], runs[0], runs[2])


def test_an_end_is_never_unlearnt_and_twice_changes_nothing(tmp_path: Path) -> None:
    store = open_store(tmp_path, create=True)
    assert store.add_runs([some_run(1, minutes=5)]) == 1
    before = bytes_of(tmp_path)
    assert store.add_runs([some_run(1), some_run(1, minutes=5)]) == 0
    assert bytes_of(tmp_path) == before


@settings(max_examples=15, deadline=None)
@given(order=st.permutations(range(4)), cuts=st.sets(st.integers(1, 3)))
def test_the_bytes_tell_nothing_of_order_and_pieces(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], cuts: set[int]
) -> None:
    runs = [some_run(0), some_run(0, minutes=5), some_run(1, minutes=2), some_run(5)]
    once, pieces = tmp_path_factory.mktemp("once"), tmp_path_factory.mktemp("pieces")
    open_store(once, create=True).add_runs(runs)
    open_store(once).compact(NOW)
    edges = [0, *sorted(cuts), 4]
    for start, end in pairwise(edges):
        open_store(pieces, create=True).add_runs(runs[i] for i in order[start:end])
    open_store(pieces).compact(NOW)
    assert bytes_of(pieces) == bytes_of(once)


def test_runs_usage_and_compaction_leave_each_other_alone(tmp_path: Path) -> None:
    store = open_store(tmp_path, create=True)
    store.add_runs([some_run(1)])
    store.add_usage({some_id(): some_frame(NOW, 5)})
    store.compact(NOW + timedelta(days=90))
    store.add_runs([replace(some_run(2), region="../x")])
    again = open_store(tmp_path)
    assert len(again.task_runs) == 2
    assert len(again.usage(some_id())) == 5


def test_a_changed_file_of_runs_is_damage(tmp_path: Path) -> None:
    open_store(tmp_path, create=True).add_runs([some_run(1)])
    (path,) = (tmp_path / "tasks").rglob("*.parquet")
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(StoreDamaged, match="changed"):
        _ = open_store(tmp_path).task_runs


def test_of_peaks_the_highest_of_each_month_counts(tmp_path: Path) -> None:
    store = open_store(tmp_path, create=True)
    low = MonthPeak(id=some_id(HOSTILE), month="2025-11", memory_max=10.0, tasks_max=3.0)
    high = replace(low, memory_max=5.0, cpu_max=50.0, tasks_max=4.0)
    store.add_peaks([low, MonthPeak(id=some_id(), month="2025-12")])
    store.add_peaks([high])
    store.compact(NOW)
    both = {replace(low, cpu_max=50.0, tasks_max=4.0), MonthPeak(id=some_id(), month="2025-12")}
    assert set(open_store(tmp_path).month_peaks) == both
