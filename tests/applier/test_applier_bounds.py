"""Which minimum and maximum scheduled actions have put in force: AWS keeps the newest setting of each."""

from datetime import UTC, datetime
from typing import Any

import pytest
from applier_rich import CLOCK  # Monday 23 November 2026, 12:00 UTC

from advisor.applier.bounds import in_force

BASE = (1, 10)
MORNING = datetime(2026, 11, 23, 9, tzinfo=UTC)


def action(schedule: str, **more: Any) -> dict[str, Any]:
    low, high = more.pop("low", None), more.pop("high", None)
    bounds = {"MinCapacity": low, "MaxCapacity": high}
    return {"Schedule": schedule, "ScalableTargetAction": {k: v for k, v in bounds.items() if v is not None}, **more}


DAY, NIGHT = action("cron(0 8 * * ? *)", low=6), action("cron(0 20 * * ? *)", low=2)


def after(*actions: dict[str, Any], now: datetime = CLOCK, since: datetime | None = None) -> tuple[int, int]:
    return in_force(BASE, {str(n): a for n, a in enumerate(actions)}, now=now, since=since)


@pytest.mark.parametrize(("hour", "low"), [(7, 2), (8, 6), (19, 6), (20, 2)])
def test_the_newest_of_two_actions_is_in_force_whichever_is_listed_first(hour: int, low: int) -> None:
    now = datetime(2026, 11, 23, hour, tzinfo=UTC)
    assert after(DAY, NIGHT, now=now) == after(NIGHT, DAY, now=now) == (low, 10)


def test_minimum_and_maximum_are_kept_apart() -> None:
    assert after(DAY, action("cron(0 11 * * ? *)", high=30)) == (6, 30)


def test_a_time_zone_moves_the_hour() -> None:
    assert after(action("cron(0 8 * * ? *)", low=6, Timezone="America/New_York"), NIGHT) == (2, 10)


@pytest.mark.parametrize("schedule", ["cron(0 8 1 1 ? *)", "at(2026-02-01T00:00:00)", "cron(0 0 ? * SAT *)"])
def test_an_action_that_ran_long_ago_is_still_in_force(schedule: str) -> None:
    assert after(action(schedule, low=5)) == (5, 10)


def test_what_has_not_run_yet_sets_nothing() -> None:
    assert after(action("at(2026-12-01T00:00:00)", low=5)) == BASE


def test_only_what_ran_after_the_bounds_were_read_counts() -> None:
    assert after(DAY, since=MORNING) == BASE
    assert after(DAY, action("cron(0 10 * * ? *)", low=7), since=MORNING) == (7, 10)
    assert after(action("cron(0 9 * * ? *)", low=5), since=MORNING) == BASE


def test_an_action_runs_only_between_its_start_and_its_end() -> None:
    assert after(action("cron(0 8 * * ? *)", low=6, StartTime="2026-11-23T09:00:00+00:00")) == BASE
    ended = action("cron(0 8 * * ? *)", low=6, EndTime="2026-11-01T00:00:00+00:00")
    assert after(ended, action("cron(0 20 2 11 ? *)", low=3)) == (3, 10)


def test_a_minimum_never_exceeds_the_maximum() -> None:
    assert after(action("cron(0 8 * * ? *)", low=20)) == (10, 10)


def test_an_expression_that_cannot_be_read_is_left_to_aws() -> None:
    assert after(action("banana", low=9), DAY) == (6, 10)
