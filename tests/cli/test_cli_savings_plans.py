"""`advisor savings-plans`, in process: into the store, a file or both; for the regions in use."""

from pathlib import Path
from typing import Any

import click
import pytest
from bill_fleet import store_of
from bill_world import simulated

from advisor.cli import cli
from advisor.codec import from_json
from advisor.demo.aws.savings_plans import HOME, YEAR
from advisor.demo.aws.wire import ACCOUNT, Call, LocalAws
from advisor.fargate.savings_plans import SavingsPlans
from advisor.store import open_store

PLAN = {
    "savingsPlanId": "plan-1",
    "savingsPlanArn": f"arn:aws:savingsplans::{ACCOUNT}:savingsplan/plan-1",
    "state": "active",
    "savingsPlanType": "Compute",
    "paymentOption": "No Upfront",
    "currency": "USD",
    "commitment": "1.25",
    "termDurationInSeconds": 3 * YEAR,
    "start": "2025-01-01T00:00:00.000Z",
    "end": "2027-12-31T23:59:59.000Z",
}
pytestmark = pytest.mark.usefixtures("endpoint")


def run(*arguments: object) -> Any:
    return cli.main([str(a) for a in arguments], standalone_mode=False)


@pytest.fixture
def asked(local_aws: LocalAws) -> list[Call]:
    """An account that owns a plan; what it is asked."""
    calls: list[Call] = []
    local_aws.state("savingsplans", ACCOUNT, HOME)["plans"] = [PLAN]
    local_aws.before.append(calls.append)
    return calls


def test_the_store_keeps_the_plans_of_the_regions_in_use(tmp_path: Path, asked: list[Call]) -> None:
    store_of(simulated(), tmp_path / "store")
    assert run("savings-plans", "--store", tmp_path / "store", "--json", tmp_path / "plans.json") == 0
    held = open_store(tmp_path / "store").savings_plans
    assert held is not None
    assert [str(plan.commitment_usd) for plan in held.owned] == ["1.25"]
    assert held == from_json(SavingsPlans, (tmp_path / "plans.json").read_bytes(), where="plans.json")
    (offers,) = [call for call in asked if call.action == "DescribeSavingsPlansOfferingRates"]
    assert offers.params["filters"] == [{"name": "region", "values": ["us-east-1"]}]


def test_a_file_alone_needs_regions(tmp_path: Path, asked: list[Call]) -> None:
    for given in (["--json", tmp_path / "p.json"], ["--region", "eu-west-1"], []):
        with pytest.raises(click.UsageError, match="--region"):
            run("savings-plans", *given)
    assert not asked
    assert run("savings-plans", "--region", "eu-west-1", "--json", tmp_path / "p.json") == 0
    assert from_json(SavingsPlans, (tmp_path / "p.json").read_bytes(), where="p.json").offers
