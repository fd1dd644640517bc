"""The table of calls: names that botocore knows, and policies that hold it all and nothing else."""

import botocore.session
import pytest

from advisor.fargate.rights import RIGHTS, Policy, action_of, actions, policy_document

# AWS checks the first two on the way; nobody calls them. The third is what ListObjects needs.
NO_CALLS = {"iam:PassRole", "iam:CreateServiceLinkedRole", "s3:ListBucket"}
_READS = ("Describe", "List", "Get")


def operations(*services: str) -> set[str]:
    session = botocore.session.Session()
    models = [session.get_service_model(name) for name in services]
    return {action_of(model.signing_name, operation) for model in models for operation in model.operation_names}


def test_every_action_is_an_operation_that_botocore_knows() -> None:
    services = {right.action.partition(":")[0] for right in RIGHTS} - {"iam"}
    assert {right.action for right in RIGHTS} - operations(*services) == NO_CALLS


@pytest.mark.parametrize("policy", ["read", "organisation", "role", "exports"])
def test_nothing_is_written_but_under_apply(policy: Policy) -> None:
    written = {a for a in actions(policy) if not a.partition(":")[2].startswith(_READS)}
    assert written <= {"sts:AssumeRole"}


@pytest.mark.parametrize("policy", ["read", "apply"])
def test_the_document_allows_the_table_and_no_wildcard_action(policy: Policy) -> None:
    statements = policy_document(policy)["Statement"]
    allowed = [action for statement in statements for action in statement["Action"]]
    assert len(allowed) == len(set(allowed))
    assert set(allowed) == actions(policy)
    assert {s["Effect"] for s in statements} == {"Allow"}


def test_an_organisation_adds_its_accounts_and_one_role_only() -> None:
    more = [s for s in policy_document("read", role="reader")["Statement"] if "sts:AssumeRole" in s["Action"]]
    assert more == [{"Effect": "Allow", "Resource": "arn:aws:iam::*:role/reader", "Action": ["sts:AssumeRole"]}]


def test_a_role_adds_itself_only_and_what_is_read_adds_no_write() -> None:
    roles = [f"arn:aws-cn:iam::00000000000{n}:role/reader" for n in (1, 2)]
    plain = policy_document("read", partition="aws-cn")["Statement"]
    made = policy_document("read", role_arns=roles, exports=["bills/cur"], partition="aws-cn")["Statement"]
    more = [statement for statement in made if statement not in plain]
    assert [(s["Resource"], s["Action"]) for s in more] == [
        *((role, ["sts:AssumeRole"]) for role in roles),
        ("arn:aws-cn:s3:::bills", ["s3:ListBucket"]),
        ("arn:aws-cn:s3:::bills/cur/*", ["s3:GetObject"]),
        ("arn:aws-cn:s3:::bills/cur", ["s3:GetObject"]),
    ]


@pytest.mark.parametrize("policy", ["read", "apply"])
def test_every_resource_is_of_the_partition(policy: Policy) -> None:
    made = policy_document(policy, role="r", store="b/p", exports=["c"], partition="aws-us-gov")
    named = {statement["Resource"] for statement in made["Statement"]} - {"*"}
    assert named
    assert all(resource.startswith("arn:aws-us-gov:") for resource in named)
