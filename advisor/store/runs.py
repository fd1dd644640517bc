"""Task runs as a table: those that were made in one month lie together."""

from datetime import datetime
from typing import Any

import pyarrow as pa

from advisor.domain.runs import ContainerEnd, TaskRun, merge_runs
from advisor.domain.service import TaskSize
from advisor.store.tables import Table

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


def _row(run: TaskRun) -> dict[str, Any]:
    ends = [{"name": e.name, "exit_code": e.exit_code, "out_of_memory": e.out_of_memory} for e in run.containers]
    row = {name: getattr(run, name) for name in SCHEMA.names if name not in ("cpu", "memory", "containers")}
    return row | {"cpu": run.size.cpu, "memory": run.size.memory, "containers": ends}


def _run(account: str, region: str, row: dict[str, Any]) -> TaskRun:
    plain = {key: value for key, value in row.items() if key not in ("cpu", "memory", "containers")}
    size = TaskSize(cpu=row["cpu"], memory=row["memory"])
    ends = tuple(ContainerEnd(**end) for end in row["containers"])
    return TaskRun(account=account, region=region, size=size, containers=ends, **plain)


def _where(run: TaskRun) -> tuple[str, str, datetime]:
    return run.account, run.region, run.created


RUNS: Table[TaskRun] = Table(
    name="tasks",
    schema=SCHEMA,
    where=_where,
    row=_row,
    record=_run,
    merge=merge_runs,
)
