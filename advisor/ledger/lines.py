"""The lines of an owner: what was billed of each unit, what was modelled, and the difference by class."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

import numpy as np
import pyarrow as pa

from advisor.domain.charges import SUMS
from advisor.domain.errors import PriceMissing
from advisor.domain.inventory import Service
from advisor.domain.reconciliation import ReconciledLine, Residual
from advisor.domain.service import Architecture
from advisor.domain.units import Usd
from advisor.fargate.prices import ANY, PriceBook
from advisor.fargate.usage_types import usage_type_of
from advisor.ledger.recorded import Recorded
from advisor.ledger.spans import Span, edges, periods, touched

OTHER = "other"
Key = tuple[str, str]  # a unit, and an architecture, ANY where that does not matter
_ZERO = Decimal(0)
_DIGITS, _MILLIONTH = Decimal("1e-9"), Decimal("0.000001")


@dataclass(slots=True, kw_only=True)
class Sums:
    """What was billed of one unit: quantities and money by purchase, and the quantity while deploying."""

    usage_types: set[str] = field(default_factory=set)
    by_purchase: dict[str, dict[str, Decimal]] = field(default_factory=dict)
    deploying: Decimal = _ZERO

    def of(self, name: str, *purchases: str) -> Decimal:
        """One sum, over some purchases or over all."""
        wanted = purchases or tuple(self.by_purchase)
        return sum((self.by_purchase[p][name] for p in wanted if p in self.by_purchase), _ZERO)

    @property
    def measured_share(self) -> float | None:
        """Measured use over billed quantity, of the rows that have both."""
        return float(self.of("used") / of) if (of := self.of("used_of")) else None


def whole_lines(lines: pa.Table, name: str) -> tuple[ReconciledLine, ...]:
    """Lines of an owner that is not modelled: all of it is of the class `name`, but for credits and discounts."""
    return tuple(_unmodelled(unit, billed, name) for (unit, _), billed in sorted(_billed(lines).items()))


def _unmodelled(unit: str, billed: Sums, name: str) -> ReconciledLine:
    adjusted = rounded(billed.of("cost", "adjustment"))
    return _line(unit, billed, residual=Residual(**{name: rounded(billed.of("cost")) - adjusted, "price": adjusted}))


def service_lines(
    lines: pa.Table, recorded: Recorded, service: Service, *, span: Span, period: int, prices: PriceBook
) -> tuple[tuple[ReconciledLine, ...], tuple[str, ...]]:
    """Lines of a service over a span, and what to say about them; each architecture that it had has its own."""
    billed = _billed(lines, recorded)
    listed, notes = _rates(service, recorded.architectures, prices)
    wanted = _wanted(recorded, span=span, period=period)
    made = [
        _compared(key[0], billed.get(key, Sums()), wanted.get(key, (_ZERO, _ZERO)), listed.get(key))
        for key in sorted({*billed, *wanted})
    ]
    return tuple(made), notes


def _compared(unit: str, billed: Sums, capacity: tuple[Decimal, Decimal], listed: Usd | None) -> ReconciledLine:
    """One unit; `capacity` is what was wanted in all periods, and of it what in those that a deployment touches."""
    wanted, deploying = capacity
    rate = listed if listed is not None else _rate_of(billed)
    if rate is None:
        return _line(unit, billed, wanted, residual=Residual(unknown=rounded(billed.of("cost"))))
    spot, adjusted = billed.of("cost", "spot"), billed.of("cost", "adjustment")
    at_rates = billed.of("on_demand_cost", "on-demand", "savings-plan")
    modelled = rounded(wanted * rate)
    known = Residual(
        deployment=rounded((billed.deploying - deploying) * rate),
        spot=rounded(spot - billed.of("quantity", "spot") * rate),
        savings_plan=rounded(billed.of("cost", "savings-plan") - billed.of("on_demand_cost", "savings-plan")),
        price=rounded(at_rates - billed.of("quantity", "on-demand", "savings-plan") * rate + adjusted),
    )
    unknown = rounded(billed.of("cost")) - modelled - known.total
    return _line(unit, billed, wanted, rate=rate, modelled=modelled, residual=replace(known, unknown=unknown))


def rounded(value: Decimal) -> Decimal:
    """To a millionth, and no zero below zero: lines are rounded once, so that they add up to their sums exactly."""
    return value.quantize(_MILLIONTH) + _ZERO


def _line(
    unit: str,
    billed: Sums,
    quantity: Decimal = _ZERO,
    *,
    residual: Residual,
    rate: Usd | None = None,
    modelled: Usd = Decimal("0.00"),
) -> ReconciledLine:
    return ReconciledLine(
        unit=unit,
        usage_types=tuple(sorted(billed.usage_types)),
        modelled_quantity=rounded(quantity),
        billed_quantity=rounded(billed.of("quantity")),
        rate_usd=rate,
        modelled_usd=modelled,
        billed_usd=rounded(billed.of("cost")),
        residual=residual,
        measured_share=billed.measured_share,
    )


def _billed(lines: pa.Table, recorded: Recorded | None = None) -> dict[Key, Sums]:
    """What was billed, by unit and, of what was recorded, by architecture."""
    met = touched(*edges(lines), recorded.deployments if recorded else ())
    keys = ["usage_type", "purchase", "deploying"]
    flagged = lines.append_column("deploying", pa.array(met))
    found: dict[Key, Sums] = {}
    for row in flagged.group_by(keys).aggregate([(name, "sum") for name in SUMS]).to_pylist():
        billed = found.setdefault(_key(row["usage_type"], recorded), Sums())
        billed.usage_types.add(row["usage_type"])
        sums = billed.by_purchase.setdefault(row["purchase"], dict.fromkeys(SUMS, _ZERO))
        for name in SUMS:
            sums[name] += row[f"{name}_sum"]
        billed.deploying += row["quantity_sum"] if row["deploying"] else _ZERO
    return found


def _key(usage_type: str, recorded: Recorded | None) -> Key:
    kind = usage_type_of(usage_type)
    if kind is None:
        return OTHER, ANY
    return recorded.charged_as(kind) if recorded else (kind.unit, ANY)


def _wanted(recorded: Recorded, *, span: Span, period: int) -> dict[Key, tuple[Decimal, Decimal]]:
    """Unit-hours that the service called for in the span, and those in periods that a deployment touches."""
    within = (recorded.at >= span[0]) & (recorded.at < span[1])
    met = touched(*periods(recorded.at[within], period=period, span=span), recorded.deployments)
    called = {charged: hours[within] for charged, hours in recorded.wanted.items()}
    return {charged: (_decimal(hours.sum()), _decimal(hours[met].sum())) for charged, hours in called.items()}


def _rates(
    service: Service, architectures: Iterable[Architecture], prices: PriceBook
) -> tuple[Mapping[Key, Usd], tuple[str, ...]]:
    """On-demand rates of the price list for a service; what the list lacks is left out, and said."""
    found: dict[Key, Usd] = {}
    notes: list[str] = []
    for name in architectures:
        try:
            rates = prices.rates(region=service.id.region, os=service.setup.os, architecture=name)
        except PriceMissing as error:
            notes.append(f"{error} The bill's own rates were taken.")
            continue
        found |= {("vcpu-hour", name): rates.vcpu_hour, ("gb-hour", name): rates.gb_hour}
        found["os-licence-vcpu-hour", name] = rates.licence_vcpu_hour
        if rates.ephemeral_gb_hour is not None:
            found["storage-gb-hour", ANY] = rates.ephemeral_gb_hour
    return found, tuple(notes)


def _rate_of(billed: Sums) -> Usd | None:
    """The on-demand rate that the bill itself shows, where the price list has none."""
    quantity = billed.of("quantity", "on-demand", "savings-plan")
    cost = billed.of("on_demand_cost", "on-demand", "savings-plan")
    return (cost / quantity).quantize(_DIGITS) if quantity > 0 else None


def _decimal(hours: np.floating) -> Decimal:
    return Decimal(float(hours)).quantize(_DIGITS)
