"""A bill with measured use, small enough to reckon by hand: a job of 2 vCPU and 4 GB, and a service beside it.

The job, on 5 October 2026 (hours 3 and 4) and on the 6th (hour 24):

====  ====  ====================================  =================  ================
hour  task  rows                                  vCPU-h, used of    GB-h, used of
====  ====  ====================================  =================  ================
3     1     a plan covers 3/4 of CPU, its own row  0.3 of 1.5         1.0 of 4.0 (0.25)
            the rest of CPU, another row           0.2 of 0.5
4     2     half an hour                           0.4 of 1.0 (0.40)  0.6 of 2.0 (0.30)
24    2     a quarter of an hour                   0.1 of 0.5 (0.20)  0.2 of 1.0 (0.20)
====  ====  ====================================  =================  ================

So task 1 used 0.5 of 2.0 vCPU-hours in hour 3: 0.25, and not the 0.4 of its second row.
"""

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from bill_world import ACCOUNT, LIST, REGION, START, TYPES, Row, Task

from advisor.domain.inventory import Inventory, Service
from advisor.domain.runs import TaskRun
from advisor.domain.service import ServiceId, Setup, TaskSize
from advisor.store import Store, open_store

WRITTEN = datetime(2026, 10, 7, 6, tzinfo=UTC)
JOB = ServiceId(account=ACCOUNT, region=REGION, service="prod/nightly")
_TIMES = {"pull": 0, "running": 0, "stopping": 1, "stopped": 1}
ONE, TWO = (Task(number=n, owner="nightly", standalone=True, **_TIMES) for n in (1, 2))
WEB = Task(number=9, owner="prod/nightly", **_TIMES)  # a service that has the name of the family


def row(task: Task, hour: int, unit: str, used: str | None, of: str, **more: object) -> Row:
    quantity, cost = Decimal(of), Decimal(of) * LIST[unit]
    given = {"hour": hour, "task": task, "usage_type": TYPES[unit], "quantity": quantity, "listed": cost}
    return Row(**given, billed=cost, used=None if used is None else Decimal(used), **more)


def rows() -> list[Row]:
    plan = {"line_type": "SavingsPlanCoveredUsage", "effective": Decimal("0.05")}
    return [
        row(ONE, 3, "vcpu", "0.3", "1.5", **plan),
        row(ONE, 3, "vcpu", None, "1.5", line_type="SavingsPlanNegation"),
        row(ONE, 3, "vcpu", "0.2", "0.5"),
        row(ONE, 3, "gb", "1.0", "4"),
        row(TWO, 4, "vcpu", "0.4", "1"),
        row(TWO, 4, "gb", "0.6", "2"),
        row(TWO, 24, "vcpu", "0.1", "0.5"),
        row(TWO, 24, "gb", "0.2", "1"),
        row(WEB, 3, "vcpu", "0.9", "1"),
        row(WEB, 3, "gb", "1.8", "2"),
    ]


def runs() -> list[TaskRun]:
    size = TaskSize.of(vcpu=2, gib=4)
    given = {"account": ACCOUNT, "region": REGION, "cluster": "prod", "family": "nightly", "revision": 1, "size": size}
    return [
        TaskRun(**given, task=f"{task.number:032x}", created=START, seen=START + timedelta(hours=1))
        for task in (ONE, TWO)
    ]


def store_of(folder: Path) -> Store:
    """The store that a collection of that fleet would have: the service without usage, and the job's runs."""
    store = open_store(folder, create=True)
    web = Service(id=JOB, setup=Setup(size=TaskSize.of(vcpu=1, gib=2), desired=1), seen_at=WRITTEN)
    store.add_import(Inventory(taken_at=WRITTEN, services=(web,)), {})
    store.add_runs(runs())
    return store


def written(path: Path, at: datetime = WRITTEN) -> Path:
    """The file, as if AWS had written it then."""
    os.utime(path, (at.timestamp(), at.timestamp()))
    return path


def times(given: list[Row], factor: str) -> list[Row]:
    """The same rows with so many times the use: a month as AWS restates it."""
    return [replace(r, used=None if r.used is None else r.used * Decimal(factor)) for r in given]
