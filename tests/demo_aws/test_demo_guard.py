"""The local AWS enforces what an identity may do; the read policy writes nothing."""

from typing import Any

import boto3
import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from advisor.demo.aws.guard import Guard, enforce
from advisor.demo.aws.wire import LocalAws
from advisor.fargate.rights import action_of, actions, policy_document

KEY = "AKIALOCALTESTS000000"  # of the endpoint fixture
ROLE = "arn:aws:iam::111122223333:role/advisor-read"
REGION = "eu-west-1"
RAW = Config(parameter_validation=False, retries={"total_max_attempts": 1})
SERVICES = (
    "application-autoscaling",
    "cloudwatch",
    "ec2",
    "ecs",
    "elbv2",
    "events",
    "organizations",
    "pricing",
    "savingsplans",
    "scheduler",
    "sts",
)
pytestmark = pytest.mark.usefixtures("endpoint")


@pytest.fixture
def guard(local_aws: LocalAws) -> Guard:
    return enforce(local_aws)


def error_of(client: object, operation: str, **given: object) -> str:
    """The code of the error that a call ends with; empty where it is answered."""
    from botocore import xform_name

    try:
        getattr(client, xform_name(operation))(**given)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


def in_path(operation: Any) -> dict[str, str]:
    """A word for each parameter that is part of the path."""
    members = operation.input_shape.members if operation.input_shape else {}
    return {name: "x" for name, shape in members.items() if shape.serialization.get("location") == "uri"}


def test_one_without_a_policy_may_do_everything(guard: Guard) -> None:
    guard.allow("somebody else", policy_document("read"))
    assert error_of(boto3.client("ecs", REGION), "CreateCluster", clusterName="prod") == ""


@pytest.mark.parametrize("service", SERVICES)
def test_every_call_outside_of_the_read_policy_is_denied(guard: Guard, service: str) -> None:
    guard.allow(KEY, policy_document("read"))
    model = botocore.session.Session().get_service_model(service)
    client = boto3.client(service, REGION, config=RAW)
    # Not CopySnapshot: botocore signs it in advance, and stumbles over what is left out.
    signed = [o for o in model.operation_names if model.operation_model(o).auth_type != "none" and o != "CopySnapshot"]
    others = [o for o in signed if action_of(model.signing_name, o) not in actions("read")]
    assert others
    some = others[:: 1 + len(others) // 150]
    codes = {error_of(client, name, **in_path(model.operation_model(name))) for name in some}
    assert codes <= {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}


def test_rest_services_and_objects_are_seen_too(guard: Guard) -> None:
    boto3.client("s3", "us-east-1").create_bucket(Bucket="mine")
    boto3.client("s3", "us-east-1").create_bucket(Bucket="theirs")
    objects = {"Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::mine/a/*"}
    guard.allow(KEY, {"Statement": [objects]})
    s3 = boto3.client("s3", "us-east-1")
    assert error_of(s3, "PutObject", Bucket="mine", Key="a/b", Body=b"1") == ""
    assert error_of(s3, "GetObject", Bucket="mine", Key="a/b") == ""
    assert error_of(s3, "PutObject", Bucket="mine", Key="b", Body=b"1") == "AccessDenied"
    assert error_of(s3, "PutObject", Bucket="theirs", Key="a/b", Body=b"1") == "AccessDenied"
    assert error_of(s3, "ListObjectsV2", Bucket="mine") == "AccessDenied"
    assert error_of(boto3.client("scheduler", REGION), "ListSchedules") == "AccessDeniedException"
    assert error_of(boto3.client("scheduler", REGION), "GetSchedule", Name="x") == "AccessDeniedException"


def test_a_role_has_its_own_policy_and_only_the_named_role_may_be_assumed(guard: Guard) -> None:
    guard.allow(KEY, policy_document("read", role="advisor-read"))
    guard.allow(ROLE, {"Statement": [{"Action": "ecs:List*", "Resource": "*"}]})
    sts = boto3.client("sts", REGION)
    other = ROLE.replace("advisor-read", "admin")
    assert error_of(sts, "AssumeRole", RoleArn=other, RoleSessionName="advisor") == "AccessDenied"
    got = sts.assume_role(RoleArn=ROLE, RoleSessionName="advisor")["Credentials"]
    ecs = boto3.client(
        "ecs",
        REGION,
        aws_access_key_id=got["AccessKeyId"],
        aws_secret_access_key=got["SecretAccessKey"],
        aws_session_token=got["SessionToken"],
    )
    assert error_of(ecs, "ListClusters") == ""
    assert error_of(ecs, "CreateCluster", clusterName="prod") == "AccessDeniedException"
