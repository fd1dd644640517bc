"""The price list: GetProducts from the shipped prices, in the shape of AWS's items.  [FACTS 2: GP22, LIGOJ, APN1]

moto has no such service. Spot prices are left out, because AWS's price list has none.
"""

import base64
import csv
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from advisor.demo.aws.paging import page_of
from advisor.demo.aws.wire import AwsError, Call, LocalAws, answers

SERVICE = "AmazonECS"
PAGE = 100
TERM, RATE = "JRTCKXETXF", "6YS6EN2CT7"  # on demand, per hour: the same codes in every AWS offer
_LICENCE = {"cputype": "perCPU OS License Fee", "resource": "OS License Fee per vCPU per hour"}
# (operating system, architecture, unit) in the shipped table -> attributes of the item, words of its description
KINDS: dict[tuple[str, str, str], tuple[dict[str, str], str]] = {
    ("linux", "x86_64", "vcpu-hour"): ({"cputype": "perCPU"}, "vCPU"),
    ("linux", "x86_64", "gb-hour"): ({"memorytype": "perGB"}, "Memory"),
    ("linux", "arm64", "vcpu-hour"): ({"cpuArchitecture": "ARM", "resource": "per vCPU per hour"}, "ARM vCPU"),
    ("linux", "arm64", "gb-hour"): ({"cpuArchitecture": "ARM", "resource": "per GB per hour"}, "ARM Memory"),
    ("windows", "x86_64", "vcpu-hour"): ({"operatingSystem": "Windows", "resource": "per vCPU per hour"}, "Windows"),
    ("windows", "x86_64", "gb-hour"): ({"operatingSystem": "Windows", "resource": "per GB per hour"}, "Windows"),
    ("windows", "x86_64", "os-licence-vcpu-hour"): ({"operatingSystem": "Windows", **_LICENCE}, "Windows OS"),
    ("any", "any", "storage-gb-hour"): ({"storagetype": "default"}, "Ephemeral Storage"),
}
# Items that are no Fargate price and that a reader must step over: family, usage type, USD, words.
OTHERS = (
    ("Compute Metering", "ECS-EC2-vCPU-Hours", "0", "Amazon ECS EC2 vCPU"),
    ("Compute Metering", "ECS-EC2-GB-Hours", "0", "Amazon ECS EC2 Memory"),
    ("Compute", "ECS-Anywhere-Instance-hours", "0.01025", "ECS Anywhere instance"),
)
_MATCHES: dict[str, Callable[[str, str], bool]] = {
    "TERM_MATCH": lambda has, asked: has == asked,
    "EQUALS": lambda has, asked: has == asked,
    "CONTAINS": lambda has, asked: asked in has,
    "ANY_OF": lambda has, asked: has in asked.split(","),
    "NONE_OF": lambda has, asked: has not in asked.split(","),
}


@answers("pricing", "GetProducts")
def get_products(_aws: LocalAws, call: Call) -> dict[str, Any]:
    """On-demand prices of Amazon ECS: at most 100 a page, each item a JSON text.  [B44:pricing]"""
    params = call.params
    if params.get("ServiceCode") != SERVICE:
        raise AwsError("NotFoundException", f"The local AWS has the price list of {SERVICE} only.")
    if params.get("FormatVersion", "aws_v1") != "aws_v1":
        raise AwsError("InvalidParameterException", "FormatVersion must be aws_v1.")
    size = params.get("MaxResults", PAGE)
    if not 1 <= size <= PAGE:
        raise AwsError("InvalidParameterException", f"MaxResults must be 1 to {PAGE}: {size}")
    filters = params.get("Filters") or []
    found = [text for fields, text in _items() if all(_matches(fields, one) for one in filters)]
    page, token = page_of(found, params, size=size, error_code="InvalidNextTokenException")
    return {"FormatVersion": "aws_v1", "PriceList": page, **token}


def _matches(fields: Mapping[str, str], one: Mapping[str, str]) -> bool:
    """Whether an item passes one filter; a field that it does not have matches nothing."""
    match = _MATCHES.get(one.get("Type", ""))
    if match is None:
        raise AwsError("InvalidParameterException", f"Filter type {one.get('Type')} is not supported.")
    has = fields.get(one["Field"].lower())
    return one["Type"] == "NONE_OF" if has is None else match(has, one["Value"])


