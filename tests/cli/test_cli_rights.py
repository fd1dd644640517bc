"""`advisor iam-policy`: what is printed suffices for what it is printed for, and no text of the user widens it."""

import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from bill_formats import cur2_parquet
from bill_world import simulated
from click.testing import CliRunner

from advisor.cli import cli
from advisor.demo.aws.guard import enforce
from advisor.demo.aws.wire import LocalAws
from advisor.domain.errors import AwsFailed
from advisor.importer import read_bill, read_task_events

KEY = "AKIALOCALTESTS000000"  # of the endpoint fixture
ROLE = "arn:aws-cn:iam::111122223333:role/team/reader"


def printed(*options: str, policy: str = "read") -> dict[str, Any]:
    done = CliRunner().invoke(cli, ["iam-policy", policy, *options])
    assert done.exit_code == 0, done.output
    return dict(json.loads(done.output))


def resources(document: dict[str, Any], action: str) -> set[str]:
    return {s["Resource"] for s in document["Statement"] if action in s["Action"]}


@pytest.mark.parametrize("policy", ["read", "apply"])
def test_a_role_may_be_assumed_and_its_partition_is_that_of_all(policy: str) -> None:
    document = printed("--role-arn", ROLE, "--store", "s3://b/p", policy=policy)
    assert resources(document, "sts:AssumeRole") == {ROLE}
    assert resources(document, "s3:PutObject") == {"arn:aws-cn:s3:::b/p/*"}
    assert resources(printed("--organisation-role", "r", "--partition", "aws-cn"), "sts:AssumeRole") == {
        "arn:aws-cn:iam::*:role/r"
    }


@pytest.mark.usefixtures("endpoint")
def test_what_is_printed_suffices_to_read_a_bill_and_events_there_and_nowhere_else(
    tmp_path: Path, local_aws: LocalAws
) -> None:
    s3, bill = boto3.client("s3", "us-east-1"), cur2_parquet(simulated().rows, tmp_path)
    s3.create_bucket(Bucket="exports")
    for prefix in ("cur/2026-10", "other"):
        s3.put_object(Bucket="exports", Key=f"{prefix}/a.parquet", Body=bill.read_bytes())
    s3.put_object(Bucket="exports", Key="events/a.json", Body=b'{"detail-type": "another"}')
    enforce(local_aws).allow(KEY, printed("--read", "s3://exports/cur/", "--read", "s3://exports/events/a.json"))
    assert read_bill("s3://exports/cur").rows_kept
    assert read_task_events("s3://exports/events/a.json") == ()
    with pytest.raises(AwsFailed, match="ACCESS_DENIED"):
        read_bill("s3://exports/other")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--role-arn", "arn:aws:iam::111122223333:role/*"], "no ARN of a role"),
        (["--role-arn", "reader"], "no ARN of a role"),
        (["--organisation-role", "*"], "no name of a role"),
        (["--read", "s3://*/x"], "not s3://bucket/prefix"),
        (["--store", "s3://b/${aws:username}"], "not s3://bucket/prefix"),
        (["--partition", "aws*"], "no partition"),
        (["--role-arn", ROLE, "--partition", "aws"], "one partition"),
        (["--role-arn", ROLE, "--role-arn", ROLE.replace("-cn", "")], "one partition"),
        (["--role-arn", ROLE, "--organisation-role", "r"], "exclude"),
    ],
)
def test_what_would_be_a_pattern_or_another_partition_is_refused(options: list[str], said: str) -> None:
    done = CliRunner().invoke(cli, ["iam-policy", "read", *options])
    assert done.exit_code == 2
    assert said in " ".join(done.output.replace("│", " ").split())
