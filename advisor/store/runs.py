"""Task runs as Parquet: one file per account, region and month of making; the same runs give the same bytes."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from advisor.domain.errors import one_line
from advisor.domain.runs import ContainerEnd, TaskRun, merge_runs
from advisor.domain.service import TaskSize
from advisor.store.manifest import Manifest, RunsFile, damaged
from advisor.store.place import Place, segment

_INSTANT = pa.timestamp("us", tz="UTC")
_END = pa.struct([("name", pa.string()), ("exit_code", pa.int32()), ("out_of_memory", pa.bool_())])
SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("cluster", "task", "service", "family")),
        *((name, pa.int32()) for name in ("revision", "cpu", "memory", "ephemeral_gib")),
        *((name, pa.string()) for name in ("architecture", "os", "provider", "stop_code", "reason")),
        *((name, _INSTANT) for name in ("created", "pulled", "started", "stopped", "seen")),
        ("containers", pa.list_(_END)),
    ]
)


class RunFiles:
    """The files of task runs of one place; each is read once."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._read: dict[str, tuple[TaskRun, ...]] = {}

    def runs(self, held: Manifest) -> tuple[TaskRun, ...]:
        """Every run, sorted; raises StoreDamaged where a file is missing or changed."""
        return merge_runs(run for file in held.runs for run in self._of(file))

    def add(self, held: Manifest, runs: Iterable[TaskRun]) -> tuple[Manifest, int]:
        """The manifest with what the runs tell that is new, and how many of them do."""
        fresh: dict[tuple[str, str, str], list[TaskRun]] = {}
        for run in runs:
            fresh.setdefault((run.account, run.region, f"{run.created.astimezone(UTC):%Y-%m}"), []).append(run)
        files = {(file.account, file.region, file.period): file for file in held.runs}
        new = 0
        for place, some in sorted(fresh.items()):
            before = self._of(files[place]) if place in files else ()
            merged = merge_runs((*before, *some))
            if changed := len(set(merged) - set(before)):
                files[place] = self._write(*place, merged)
                new += changed
        return replace(held, runs=tuple(sorted(files.values()))), new

    def _of(self, file: RunsFile) -> tuple[TaskRun, ...]:
        if file.path not in self._read:
            try:
                if self._place.sha256(file.path) != file.sha256:
                    raise damaged(self._place, file.path, "changed since it was written")
                with self._place.files.open_input_file(self._place.full(file.path)) as source:
                    rows = pq.read_table(source, schema=SCHEMA).to_pylist()
            except (OSError, pa.ArrowException) as error:
                missing = isinstance(error, FileNotFoundError)
                raise damaged(self._place, file.path, "missing" if missing else one_line(error)) from error
            self._read[file.path] = tuple(_run(file, row) for row in rows)
        return self._read[file.path]

    def _write(self, account: str, region: str, period: str, runs: tuple[TaskRun, ...]) -> RunsFile:
        table = pa.Table.from_pylist([_row(run) for run in runs], schema=SCHEMA)
        folder = f"tasks/account={segment(account)}/region={segment(region)}"
        written = self._place.write(
            lambda sink: pq.write_table(table, sink, compression="zstd", store_schema=False),
            lambda sha: f"{folder}/{period}-{sha[:12]}.parquet",
        )
        return RunsFile(
            account=account, region=region, period=period, path=written.path, sha256=written.sha256, size=written.size
        )


def _row(run: TaskRun) -> dict[str, Any]:
    ends = [{"name": e.name, "exit_code": e.exit_code, "out_of_memory": e.out_of_memory} for e in run.containers]
    row = {name: getattr(run, name) for name in SCHEMA.names if name not in ("cpu", "memory", "containers")}
    return row | {"cpu": run.size.cpu, "memory": run.size.memory, "containers": ends}


def _run(file: RunsFile, row: dict[str, Any]) -> TaskRun:
    size = TaskSize(cpu=row.pop("cpu"), memory=row.pop("memory"))
    ends = tuple(ContainerEnd(**end) for end in row.pop("containers"))
    instants = {name: value.astimezone(UTC) for name, value in row.items() if isinstance(value, datetime)}
    return TaskRun(account=file.account, region=file.region, size=size, containers=ends, **(row | instants))
