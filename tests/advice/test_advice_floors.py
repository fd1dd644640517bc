"""Scheduled floors: few actions, on the clock of the people who cause the load."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.advice.floors import LEAD_MINUTES, MOST_STEPS, Floors, joined, scheduled_floors, ticked
from advisor.domain.policy import ScheduledAction
from advisor.domain.service import Setup, TaskSize
from advisor.fargate.schedule import check_schedule
from advisor.simulation import Load, simulate
from advisor.simulation.encode import bounds_by_tick

MONDAY = datetime(2026, 7, 6, tzinfo=UTC)
BASE = Setup(size=TaskSize.of(vcpu=1, gib=2), desired=1, minimum=1, maximum=50)


def office(days: int, *, start: datetime = MONDAY, offset_hours: int = 0, weekend: float = 1.0) -> Load:
    """Nine vCPU from 8 to 18 o'clock, one at other times; at weekends a share of it."""
    minute = np.arange(days * 1440) + offset_hours * 60
    busy = (minute // 60 % 24 >= 8) & (minute // 60 % 24 < 18)
    share = np.where(minute // 1440 % 7 >= 5, weekend, 1.0)
    return Load(vcpu=np.where(busy, 9.0, 1.0) * share, start=start)


def floors_of(load: Load, **changed: object) -> Floors | None:
    return scheduled_floors(load, **({"task_vcpu": 1.0, "share": 0.9, "quantile": 0.99} | changed))  # type: ignore[arg-type]


def found(load: Load, **changed: object) -> Floors:
    floors = floors_of(load, **changed)
    assert floors is not None
    return floors


def test_a_working_day_becomes_two_actions_the_rise_before_its_hour() -> None:
    floors = found(office(5))
    # ceil(9 / 0.9) = 10 tasks by day, ceil(1 / 0.9) = 2 by night
    assert floors.actions == (
        ScheduledAction(expression="cron(50 7 * * ? *)", minimum=10),
        ScheduledAction(expression="cron(0 18 * * ? *)", minimum=2),
    )


def test_the_minimum_is_the_one_in_force_at_the_end_of_the_history() -> None:
    until_noon = office(5)
    cut = 12 * 60
    assert found(until_noon).minimum == 2
    assert found(Load(vcpu=until_noon.vcpu[:-cut], start=MONDAY)).minimum == 10


def test_weekends_have_floors_of_their_own_and_days_alike_share_an_action() -> None:
    actions = found(office(14, weekend=0.3), shape="week").actions
    by_expression = {action.expression: action.minimum for action in actions}
    assert by_expression["cron(50 7 ? * MON-FRI *)"] == 10
    assert by_expression["cron(50 7 ? * SAT,SUN *)"] == 3  # ceil(9 x 0.3 / 0.9)
    assert len(actions) == 6  # four times of day, and into and out of the weekend


def test_floors_keep_to_the_local_clock_through_a_change_of_summer_time() -> None:
    load = office(20, start=datetime(2026, 10, 18, 22, tzinfo=UTC))  # midnight in Berlin; winter from the 25th
    floors = found(load, timezone="Europe/Berlin", quantile=0.5)
    assert {action.timezone for action in floors.actions} == {"Europe/Berlin"}
    bounds = bounds_by_tick(_with(floors), load)[0]
    first, last = (_rise_on(bounds, load, day) for day in (datetime(2026, 10, 20), datetime(2026, 10, 30)))  # noqa: DTZ001
    assert (last - first) % timedelta(days=1) == timedelta(hours=1)


@pytest.mark.parametrize(
    "load", [office(1), Load(vcpu=office(5).vcpu), Load(vcpu=np.full(5 * 1440, 3.0), start=MONDAY)]
)
def test_no_floors_without_days_without_instants_or_where_all_hours_are_alike(load: Load) -> None:
    assert floors_of(load) is None


def test_a_week_is_asked_for_before_weekends_are_told_apart() -> None:
    assert floors_of(office(6, weekend=0.3), shape="week") is None


def test_floors_stay_within_least_and_most() -> None:
    assert {action.minimum for action in found(office(5), least=3, most=7).actions} == {3, 7}


@given(st.lists(st.integers(1, 20), min_size=24, max_size=24), st.integers(1, 8))
def test_joining_never_lowers_an_hour_and_keeps_the_steps_few(levels: list[int], most: int) -> None:
    before = np.array(levels)
    after = joined(before, most)
    assert (after >= before).all()
    assert np.count_nonzero(after != np.roll(after, 1)) <= most
    assert before.tolist() == levels


@given(st.integers(0, 2**32 - 1), st.sampled_from(["day", "week"]), st.sampled_from(["UTC", "Asia/Kolkata"]))
def test_every_hour_has_its_quantile_in_few_actions_that_aws_takes(seed: int, shape: str, timezone: str) -> None:
    random = np.random.default_rng(seed)
    hours = np.tile(random.integers(1, 30, 24), 15)
    load = Load(vcpu=np.repeat(hours, 60).astype(float), start=MONDAY)
    floors = found(load, shape=shape, timezone=timezone, share=1.0, quantile=1.0)
    assert len(floors.actions) <= 2 * MOST_STEPS + 2
    for action in floors.actions:
        check_schedule(action.expression or "", action.timezone)
    bounds = bounds_by_tick(_with(floors), load)[0]
    assert (bounds[1440:] >= load.vcpu[1440:]).all()


def test_a_rise_leads_by_the_time_that_tasks_need() -> None:
    load = office(5)
    outcome = simulate(load, _with(found(load)), initial=2)
    assert outcome.unmet[1440:].sum() == 0
    assert LEAD_MINUTES < 60


def test_ticked_actions_set_the_same_bounds_as_their_expressions() -> None:
    load = office(14, weekend=0.3)
    floors = found(load, shape="week", timezone="America/New_York")
    on_ticks = ticked(floors.actions, load)
    assert all(action.at_tick is not None and action.expression is None for action in on_ticks)
    one, other = (Setup(**_fields(_with(floors)) | {"schedule": s}) for s in (floors.actions, on_ticks))
    assert (bounds_by_tick(one, load) == bounds_by_tick(other, load)).all()


def test_actions_without_instants_stay_as_they_are() -> None:
    actions = (ScheduledAction(at_tick=3, minimum=2),)
    assert ticked(actions, Load(vcpu=np.ones(10))) == actions
    assert ticked(actions, office(2)) == actions


def _with(floors: Floors) -> Setup:
    return Setup(**_fields(BASE) | {"minimum": floors.minimum, "schedule": floors.actions})


def _fields(setup: Setup) -> dict[str, object]:
    return {name: getattr(setup, name) for name in Setup.__slots__}


def _rise_on(bounds: np.ndarray, load: Load, day: datetime) -> datetime:
    """The instant of the first rise of the floor on a day (UTC)."""
    assert load.start is not None
    rises = [load.start + timedelta(minutes=int(tick) + 1) for tick in np.flatnonzero(np.diff(bounds) > 0)]
    return next(rise for rise in rises if rise.date() == day.date())
