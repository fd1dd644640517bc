"""`advisor collect`: everything that reads from AWS."""

from datetime import UTC, datetime

import click

from advisor.cli import options, screen


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
