"""`advisor import-events`: what happened to tasks, from an archive of events."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from advisor.cli import options, screen

if TYPE_CHECKING:
    from advisor.codec import Anonymiser


@click.command("import-events")
@click.argument("events", metavar="PATH")
@options.store
@options.anonymise
def import_events(events: str, store: str, hide: "Anonymiser") -> int:
    """Import archived "ECS Task State Change" events: runs of tasks, with size, times and exit codes.

    PATH is a file, a folder, or an s3:// prefix of JSON events as an EventBridge rule delivers them, also gzipped.
    """
    from advisor.importer import read_task_events
    from advisor.store import open_store

    target = open_store(store, create=True, hidden_by=hide.name)
    with screen.working("Reading events"):
        runs = read_task_events(events)
    new = target.add_runs(map(hide.record, runs))
    target.compact(datetime.now(UTC))
    return screen.imported_runs(runs, new, store)
