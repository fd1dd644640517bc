"""Charts: what is drawn, that gaps stay gaps, and that they stay small and the same."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from advisor.charts import calibration, history, memory, savings, timeline, to_svg
from advisor.domain.errors import NoData
from advisor.domain.finding import Advice, History, Review, Totals, UsdMonth
from advisor.domain.service import ServiceId, Setup, TaskSize
from advisor.profile import Demand
from advisor.simulation import Load, simulate

START = datetime(2026, 11, 8, tzinfo=UTC)
ID = ServiceId(account="000111122223", region="us-east-1", service="shop/api")
NOW = Setup(size=TaskSize.of(vcpu=1, gib=2), desired=2)
THEN = Setup(size=TaskSize.of(vcpu=0.5, gib=1), desired=2)


def advice(*, hours: int = 360, recommended: Setup | None = THEN, gap: slice = slice(0, 0)) -> Advice:
    work: list[float | None] = [round(0.6 + 0.4 * float(np.sin(hour / 4)), 4) for hour in range(hours)]
    work[gap] = [None] * len(work[gap])
    past = History(
        start=START,
        step_seconds=3600,
        demand_vcpu=tuple(work),
        demand_peak_vcpu=tuple(None if v is None else v * 1.3 for v in work),
        current_vcpu=(2.0,) * hours,
        recommended_vcpu=(1.0,) * hours,
        memory_peak_gib=tuple(None if v is None else 0.5 + v / 4 for v in work),
    )
    money = UsdMonth(current=Decimal("72.08"), recommended=Decimal("36.04"))
    return Advice(id=ID, verdict="change", current=NOW, recommended=recommended, usd_month=money, history=past)


def demand(steps: int) -> Demand:
    index = pd.date_range(START, periods=steps, freq="60s", tz="UTC")
    return Demand(id=ID, frame=pd.DataFrame({"vcpu": np.linspace(0, 1, steps)}, index=index), step_seconds=60)


def series(chart: object) -> dict[str, list[dict[str, object]]]:
    whole = chart.to_dict()  # type: ignore[attr-defined]
    drawn = [whole["datasets"][layer["data"]["name"]] for layer in whole["layer"]]
    return {rows[0]["series"]: rows for rows in drawn}


def texts(svg: str) -> set[str]:
    return {element.text for element in ElementTree.fromstring(svg).iter() if element.text}


def test_history_draws_demand_and_both_capacities_with_their_unit() -> None:
    svg = to_svg(history(advice()))
    assert {"demand, mean", "demand, peak", "capacity now", "capacity recommended", "vCPU"} <= texts(svg)


def test_a_service_that_stays_as_it_is_has_no_second_capacity() -> None:
    assert set(series(history(advice(recommended=None)))) == {"demand, mean", "demand, peak", "capacity now"}
    assert set(series(memory(advice(recommended=NOW)))) == {"highest memory of one task", "size now"}


def test_memory_is_drawn_against_both_sizes() -> None:
    drawn = series(memory(advice()))
    assert {row["v"] for row in drawn["size now"]} == {2.0}
    assert {row["v"] for row in drawn["size recommended"]} == {1.0}


def test_a_gap_stays_a_gap() -> None:
    drawn = series(history(advice(gap=slice(100, 110))))
    missing = [row for row in drawn["demand, mean"] if row["v"] is None]
    assert len(missing) == 10


def test_a_gap_breaks_the_line_in_the_picture() -> None:
    whole, broken = (to_svg(memory(advice(gap=gap))) for gap in (slice(0, 0), slice(100, 110)))
    assert longest_path(broken).count("M") == longest_path(whole).count("M") + 1


def longest_path(svg: str) -> str:
    return max((e.attrib.get("d", "") for e in ElementTree.fromstring(svg).iter()), key=len)


def test_time_is_utc_whatever_the_machine_says(monkeypatch: pytest.MonkeyPatch) -> None:
    here = to_svg(history(advice()))
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    assert to_svg(history(advice())) == here
    assert "9 Nov" in texts(here)


def test_a_picture_of_15_days_stays_below_60_kilobytes() -> None:
    assert len(to_svg(history(advice()))) < 60_000
    assert len(to_svg(memory(advice()))) < 60_000


def test_no_history_is_told_with_the_next_step() -> None:
    bare = Advice(id=ID, verdict="keep", current=NOW)
    with pytest.raises(NoData, match="Next: collect or import"):
        history(bare)


def test_savings_is_nothing_where_nothing_is_known() -> None:
    totals = Totals(current_usd_month=Decimal(0), recommended_usd_month=Decimal(0), covered_services=1)
    unknown = Review(
        store="s", window=None, config={}, totals=totals, services=(Advice(id=ID, verdict="keep", current=NOW),)
    )
    assert savings(unknown) is None


def test_savings_draws_the_largest_first_and_at_most_what_is_asked() -> None:
    totals = Totals(current_usd_month=Decimal(0), recommended_usd_month=Decimal(0), covered_services=1)
    small = UsdMonth(current=Decimal(10), recommended=Decimal(9))
    few = Advice(
        id=ServiceId(account="1", region="r", service="a/small"), verdict="change", current=NOW, usd_month=small
    )
    whole = Review(store="s", window=None, config={}, totals=totals, services=(few, advice()))
    shown = texts(to_svg(savings(whole, most=1)))
    assert {"shop/api", "−$36.04"} <= shown
    assert "a/small" not in shown


def test_timeline_draws_each_replay_and_no_more_than_720_steps() -> None:
    week = demand(7 * 1440)
    load = Load(vcpu=week.frame["vcpu"].to_numpy(), start=START, tick_seconds=60)
    drawn = series(timeline(week, simulate(load, NOW), simulate(load, replace(THEN, desired=3))))
    assert set(drawn) == {"demand", "1: 1 vCPU / 2 GiB", "2: 0.5 vCPU / 1 GiB"}
    assert all(len(rows) <= 720 for rows in drawn.values())
    assert {row["v"] for row in drawn["2: 0.5 vCPU / 1 GiB"]} == {1.5}
    assert drawn["demand"][0]["t"] == drawn["1: 1 vCPU / 2 GiB"][0]["t"] == START.timestamp() * 1000


def test_timeline_of_nothing_is_refused() -> None:
    with pytest.raises(NoData, match="no demand to draw"):
        timeline(demand(0))


def test_a_span_of_a_timeline_is_cut_from_the_demand_and_from_every_replay() -> None:
    week = demand(7 * 1440)
    load = Load(vcpu=week.frame["vcpu"].to_numpy(), start=START, tick_seconds=60)
    at = START + timedelta(hours=5)
    drawn = series(timeline(week, simulate(load, NOW), names=["today"], span=(at, at + timedelta(hours=1))))
    assert list(drawn) == ["demand", "today"]
    for rows in drawn.values():
        assert [row["t"] for row in rows] == [(at.timestamp() + 60 * i) * 1000 for i in range(60)]
    assert drawn["demand"][0]["v"] == pytest.approx(300 / (7 * 1440 - 1), rel=1e-4)
    with pytest.raises(NoData):
        timeline(week, span=(START - timedelta(days=2), START - timedelta(days=1)))


def test_a_calibration_draws_recorded_and_replayed_tasks_and_breaks_where_nothing_was_recorded() -> None:
    hour = demand(60)
    hour.frame["tasks"] = [3.0] * 20 + [np.nan] * 5 + [2.0] * 35
    outcome = simulate(Load(vcpu=hour.frame["vcpu"].to_numpy(), start=START), NOW)
    drawn = series(calibration(hour, outcome))
    assert [row["v"] for row in drawn["recorded"]] == [3] * 20 + [None] * 5 + [2] * 35
    assert [row["v"] for row in drawn["replayed"]] == [2] * 60
    assert {"recorded", "replayed", "tasks"} <= texts(to_svg(calibration(hour, outcome)))