@cache
def _items() -> tuple[tuple[dict[str, str], str], ...]:
    """Every item: the fields it can be filtered by (names in lower case), and its JSON."""
    items = sorted((*_fargate_items(), *_other_items()), key=lambda item: str(item["product"]["sku"]))
    return tuple((_fields(item), json.dumps(item)) for item in items)


def _fields(item: Mapping[str, Any]) -> dict[str, str]:
    product = item["product"]
    fields = {**product["attributes"], "productFamily": product["productFamily"], "sku": product["sku"]}
    return {name.lower(): value for name, value in fields.items()}


def _rows() -> list[dict[str, str]]:
    text = files("advisor.fargate").joinpath("data", "fargate_prices.csv").read_text(encoding="utf-8")
    return [row for row in csv.DictReader(text.splitlines()) if row["capacity"] == "on-demand"]


def _fargate_items() -> Iterator[dict[str, Any]]:
    for row in _rows():
        attributes, words = KINDS[row["os"], row["arch"], row["unit"]]
        storage = row["unit"] == "storage-gb-hour"
        yield _item(
            row,
            usage_type=row["usagetype"],
            usd=row["usd"],
            attributes=attributes if storage else {"tenancy": "Shared", **attributes},
            unit="GB-Hours" if storage else "hours",
            description=f"AWS Fargate - {words} - {row['region_long_name']}",
        )


def _other_items() -> Iterator[dict[str, Any]]:
    regions = {row["region"]: row for row in _rows() if "-Fargate-" in row["usagetype"]}
    for row in regions.values():
        prefix = row["usagetype"].partition("-Fargate-")[0]
        for family, usage_type, usd, words in OTHERS:
            yield _item(
                row,
                usage_type=f"{prefix}-{usage_type}",
                usd=usd,
                attributes={},
                unit="hours",
                description=f"{words} - {row['region_long_name']}",
                family=family,
            )


def _item(
    row: Mapping[str, str],
    *,
    usage_type: str,
    usd: str,
    attributes: Mapping[str, str],
    unit: str,
    description: str,
    family: str = "Compute",
) -> dict[str, Any]:
    sku = _sku(f"{row['region']} {usage_type}")
    version, published = _edition(row["as_of"])
    place = {"regionCode": row["region"], "location": row["region_long_name"], "locationType": "AWS Region"}
    service = {"servicecode": SERVICE, "servicename": "Amazon Elastic Container Service", "operation": ""}
    return {
        "product": {
            "productFamily": family,
            "attributes": {**place, **service, "usagetype": usage_type, **attributes},
            "sku": sku,
        },
        "serviceCode": SERVICE,
        "terms": {"OnDemand": {f"{sku}.{TERM}": _term(sku, usd, unit, description, published)}},
        "version": version,
        "publicationDate": published,
    }


def _term(sku: str, usd: str, unit: str, description: str, effective: str) -> dict[str, Any]:
    rate_code = f"{sku}.{TERM}.{RATE}"
    whole, _, part = usd.partition(".")
    dimension = {
        "unit": unit,
        "beginRange": "0",
        "endRange": "Inf",
        "appliesTo": [],
        "description": description,
        "rateCode": rate_code,
        "pricePerUnit": {"USD": f"{whole}.{part:0<10}"},
    }
    return {
        "priceDimensions": {rate_code: dimension},
        "sku": sku,
        "effectiveDate": effective,
        "offerTermCode": TERM,
        "termAttributes": {},
    }


def _sku(name: str) -> str:
    """Sixteen letters and digits, the same for the same item for ever."""
    return base64.b32encode(hashlib.sha256(name.encode()).digest())[:16].decode()


def _edition(as_of: str) -> tuple[str, str]:
    """Version and publication date of an item, from the day on which its price was read."""
    digits = "".join(c for c in as_of if c.isdigit())[:8]
    day = (digits + "20210101"[len(digits) :]) if digits else "20210101"
    return f"{day}000000", f"{day[:4]}-{day[4:6]}-{day[6:]}T00:00:00Z"
