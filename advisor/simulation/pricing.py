"""The price of a replay: billed task-seconds, split over capacity providers, times the price book."""

from decimal import ROUND_DOWN, Context, Decimal, localcontext
from typing import Any

import numpy as np

from advisor.domain.errors import PriceMissing, SetupRefused
from advisor.domain.service import CapacityShare, Provider
from advisor.fargate.billing import Bill, bill_task_seconds
from advisor.fargate.prices import PriceBook
from advisor.simulation.records import Counts, Outcome

# Parts are rounded down to a nanosecond, and the last takes what is left: the sum is exact in any number of digits.
_EXACT = Context(prec=60, rounding=ROUND_DOWN)
_QUANTUM = Decimal("0.000000001")


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

    ECS places whole tasks; the split by weight is exact on average, so that the parts sum to the whole. A strategy
    of one provider takes everything, whatever its weight. Raises SetupRefused for a strategy that ECS would not take.
    """
    check_capacity(capacity)
    total = int(billed.sum()) * tick_seconds
    based = {share.provider: int(np.minimum(billed, share.base).sum()) * tick_seconds for share in capacity}
    rest = total - sum(based.values())
    weights = sum(share.weight for share in capacity)
    with localcontext(_EXACT):
        split: dict[Provider, Decimal] = {
            share.provider: based[share.provider] + (Decimal(rest) * share.weight / max(weights, 1)).quantize(_QUANTUM)
            for share in capacity
        }
        split[capacity[-1].provider] += total - sum(split.values())
    return split


def check_capacity(capacity: tuple[CapacityShare, ...]) -> None:
    """Raise SetupRefused for a strategy that ECS would not take.

    Documented (botocore 1.44.5, `ecs`): a base on one provider only, bases and weights of 0 or more, and of several
    providers at least one with a weight.
    """
    lowest = min((min(share.base, share.weight) for share in capacity), default=-1)
    several = len(capacity) > 1
    twice = len({share.provider for share in capacity}) < len(capacity)
    bases = sum(share.base > 0 for share in capacity)
    if lowest < 0 or twice or bases > 1 or (several and not any(share.weight for share in capacity)):
        value = [(share.provider, share.base, share.weight) for share in capacity]
        rule = "each provider once, one base at most, nothing negative, a weight above 0 where there are several"
        raise SetupRefused("bad strategy", where="capacity providers", value=value, rule=rule)


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
