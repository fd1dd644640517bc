"""`advisor collect`, which reads from AWS, and `advisor iam-policy`, which says what it may call."""

from datetime import UTC, datetime

import click

from advisor.cli import options, screen
from advisor.fargate.rights import Policy


@click.command()
@options.store
@click.option("--region", "regions", multiple=True, required=True, help="An AWS region; repeat for several.")
@options.credentials
def collect(
    *, store: str, regions: tuple[str, ...], profile: str | None, roles: tuple[str, ...], external_id: str | None
) -> int:
    """Collect services, settings and metrics from AWS, read-only."""
    from advisor.collection import run_collection
    from advisor.collector import open_sessions
    from advisor.store import open_store

    sessions = open_sessions(profile=profile, role_arns=roles, external_id=external_id)
    with screen.progress("Collecting") as progress:
        target = open_store(store, create=True)
        report = run_collection(target, sessions, regions, now=datetime.now(UTC), progress=progress)
    return screen.collected(report, store)


@click.command("iam-policy")
@click.argument("policy", type=click.Choice(["read", "apply"]))
@click.option("--organisation-role", metavar="NAME", help="Also what finds the accounts and assumes this role in each.")
def iam_policy(policy: Policy, organisation_role: str | None) -> int:
    """Print the IAM policy (JSON) that collect needs ("read"), or apply and undo ("apply"), and nothing else.

    It is made from the table of the calls that the code makes; the clients refuse any other call.
    """
    import json

    from advisor.fargate.rights import policy_document

    screen.say(json.dumps(policy_document(policy, role=organisation_role), indent=2))
    return screen.DONE
