"""`advisor collect`, which reads from AWS."""

from datetime import UTC, datetime
from decimal import Decimal
from shlex import quote
from typing import TYPE_CHECKING

import click

from advisor.cli import options, screen
from advisor.domain.errors import printable

if TYPE_CHECKING:
    from advisor.codec import Anonymiser
    from advisor.collection import CollectionPlan, CollectionReport


@click.command()
@options.store
@click.option("--region", "regions", multiple=True, help="An AWS region; repeat for several.")
@click.option("--all-regions", is_flag=True, help="Every region that is enabled, in each account.")
@options.credentials
@options.organisation_role
@click.option("--session-name", default="advisor", show_default=True, help="Name of the role sessions.")
@click.option("--session-seconds", "duration", type=click.IntRange(1800, 43200), help="Length of the role sessions.")
@click.option("--dry-run", is_flag=True, help="Say what would be asked for and what it costs; keep nothing.")
@click.option("--max-api-cost", "most_usd", type=options.usd, metavar="USD", help="Stop before metrics cost more.")
@options.anonymise
def collect(
    *,
    store: str,
    regions: tuple[str, ...],
    all_regions: bool,
    profile: str | None,
    roles: tuple[str, ...],
    external_id: str | None,
    organisation_role: str | None,
    session_name: str,
    duration: int | None,
    dry_run: bool,
    most_usd: Decimal | None,
    hide: "Anonymiser",
) -> int:
    """Collect services, settings and metrics from AWS, read-only.

    CloudWatch charges $0.01 per 1,000 metrics; all other calls are free. What is done is kept, and running it
    again goes on from there. The calls, their cost and what could not be read are kept as a log in the store.
    """
    from advisor.collection import plan_collection, run_collection
    from advisor.collector import Meter, open_sessions
    from advisor.store import open_store

    _one_of("--region", regions, "--all-regions", all_regions)
    options.one_kind_of_role(roles, organisation_role)
    target = open_store(store, create=True, hidden_by=hide.name)
    sessions = open_sessions(
        profile=profile,
        role_arns=roles,
        organisation_role=organisation_role,
        external_id=external_id,
        session_name=session_name,
        duration=duration,
        meter=Meter(most_usd=most_usd),
    )
    now = datetime.now(UTC)
    if dry_run:
        return _planned(plan_collection(target, sessions, regions or None, now=now, hide=hide))
    with screen.progress("Collecting") as progress:
        report = run_collection(target, sessions, regions or None, now=now, hide=hide, progress=progress)
    return _collected(report, store)


def _planned(plan: "CollectionPlan") -> int:
    """What a collection would ask for, and the charge; nothing is kept."""
    screen.say(f"{plan.services} services; {sum(plan.calls.values()):,} calls were made to find them, at no charge:")
    for action, count in plan.calls.items():
        screen.say(f"  {count:>7,} {action}")
    screen.say(f"A collection now would add {plan.requests:,} calls of cloudwatch:GetMetricData for metrics.")
    screen.say(f"Metrics requested: {plan.metrics[0]:,} to {plan.metrics[1]:,}: {_usd(plan.usd)}.")
    return screen.refused(plan.failures)


def _collected(report: "CollectionReport", store: str) -> int:
    """What a collection found and cost, what it skipped, what AWS refused; 3 where AWS refused something."""
    calls = sum(report.calls.values())
    screen.say(f"Collected {report.services} services, {report.new_rows:,} new rows, with {calls:,} calls.")
    screen.say(f"Metrics requested cost {_usd(report.usd)}.")
    screen.list_skipped(report.skipped)
    for why in report.stopped:
        screen.say(f"Stopped: {printable(why)}")
    refused = screen.refused(report.failures)
    screen.suggest(f"advisor review --store {quote(store)} --json review.json")
    return refused or (screen.DONE_WITH_SKIPPED if report.skipped or report.stopped else screen.DONE)


def _usd(charge: tuple[Decimal, Decimal]) -> str:
    """The charge at least and at most: AWS's rule is known in part."""
    least, most = charge
    return f"{least:f} USD" if least == most else f"{least:f} to {most:f} USD"


def _one_of(one: str, has_one: object, other: str, has_other: object) -> None:
    if bool(has_one) == bool(has_other):
        raise click.UsageError(f"Give either {one} or {other}.")
