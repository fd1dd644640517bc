"""Law 1: doubling every price doubles every bill; the lines of a bill sum to its total, exactly."""

from decimal import Context, Decimal, localcontext
from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from advisor.domain.service import CapacityShare, OperatingSystem, TaskSize
from advisor.fargate.billing import Bill, bill_task_seconds
from advisor.fargate.prices import Price, PriceBook
from advisor.fargate.sizes import legal_sizes
from advisor.simulation.pricing import provider_seconds
from tests.strategies import REGION, factors, mixes, price_rows, task_seconds

EXACT = Context(prec=200)
SYSTEMS = st.sampled_from(("LINUX", "WINDOWS"))
STORAGE = st.integers(20, 200)


def bill_of(os: OperatingSystem, seconds: int, gib: int, book: PriceBook, size: TaskSize | None = None) -> Bill:
    split = {"FARGATE": seconds} if os == "WINDOWS" else {"FARGATE": seconds, "FARGATE_SPOT": Decimal(seconds) / 3}
    chosen = size or legal_sizes(os)[-1]
    return bill_task_seconds(split, size=chosen, region=REGION, prices=book, os=os, ephemeral_gib=gib)  # type: ignore[arg-type]


@settings(deadline=None)
@given(SYSTEMS, task_seconds, STORAGE, price_rows())
def test_doubling_every_price_doubles_every_bill_line_and_month(
    os: OperatingSystem, seconds: int, gib: int, rows: tuple[Price, ...]
) -> None:
    book = PriceBook(prices=rows)
    once, twice = bill_of(os, seconds, gib, book), bill_of(os, seconds, gib, book.scaled(Decimal(2)))
    with localcontext(EXACT):  # a line may have more digits than the default context keeps
        assert twice.total == 2 * once.total
        assert [line.usd for line in twice.lines] == [2 * line.usd for line in once.lines]
        assert twice.per_month(86400) == 2 * once.per_month(86400)


@settings(deadline=None)
@given(SYSTEMS, task_seconds, STORAGE, factors)
def test_any_factor_on_the_shipped_prices_is_the_factor_on_the_bill(
    os: OperatingSystem, seconds: int, gib: int, factor: Decimal
) -> None:
    book = PriceBook.shipped()
    with localcontext(EXACT):
        assert bill_of(os, seconds, gib, book.scaled(factor)).total == factor * bill_of(os, seconds, gib, book).total


@settings(deadline=None)
@given(SYSTEMS, task_seconds, STORAGE, price_rows())
def test_the_lines_of_a_bill_sum_to_its_total_as_fractions_too(
    os: OperatingSystem, seconds: int, gib: int, rows: tuple[Price, ...]
) -> None:
    bill = bill_of(os, seconds, gib, PriceBook(prices=rows))
    assert sum(Fraction(line.usd) for line in bill.lines) == Fraction(bill.total)
    assert all(Fraction(line.usd) == Fraction(line.quantity) * Fraction(line.rate) for line in bill.lines)


@settings(deadline=None)
@given(task_seconds, st.integers(6, 30))
def test_a_bill_does_not_depend_on_the_decimal_context_of_the_caller(seconds: int, digits: int) -> None:
    expected = bill_of("LINUX", seconds, 50, PriceBook.shipped())
    with localcontext(Context(prec=digits)):
        split = {"FARGATE": seconds, "FARGATE_SPOT": expected.lines[3].quantity * 0}
        found = bill_task_seconds(
            split,  # type: ignore[arg-type]
            size=legal_sizes()[-1],
            region=REGION,
            prices=PriceBook.shipped(),
            ephemeral_gib=50,
        )
    assert [line.usd for line in found.lines[:3]] == [line.usd for line in expected.lines[:3]]


@settings(deadline=None)
@given(hnp.arrays(np.int64, st.integers(0, 60), elements=st.integers(0, 5000)), mixes(), st.sampled_from((20, 60)))
def test_the_split_over_providers_sums_to_the_billed_time_exactly(
    billed: np.ndarray, capacity: tuple[CapacityShare, ...], tick: int
) -> None:
    split = provider_seconds(billed, capacity, tick_seconds=tick)
    assert sum(map(Fraction, split.values())) == int(billed.sum()) * tick
    assert all(seconds >= 0 for seconds in split.values())
    for share in capacity:
        assert split[share.provider] >= int(np.minimum(billed, share.base).sum()) * tick
