"""Random fleets: whatever they do, nearly all of the bill is explained, and each class is what they really did."""

from decimal import Decimal
from pathlib import Path

import pytest
from bill_formats import WRITERS
from bill_random import fleet
from bill_world import usage

from advisor.fargate.prices import PriceBook
from advisor.importer import read_bill
from advisor.ledger import reconcile

MICRO, DEPLOYING = Decimal("0.00001"), Decimal("0.01")  # USD


@pytest.mark.parametrize("seed", range(6))
def test_999_in_a_thousand_dollars_are_explained_and_each_class_is_right(seed: int, tmp_path: Path) -> None:
    """To a thousandth of a cent; deployments to a cent, as some fall together with scaling."""
    world, services = fleet(seed)
    path = list(WRITERS.values())[seed](world.rows, tmp_path)
    prices = PriceBook.shipped()
    result = reconcile(read_bill(path), services, lambda s: usage(world.tasks, s.id.service), prices=prices)
    for name, usd in world.truth.items():
        tolerance = DEPLOYING if name == "deployment" else MICRO
        assert abs(getattr(result.totals.residual, name) - usd) < tolerance, name
    assert abs(result.totals.residual.price) < MICRO
    assert result.totals.explained_share is not None
    assert result.totals.explained_share > 0.999
    assert result.totals.billed_usd - result.totals.modelled_usd == result.totals.residual.total
