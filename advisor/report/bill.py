"""The bill against the model, in words and numbers, for every format of the report."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import timedelta
from decimal import Decimal

from advisor.domain.reconciliation import ReconciledOwner, Reconciliation, Residual
from advisor.domain.units import Usd
from advisor.report import words

MOST_OWNERS = 20
_USED = {"vcpu-hour": "of vCPU", "gb-hour": "of memory"}
CLASSES = {
    "standalone": "tasks without a service",
    "not_covered": "services that the store does not hold, pods of EKS",
    "deployment": "tasks beside the wanted ones around deployments",
    "spot": "Spot, off the on-demand price",
    "savings_plan": "Savings Plans, off the on-demand price",
    "price": "rates and discounts other than the price list's",
    "unknown": "not explained",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BillView:
    """What is shown: a sentence, the way from modelled to billed, the dearest owners and how many more there are."""

    lead: str
    steps: tuple[tuple[str, Usd], ...]
    owners: tuple[tuple[ReconciledOwner, str, str], ...]
    more: int


def bill_view(made: Reconciliation) -> BillView:
    """A reconciliation as the report shows it; with each owner goes what made most of its difference, and its use."""
    totals = made.totals
    steps = [("modelled, at on-demand prices", totals.modelled_usd)]
    steps += [(CLASSES[name], usd) for name, usd in _classes(totals.residual) if usd]
    shown = made.owners[:MOST_OWNERS]
    return BillView(
        lead=_lead(made),
        steps=(*steps, ("billed", totals.billed_usd)),
        owners=tuple((owner, _mostly(owner.residual), _used(owner)) for owner in shown),
        more=len(made.owners) - len(shown),
    )


def _lead(made: Reconciliation) -> str:
    totals, bill = made.totals, made.bill
    told = f"Billed {words.span(bill.start, bill.end - timedelta(seconds=1))}: {words.money(totals.billed_usd)}."
    if totals.explained_share is not None:
        told += f" {100 * totals.explained_share:.2f} % of it is explained."
    if totals.outside_usd:
        told += f" Another {words.money(totals.outside_usd)} was billed where the store holds no usage."
    return told


def _mostly(residual: Residual) -> str:
    name, usd = max(_classes(residual), key=lambda pair: abs(pair[1]))
    return CLASSES[name] if abs(usd) >= Decimal("0.01") else ""


def _used(owner: ReconciledOwner) -> str:
    """Which share of what was billed was used, by the bill's split-cost columns; empty where it has none."""
    shares = {line.unit: line.measured_share for line in owner.lines if line.measured_share is not None}
    told = [f"{words.percent(shares[unit])} {name}" for unit, name in _USED.items() if unit in shares]
    return ", ".join(told)


def _classes(residual: Residual) -> Iterator[tuple[str, Usd]]:
    return ((field.name, getattr(residual, field.name)) for field in fields(residual))
