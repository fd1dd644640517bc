import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

import advisor.demo
from advisor.demo.fleet_services import SERVICES
from advisor.demo.traces import FORTNIGHT, Trace, load_traces, minute_of_fortnight, replay, to_minutes

DATA = Path(advisor.demo.__file__).parent / "data"
NOW = datetime(2026, 11, 23, 20, 15, tzinfo=UTC)
# Grade A of the catalogue of traces: the licence of the data is stated and allows shipping.
SHIPPABLE = {
    "azure_functions_2019",
    "azure_vm_cpu",
    "crane_dsp_unknown_unit",
    "google2019_tasks",
    "jumpstarter_services",
    "nab_cloudwatch",
    "nasa_http_1995",
    "opendc_bitbrains_small",
}


@pytest.mark.parametrize("name", sorted(load_traces()))
def test_five_minutes_have_the_mean_of_their_source(name: str) -> None:
    trace = load_traces()[name]
    start = NOW - timedelta(minutes=minute_of_fortnight(NOW))  # the fortnight's own Monday
    laid = replay(trace, start=start, minutes=FORTNIGHT, seed=5)
    means = laid.load.reshape(-1, trace.step_minutes).mean(axis=1)
    known = ~np.isnan(trace.load)
    np.testing.assert_allclose(means[known], trace.load[known], rtol=1e-12, atol=1e-12)


def test_minutes_of_a_five_minute_trace_are_never_negative_and_zero_stays_zero() -> None:
    minutes = to_minutes(np.array([0.0, 0.0, 50.0, 0.0]), seed=1, spread=2.0)
    assert minutes.min() >= 0
    assert minutes.reshape(-1, 5).mean(axis=1) == pytest.approx([0, 0, 50, 0])


def test_a_fortnight_later_the_same_minute_comes_again() -> None:
    trace = load_traces()["crane-13"]
    first = replay(trace, start=NOW, minutes=500, seed=5)
    again = replay(trace, start=NOW + timedelta(days=14), minutes=500, seed=5)
    np.testing.assert_array_equal(first.load, again.load)


def test_weekday_and_hour_of_a_dated_source_are_kept() -> None:
    # minute 0 of the fortnight is a Monday's midnight, so a Wednesday's noon is minute 2 x 1440 + 720 of a week
    wednesday = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
    assert minute_of_fortnight(wednesday) % (7 * 1440) == 2 * 1440 + 720


def test_where_the_source_was_silent_nothing_is_known_but_demand_goes_on() -> None:
    load = np.full(FORTNIGHT // 5, 10.0)
    load[7:9] = np.nan
    load[9:] = 20.0
    trace = Trace(name="holes", step_minutes=5, load=load, memory=np.full_like(load, np.nan))
    monday = datetime(1970, 1, 5, tzinfo=UTC)
    laid = replay(trace, start=monday, minutes=60, seed=1)
    assert np.flatnonzero(~laid.known).tolist() == list(range(35, 45))
    assert (laid.load[35:45] > 9).all()
    assert np.isnan(laid.memory).all()


def test_every_service_replays_a_series_that_is_shipped() -> None:
    named = {s.work.trace for s in SERVICES} | {s.work.memory_trace for s in SERVICES} - {None}
    assert named <= set(load_traces())
    assert all(not np.isnan(load_traces()[s.work.memory_trace].memory).all() for s in SERVICES if s.work.memory_trace)


def test_every_shipped_series_is_attributed_and_from_a_source_that_may_be_shipped() -> None:
    with (DATA / "traces.csv").open(encoding="utf-8", newline="") as file:
        notes = list(csv.DictReader(file))
    attribution = (DATA / "ATTRIBUTION.md").read_text(encoding="utf-8")
    assert {note["series"] for note in notes} == set(load_traces())
    assert {note["source"] for note in notes} <= SHIPPABLE
    assert [note["series"] for note in notes if f"`{note['series']}`" not in attribution] == []
    azure = [note["entity"] for note in notes if note["source"] == "azure_vm_cpu"]
    assert all(entity.startswith("c_") for entity in azure)  # a_* and b_* are grade B


def test_the_shipped_sample_is_small() -> None:
    assert (DATA / "traces.parquet").stat().st_size < 1_500_000
