"""What Container Insights saw of whole tasks: storage that nobody uses or that is nearly full, and tasks that wait."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from advisor.advice import advise
from advisor.domain.finding import Advice
from advisor.domain.insights import InsightsMonth
from advisor.fargate.prices import PriceBook
from advisor.profile import fit_profile, infer_demand
from tests.service_worlds import PRICES, World, fixed, level, lived, said, service_of

CALM = World(vcpu=level(0.3, days=10), base_mib=500)  # from 2026-11-02 on, two tasks
ID = service_of(fixed(2, vcpu=1, gib=4)).id


def seen(month: str = "2026-11", days: int = 10, **more: Any) -> InsightsMonth:
    return InsightsMonth(id=ID, month=month, days=tuple(range(1, days + 1)), **more)


def judged(*insights: InsightsMonth, gib: int = 50, prices: PriceBook = PRICES, days: int = 10) -> Advice:
    setup = fixed(2, vcpu=1, gib=4, ephemeral_gib=gib)
    usage = lived(CALM, setup).iloc[: days * 288]
    service = service_of(setup)
    demand = infer_demand(usage, service, insights=insights)
    return advise(service, demand, fit_profile(demand), prices=prices)


def told(advice: Advice, code: str) -> str:
    return next(caution.text for caution in advice.cautions if caution.code == code)


def test_storage_that_nobody_uses_is_told_with_what_less_would_save() -> None:
    # 6.2 GiB x 1.3 = 8.06: the 20 that are free. 2 tasks x 30 GiB x 730 h x 0.000111 USD = 4.86 USD.
    text = told(judged(seen("2026-10", 20, storage_gib=6.2), seen(storage_gib=3.0)), "storage-unused")
    assert text == (
        "Of 50 GiB of ephemeral storage a task used 6.2 GiB at most in 30 days: 20 GiB, which are free, hold that and"
        " 30% more and cost $4.86 less a month, at 2 tasks on average."
    )
    # 20.1 x 1.3 = 26.13: 27 GiB. 2 x 23 x 730 x 0.000111 = 3.73 USD.
    text = told(judged(seen(storage_gib=20.1)), "storage-unused")
    assert "27 GiB hold that and 30% more and cost $3.73 less a month" in text


@pytest.mark.parametrize(("gib", "used", "days"), [(20, 2.0, 10), (50, 39.0, 10), (50, 60.0, 10), (50, 2.0, 6)])
def test_nothing_is_told_where_less_is_not_legal_not_enough_or_not_sure(gib: int, used: float, days: int) -> None:
    assert "storage-unused" not in said(judged(seen(storage_gib=used, days=days), gib=gib))


def test_a_price_that_is_not_known_gives_no_number() -> None:
    some = PriceBook(prices=tuple(price for price in PRICES.prices if price.unit != "storage-gb-hour"))
    text = told(judged(seen(storage_gib=6.2), prices=some), "storage-unused")
    assert "$" not in text
    assert text.endswith("hold that and 30% more.")


def test_storage_that_is_nearly_full_is_warned_of() -> None:
    for used, near in ((18.0, False), (18.1, True), (20.0, True), (21.0, False)):
        assert ("storage-near-full" in said(judged(seen(storage_gib=used), gib=20))) == near
    text = told(judged(seen(storage_gib=18.1), gib=20), "storage-near-full")
    assert text == "A task used 18.1 GiB of its 20 GiB of ephemeral storage: one that has none left can fail."
    assert "storage-near-full" not in said(judged(seen("2026-10", storage_gib=18.1), gib=20)), "long ago"


def test_days_on_which_a_task_waited_all_day_are_told_of_the_days_reviewed() -> None:
    advice = judged(seen("2026-10", pending=(30,)), seen(pending=(1, 3, 4)))
    assert "pending in each sample of whole days, on 2026-11-03, 2026-11-04:" in told(advice, "tasks-pending")
    assert "tasks-pending" not in said(judged(seen("2026-10", pending=(30,)), seen(pending=(1,))))


def test_it_is_told_too_where_there_is_no_advice() -> None:
    advice = judged(seen(storage_gib=6.2, pending=(2,)), days=2)
    assert advice.verdict == "no-advice"
    assert {"storage-unused", "tasks-pending"} <= said(advice)


def test_it_changes_nothing_but_the_cautions() -> None:
    plain, more = judged(), judged(seen(storage_gib=6.2, pending=(2,)))
    assert said(more) - said(plain) == {"storage-unused", "tasks-pending"}
    assert replace(more, cautions=plain.cautions) == plain
    assert more.usd_month.current > Decimal(0)
