"""The same bill in every spelling: CUR legacy (CSV, Parquet), CUR 2.0 (Parquet, CSV), FOCUS 1.0, 1.1 and 1.2."""

import csv
import gzip
import io
import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from bill_world import ACCOUNT, PLAN, REGION, Row

CLUSTER_TAG, SERVICE_TAG = "aws:ecs:clusterName", "aws:ecs:serviceName"
_FOCUS_TYPES = {
    "SavingsPlanCoveredUsage": "Usage",
    "SavingsPlanRecurringFee": "Purchase",
    "Usage": "Usage",
    "Tax": "Tax",
    "Credit": "Credit",
    "EdpDiscount": "Adjustment",
}
Cells = dict[str, Any]


def tags_of(row: Row) -> dict[str, str]:
    if row.task is None or row.task.standalone:
        return {}
    cluster, _, service = row.task.owner.partition("/")
    return {CLUSTER_TAG: cluster, SERVICE_TAG: service}


def _cur(row: Row) -> Cells:
    """By the words of the legacy CUR."""
    covered = row.line_type == "SavingsPlanCoveredUsage"
    return {
        "identity/LineItemId": f"{id(row):x}",
        "bill/PayerAccountId": ACCOUNT,
        "lineItem/UsageAccountId": ACCOUNT,
        "lineItem/LineItemType": row.line_type,
        "lineItem/UsageStartDate": row.start,
        "lineItem/UsageEndDate": row.start + timedelta(hours=1),
        "lineItem/ProductCode": row.product,
        "lineItem/UsageType": row.usage_type,
        "lineItem/Operation": "FargateTask",
        "lineItem/ResourceId": row.task.arn if row.task else None,
        "lineItem/UsageAmount": row.quantity,
        "lineItem/CurrencyCode": "USD",
        "lineItem/UnblendedCost": row.billed,
        "product/region": REGION,
        "pricing/publicOnDemandCost": row.listed,
        "savingsPlan/SavingsPlanARN": PLAN if covered else None,
        "savingsPlan/SavingsPlanEffectiveCost": row.effective,
        "splitLineItem/ActualUsage": row.used,
    }


