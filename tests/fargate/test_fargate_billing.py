"""Bills: to the second, with their minimum, storage above 20 GB and the Windows licence; each line as by hand."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from advisor.domain.errors import InputRefused, PriceMissing
from advisor.domain.service import TaskSize
from advisor.fargate.billing import Bill, bill_task_seconds, billed_seconds
from advisor.fargate.prices import PriceBook

BOOK = PriceBook.shipped()
START = datetime(2026, 11, 1, 12, tzinfo=UTC)
HOUR = 3600


def bill(seconds: object, **more: object) -> Bill:
    given = {"size": TaskSize.of(vcpu=0.5, gib=1), "region": "us-east-1", "prices": BOOK} | more
    return bill_task_seconds(seconds, **given)  # type: ignore[arg-type]


def test_an_hour_costs_its_vcpu_and_its_gb() -> None:
    found = bill(HOUR)
    assert [(line.what, line.quantity, line.unit, line.usd) for line in found.lines] == [
        ("Fargate vCPU", Decimal("0.5"), "vCPU-hour", Decimal("0.02024")),
        ("Fargate memory", Decimal("1"), "GB-hour", Decimal("0.004445")),
    ]
    assert found.total == Decimal("0.024685")


def test_a_month_is_730_hours_whatever_the_length_of_the_bill() -> None:
    vcpu = bill(HOUR, size=TaskSize.of(vcpu=1, gib=2))
    # 730 x 0.04048 = 29.5504; 730 x 2 x 0.004445 = 6.4897
    assert vcpu.per_month(HOUR) == Decimal("36.0401")
    assert bill(15 * 24 * HOUR).per_month(15 * 24 * HOUR) == bill(HOUR).per_month(HOUR)
    for seconds in (0, -1):
        with pytest.raises(InputRefused, match="more than 0 s"):
            vcpu.per_month(seconds)


def test_twenty_gb_of_storage_are_free_and_each_one_above_is_a_line() -> None:
    assert bill(HOUR, ephemeral_gib=20) == bill(HOUR)
    more = bill(HOUR, ephemeral_gib=50)
    assert more.lines[:2] == bill(HOUR).lines
    assert more.lines[2].what == "Fargate ephemeral storage above 20 GB"
    assert (more.lines[2].quantity, more.lines[2].usd) == (30, 30 * Decimal("0.000111"))


def test_storage_above_20_gb_without_a_price_raises_and_free_storage_does_not() -> None:
    bill(HOUR, region="eu-central-1")
    with pytest.raises(PriceMissing, match="eu-central-1"):
        bill(HOUR, region="eu-central-1", ephemeral_gib=21)


def test_windows_pays_a_licence_per_vcpu() -> None:
    found = bill(HOUR, os="WINDOWS", size=TaskSize.of(vcpu=2, gib=4))
    licence = found.lines[-1]
    assert (licence.what, licence.quantity, licence.usd) == ("Fargate Windows licence", 2, Decimal("0.092"))
    assert found.total == 2 * (Decimal("0.09148") + Decimal("0.046")) + 4 * Decimal("0.01005")


def test_each_provider_has_its_own_lines_at_its_own_price() -> None:
    found = bill({"FARGATE": HOUR, "FARGATE_SPOT": Decimal(2 * HOUR)})
    assert [line.what for line in found.lines] == [
        "Fargate vCPU",
        "Fargate memory",
        "Fargate Spot vCPU",
        "Fargate Spot memory",
    ]
    assert found.lines[2].usd == Decimal("0.01264355")  # 2 h x 0.5 vCPU
    assert {price.capacity for price in found.prices} == {"on-demand", "spot"}


def test_a_bill_names_the_prices_that_it_used_and_no_others() -> None:
    assert {price.unit for price in bill(HOUR).prices} == {"vcpu-hour", "gb-hour"}
    assert {price.unit for price in bill(HOUR, ephemeral_gib=21).prices} == {"vcpu-hour", "gb-hour", "storage-gb-hour"}


def test_no_time_costs_nothing_but_still_needs_a_known_price() -> None:
    assert bill(0).total == 0
    with pytest.raises(PriceMissing):
        bill(0, region="me-central-1")


def test_negative_time_is_refused() -> None:
    with pytest.raises(InputRefused, match="FARGATE_SPOT"):
        bill({"FARGATE": 5, "FARGATE_SPOT": -1})


def test_a_single_second_is_billed_to_a_billionth_of_an_hour() -> None:
    assert bill(1).lines[1].quantity == Decimal("0.000277778")


@pytest.mark.parametrize(
    ("ran", "os", "seconds"),
    [
        (timedelta(), "LINUX", 60),
        (timedelta(seconds=59, microseconds=999_999), "LINUX", 60),
        (timedelta(seconds=60), "LINUX", 60),
        (timedelta(seconds=60, microseconds=1), "LINUX", 61),
        (timedelta(days=3, milliseconds=1), "LINUX", 3 * 86400 + 1),
        (timedelta(seconds=60), "WINDOWS", 300),
        (timedelta(seconds=301), "WINDOWS", 301),
    ],
)
def test_time_is_rounded_up_to_the_second_and_never_under_the_minimum(ran: timedelta, os: str, seconds: int) -> None:
    assert billed_seconds(START, START + ran, os) == seconds  # type: ignore[arg-type]


def test_a_task_cannot_stop_before_it_started() -> None:
    with pytest.raises(InputRefused, match="stopped before"):
        billed_seconds(START, START - timedelta(microseconds=1))
