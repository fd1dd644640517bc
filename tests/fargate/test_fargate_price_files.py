"""Price files: what is written is read again, exactly; what is no price is refused where it stands."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from advisor.domain.errors import InputRefused, PriceMissing
from advisor.fargate.price_files import COLUMNS, prices_from_csv, prices_to_csv, read_prices
from advisor.fargate.prices import PriceBook
from advisor.fargate.usage_types import usage_type_of

SHIPPED = PriceBook.shipped(derived_arm=True).prices
VIRGINIA = next(p for p in SHIPPED if p.key == ("us-east-1", "LINUX", "X86_64", "on-demand", "vcpu-hour"))


def test_every_shipped_price_is_read_again_as_it_was_written() -> None:
    again = prices_from_csv(prices_to_csv(SHIPPED), where="test")
    assert sorted(again, key=repr) == sorted(SHIPPED, key=repr)


def test_money_is_written_without_an_exponent() -> None:
    tiny = replace(VIRGINIA, usd=Decimal("0.00000001"))
    assert "0.00000001" in prices_to_csv([tiny])


def test_a_later_price_counts_and_an_earlier_one_does_not() -> None:
    book = PriceBook.shipped()
    for as_of, expected in (("2999-01-01", Decimal(7)), ("1999-01-01", VIRGINIA.usd)):
        more = book.with_prices([replace(VIRGINIA, usd=Decimal(7), as_of=as_of)])
        assert more.rates(region="us-east-1", os="LINUX", architecture="X86_64").vcpu_hour == expected


def test_a_file_fills_a_region_that_is_not_shipped_and_what_is_missing_still_raises(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    here = {"region": "me-central-1", "os": "LINUX", "architecture": "X86_64"}
    path.write_text(prices_to_csv([replace(VIRGINIA, region="me-central-1")]))
    half = PriceBook.shipped().with_prices(read_prices(path))
    with pytest.raises(PriceMissing, match="per gb-hour, in 'me-central-1'"):
        half.rates(**here)  # type: ignore[arg-type]
    path.write_text(prices_to_csv([replace(VIRGINIA, region="me-central-1", unit=u) for u in ("vcpu-hour", "gb-hour")]))
    assert PriceBook.shipped().with_prices(read_prices(path)).rates(**here).gb_hour == VIRGINIA.usd  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("column", "value"),
    [("usd", "0"), ("usd", "-1"), ("usd", "nan"), ("usd", "a lot"), ("usd", ""), ("os", "BEOS"), ("arch", "RISCV"),
     ("capacity", "reserved"), ("unit", "furlong"), ("region", "")],
)  # fmt: skip
def test_a_cell_that_is_no_price_is_refused_with_row_column_and_value(column: str, value: str) -> None:
    lines = prices_to_csv([VIRGINIA, replace(VIRGINIA, region="xx")]).splitlines()
    cells = lines[2].split(",")
    cells[COLUMNS.index(column)] = value
    with pytest.raises(InputRefused, match=f"prices.csv: row 3, column {column}"):
        prices_from_csv("\n".join([*lines[:2], ",".join(cells)]), where="prices.csv")


def test_what_is_no_price_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match="missing column"):
        prices_from_csv("region,usd\nus-east-1,1\n", where="prices.csv")
    with pytest.raises(InputRefused, match="cannot be read"):
        read_prices(tmp_path / "none.csv")


def test_every_shipped_usage_type_is_what_its_row_says() -> None:
    for price in SHIPPED:
        kind = usage_type_of(price.usage_type)
        assert kind is not None, price.usage_type
        assert (kind.os, kind.architecture, kind.capacity, kind.unit) == price.key[1:], price.usage_type
