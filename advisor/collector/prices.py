"""On-demand prices of Fargate from AWS's price list.  [FACTS 2: GP22, LIGOJ, APN1]

Spot prices are not in it: they come from the customer's own bill.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from advisor.collector.asking import pages
from advisor.collector.sessions import AwsSession
from advisor.collector.several import each
from advisor.domain.errors import AwsFailed, one_line
from advisor.fargate.prices import Price
from advisor.fargate.usage_types import usage_type_of

HOME = "us-east-1"  # documented: the price list answers in a few regions only, and in each of them for all
_SERVICE = "AmazonECS"
_PER_PAGE = 100


def collect_prices(
    session: AwsSession, regions: Sequence[str], *, now: datetime
) -> tuple[tuple[Price, ...], tuple[AwsFailed, ...]]:
    """The on-demand prices of Fargate in these regions, and what failed; a region without prices is a failure.

    Raises AwsFailed where no region gave any.
    """
    wanted = dict.fromkeys(regions)
    found, failures = each(session, HOME, "pricing:GetProducts", lambda at: _of_region(session, at, now=now), wanted)
    if failures and not found:
        raise failures[0]
    return tuple(sorted(found, key=lambda price: price.key)), tuple(failures)


def _of_region(session: AwsSession, region: str, *, now: datetime) -> list[Price]:
    filters = [{"Type": "TERM_MATCH", "Field": "regionCode", "Value": region}]
    given = {"ServiceCode": _SERVICE, "Filters": filters, "FormatVersion": "aws_v1", "MaxResults": _PER_PAGE}
    items = pages(session, HOME, "pricing", "GetProducts", "PriceList", **given)
    found = [price for item in items if (price := _price(json.loads(item), now=now)) is not None]
    if not found:
        raise AwsFailed(f"AWS: the price list has no price of Fargate in {one_line(region)}. Next: check the region.")
    return found


def _price(item: Mapping[str, Any], *, now: datetime) -> Price | None:
    """One item as a price; None where it is not of Fargate."""
    attributes = item.get("product", {}).get("attributes", {})
    usage_type = str(attributes.get("usagetype", ""))
    kind = usage_type_of(usage_type)
    if kind is None or kind.capacity != "on-demand":
        return None
    published = str(item.get("publicationDate", ""))[:10]
    return Price(
        region=str(attributes.get("regionCode", "")),
        os=kind.os,
        architecture=kind.architecture,
        capacity=kind.capacity,
        unit=kind.unit,
        usd=_usd(item, usage_type),
        source=f"pricing:GetProducts {_SERVICE}, published {published}",
        as_of=f"{now.astimezone(UTC):%Y-%m-%d}",
        certainty="CONFIRMED (AWS's price list)",
        usage_type=usage_type,
    )


def _usd(item: Mapping[str, Any], usage_type: str) -> Decimal:
    """The one rate of an item; an item with several or none, or with a rate of 0, is not as documented."""
    rates = set(_rates(item))
    if len(rates) != 1 or not next(iter(rates)) > 0:
        told = ", ".join(map(str, sorted(rates))) or "none"
        raise AwsFailed(
            f"AWS: pricing:GetProducts {one_line(usage_type)}: rates {told}. Rule: one rate above 0 USD. "
            "Next: run this again; if it stays, keep to the shipped prices."
        )
    return next(iter(rates))


def _rates(item: Mapping[str, Any]) -> Iterator[Decimal]:
    for term in item.get("terms", {}).get("OnDemand", {}).values():
        for dimension in term.get("priceDimensions", {}).values():
            try:
                yield Decimal(str(dimension.get("pricePerUnit", {}).get("USD", "0"))).normalize()
            except InvalidOperation:
                yield Decimal(0)
