"""The price list of the local AWS: AWS's documented shape, from the shipped prices."""

import json
from decimal import Decimal
from typing import Any

import boto3
import pytest
from shapes import assert_shape

from advisor.demo.aws.wire import ACCOUNT, AwsError, Call, LocalAws
from advisor.fargate.prices import PriceBook

VIRGINIA = {"Type": "TERM_MATCH", "Field": "regionCode", "Value": "us-east-1"}


@pytest.fixture(scope="module")
def aws() -> LocalAws:
    return LocalAws()


def ask(aws: LocalAws, *filters: dict[str, str], **params: Any) -> dict[str, Any]:
    asked = {"ServiceCode": "AmazonECS", "Filters": list(filters), **params}
    answer = aws.call("pricing", "GetProducts", account=ACCOUNT, region="us-east-1", **asked)
    assert_shape("pricing", "GetProducts", answer)
    return answer


def items(aws: LocalAws, *filters: dict[str, str]) -> list[dict[str, Any]]:
    """Everything that the filters let through, all pages."""
    page = ask(aws, *filters)
    found = list(page["PriceList"])
    while "NextToken" in page:
        page = ask(aws, *filters, NextToken=page["NextToken"])
        found += page["PriceList"]
    return [json.loads(text) for text in found]


def only(field: str, value: str, kind: str = "TERM_MATCH") -> dict[str, str]:
    return {"Type": kind, "Field": field, "Value": value}


def usage_types(found: list[dict[str, Any]]) -> set[str]:
    return {item["product"]["attributes"]["usagetype"] for item in found}


def price(item: dict[str, Any]) -> Decimal:
    (term,) = item["terms"]["OnDemand"].values()
    (dimension,) = term["priceDimensions"].values()
    return Decimal(dimension["pricePerUnit"]["USD"])


def test_an_item_is_json_text_as_the_price_list_has_it(aws: LocalAws) -> None:
    (item,) = items(aws, only("usagetype", "USE1-Fargate-vCPU-Hours:perCPU"))
    sku = item["product"]["sku"]
    assert item["product"] == {
        "productFamily": "Compute",
        "attributes": {
            "regionCode": "us-east-1",
            "servicecode": "AmazonECS",
            "tenancy": "Shared",
            "usagetype": "USE1-Fargate-vCPU-Hours:perCPU",
            "locationType": "AWS Region",
            "location": "US East (N. Virginia)",
            "servicename": "Amazon Elastic Container Service",
            "cputype": "perCPU",
            "operation": "",
        },
        "sku": sku,
    }
    (term,) = item["terms"]["OnDemand"].items()
    assert term[0] == f"{sku}.JRTCKXETXF"
    (dimension,) = term[1]["priceDimensions"].values()
    assert (dimension["unit"], dimension["pricePerUnit"]) == ("hours", {"USD": "0.0404800000"})
    assert set(item) == {"product", "serviceCode", "terms", "version", "publicationDate"}


def test_every_on_demand_price_is_there_once_and_no_spot_price(aws: LocalAws) -> None:
    found = {
        (item["product"]["attributes"]["regionCode"], item["product"]["attributes"]["usagetype"]): price(item)
        for item in items(aws, only("usagetype", "Fargate", "CONTAINS"))
    }
    shipped = [price for price in PriceBook.shipped().prices if price.capacity == "on-demand"]
    assert found == {(price.region, price.usage_type): price.usd for price in shipped}
    assert not [usage for _, usage in found if "Spot" in usage]


@pytest.mark.parametrize(
    ("usage_type", "has", "has_not"),
    [
        ("USE1-Fargate-GB-Hours", {"memorytype": "perGB"}, {"cpuArchitecture", "operatingSystem"}),
        ("USE1-Fargate-ARM-GB-Hours", {"cpuArchitecture": "ARM", "resource": "per GB per hour"}, {"memorytype"}),
        ("USE1-Fargate-Windows-vCPU-Hours:perCPU", {"operatingSystem": "Windows"}, {"cpuArchitecture"}),
        ("USE1-Fargate-Windows-OS-Hours:perCPU", {"cputype": "perCPU OS License Fee"}, set()),
        ("USE1-Fargate-EphemeralStorage-GB-Hours", {"storagetype": "default"}, {"tenancy"}),
    ],
)
def test_each_kind_of_price_is_told_by_its_attributes(
    aws: LocalAws, usage_type: str, has: dict[str, str], has_not: set[str]
) -> None:
    (item,) = items(aws, only("usagetype", usage_type))
    attributes = item["product"]["attributes"]
    assert has.items() <= attributes.items()
    assert not has_not & set(attributes)


def test_a_filter_for_linux_finds_nothing_as_with_aws(aws: LocalAws) -> None:
    assert items(aws, VIRGINIA, only("operatingSystem", "Linux")) == []


def test_items_that_are_no_fargate_price_are_there_to_be_stepped_over(aws: LocalAws) -> None:
    found = usage_types(items(aws, VIRGINIA))
    assert {"USE1-ECS-EC2-vCPU-Hours", "USE1-ECS-Anywhere-Instance-hours"} <= found


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ([VIRGINIA, only("usagetype", "Fargate-GB-Hours", "CONTAINS")], 1),
        ([only("REGIONCODE", "us-east-1,eu-west-1", "ANY_OF"), only("memorytype", "perGB", "EQUALS")], 2),
        ([VIRGINIA, only("productFamily", "Compute Metering")], 2),
        ([VIRGINIA, only("productFamily", "Compute Metering,Compute", "NONE_OF")], 0),
        ([only("regionCode", "us-east")], 0),
    ],
)
def test_filters_are_joined_and_exact(aws: LocalAws, filters: list[dict[str, str]], count: int) -> None:
    assert len(items(aws, *filters)) == count


def test_pages_hold_at_most_a_hundred_items_and_together_all(aws: LocalAws) -> None:
    assert len(ask(aws)["PriceList"]) == 100
    assert len(ask(aws, MaxResults=7)["PriceList"]) == 7
    everything = [item["product"]["sku"] for item in items(aws)]
    assert len(everything) == len(set(everything)) > 100
    with pytest.raises(AwsError, match="MaxResults"):
        ask(aws, MaxResults=101)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"ServiceCode": "AmazonEC2"}, "NotFoundException"),
        ({"FormatVersion": "aws_v2"}, "InvalidParameterException"),
        ({"NextToken": "rubbish"}, "InvalidNextTokenException"),
    ],
)
def test_wrong_requests_are_refused_with_aws_codes(aws: LocalAws, wrong: dict[str, str], code: str) -> None:
    with pytest.raises(AwsError) as refused:
        ask(aws, **wrong)
    assert refused.value.code == code


def test_boto3_pages_through_the_price_list(endpoint: str) -> None:
    client = boto3.client("pricing", endpoint_url=endpoint)
    pages = client.get_paginator("get_products").paginate(ServiceCode="AmazonECS", FormatVersion="aws_v1")
    texts = [text for page in pages for text in page["PriceList"]]
    assert len(texts) > 100
    assert all(isinstance(text, str) for text in texts)


def test_moto_alone_still_has_no_price_list(aws: LocalAws) -> None:
    from moto.backends import get_backend

    with pytest.raises(ImportError):
        get_backend("pricing")
    with pytest.raises(AwsError, match="does not have pricing GetProducts"):
        aws.moto(Call(service="pricing", action="GetProducts", account=ACCOUNT, region="us-east-1"))
