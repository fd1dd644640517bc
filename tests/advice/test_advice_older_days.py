"""Longer steps of older days: memory that was held then is a floor, where the size of that time is known."""

from datetime import datetime, timedelta

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.advice import advise
from advisor.advice.work import cut, origins
from advisor.domain.finding import Advice
from advisor.domain.inventory import Service, SizeChange
from advisor.domain.peaks import MonthPeak
from advisor.domain.schema import USAGE
from advisor.domain.service import TaskSize
from advisor.profile import DayPeak, Demand, fit_profile, infer_demand, months_of
from tests.service_worlds import PRICES, START, World, fixed, level, lived, said, service_of

ROOMY = fixed(2, vcpu=1, gib=4)
CALM = World(vcpu=level(0.3, days=10), base_mib=500)
DAY = timedelta(days=1)


def hours(at: datetime, *memory: float, cpu: float = 10.0, tasks: float = 2.0) -> pd.DataFrame:
    """Hourly usage from an instant on, with this memory of the fullest task [percent]."""
    index = pd.date_range(at, periods=len(memory), freq="1h")
    known = {"tasks": tasks, "cpu_avg": cpu, "cpu_max": cpu, "memory_avg": 1.0, "memory_max": memory}
    return pd.DataFrame(known, index=index).reindex(columns=[column.name for column in USAGE])


def sized(*changes: tuple[int, float]) -> Service:
    """A service whose tasks had so many GiB from so many days before the minutes on."""
    sizes = tuple(SizeChange(at=START - days * DAY, size=TaskSize.of(vcpu=1, gib=gib)) for days, gib in changes)
    return service_of(ROOMY, sizes=sizes)


def demand_of(*older: pd.DataFrame, service: Service) -> Demand:
    return infer_demand(lived(CALM, ROOMY), service, older=older)


def advised(demand: Demand, service: Service) -> Advice:
    return advise(service, demand, fit_profile(demand), prices=PRICES)


def test_memory_of_an_older_day_holds_the_size_up() -> None:
    service = sized((100, 4))
    plain = advised(demand_of(service=service), service)
    held = advised(demand_of(hours(START - 40 * DAY, 30.0, 60.0, 10.0), service=service), service)  # 2.4 GiB
    assert plain.recommended is not None
    assert plain.recommended.size.gib < 2.4
    assert held.recommended is not None
    assert held.recommended.size.gib >= 2.4 * 1.15
    assert any("2.4 GiB on 2026-09-23" in (other.why_not or "") for other in held.alternatives)


def test_only_days_with_the_last_size_speak_and_none_before_a_size_is_known() -> None:
    older = hours(START - 40 * DAY, *[50.0] * 24 * 30)
    assert len(demand_of(older, service=sized((100, 4))).older) == 30
    assert [day.gib for day in demand_of(older, service=sized((100, 8), (20, 4))).older] == [2.0] * 10
    assert demand_of(older, service=service_of(ROOMY)).older == ()
    assert demand_of(older, service=sized((100, 4), (50, 8), (45, 4))).older[0].day == (START - 40 * DAY).date()


def test_days_after_an_origin_are_not_known_there() -> None:
    demand = infer_demand(lived(CALM, ROOMY), sized((100, 4)))
    days = [DayPeak(day=(START + n * DAY).date(), gib=1.0) for n in (-5, 2, 9)]
    demand = Demand(id=demand.id, frame=demand.frame, step_seconds=demand.step_seconds, older=tuple(days))
    half = len(demand.frame) // 2
    assert cut(demand, 0, half).older == tuple(days[:2])
    assert cut(demand, half, len(demand.frame)).older == (days[2],)
    for before, _ in origins(demand, 1 / 3):
        assert all(day.day <= before.frame.index[-1].date() for day in before.older)


@settings(max_examples=20)
@given(st.lists(st.floats(0, 100), min_size=1, max_size=60))
def test_what_was_seen_before_never_makes_a_task_smaller(memory: list[float]) -> None:
    service = sized((100, 4))
    with_it = advised(demand_of(hours(START - 20 * DAY, *memory), service=service), service)
    without = advised(demand_of(service=service), service)
    assert (with_it.recommended or ROOMY).size.memory >= (without.recommended or ROOMY).size.memory
    assert (with_it.recommended or ROOMY).size.gib >= min(4.0, max(memory) / 100 * 4)


def test_months_are_the_highest_of_their_steps_and_the_busiest_day() -> None:
    id = service_of(ROOMY).id
    frames = [
        hours(datetime(2026, 8, 31, 12, tzinfo=START.tzinfo), *[20.0] * 24, 30.0, tasks=3.0),
        hours(datetime(2026, 9, 2, tzinfo=START.tzinfo), *[10.0] * 24, tasks=9.0),
        hours(START),
    ]
    assert months_of(id, frames) == (
        MonthPeak(id=id, month="2026-08", memory_max=20.0, cpu_max=10.0, tasks_max=3.0),
        MonthPeak(id=id, month="2026-09", memory_max=30.0, cpu_max=10.0, tasks_max=9.0),
    )


def test_cpu_that_moves_within_the_minute_is_told() -> None:
    usage, service = lived(CALM, ROOMY), service_of(ROOMY)
    index = pd.date_range(START, periods=180, freq="20s")
    calm = pd.DataFrame({"cpu_avg": float(usage["cpu_avg"].iloc[0])}, index=index).astype("float32")
    wild = calm.copy()
    wild.iloc[60, 0] += 25
    assert "within-the-minute" not in codes(infer_demand(usage, service, shorter=calm))
    assert "within-the-minute" not in codes(infer_demand(usage, service, shorter=wild.iloc[:100]))
    demand = infer_demand(usage, service, shorter=wild)
    (text,) = [caution.text for caution in demand.cautions if caution.code == "within-the-minute"]
    assert "20 seconds took 40 % on average where their minute says 15 %, in 1 hours" in text
    assert "within-the-minute" in said(advised(demand, service))


def codes(demand: Demand) -> set[str]:
    return {caution.code for caution in demand.cautions}
