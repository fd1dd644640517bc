"""Usage is a share of a reservation: imported steps are read with the size that tasks had at their time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from importer_samples import NOW, some_id

from advisor.domain.errors import InputRefused
from advisor.domain.inventory import Inventory, Service, SizeChange
from advisor.domain.service import Setup, TaskSize
from advisor.importer import with_sizes

LARGE, SMALL = TaskSize.of(vcpu=1, gib=8), TaskSize.of(vcpu=1, gib=4)
DAY = timedelta(days=1)
START = datetime(2026, 11, 1, tzinfo=UTC)


def service(size: TaskSize, *sizes: SizeChange) -> Service:
    setup = Setup(size=size, desired=2)
    return Service(id=some_id(), setup=setup, seen_at=NOW, step_seconds=300, sizes=sizes)


def steps(first: int, days: int) -> pd.DatetimeIndex:
    """Steps of five minutes from a day of November on."""
    return pd.date_range(START + (first - 1) * DAY, periods=288 * days, freq="300s")


def sizes_after(new: Service, days: pd.DatetimeIndex, *, before: Service | None, held: pd.DatetimeIndex) -> object:
    """The sizes of a service that is imported with these steps over what is held: (day of November, GiB) each."""
    frames = {new.id: pd.DataFrame({"cpu_avg": np.ones(len(days))}, index=days)} if len(days) else {}
    inventory = Inventory(taken_at=NOW, services=(new,))
    (found,) = with_sizes(
        inventory, frames, before=() if before is None else (before,), held=lambda _: pd.DataFrame(index=held)
    ).services
    assert replace(found, sizes=new.sizes) == new, "nothing but its sizes is changed"
    return [((change.at - START) / DAY + 1, change.size.gib) for change in found.sizes]


CHANGED = (SizeChange(at=START, size=LARGE), SizeChange(at=START + 15 * DAY, size=SMALL))


def test_another_size_counts_from_the_first_step_that_is_new() -> None:
    held = steps(1, 15)
    assert sizes_after(service(SMALL), steps(16, 15), before=service(LARGE), held=held) == [(1, 8), (16, 4)]
    assert sizes_after(service(SMALL), steps(1, 30), before=service(LARGE), held=held) == [(1, 8), (16, 4)]
    assert sizes_after(service(SMALL), steps(20, 10), before=service(LARGE), held=held) == [(1, 8), (20, 4)]


def test_another_size_without_newer_steps_counts_after_all_that_is_held() -> None:
    for days in (steps(1, 0), steps(1, 15), steps(3, 2)):
        assert sizes_after(service(SMALL), days, before=service(LARGE), held=steps(1, 15)) == [(1, 8), (16, 4)]


def test_empty_rows_are_no_steps() -> None:
    days = steps(16, 2)
    frame = pd.DataFrame({"cpu_avg": np.where(days < START + 16 * DAY, np.nan, 1.0)}, index=days)
    new, old = service(SMALL), service(LARGE)
    (found,) = with_sizes(
        Inventory(taken_at=NOW, services=(new,)),
        {new.id: frame},
        before=(old,),
        held=lambda _: pd.DataFrame(index=steps(1, 15)),
    ).services
    assert found.sizes[-1].at == START + 16 * DAY


def test_the_same_size_keeps_the_history_and_makes_none() -> None:
    assert sizes_after(service(SMALL), steps(31, 5), before=service(SMALL, *CHANGED), held=steps(1, 30)) == [
        (1, 8),
        (16, 4),
    ]
    assert sizes_after(service(SMALL), steps(16, 5), before=service(SMALL), held=steps(1, 15)) == []
    assert sizes_after(service(SMALL), steps(1, 5), before=None, held=steps(1, 0)) == []


def test_where_nothing_is_held_an_earlier_size_says_nothing() -> None:
    assert sizes_after(service(SMALL), steps(1, 5), before=service(LARGE), held=steps(1, 0)) == []


def test_a_size_that_came_and_went_leaves_no_trace_where_no_step_was_measured_with_it() -> None:
    wrong = service(LARGE, *CHANGED, SizeChange(at=START + 30 * DAY, size=LARGE))
    assert sizes_after(service(SMALL), steps(16, 15), before=wrong, held=steps(1, 30)) == [(1, 8), (16, 4)]


def test_older_steps_of_another_size_are_refused() -> None:
    for before, new in ((service(SMALL), LARGE), (service(SMALL, *CHANGED), SMALL)):
        with pytest.raises(InputRefused, match=r"prod/checkout: steps older.*Next: .*`sizes`"):
            sizes_after(service(new), steps(1, 15), before=before, held=steps(10, 20))
    assert sizes_after(service(SMALL), steps(1, 15), before=service(SMALL), held=steps(10, 20)) == []


def test_sizes_of_the_file_are_taken_and_what_was_known_before_them_stays() -> None:
    new = service(SMALL, *CHANGED)
    for held in (steps(10, 20), steps(1, 15)):
        assert sizes_after(new, steps(1, 30), before=service(LARGE), held=held) == [(1, 8), (16, 4)]
    assert sizes_after(new, steps(1, 15), before=service(SMALL), held=steps(16, 15)) == [(1, 8), (16, 4)]
    late = service(SMALL, *CHANGED[1:])
    assert sizes_after(late, steps(16, 15), before=service(LARGE), held=steps(1, 15)) == [(1, 8), (16, 4)]


def test_sizes_of_the_file_mend_a_size_that_was_imported_wrongly() -> None:
    mended = service(LARGE, CHANGED[0])
    assert sizes_after(mended, steps(1, 15), before=service(SMALL), held=steps(1, 15)) == [(1, 8)]
