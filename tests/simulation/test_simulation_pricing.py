"""The price of a replay: base first, the rest by weight, parts that sum to the whole, and nothing without a price."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from advisor.domain.errors import PriceMissing, SetupRefused
from advisor.domain.service import CapacityShare, Setup, TaskSize
from advisor.fargate.billing import bill_task_seconds
from advisor.fargate.prices import PriceBook
from advisor.simulation import Load, price, simulate
from advisor.simulation.pricing import provider_seconds

BOOK = PriceBook.shipped()
SETUP = Setup(size=TaskSize.of(vcpu=1, gib=2), desired=4)
LOAD = Load(vcpu=np.ones(60), region="us-east-1")


def shares(base: int, on_demand: int, spot: int) -> tuple[CapacityShare, ...]:
    return (
        CapacityShare(provider="FARGATE", base=base, weight=on_demand),
        CapacityShare(provider="FARGATE_SPOT", weight=spot),
    )


@pytest.mark.parametrize(
    ("billed", "capacity", "expected"),
    [
        ([3, 3], shares(2, 1, 1), (2 * 2 * 60 + 60, 60)),  # base 2 each tick, the third task in halves
        ([3, 3], shares(2, 0, 1), (240, 120)),
        ([1, 5], shares(2, 0, 1), (180, 180)),  # the base is per tick: one task fills none of another tick's
        ([1, 1], shares(2, 0, 1), (120, 0)),
        ([4, 0], shares(0, 1, 3), (60, 180)),
        ([0, 0], shares(2, 1, 1), (0, 0)),
    ],
)
def test_in_each_tick_the_base_is_filled_first_and_the_rest_goes_by_weight(
    billed: list[int], capacity: tuple[CapacityShare, ...], expected: tuple[int, int]
) -> None:
    split = provider_seconds(np.array(billed), capacity, tick_seconds=60)
    assert (split["FARGATE"], split["FARGATE_SPOT"]) == expected
    assert provider_seconds(np.array(billed), capacity[::-1], tick_seconds=60) == split


def test_parts_by_thirds_still_sum_exactly() -> None:
    split = provider_seconds(np.array([1]), shares(0, 1, 2), tick_seconds=20)
    assert sum(map(Fraction, split.values())) == 20
    assert abs(split["FARGATE"] - Decimal(20) / 3) < Decimal("1e-8")


def test_one_provider_takes_everything_whatever_its_weight() -> None:
    for weight in (0, 1, 7):
        split = provider_seconds(
            np.array([2]), (CapacityShare(provider="FARGATE_SPOT", weight=weight),), tick_seconds=60
        )
        assert split == {"FARGATE_SPOT": 120}


@pytest.mark.parametrize(
    "capacity",
    [
        (),
        (CapacityShare(), CapacityShare()),
        shares(0, 0, 0),
        shares(1, -1, 3),
        shares(-1, 1, 1),
        (CapacityShare(base=2), CapacityShare(provider="FARGATE_SPOT", base=2)),
    ],
    ids=["none", "twice", "no weight", "negative weight", "negative base", "two bases"],
)
def test_a_strategy_that_ecs_would_not_take_is_refused(capacity: tuple[CapacityShare, ...]) -> None:
    with pytest.raises(SetupRefused, match="bad strategy"):
        provider_seconds(np.array([3]), capacity, tick_seconds=60)


def test_a_mixed_bill_is_the_sum_of_its_two_halves_exactly() -> None:
    mixed = price(simulate(LOAD, replace(SETUP, capacity=shares(2, 1, 1))), BOOK)
    parts = {"FARGATE": 3 * 3600, "FARGATE_SPOT": 3600}
    halves = [
        bill_task_seconds({provider: seconds}, size=SETUP.size, region="us-east-1", prices=BOOK)  # type: ignore[dict-item]
        for provider, seconds in parts.items()
    ]
    assert mixed.lines == halves[0].lines + halves[1].lines
    assert mixed.total == sum(half.total for half in halves) == sum(line.usd for line in mixed.lines)


def test_a_replay_costs_what_its_task_seconds_cost() -> None:
    outcome = simulate(LOAD, replace(SETUP, ephemeral_gib=50))
    found = price(outcome, BOOK)
    # 4 task-hours: 4 x 0.04048 + 8 x 0.004445 + 4 x 30 x 0.000111
    assert found.total == Decimal("0.16192") + Decimal("0.03556") + Decimal("0.01332")


def test_windows_pays_its_licence_and_has_no_spot() -> None:
    windows = replace(SETUP, os="WINDOWS")
    assert price(simulate(LOAD, windows), BOOK).lines[-1].what == "Fargate Windows licence"
    with pytest.raises(PriceMissing, match="WINDOWS on X86_64, spot"):
        price(simulate(LOAD, replace(windows, capacity=shares(1, 0, 1))), BOOK)


def test_the_region_is_the_loads_and_can_be_given() -> None:
    outcome = simulate(LOAD, SETUP)
    assert price(outcome, BOOK) == price(outcome, BOOK, region="us-east-1")
    assert price(outcome, BOOK, region="sa-east-1").total > price(outcome, BOOK).total
    with pytest.raises(PriceMissing, match="no region"):
        price(simulate(replace(LOAD, region=None), SETUP), BOOK)
    with pytest.raises(PriceMissing, match="me-central-1"):
        price(outcome, BOOK, region="me-central-1")


def test_an_arm_price_that_is_only_derived_is_used_on_request_alone_and_marked() -> None:
    outcome = simulate(replace(LOAD, region="us-west-2"), replace(SETUP, architecture="ARM64"))
    with pytest.raises(PriceMissing, match="ARM64"):
        price(outcome, BOOK)
    bill = price(outcome, PriceBook.shipped(derived_arm=True))
    assert {row.certainty.split()[0] for row in bill.prices} == {"DERIVED"}
