"""Compute Savings Plans for Fargate: the rates that we have seen, and the plans that somebody put here.  [FACTS 3]

moto has no such service. Plans of an account are in `aws.state("savingsplans", account, HOME)["plans"]`, as
DescribeSavingsPlans gives them.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from advisor.demo.aws.paging import page_of
from advisor.demo.aws.wire import AwsError, Call, LocalAws, answers

HOME = "us-east-1"
YEAR = 31_536_000  # seconds
_VCPU, _GB = "Fargate-vCPU-Hours:perCPU", "Fargate-GB-Hours"
_ARM_VCPU, _ARM_GB = "Fargate-ARM-vCPU-Hours:perCPU", "Fargate-ARM-GB-Hours"
# (region, prefix, years, payment, usage type, USD): rates that were seen in AWS's own files
RATES = (
    ("eu-west-1", "EU", 1, "All Upfront", _VCPU, "0.0315744"),
    ("eu-west-1", "EU", 3, "No Upfront", _VCPU, "0.024288"),
    ("eu-west-1", "EU", 3, "No Upfront", _GB, "0.002667"),
    ("ap-south-1", "APS3", 3, "No Upfront", _VCPU, "0.023408"),
    ("ap-south-1", "APS3", 3, "No Upfront", _GB, "0.00256"),
    ("ap-south-1", "APS3", 3, "No Upfront", _ARM_VCPU, "0.012874"),
    ("ap-south-1", "APS3", 3, "No Upfront", _ARM_GB, "0.001404"),
)
_BOTH = ("AmazonECS", "AmazonEKS")


@answers("savingsplans", "DescribeSavingsPlansOfferingRates")
def offering_rates(_aws: LocalAws, call: Call) -> dict[str, Any]:
    """Rates of what can be bought."""
    asked = call.params
    payments = asked.get("savingsPlanPaymentOptions")
    if "Compute" not in asked.get("savingsPlanTypes", ["Compute"]) or "Fargate" not in asked.get(
        "products", ["Fargate"]
    ):
        return {"searchResults": []}
    found = [
        {"savingsPlanOffering": _offer(row), **_rate(row, code)}
        for row in _rows(asked)
        if not payments or row[3] in payments
        for code in asked.get("serviceCodes") or _BOTH
    ]
    return _page(found, asked, "searchResults")


@answers("savingsplans", "DescribeSavingsPlans")
def plans(aws: LocalAws, call: Call) -> dict[str, Any]:
    """The plans of the caller's account."""
    kinds = _filter(call.params, "savings-plan-type")
    states = call.params.get("states")
    found = [
        plan
        for plan in aws.state("savingsplans", call.account, HOME).get("plans", [])
        if (not states or plan["state"] in states) and (not kinds or plan["savingsPlanType"] in kinds)
    ]
    return _page(found, call.params, "savingsPlans")


@answers("savingsplans", "DescribeSavingsPlanRates")
def plan_rates(aws: LocalAws, call: Call) -> dict[str, Any]:
    """What a plan of the account charges."""
    held = aws.state("savingsplans", call.account, HOME).get("plans", [])
    plan = next((p for p in held if p["savingsPlanId"] == call.params.get("savingsPlanId")), None)
    if plan is None:
        raise AwsError("ResourceNotFoundException", "No such Savings Plan.", status=404)
    years, payment = plan["termDurationInSeconds"] // YEAR, plan["paymentOption"]
    codes = _filter(call.params, "serviceCode") or _BOTH
    found = [
        {"currency": "USD", **_rate(row, code)}
        for row in _rows(call.params)
        if (row[2], row[3]) == (years, payment)
        for code in codes
    ]
    return {"savingsPlanId": plan["savingsPlanId"], **_page(found, call.params, "searchResults")}


def _rows(params: Mapping[str, Any]) -> Iterator[tuple[str, str, int, str, str, str]]:
    regions = _filter(params, "region")
    return (row for row in RATES if not regions or row[0] in regions)


def _filter(params: Mapping[str, Any], name: str) -> list[str]:
    return [value for one in params.get("filters") or () if one["name"] == name for value in one["values"]]


def _offer(row: tuple[str, str, int, str, str, str]) -> dict[str, Any]:
    said = {"paymentOption": row[3], "durationSeconds": row[2] * YEAR, "planType": "Compute", "currency": "USD"}
    return {"offeringId": f"offer-{row[2]}-{row[3].replace(' ', '-')}", **said}


def _rate(row: tuple[str, str, int, str, str, str], code: str) -> dict[str, Any]:
    region, prefix, _, _, usage_type, usd = row
    return {
        "rate": usd,
        "unit": "Hrs",
        "productType": "Fargate",
        "serviceCode": code,
        "usageType": f"{prefix}-{usage_type}",
        "operation": "",
        "properties": [{"name": "region", "value": region}],
    }


def _page(found: list[Any], params: Mapping[str, Any], key: str) -> dict[str, Any]:
    asked = {name: value for name, value in params.items() if name != "nextToken"}
    asked["NextToken"] = params.get("nextToken")
    size = params.get("maxResults") or 1000
    page, token = page_of(found, asked, size=size, error_code="ValidationException")
    return {key: page, **({"nextToken": token["NextToken"]} if token else {})}
