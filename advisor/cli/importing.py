"""`advisor import-events`: what happened to tasks, from an archive of events."""

from datetime import UTC, datetime
from pathlib import Path

import click

from advisor.cli import options, screen
from advisor.cli.files import anonymiser


@click.command("import-events")
@click.argument("events", metavar="PATH")
@options.store
@options.anonymise
def import_events(events: str, store: str, key_file: Path | None = None) -> int:
    """Import archived "ECS Task State Change" events: runs of tasks, with size, times and exit codes.

    PATH is a file, a folder, or an s3:// prefix of JSON events as an EventBridge rule delivers them, also gzipped.
    """
    from advisor.importer import read_task_events
    from advisor.store import open_store

    with screen.working("Reading events"):
        runs = read_task_events(events)
    target = open_store(store, create=True)
    new = target.add_runs(map(anonymiser(key_file).record, runs))
    target.compact(datetime.now(UTC))
    return screen.imported_runs(runs, new, store)
