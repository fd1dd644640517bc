"""The printed policies: a full collection passes under them and uses every right; nothing may be written."""

from pathlib import Path

import boto3
import pytest
from aws_samples import REGION, client, small_fleet
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError
from click.testing import CliRunner

from advisor.cli import cli
from advisor.demo.aws.guard import Guard, enforce
from advisor.demo.aws.savings_plans import HOME, YEAR
from advisor.demo.aws.wire import ACCOUNT, Call, LocalAws
from advisor.fargate.rights import actions, policy_document
from advisor.store import open_store

KEY, ROLE = "AKIALOCALTESTS000000", "advisor-read"  # the key is that of the endpoint fixture
RAW = Config(parameter_validation=False, retries={"total_max_attempts": 1})
PLAN = {
    "savingsPlanId": "plan-1",
    "savingsPlanArn": f"arn:aws:savingsplans::{ACCOUNT}:savingsplan/plan-1",
    "state": "active",
    "savingsPlanType": "Compute",
    "paymentOption": "No Upfront",
    "currency": "USD",
    "commitment": "1.25",
    "termDurationInSeconds": YEAR,
    "start": "2026-01-01T00:00:00Z",
    "end": "2026-12-31T23:59:59Z",
}
WRITES = sorted(action for action in actions("apply") - actions("read") if not action.startswith("iam:"))


@pytest.fixture
def guard(endpoint: str, local_aws: LocalAws) -> Guard:
    """Two accounts of an organisation with a fleet and a plan; the key and the role have the printed policies."""
    assert endpoint
    organizations = client("organizations")
    organizations.create_organization(FeatureSet="ALL")
    made = organizations.create_account(AccountName="a", Email="a@example.com")
    other = made["CreateAccountStatus"]["AccountId"]
    small_fleet()
    local_aws.call("ecs", "CreateCluster", account=other, region="us-west-2", clusterName="prod")
    local_aws.state("savingsplans", ACCOUNT, HOME)["plans"] = [PLAN]
    guard = enforce(local_aws)
    guard.allow(KEY, policy_document("read", role=ROLE))
    guard.allow(f"arn:aws:iam::{other}:role/{ROLE}", policy_document("read"))
    return guard


@pytest.mark.usefixtures("guard")
def test_a_full_collection_passes_under_the_printed_policies_and_needs_every_right_of_them(
    tmp_path: Path, local_aws: LocalAws
) -> None:
    asked: set[str] = set()
    local_aws.before.append(lambda call: asked.add(_action(call)))
    organisation = ("--organisation-role", ROLE)
    for command, code in {
        ("collect", "--all-regions", *organisation): 1,  # the fleet has what is not covered
        ("prices",): 0,
        ("savings-plans", *organisation): 0,
    }.items():
        done = CliRunner().invoke(cli, [*command, "--store", str(tmp_path)], standalone_mode=False)
        assert done.return_value == code, done.output
    assert asked == actions("read", "organisation")
    store = open_store(tmp_path)
    (run,) = store.logs()
    assert len({place.account for place in run.places}) == 2
    assert len({place.region for place in run.places}) > 15
    assert not any(place.failures for place in run.places)
    assert len(store.services) == 3
    assert any(price.source.startswith("pricing:") for price in store.prices.prices)
    assert store.savings_plans is not None
    assert (len(store.savings_plans.accounts), len(store.savings_plans.owned)) == (2, 1)
    assert store.savings_plans.failures == ()


@pytest.mark.usefixtures("guard")
@pytest.mark.parametrize("action", WRITES)
def test_no_write_of_the_table_passes_under_the_policy_that_reads(action: str) -> None:
    service, _, operation = action.partition(":")
    with pytest.raises(ClientError) as denial:
        getattr(boto3.client(service, REGION, config=RAW), xform_name(operation))()
    assert denial.value.response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException")


def _action(call: Call) -> str:
    return f"{call.service}:{call.action}"
