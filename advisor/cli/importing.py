"""`advisor import-events`: what happened to tasks, from an archive of events."""

from datetime import UTC, datetime

import click

from advisor.cli import options, screen


@click.command("import-events")
@click.argument("events", metavar="PATH")
@options.store
def import_events(events: str, store: str) -> int:
    """Import archived "ECS Task State Change" events: runs of tasks, with size, times and exit codes.

    PATH is a file, a folder, or an s3:// prefix of JSON events as an EventBridge rule delivers them, also gzipped.
    """
    from advisor.importer import read_task_events
    from advisor.store import open_store

    with screen.working("Reading events"):
        runs = read_task_events(events)
    target = open_store(store, create=True)
    new = target.add_runs(runs)
    target.compact(datetime.now(UTC))
    return screen.imported_runs(runs, new, store)
