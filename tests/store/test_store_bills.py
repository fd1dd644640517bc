"""Prices, reconciliations and Savings Plans in the store: the newest counts, in whichever order they came."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from advisor.domain.reconciliation import BillNote, ReconciledTotals, Reconciliation, Residual
from advisor.fargate.prices import PriceBook
from advisor.fargate.savings_plans import SavingsPlans
from advisor.store import open_store

VCPU = next(p for p in PriceBook.shipped().prices if p.key == ("us-east-1", "LINUX", "X86_64", "spot", "vcpu-hour"))
OLD, NEW = (replace(VCPU, usd=Decimal(usd), as_of=at) for usd, at in (("0.011", "2026-11-02"), ("0.013", "2026-11-24")))
NOW = datetime(2026, 11, 24, tzinfo=UTC)


def made(*, rows: int = 1, days: int = 30) -> Reconciliation:
    start = datetime(2026, 10, 1, tzinfo=UTC)
    numbers = {"files": 1, "rows_read": rows, "rows_kept": rows}
    bill = BillNote(source="b", formats=("focus",), **numbers, start=start, end=start + timedelta(days=days))
    money = {"modelled_usd": Decimal("1.50"), "billed_usd": Decimal("1.75"), "outside_usd": Decimal("0.00")}
    totals = ReconciledTotals(**money, residual=Residual(spot=Decimal("0.25")), explained_share=1.0)
    return Reconciliation(store="s", bill=bill, totals=totals, owners=())


@pytest.mark.parametrize("order", [(OLD, NEW), (NEW, OLD)])
def test_of_a_price_the_newest_counts_in_whichever_order_they_came(order: tuple, tmp_path: Path) -> None:
    store = open_store(tmp_path, create=True)
    for price in order:
        store.add_prices([price])
    store.compact(NOW)
    rates = open_store(tmp_path).prices.rates(
        region="us-east-1", os="LINUX", architecture="X86_64", provider="FARGATE_SPOT"
    )
    assert rates.vcpu_hour == NEW.usd
    assert store.add_prices(order) == 0
    assert sum(1 for path in tmp_path.rglob("prices/**/*.parquet")) == 1


def test_the_same_prices_give_the_same_bytes(tmp_path: Path) -> None:
    prices = PriceBook.shipped().prices
    for number, given in enumerate((prices, prices[::-1])):
        store = open_store(tmp_path / str(number), create=True)
        store.add_prices(given)
        store.compact(NOW)
    files = [
        {p.relative_to(tmp_path / n): p.read_bytes() for p in (tmp_path / n).rglob("prices/**/*.parquet")} for n in "01"
    ]
    assert files[0] == files[1] != {}


def test_reconciliations_come_back_as_they_were_one_for_each_span(tmp_path: Path) -> None:
    store = open_store(tmp_path, create=True)
    for one in (made(rows=5), made(days=15), made(rows=3), made(rows=5)):
        store.add_reconciliation(one)
    store.compact(NOW)
    assert open_store(tmp_path).reconciliations == (made(days=15), made(rows=5))


def test_of_savings_plans_the_last_reading_counts_whole_in_whichever_order_they_came(tmp_path: Path) -> None:
    assert open_store(tmp_path / "0", create=True).savings_plans is None
    told = [
        SavingsPlans(taken_at=NOW + timedelta(days=day), offers=(), owned=(), accounts=("1",)) for day in (0, 40, 9)
    ]
    for number, given in enumerate((told, told[::-1])):
        store = open_store(tmp_path / str(number), create=True)
        for one in given:
            store.add_savings_plans(one)
        store.compact(NOW + timedelta(days=50))
        assert open_store(tmp_path / str(number)).savings_plans == told[1]
