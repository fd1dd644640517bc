"""Prices: every row with its origin, nothing borrowed, nothing zero, derived ARM prices only on request."""

from dataclasses import replace
from decimal import Decimal

import pytest

from advisor.domain.errors import PriceMissing
from advisor.fargate.prices import Price, PriceBook, check_storage

BOOK = PriceBook.shipped()
ROW = Price(
    region="moon-1",
    os="LINUX",
    architecture="X86_64",
    capacity="on-demand",
    unit="vcpu-hour",
    usd=Decimal("1"),
    source="a list",
    as_of="2026-01",
    certainty="SINGLE SOURCE",
)


def test_the_anchors_of_us_east_1_are_those_of_the_price_list() -> None:
    x86 = BOOK.rates(region="us-east-1", os="LINUX", architecture="X86_64")
    arm = BOOK.rates(region="us-east-1", os="LINUX", architecture="ARM64")
    windows = BOOK.rates(region="us-east-1", os="WINDOWS", architecture="X86_64")
    spot = BOOK.rates(region="us-east-1", os="LINUX", architecture="X86_64", provider="FARGATE_SPOT")
    assert [str(v) for v in (x86.vcpu_hour, x86.gb_hour, x86.ephemeral_gb_hour)] == ["0.04048", "0.004445", "0.000111"]
    assert [str(v) for v in (arm.vcpu_hour, arm.gb_hour)] == ["0.03238", "0.00356"]
    assert [str(v) for v in (windows.vcpu_hour, windows.gb_hour, windows.licence_vcpu_hour)] == [
        "0.09148",
        "0.01005",
        "0.046",
    ]
    assert [str(v) for v in (spot.vcpu_hour, spot.gb_hour)] == ["0.01264355", "0.00138835"]


def test_the_shipped_book_holds_every_published_row_with_source_date_and_certainty() -> None:
    assert len(BOOK.prices) == 127
    assert len({price.region for price in BOOK.prices}) == 22
    for price in BOOK.prices:
        assert price.usd > 0
        assert price.source
        assert price.as_of
        assert price.certainty.startswith(("CONFIRMED", "SINGLE", "TWO", "STALE"))


def test_rates_carry_the_rows_that_they_were_made_of() -> None:
    rates = BOOK.rates(region="us-east-1", os="WINDOWS", architecture="X86_64")
    assert {price.unit for price in rates.prices} == {
        "vcpu-hour",
        "gb-hour",
        "os-licence-vcpu-hour",
        "storage-gb-hour",
    }
    assert all(price.source and price.as_of for price in rates.prices)


def test_linux_has_no_licence_price() -> None:
    for architecture in ("X86_64", "ARM64"):
        assert BOOK.rates(region="us-east-1", os="LINUX", architecture=architecture).licence_vcpu_hour == 0  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("region", "os", "architecture", "provider"),
    [
        ("me-central-1", "LINUX", "X86_64", "FARGATE"),
        ("", "LINUX", "X86_64", "FARGATE"),
        ("us-east-2", "LINUX", "ARM64", "FARGATE"),
        ("us-east-1", "LINUX", "ARM64", "FARGATE_SPOT"),
        ("us-east-1", "WINDOWS", "X86_64", "FARGATE_SPOT"),
        ("us-east-1", "WINDOWS", "ARM64", "FARGATE"),
        ("ap-northeast-1", "WINDOWS", "X86_64", "FARGATE"),  # only the licence is known there
    ],
)
def test_a_price_that_is_not_known_raises_and_says_where_it_is_known(
    region: str, os: str, architecture: str, provider: str
) -> None:
    with pytest.raises(PriceMissing) as caught:
        BOOK.rates(region=region, os=os, architecture=architecture, provider=provider)  # type: ignore[arg-type]
    text = str(caught.value)
    assert repr(region) in text
    assert f"{os} on {architecture}" in text
    assert "never taken as zero" in text
    assert "known in" in text
    assert "\n" not in text


def test_derived_arm_prices_come_only_on_request_and_marked() -> None:
    more = PriceBook.shipped(derived_arm=True)
    added = [price for price in more.prices if price not in BOOK.prices]
    assert len(added) == 20
    assert all(price.certainty.startswith("DERIVED") and price.architecture == "ARM64" for price in added)
    assert not any(price.certainty.startswith("DERIVED") for price in BOOK.prices)
    rates = more.rates(region="us-east-2", os="LINUX", architecture="ARM64")
    assert any(price.certainty.startswith("DERIVED") for price in rates.prices)


def test_a_derived_price_never_stands_in_for_a_published_one() -> None:
    more = PriceBook.shipped(derived_arm=True)
    for price in BOOK.prices:
        if price.architecture == "ARM64" and price.capacity == "on-demand":
            rates = more.rates(region=price.region, os="LINUX", architecture="ARM64")
            assert not any(used.certainty.startswith("DERIVED") for used in rates.prices)


def test_arm_in_mumbai_is_its_own_price_and_not_a_fifth_off() -> None:
    x86 = BOOK.rates(region="ap-south-1", os="LINUX", architecture="X86_64").vcpu_hour
    arm = BOOK.rates(region="ap-south-1", os="LINUX", architecture="ARM64").vcpu_hour
    assert arm == Decimal("0.02383")
    assert arm / x86 < Decimal("0.6")


@pytest.mark.parametrize(
    "dates", [("2021-01", "2023-12"), ("2021-01", "about 2025"), ("n/a", "2021"), ("", "2021-01-14")]
)
def test_of_two_rows_for_one_thing_the_later_counts_in_either_order(dates: tuple[str, str]) -> None:
    old, new = (replace(ROW, as_of=date, usd=Decimal(i + 1)) for i, date in enumerate(dates))
    memory = replace(ROW, unit="gb-hour")
    for rows in ((old, new, memory), (new, old, memory)):
        assert PriceBook(prices=rows).rates(region="moon-1", os="LINUX", architecture="X86_64").vcpu_hour == 2


def test_half_a_price_is_no_price() -> None:
    with pytest.raises(PriceMissing, match="gb-hour"):
        PriceBook(prices=(ROW,)).rates(region="moon-1", os="LINUX", architecture="X86_64")


def test_storage_without_a_price_raises_when_it_is_asked_for_and_not_before() -> None:
    rates = PriceBook(prices=(ROW, replace(ROW, unit="gb-hour"))).rates(
        region="moon-1", os="LINUX", architecture="X86_64"
    )
    assert rates.ephemeral_gb_hour is None
    with pytest.raises(PriceMissing, match="ephemeral storage in 'moon-1'"):
        check_storage(rates, region="moon-1")


def test_a_scaled_book_says_so_in_every_source() -> None:
    scaled = BOOK.scaled(Decimal("1.1"))
    assert [price.usd for price in scaled.prices] == [price.usd * Decimal("1.1") for price in BOOK.prices]
    assert all(price.source.endswith("times 1.1") for price in scaled.prices)
    assert not any(price.source.endswith("times 1.1") for price in BOOK.prices)
