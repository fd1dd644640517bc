"""Compute Savings Plans, as far as they cover Fargate: what they charge, and which are owned.  [FACTS 3]

A plan is a commitment in discounted dollars per hour: it covers usage that would cost commitment / (1 - discount) on
demand. It covers vCPU and memory of Linux tasks, not Spot and not storage; for Windows it is UNCONFIRMED, so what the
rates say is told, and nothing is added to it.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from advisor.domain.units import Usd
from advisor.fargate.prices import PriceBook, PriceUnit

Payment = Literal["All Upfront", "Partial Upfront", "No Upfront"]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class PlanRate:
    """What one unit-hour costs under a plan  [USD]; keys as those of a `Price`."""

    region: str
    os: str
    architecture: str
    unit: PriceUnit
    usd: Usd
    usage_type: str

    def discount(self, prices: PriceBook) -> Decimal | None:
        """The share that it takes off the on-demand price; None where that is not known.

        >>> rate = PlanRate(region="eu-west-1", os="LINUX", architecture="X86_64", unit="vcpu-hour",
        ...                 usd=Decimal("0.024288"), usage_type="EU-Fargate-vCPU-Hours:perCPU")
        >>> rate.discount(PriceBook.shipped())
        Decimal('0.4000')
        """
        key = (self.region, self.os, self.architecture, "on-demand", self.unit)
        price = prices.find(key)
        return None if price is None else (1 - self.usd / price.usd).quantize(Decimal("0.0001"))


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOffer:
    """A plan that can be bought: its length, how it is paid, and its rates for Fargate."""

    years: int
    payment: Payment
    rates: tuple[PlanRate, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnedPlan:
    """A plan that is owned: `commitment_usd` is per hour, in the plan's own discounted dollars."""

    arn: str
    account: str
    years: int
    payment: Payment
    commitment_usd: Usd
    start: datetime
    end: datetime
    rates: tuple[PlanRate, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SavingsPlans:
    """What can be bought and what is owned, for Fargate in some regions, as AWS told it at `taken_at`.

    `accounts`: whose plans were read. `failures` say what could not be.
    """

    format: int = 1
    taken_at: datetime
    offers: tuple[PlanOffer, ...]
    owned: tuple[OwnedPlan, ...]
    accounts: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()
