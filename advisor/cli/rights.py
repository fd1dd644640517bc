"""`advisor iam-policy`, which says what the other commands may call."""

import json
import re

import click

from advisor.cli import options, screen
from advisor.fargate.rights import Policy, policy_document


class _Place(click.ParamType[str]):
    """A place on S3, as `bucket/prefix`."""

    name = "S3URL"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The place; fails where it is no URL of S3, or would be a pattern in a policy."""
        if not re.fullmatch(r"s3://[^/*?${}]+(/[^*?${}]*)?", value):
            self.fail(f"{value!r} is not s3://bucket/prefix.", param, ctx)
        return value.removeprefix("s3://").strip("/")


class _Matching(click.ParamType[str]):
    """A text that matches a pattern as a whole."""

    def __init__(self, name: str, pattern: str) -> None:
        self.name, self._pattern = name, pattern

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text; fails where it does not match."""
        if not re.fullmatch(self._pattern, value):
            self.fail(f"{value!r} is no {self.name}.", param, ctx)
        return value


_PARTITION = r"aws(-[a-z]+)*"
_ROLE = r"[\w+=,.@/-]+"  # documented: what a role's name and path may hold
_name = _Matching("name of a role", _ROLE)
_arn = _Matching("ARN of a role", rf"arn:{_PARTITION}:iam::[0-9]{{12}}:role/{_ROLE}")
_partition = _Matching("partition, as aws-cn", _PARTITION)


@click.command("iam-policy")
@click.argument("policy", type=click.Choice(["read", "apply"]))
@click.option(
    "--organisation-role",
    type=_name,
    metavar="NAME",
    help="Also what finds the accounts and assumes this role in each.",
)
@click.option(
    "--role-arn", "roles", multiple=True, type=_arn, metavar="ARN", help="Also what assumes this role; repeat."
)
@click.option("--store", type=_Place(), help="Also what keeps the store at s3://bucket/prefix.")
@click.option(
    "--read",
    "exports",
    multiple=True,
    type=_Place(),
    help="Also what reads a bill or archived events at s3://bucket/prefix; repeat.",
)
@click.option(
    "--partition",
    type=_partition,
    metavar="NAME",
    help="As aws-cn or aws-us-gov.  [default: that of --role-arn, else aws]",
)
def iam_policy(
    *,
    policy: Policy,
    organisation_role: str | None,
    roles: tuple[str, ...],
    store: str | None,
    exports: tuple[str, ...],
    partition: str | None,
) -> int:
    """Print the IAM policy (JSON) that collect needs ("read"), or apply and undo ("apply"), and nothing else.

    It is made from the table of the calls that the code makes; the clients refuse any other call.
    """
    options.one_kind_of_role(roles, organisation_role)
    made = policy_document(
        policy,
        role=organisation_role,
        role_arns=roles,
        store=store or "",
        exports=exports,
        partition=_one_partition(roles, partition),
    )
    screen.say(json.dumps(made, indent=2))
    return screen.DONE


def _one_partition(roles: tuple[str, ...], given: str | None) -> str:
    found = {role.split(":")[1] for role in roles} | ({given} if given else set())
    if len(found) > 1:
        raise click.UsageError(f"One policy is for one partition, not for {', '.join(sorted(found))}.")
    return next(iter(found), "aws")
