"""Prices that were collected, as a table: of each, the newest; one file per region and month."""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

from advisor.fargate.prices import Price
from advisor.store.tables import Table

_TEXTS = ("os", "architecture", "capacity", "unit", "usd", "source", "as_of", "certainty", "usage_type")
_OLD = datetime(1970, 1, 1, tzinfo=UTC)


def _row(price: Price) -> dict[str, Any]:
    return {name: str(getattr(price, name)) for name in _TEXTS}


def _price(_account: str, region: str, row: dict[str, Any]) -> Price:
    return Price(region=region, **{**row, "usd": Decimal(row["usd"])})


def _where(price: Price) -> tuple[str, str, datetime]:
    try:
        return "", price.region, datetime.strptime(price.as_of, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:  # a month or a year alone
        return "", price.region, _OLD


def _newest(prices: Iterable[Price]) -> tuple[Price, ...]:
    best: dict[tuple[str, ...], Price] = {}
    for price in prices:
        best[price.key] = max(best.get(price.key, price), price, key=lambda p: (p.as_of, repr(p)))
    return tuple(best[key] for key in sorted(best))


PRICES: Table[Price] = Table(
    name="prices",
    schema=pa.schema([(name, pa.string()) for name in _TEXTS]),
    where=_where,
    row=_row,
    record=_price,
    merge=_newest,
)
