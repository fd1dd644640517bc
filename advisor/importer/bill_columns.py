"""How each format of a bill spells what we read: one table, from which reading, refusals and docs/bill.md go.

Sources: AWS Data Exports table dictionaries (CUR 2.0; FOCUS 1.0 and 1.2 with AWS columns; "Migrating from FOCUS 1.0 to
1.2", which says that x_UsageType became SkuMeter), the data dictionary of the legacy CUR. FOCUS 1.1 was never an
export of AWS: it is read by the names that it shares with 1.0 and 1.2. Names are compared without regard to case,
as Athena writes them in lower case.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from advisor.domain.errors import InputRefused

# ours: (legacy CUR in CSV, CUR 2.0 and the legacy CUR in Parquet, FOCUS); of several spellings the first counts
SPELLINGS: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "account": (("lineItem/UsageAccountId",), ("line_item_usage_account_id",), ("SubAccountId",)),
    "start": (("lineItem/UsageStartDate",), ("line_item_usage_start_date",), ("ChargePeriodStart",)),
    "end": (("lineItem/UsageEndDate",), ("line_item_usage_end_date",), ("ChargePeriodEnd",)),
    "line_type": (("lineItem/LineItemType",), ("line_item_line_item_type",), ("ChargeCategory",)),
    "usage_type": (("lineItem/UsageType",), ("line_item_usage_type",), ("x_UsageType", "SkuMeter")),
    "product": (("lineItem/ProductCode",), ("line_item_product_code",), ("x_ServiceCode",)),
    "quantity": (("lineItem/UsageAmount",), ("line_item_usage_amount",), ("ConsumedQuantity", "PricingQuantity")),
    "cost": (("lineItem/UnblendedCost",), ("line_item_unblended_cost",), ("BilledCost",)),
    "currency": (("lineItem/CurrencyCode",), ("line_item_currency_code",), ("BillingCurrency",)),
    "resource": (("lineItem/ResourceId",), ("line_item_resource_id",), ("ResourceId",)),
    "region": (
        ("product/regionCode", "product/region"),
        ("product_region_code", "product_region"),
        ("RegionId",),
    ),
    "list_cost": (("pricing/publicOnDemandCost",), ("pricing_public_on_demand_cost",), ("ListCost",)),
    "effective_cost": (
        ("savingsPlan/SavingsPlanEffectiveCost",),
        ("savings_plan_savings_plan_effective_cost",),
        ("EffectiveCost",),
    ),
    "commitment": (("savingsPlan/SavingsPlanARN",), ("savings_plan_savings_plan_a_r_n",), ("CommitmentDiscountId",)),
    "used": (("splitLineItem/ActualUsage",), ("split_line_item_actual_usage",), ()),
    "tags": ((), ("resource_tags", "tags"), ("Tags",)),
}
REQUIRED = ("account", "start", "end", "line_type", "usage_type", "quantity", "cost")
FORMATS = ("cur-legacy", "cur-2.0", "focus")
# A tag's key as ECS sets it, without what formats put before it and between its words.
TAGS = {"cluster": "awsecsclustername", "service": "awsecsservicename"}
_BEFORE = re.compile(r"^(resource_?tags?[/_]|userattribute/|accounttag/|costcategory/)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where a file has what: our name -> the file's column; `tag_columns`: cluster and service as columns."""

    format: str
    columns: Mapping[str, str]
    tag_columns: Mapping[str, str]

    @property
    def wanted(self) -> list[str]:
        """The file's columns to read."""
        return list(dict.fromkeys((*self.columns.values(), *self.tag_columns.values())))


def layout_of(names: Sequence[str], *, where: str) -> Layout:
    """The layout of a file with these columns; raises InputRefused naming what is missing for the nearest format."""
    folded = {name.lower(): name for name in reversed(names)}
    found = [_found(number, folded) for number in range(len(FORMATS))]
    best = max(range(len(FORMATS)), key=lambda number: len(found[number]))
    missing = [SPELLINGS[ours][best] for ours in REQUIRED if ours not in found[best]]
    if missing:
        rule = f"a CUR or FOCUS export; the nearest format, {FORMATS[best]}, has it"
        raise InputRefused("missing column", where=f"{where}: header", value=" or ".join(missing[0]), rule=rule)
    tags = {ours: name for ours, key in TAGS.items() for name in names if _BEFORE.match(name) and plain(name) == key}
    return Layout(format=FORMATS[best], columns=found[best], tag_columns=tags)


def plain(key: str) -> str:
    """A tag's key as every format would have it: letters and digits, in lower case.

    >>> plain("resourceTags/aws:ecs:serviceName") == plain("aws_ecs_service_name") == TAGS["service"]
    True
    """
    return "".join(c for c in _BEFORE.sub("", key) if c.isalnum()).lower()


def _found(number: int, folded: Mapping[str, str]) -> dict[str, str]:
    named = {
        ours: [folded[s.lower()] for s in forms[number] if s.lower() in folded] for ours, forms in SPELLINGS.items()
    }
    return {ours: here[0] for ours, here in named.items() if here}
