"""Savings Plans over loopback: offers and owned plans with their rates for Fargate."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from shapes import assert_shape

from advisor.codec import to_json
from advisor.collector import collect_savings_plans, open_sessions
from advisor.demo.aws.faults import Fault, denied
from advisor.demo.aws.savings_plans import HOME, RATES, YEAR
from advisor.demo.aws.wire import ACCOUNT, ANSWERS, Call, LocalAws
from advisor.domain.errors import AwsFailed
from advisor.fargate.prices import PriceBook
from advisor.fargate.savings_plans import SavingsPlans

NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)
pytestmark = pytest.mark.usefixtures("endpoint")


def collected(*regions: str) -> SavingsPlans:
    return collect_savings_plans(open_sessions(profile=None, role_arns=()), regions, now=NOW)


def plan(number: int = 1, **changed: Any) -> dict[str, Any]:
    said = {
        "savingsPlanId": f"plan-{number}",
        "savingsPlanArn": f"arn:aws:savingsplans::{ACCOUNT}:savingsplan/plan-{number}",
        "state": "active",
        "savingsPlanType": "Compute",
        "paymentOption": "No Upfront",
        "currency": "USD",
        "commitment": "1.25",
        "termDurationInSeconds": 3 * YEAR,
        "start": "2025-01-01T00:00:00.000Z",
        "end": "2027-12-31T23:59:59.000Z",
    }
    return said | changed


@pytest.fixture
def owned(local_aws: LocalAws) -> list[dict[str, Any]]:
    held: list[dict[str, Any]] = local_aws.state("savingsplans", ACCOUNT, HOME).setdefault("plans", [])
    return held


def test_offers_are_what_aws_charges_with_the_share_that_they_take_off() -> None:
    found = collected("eu-west-1", "ap-south-1")
    rates = {
        (rate.region, o.years, o.payment, rate.usage_type, str(rate.usd)) for o in found.offers for rate in o.rates
    }
    assert rates == {(region, years, pay, f"{prefix}-{kind}", usd) for region, prefix, years, pay, kind, usd in RATES}
    book = PriceBook.shipped()
    off = {(r.region, r.unit): r.discount(book) for o in found.offers if o.years == 3 for r in o.rates}
    assert off["eu-west-1", "gb-hour"] == off["eu-west-1", "vcpu-hour"] == Decimal("0.4000")


def test_owned_plans_come_with_their_commitment_and_rates(owned: list[dict[str, Any]]) -> None:
    owned += [plan(), plan(2, state="retired"), plan(3, savingsPlanType="EC2Instance")]
    (held,) = collected("eu-west-1").owned
    assert (held.commitment_usd, held.years, held.end.year) == (Decimal("1.25"), 3, 2027)
    assert {rate.unit for rate in held.rates} == {"vcpu-hour", "gb-hour"}
    assert {rate.region for rate in held.rates} == {"eu-west-1"}
    assert '"commitment_usd": "1.25"' in to_json(collected("eu-west-1"))


def test_all_pages_are_read(monkeypatch: pytest.MonkeyPatch, owned: list[dict[str, Any]]) -> None:
    owned += [plan(n) for n in range(5)]
    for action in ("DescribeSavingsPlans", "DescribeSavingsPlansOfferingRates"):
        answer = ANSWERS["savingsplans", action]

        def small(aws: LocalAws, call: Call, answer: Any = answer) -> dict[str, Any]:
            call.params["maxResults"] = 2
            return dict(answer(aws, call))

        monkeypatch.setitem(ANSWERS, ("savingsplans", action), small)
    found = collected("eu-west-1", "ap-south-1")
    assert len(found.owned) == 5
    assert sum(len(offer.rates) for offer in found.offers) == len(RATES)


@pytest.mark.parametrize(
    "changed", [{"commitment": "none"}, {"commitment": "0"}, {"termDurationInSeconds": 60}, {"start": "soon"}]
)
def test_a_plan_that_is_not_as_documented_is_told_and_not_taken(
    changed: dict[str, Any], owned: list[dict[str, Any]]
) -> None:
    owned.append(plan(**changed))
    found = collected("eu-west-1")
    assert (found.accounts, found.owned) == ((), ())
    assert "not as documented" in found.failures[0]


def test_an_account_that_is_denied_is_told_with_the_action_and_does_not_stop_the_others(
    local_aws: LocalAws, owned: list[dict[str, Any]]
) -> None:
    owned.append(plan())
    other = "111122223333"
    local_aws.before.append(
        Fault(error=denied("savingsplans", "DescribeSavingsPlans"), account=other, action="DescribeSavingsPlans")
    )
    (closed,) = open_sessions(profile=None, role_arns=[f"arn:aws:iam::{other}:role/reader"])
    found = collect_savings_plans([closed, *open_sessions(profile=None)], ["eu-west-1"], now=NOW)
    assert found.offers
    assert (found.accounts, len(found.owned)) == ((ACCOUNT,), 1)
    (failure,) = found.failures
    assert other in failure
    assert "allow savingsplans:DescribeSavingsPlans," in failure


def test_where_nothing_can_be_read_the_first_denial_is_raised(local_aws: LocalAws) -> None:
    local_aws.before.append(Fault(error=denied("savingsplans", "any"), service="savingsplans"))
    with pytest.raises(AwsFailed, match="allow savingsplans:DescribeSavingsPlansOfferingRates,"):
        collected("eu-west-1")


def test_answers_have_the_shapes_that_botocore_knows(local_aws: LocalAws, owned: list[dict[str, Any]]) -> None:
    owned.append(plan())
    for action, asked in {
        "DescribeSavingsPlansOfferingRates": {},
        "DescribeSavingsPlans": {},
        "DescribeSavingsPlanRates": {"savingsPlanId": "plan-1"},
    }.items():
        assert_shape(
            "savingsplans", action, local_aws.call("savingsplans", action, account=ACCOUNT, region=HOME, **asked)
        )
