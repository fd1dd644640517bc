"""Schedules: when AWS runs them, in their zone and across its clock changes; and what AWS would refuse."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.domain.errors import SetupRefused
from advisor.fargate.schedule import check_schedule, occurrences

SUNDAY = datetime(2026, 7, 5, tzinfo=UTC)


def due(expression: str, zone: str = "UTC", *, start: datetime = SUNDAY, days: float = 14) -> list[str]:
    found = occurrences(expression, zone, start, start + timedelta(days=days))
    assert found == sorted(set(found))
    assert all(at.utcoffset() == timedelta(0) for at in found)
    return [f"{at:%a %d %H:%M}" for at in found]


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ("MON-FRI", "Mon Tue Wed Thu Fri"),
        ("2-6", "Mon Tue Wed Thu Fri"),
        ("1", "Sun"),
        ("7", "Sat"),
        ("SUN,WED", "Sun Wed"),
        ("MON/2", "Mon Wed Fri"),
        ("2/3", "Mon Thu"),
        ("1/2", "Sun Tue Thu Sat"),
        ("*/2", "Sun Tue Thu Sat"),
        ("2-6/2", "Mon Wed Fri"),
        ("*", "Sun Mon Tue Wed Thu Fri Sat"),
        ("L", "Sat"),
    ],
)
def test_days_of_the_week_count_from_sunday_as_1(days: str, expected: str) -> None:
    assert [at[:3] for at in due(f"cron(0 8 ? * {days} *)", days=7)] == expected.split()


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("cron(0 8 ? * MON#2 *)", ["Mon 13 08:00"]),
        ("cron(0 8 ? * 6L *)", ["Fri 31 08:00"]),
        ("cron(30 23 L * ? *)", ["Fri 31 23:30"]),
        ("cron(0 8 18W * ? *)", ["Fri 17 08:00"]),  # the 18th is a Saturday
        ("cron(0 8 19W * ? *)", ["Mon 20 08:00"]),  # the 19th is a Sunday
        ("cron(0 8 1,15 7 ? 2026)", ["Wed 15 08:00"]),
        ("cron(0 8 15 JUL ? 2020/2)", ["Wed 15 08:00"]),
        ("cron(0 8 15 7 ? 2027)", []),
        ("cron(0 8/12 6 7 ? *)", ["Mon 06 08:00", "Mon 06 20:00"]),
        ("cron(0/30 0 6 7 ? *)", ["Mon 06 00:00", "Mon 06 00:30"]),
        ("at(2026-07-06T08:00:00)", ["Mon 06 08:00"]),
        ("at(2025-07-06T08:00:00)", []),
        ("rate(10 days)", ["Sun 05 00:00", "Wed 15 00:00", "Sat 25 00:00"]),
    ],
)
def test_each_form_is_due_when_the_guide_says(expression: str, expected: list[str]) -> None:
    assert due(expression, days=27) == expected


def test_the_weekday_nearest_to_the_first_stays_in_its_month() -> None:
    august = datetime(2026, 8, 1, tzinfo=UTC)  # a Saturday: the nearest weekday of August is Monday the 3rd
    assert due("cron(0 8 1W * ? *)", start=august, days=30) == ["Mon 03 08:00"]


def test_a_month_without_the_day_is_left_out() -> None:
    assert due("cron(0 8 31W * ? *)", start=datetime(2026, 9, 1, tzinfo=UTC), days=30) == []


def test_a_zone_moves_the_hour_with_its_clock() -> None:
    winter, summer = datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 7, 6, tzinfo=UTC)
    assert due("cron(0 8 * * ? *)", "Europe/Berlin", start=winter, days=1) == ["Mon 05 07:00"]
    assert due("cron(0 8 * * ? *)", "Europe/Berlin", start=summer, days=1) == ["Mon 06 06:00"]
    assert due("at(2026-07-06T08:00:00)", "Asia/Tokyo") == ["Sun 05 23:00"]


def test_an_hour_that_the_clock_skips_runs_when_it_is_over_and_a_repeated_one_runs_once() -> None:
    spring, autumn = datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)
    assert due("cron(30 2 * * ? *)", "Europe/Berlin", start=spring, days=0.9) == ["Sun 29 01:00"]
    assert due("cron(30 2 * * ? *)", "Europe/Berlin", start=autumn, days=0.9) == ["Sun 25 00:30"]


def test_every_half_hour_is_every_half_hour_on_the_day_of_25_hours() -> None:
    midnight = datetime(2026, 10, 25, tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)
    assert len(due("cron(*/30 * * * ? *)", "Europe/Berlin", start=midnight, days=25 / 24)) == 50


@given(
    st.sampled_from(["cron(0/7 * * * ? *)", "cron(15 2 ? * SUN *)", "rate(13 minutes)", "cron(0 0 L * ? *)"]),
    st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/New_York"]),
    st.integers(0, 400 * 24 * 60),
    st.integers(0, 3 * 24 * 60),
)
def test_what_is_due_lies_within_the_window_and_a_window_cut_in_two_gives_the_same(
    expression: str, zone: str, minute: int, length: int
) -> None:
    start = SUNDAY + timedelta(minutes=minute)
    cut, end = start + timedelta(minutes=13 * (length // 26)), start + timedelta(minutes=length)
    whole = occurrences(expression, zone, start, end)
    assert all(start <= at < end for at in whole)
    assert whole == occurrences(expression, zone, start, cut) + occurrences(expression, zone, cut, end)


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "cron()",
        "0 8 * * ? *",
        "cron(0 8 * * ?)",  # five fields
        "cron(0 0 8 * * ? *)",  # seven
        "cron(0 8 * * * *)",  # neither day is ?
        "cron(0 8 ? * ? *)",  # both are
        "cron(60 8 * * ? *)",
        "cron(0 24 * * ? *)",
        "cron(0 8 0 * ? *)",
        "cron(0 8 * 13 ? *)",
        "cron(0 8 30 2 ? *)",
        "cron(0 8 ? * 0 *)",  # AWS counts 1 to 7
        "cron(0 8 ? * 8 *)",
        "cron(0 8 ? * MON#6 *)",
        "cron(0 8 ? * FRI-MON *)",
        "cron(0 8 ? * */0 *)",
        "cron(0 8 ? * ,MON *)",
        "cron(0 8 W * ? *)",
        "cron(0 8 32W * ? *)",
        "cron(0 8 * * ? 1969)",
        "cron(0 8 * * ? 2200)",
        "cron(0 8 * * ? 2027-2026)",
        "cron(0 8 * * ? */0)",
        "cron(? 8 * * ? *)",
        "rate(0 minutes)",
        "rate(-1 hour)",
        "rate(1.5 hours)",
        "rate(2 weeks)",
        "rate(5minutes)",
        "at(2026-07-06 08:00:00)",
        "at(2026-07-06T08:00:00Z)",
        "at(2026-02-30T08:00:00)",
        "cron(0 8 * * ? *); rm -rf /",
    ],
)
def test_what_aws_would_refuse_is_refused_on_one_line(expression: str) -> None:
    with pytest.raises(SetupRefused) as caught:
        check_schedule(expression, "UTC", where="prod/shop: schedule")
    assert str(caught.value).startswith("prod/shop: schedule: ")
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "zone", ["", "Mars/Olympus", "europe/berlin", "../../etc/passwd", "a\x00b", "x" * 5000, "\udc80"]
)
def test_a_zone_that_iana_does_not_have_is_refused(zone: str) -> None:
    with pytest.raises(SetupRefused, match="unknown time zone") as caught:
        check_schedule("cron(0 8 * * ? *)", zone)
    assert str(caught.value).isprintable()


def test_a_rate_has_no_zone_to_be_wrong() -> None:
    check_schedule("rate(5 minutes)", "Mars/Olympus")  # documented: for at and cron only


def test_instants_without_an_offset_are_refused() -> None:
    naive = SUNDAY.replace(tzinfo=None)
    with pytest.raises(SetupRefused, match="both have a time zone"):
        occurrences("rate(5 minutes)", "UTC", naive, naive)
