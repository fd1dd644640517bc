"""Prices over loopback: AWS's price list as our rows; what is not as documented is not taken."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from advisor.collector import collect_prices, open_sessions
from advisor.demo.aws.wire import ANSWERS, AwsError, Call, LocalAws
from advisor.domain.errors import AwsFailed
from advisor.fargate.price_files import prices_from_csv, prices_to_csv
from advisor.fargate.prices import Price, PriceBook

NOW = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
pytestmark = pytest.mark.usefixtures("endpoint")


def collected(*regions: str) -> tuple[Price, ...]:
    found, failures = collect_prices(open_sessions(profile=None, role_arns=())[0], regions, now=NOW)
    assert failures == ()
    return found


@pytest.fixture
def changed(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Put a usage type's rate in, and the price list has it so."""
    rates: dict[str, str] = {}
    answer = ANSWERS["pricing", "GetProducts"]

    def other(aws: LocalAws, call: Call) -> dict[str, Any]:
        page = answer(aws, call)
        return page | {"PriceList": [_with_rate(text, rates) for text in page["PriceList"]]}

    monkeypatch.setitem(ANSWERS, ("pricing", "GetProducts"), other)
    return rates


def _with_rate(text: str, rates: dict[str, str]) -> str:
    item = json.loads(text)
    if (rate := rates.get(item["product"]["attributes"]["usagetype"])) is not None:
        for term in item["terms"]["OnDemand"].values():
            for dimension in term["priceDimensions"].values():
                dimension["pricePerUnit"] = {"USD": rate}
    return json.dumps(item)


def test_the_price_list_becomes_the_rows_of_the_shipped_file_as_of_today() -> None:
    found = collected("us-east-1", "eu-west-1", "us-east-1")
    expected = {
        (*p.key, p.usd, p.usage_type)
        for p in PriceBook.shipped().prices
        if p.region in ("us-east-1", "eu-west-1") and p.capacity == "on-demand"
    }
    assert {(*p.key, p.usd, p.usage_type) for p in found} == expected
    assert len(found) == len(expected) > 10
    assert {p.as_of for p in found} == {"2026-11-24"}
    assert all("GetProducts" in p.source and p.certainty.startswith("CONFIRMED") for p in found)
    assert prices_from_csv(prices_to_csv(found), where="test") == found


def test_todays_price_counts_in_the_price_book(changed: dict[str, str]) -> None:
    changed["USE1-Fargate-vCPU-Hours:perCPU"] = "0.0512340000"
    book = PriceBook.shipped().with_prices(collected("us-east-1"))
    rates = book.rates(region="us-east-1", os="LINUX", architecture="X86_64")
    assert str(rates.vcpu_hour) == "0.051234"


@pytest.mark.parametrize("rate", ["0.0000000000", "-1", "free"])
def test_a_rate_that_is_none_is_refused_and_never_zero(rate: str, changed: dict[str, str]) -> None:
    changed["USE1-Fargate-GB-Hours"] = rate
    with pytest.raises(AwsFailed, match="USE1-Fargate-GB-Hours"):
        collected("us-east-1")


def test_a_region_without_prices_is_said() -> None:
    with pytest.raises(AwsFailed, match="no price of Fargate in 'mars-north-1'"):
        collected("mars-north-1")


def test_a_region_that_fails_is_told_and_does_not_stop_the_others() -> None:
    session = open_sessions(profile=None)[0]
    found, (failure,) = collect_prices(session, ["mars-north-1", "us-east-1"], now=NOW)
    assert {price.region for price in found} == {"us-east-1"}
    assert "mars-north-1" in str(failure)


def test_a_denied_call_names_the_action(local_aws: LocalAws) -> None:
    def deny(call: Call) -> None:
        if call.service == "pricing":
            raise AwsError("AccessDeniedException", "no", status=400)

    local_aws.before.append(deny)
    with pytest.raises(AwsFailed, match="allow pricing:GetProducts"):
        collected("us-east-1")