def _snake(name: str) -> str:
    """`lineItem/UsageType` as `line_item_usage_type`: a break before each capital, also in ARN."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name.replace("/", "_")).replace("__", "_")


def _focus(row: Row, *, version: str) -> Cells | None:
    if row.line_type == "SavingsPlanNegation":
        return None
    covered = row.line_type == "SavingsPlanCoveredUsage"
    spelled = {"1.0": ("x_UsageType",), "1.1": ("x_UsageType", "SkuMeter"), "1.2": ("SkuMeter",)}[version]
    return {
        "BillingAccountId": ACCOUNT,
        "BillingCurrency": "USD",
        "SubAccountId": ACCOUNT,
        "ChargeCategory": _FOCUS_TYPES[row.line_type],
        "ChargePeriodStart": row.start,
        "ChargePeriodEnd": row.start + timedelta(hours=1),
        "ConsumedQuantity": row.quantity,
        "BilledCost": Decimal(0) if covered else row.billed,
        "EffectiveCost": row.effective if covered else row.billed,
        "ListCost": row.listed,
        "CommitmentDiscountId": PLAN if covered else None,
        "CommitmentDiscountStatus": "Used" if covered else None,
        "PricingCategory": "Committed" if covered else "Dynamic" if "Spot" in row.usage_type else "Standard",
        "RegionId": REGION,
        "ResourceId": row.task.arn if row.task else None,
        "x_ServiceCode": row.product,
        **dict.fromkeys(spelled, row.usage_type),
    }


def cur_legacy_csv(rows: list[Row], folder: Path) -> Path:
    path = folder / "20261001-20261101" / "0a1b2c" / "cur-00001.csv.gz"
    tags = ("resourceTags/aws:ecs:clusterName", "resourceTags/aws:ecs:serviceName")
    return _csv(
        [_cur(r) | dict(zip(tags, (tags_of(r).get(k) for k in (CLUSTER_TAG, SERVICE_TAG)), strict=True)) for r in rows],
        path,
    )


def cur_legacy_parquet(rows: list[Row], folder: Path) -> Path:
    path = folder / "year=2026" / "month=10" / "cur-00001.snappy.parquet"
    columns = {CLUSTER_TAG: "resource_tags_aws_ecs_cluster_name", SERVICE_TAG: "resource_tags_aws_ecs_service_name"}
    cells = [
        {_snake(k): v for k, v in _cur(r).items()} | {c: tags_of(r).get(k) for k, c in columns.items()} for r in rows
    ]
    return _parquet(cells, path)


def _cur2(row: Row) -> Cells:
    cells = {_snake(k): v for k, v in _cur(row).items()}
    cells["product_region_code"] = cells.pop("product_region")
    return cells


def _cur2_tags(row: Row) -> dict[str, str]:
    keys = {CLUSTER_TAG: "aws_ecs_cluster_name", SERVICE_TAG: "aws_ecs_service_name"}
    return {keys[k]: v for k, v in tags_of(row).items()} | {"user_team": "shop"}


def cur2_parquet(rows: list[Row], folder: Path) -> Path:
    path = folder / "data" / "BILLING_PERIOD=2026-10" / "cur2-00001.snappy.parquet"
    return _parquet([_cur2(r) for r in rows], path, tags=("resource_tags", [_cur2_tags(r) for r in rows]))


def cur2_csv(rows: list[Row], folder: Path) -> Path:
    path = folder / "data" / "BILLING_PERIOD=2026-10" / "cur2-00001.csv.gz"
    return _csv([_cur2(r) | {"resource_tags": json.dumps(_cur2_tags(r))} for r in rows], path)


def focus_parquet(rows: list[Row], folder: Path, *, version: str) -> Path:
    both = [(cells, r) for r in rows if (cells := _focus(r, version=version)) is not None]
    before = "resourceTags/" if version == "1.2" else ""
    tags = [{f"{before}{k}": v for k, v in tags_of(r).items()} for _, r in both]
    return _parquet([cells for cells, _ in both], folder / f"focus-{version}.parquet", tags=("Tags", tags))


def focus_csv(rows: list[Row], folder: Path, *, version: str) -> Path:
    both = [(cells, r) for r in rows if (cells := _focus(r, version=version)) is not None]
    return _csv([cells | {"Tags": json.dumps(tags_of(r))} for cells, r in both], folder / f"focus-{version}.csv")


def _versions(write: Callable[..., Path], version: str) -> Callable[[list[Row], Path], Path]:
    return lambda rows, folder: write(rows, folder, version=version)


WRITERS: dict[str, Callable[[list[Row], Path], Path]] = {
    "cur-legacy-csv": cur_legacy_csv,
    "cur-legacy-parquet": cur_legacy_parquet,
    "cur-2.0-parquet": cur2_parquet,
    "cur-2.0-csv": cur2_csv,
    **{f"focus-{v}-parquet": _versions(focus_parquet, v) for v in ("1.0", "1.1", "1.2")},
    **{f"focus-{v}-csv": _versions(focus_csv, v) for v in ("1.0", "1.1", "1.2")},
}


def _csv(rows: list[Cells], path: Path) -> Path:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(
        {k: f"{v:%Y-%m-%dT%H:%M:%SZ}" if hasattr(v, "hour") else v for k, v in row.items()} for row in rows
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    data = text.getvalue().encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def _parquet(rows: list[Cells], path: Path, *, tags: tuple[str, list[dict[str, str]]] | None = None) -> Path:
    columns = {name: pa.array([_double(row[name]) for row in rows]) for name in rows[0]}
    if tags:
        map_type = pa.map_(pa.string(), pa.string())
        columns[tags[0]] = pa.array([list(one.items()) for one in tags[1]], map_type)
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path, row_group_size=500)
    return path


def _double(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value
