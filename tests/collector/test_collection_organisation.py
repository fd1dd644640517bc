"""Every account of an organisation, every enabled region, and the command line over them."""

import re
from pathlib import Path

import boto3
import pytest
from aws_samples import small_fleet
from click.testing import CliRunner

from advisor.cli import cli
from advisor.collector import open_sessions, regions_of
from advisor.demo.aws.faults import Fault, denied
from advisor.demo.aws.guard import enforce
from advisor.demo.aws.wire import ACCOUNT, Call, LocalAws
from advisor.domain.errors import AwsFailed
from advisor.store import open_store

pytestmark = pytest.mark.usefixtures("endpoint")


def organisation(accounts: int) -> list[str]:
    """An organisation of the test's own account and some more; returns those, by number."""
    client = boto3.client("organizations", "us-east-1")
    client.create_organization(FeatureSet="ALL")
    made = [client.create_account(AccountName=f"a{n}", Email=f"a{n}@example.com") for n in range(accounts)]
    return sorted(str(answer["CreateAccountStatus"]["AccountId"]) for answer in made)


def test_every_active_account_has_a_session_and_the_own_one_needs_no_role(local_aws: LocalAws) -> None:
    others = organisation(23)  # more than a page
    asked: list[Call] = []
    local_aws.before.append(asked.append)
    closed = others.pop(3)
    boto3.client("organizations", "us-east-1").close_account(AccountId=closed)
    given = {"external_id": "xyz", "session_name": "monthly", "duration": 1800}
    sessions = open_sessions(profile=None, organisation_role="reader", **given)  # type: ignore[arg-type]
    assert [s.account for s in sessions] == sorted([ACCOUNT, *others])
    assert sum(call.action == "ListAccounts" for call in asked) == 2
    for session in sessions:
        session.client("ecs", "eu-west-1").list_clusters()
    (first, *more) = [call.params for call in asked if call.action == "AssumeRole"]
    assert first["RoleArn"] == f"arn:aws:iam::{others[0]}:role/reader"
    assert (first["ExternalId"], first["RoleSessionName"], first["DurationSeconds"]) == ("xyz", "monthly", "1800")
    assert len(more) == len(others) - 1


def test_an_organisation_in_all_its_regions_ends_in_one_store(tmp_path: Path, local_aws: LocalAws) -> None:
    (other,) = organisation(1)
    small_fleet()
    for account, region in ((other, "ap-northeast-1"), (other, "us-west-2")):
        local_aws.call("ecs", "CreateCluster", account=account, region=region, clusterName="prod")
    given = ["collect", "--store", str(tmp_path), "--organisation-role", "reader", "--all-regions"]
    done = CliRunner().invoke(cli, given, standalone_mode=False)
    assert done.return_value == 1, done.output  # the fleet has what is not covered
    (run,) = open_store(tmp_path).logs()
    assert {place.account for place in run.places} == {ACCOUNT, other}
    assert len(run.places) == 2 * len({place.region for place in run.places}) > 2 * 15
    assert sum(place.services for place in run.places) == 3
    assert not any(place.failures for place in run.places)


def test_a_role_is_assumed_once_and_again_before_it_expires() -> None:
    for duration, assumed in ((3600, 1), (900, 2)):  # botocore renews from a quarter of an hour before the end
        role = "arn:aws:iam::111122223333:role/reader"
        (session,) = open_sessions(profile=None, role_arns=[role], duration=duration)
        for _ in range(2):
            session.client("ecs", "eu-west-1").list_clusters()
        assert session.calls["sts:AssumeRole"] == assumed


def test_regions_are_those_that_are_enabled(local_aws: LocalAws) -> None:
    (session,) = open_sessions(profile=None)
    found = regions_of(session)
    assert "eu-west-1" in found
    assert list(found) == sorted(found)
    enforce(local_aws).allow("AKIALOCALTESTS000000", {"Statement": []})
    with pytest.raises(AwsFailed, match="allow ec2:DescribeRegions"):
        regions_of(session)


def test_a_dry_run_prints_calls_metrics_and_dollars_and_keeps_nothing(tmp_path: Path) -> None:
    small_fleet()
    store = tmp_path / "store"
    done = CliRunner().invoke(
        cli, ["collect", "--store", str(store), "--region", "eu-west-1", "--dry-run"], standalone_mode=False
    )
    assert done.return_value == 0, done.output
    assert "3 services" in done.output
    assert re.search(r"add 4 calls of cloudwatch:GetMetricData", done.output)
    assert "15: 0." in done.output
    assert not store.exists()


def test_a_denied_part_ends_with_3_and_names_the_right(tmp_path: Path, local_aws: LocalAws) -> None:
    small_fleet()
    local_aws.before.append(Fault(error=denied("cloudwatch", "GetMetricData"), action="GetMetricData"))
    done = CliRunner().invoke(
        cli, ["collect", "--store", str(tmp_path), "--region", "eu-west-1"], standalone_mode=False
    )
    assert done.return_value == 3
    assert "allow cloudwatch:GetMetricData" in done.stderr
    assert len(open_store(tmp_path).services) == 3
    assert any("allow cloudwatch:GetMetricData" in skipped.reason for skipped in open_store(tmp_path).skipped)


def test_a_collection_that_stops_at_its_limit_says_so_and_ends_with_1(tmp_path: Path) -> None:
    small_fleet()
    given = ["collect", "--store", str(tmp_path), "--region", "eu-west-1", "--max-api-cost", "0"]
    done = CliRunner().invoke(cli, given, standalone_mode=False)
    assert done.return_value == 1, done.output
    assert "Stopped: metrics of 3 services were not read" in done.output
    assert any("--max-api-cost" in skipped.reason for skipped in open_store(tmp_path).skipped)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "Give either --region or --all-regions"),
        (["--region", "eu-west-1", "--all-regions"], "Give either"),
        (["--all-regions", "--role-arn", "arn:aws:iam::111122223333:role/r", "--organisation-role", "r"], "exclude"),
        (["--all-regions", "--max-api-cost", "much"], "no amount of money"),
        (["--all-regions", "--session-seconds", "1"], "1800"),
    ],
)
def test_options_that_make_no_sense_are_refused(tmp_path: Path, options: list[str], said: str) -> None:
    done = CliRunner().invoke(cli, ["collect", "--store", str(tmp_path / "store"), *options])
    assert done.exit_code == 2
    assert said in done.output
    assert not (tmp_path / "store").exists()
