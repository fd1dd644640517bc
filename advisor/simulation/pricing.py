"""The price of a replay: billed task-seconds, split over capacity providers, times the price book."""

from decimal import Decimal
from typing import Any

import numpy as np

from advisor.domain.errors import PriceMissing
from advisor.domain.service import CapacityShare, Provider
from advisor.fargate.billing import Bill, bill_task_seconds
from advisor.fargate.prices import PriceBook
from advisor.simulation.records import Counts, Outcome


def price(outcome: Outcome, prices: PriceBook, *, region: str | None = None) -> Bill:
    """The bill of a replay  [USD over its length]; `region` defaults to the load's. Raises PriceMissing."""
    place = region or outcome.load.region
    if place is None:
        raise PriceMissing("no region: the load has none. Next: give `region`.")
    setup = outcome.setup
    return bill_task_seconds(
        provider_seconds(outcome.billed, setup.capacity, tick_seconds=outcome.tick_seconds),
        size=setup.size,
        region=place,
        prices=prices,
        os=setup.os,
        architecture=setup.architecture,
        ephemeral_gib=setup.ephemeral_gib,
    )


def provider_seconds(
    billed: Counts, capacity: tuple[CapacityShare, ...], *, tick_seconds: int
) -> dict[Provider, Decimal]:
    """Billed time by provider  [task-seconds]: in each tick the base first, the rest by weight.

    ECS places whole tasks; the split by weight is exact on average, so that the parts sum to the whole.
    """
    total = int(billed.sum()) * tick_seconds
    based = {share.provider: int(np.minimum(billed, share.base).sum()) * tick_seconds for share in capacity}
    rest = total - sum(based.values())
    weights = sum(share.weight for share in capacity)
    split: dict[Provider, Decimal] = {
        share.provider: based[share.provider] + (Decimal(rest) * share.weight / weights if weights else Decimal(0))
        for share in capacity
    }
    last = capacity[-1].provider
    split[last] += total - sum(split.values())
    return split


def outcome_to_dict(outcome: Outcome, bill: Bill) -> dict[str, Any]:
    """A replay in the documented form of `advisor simulate`; utilization is None where no task ran."""
    return {
        "format": 1,
        "running": outcome.running.tolist(),
        "billed": outcome.billed.tolist(),
        "desired": outcome.desired.tolist(),
        "utilization": [None if np.isnan(u) else u for u in outcome.utilization.tolist()],
        "unmet": outcome.unmet.tolist(),
        "actions": outcome.actions,
        "task_seconds": outcome.task_seconds,
        "cost_usd": f"{bill.total:.6f}",
        "summary": outcome.summary(),
    }
