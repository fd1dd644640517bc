"""The Spot rates that a bill was charged at, as prices: AWS's price list has none."""

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import pyarrow.compute as pc

from advisor.domain.charges import Charges
from advisor.fargate.prices import Price
from advisor.fargate.usage_types import usage_type_of

_DIGITS = Decimal("1e-10")


def spot_prices(charges: Charges) -> tuple[Price, ...]:
    """One price per region and usage type on Spot: cost over quantity of the newest day that was charged."""
    lines = charges.lines.filter(pc.equal(charges.lines["purchase"], "spot"))
    days = lines.append_column("day", pc.floor_temporal(lines["start"], unit="day"))
    keys = ["region", "usage_type", "day"]
    found = (
        days.group_by(keys).aggregate([("quantity", "sum"), ("cost", "sum")]).sort_by([(k, "ascending") for k in keys])
    )
    newest = {(row["region"], row["usage_type"]): row for row in found.to_pylist() if row["quantity_sum"] > 0}
    return tuple(price for row in newest.values() if (price := _price(row)) is not None)


def _price(row: dict[str, Any]) -> Price | None:
    kind = usage_type_of(row["usage_type"])
    if kind is None or not row["region"]:
        return None
    return Price(
        region=row["region"],
        os=kind.os,
        architecture=kind.architecture,
        capacity=kind.capacity,
        unit=kind.unit,
        usd=(row["cost_sum"] / row["quantity_sum"]).quantize(_DIGITS, ROUND_HALF_EVEN),
        source="own bill: cost over quantity of the last day charged",
        as_of=f"{row['day']:%Y-%m-%d}",
        certainty="CONFIRMED (as charged; Spot prices move)",
        usage_type=row["usage_type"],
    )
