"""A fleet simulated task by task, second by second, with the bill that it makes and the truth about every class.

Nothing here comes from the code that models or reconciles: rates are typed in, tasks are lists of instants, and the
truth is counted from the tasks themselves.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd

START = datetime(2026, 10, 5, tzinfo=UTC)
DAYS, HOUR = 2, 3600
SECONDS = DAYS * 24 * HOUR
ACCOUNT, REGION = "111122223333", "us-east-1"
# USD per hour: us-east-1, Linux on X86_64; Spot and the plan's share are this world's own
LIST = {"vcpu": Decimal("0.04048"), "gb": Decimal("0.004445")}
ARM = {"vcpu": Decimal("0.03238"), "gb": Decimal("0.00356")}
SPOT = {"vcpu": Decimal("0.0135"), "gb": Decimal("0.0015")}
PLAN_SHARE = Decimal("0.8")
COMMITMENT = Decimal("0.150")  # USD per hour, in the plan's own dollars
PLAN = f"arn:aws:savingsplans::{ACCOUNT}:savingsplan/0f1e2d3c"
TYPES = {"vcpu": "USE1-Fargate-vCPU-Hours:perCPU", "gb": "USE1-Fargate-GB-Hours"}
ARM_TYPES = {"vcpu": "USE1-Fargate-ARM-vCPU-Hours:perCPU", "gb": "USE1-Fargate-ARM-GB-Hours"}
SPOT_TYPES = {"vcpu": "USE1-SpotUsage-Fargate-vCPU-Hours:perCPU", "gb": "USE1-SpotUsage-Fargate-GB-Hours"}
DEPLOYED = 34 * HOUR + 12 * 60  # the second day, 10:12
_TEN = Decimal("1e-10")  # a bill's own digits


@dataclass(frozen=True, kw_only=True)
class Task:
    """One task: seconds since START of image pull, first and last moment of running, and stop."""

    number: int
    owner: str  # service, or family of a standalone task
    standalone: bool = False
    vcpu: Decimal = Decimal(1)
    gb: Decimal = Decimal(2)
    pull: int
    running: int
    stopping: int
    stopped: int
    spot: bool = False
    arm: bool = False

    @property
    def arn(self) -> str:
        return f"arn:aws:ecs:{REGION}:{ACCOUNT}:task/prod/{self.number:032x}"

    def hours(self) -> Iterator[tuple[int, int]]:
        """(hour since START, billed seconds in it), inside the bill's window; a minute at least."""
        stop = max(self.stopped, self.pull + 60)
        for hour in range(max(self.pull, 0) // HOUR, DAYS * 24):
            seconds = min(stop, (hour + 1) * HOUR) - max(self.pull, hour * HOUR)
            if seconds > 0:
                yield hour, seconds


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of a bill, whatever its spelling."""

    hour: int
    task: Task | None
    usage_type: str
    line_type: str = "Usage"
    quantity: Decimal
    billed: Decimal
    listed: Decimal
    effective: Decimal | None = None
    used: Decimal | None = None
    product: str = "AmazonECS"

    @property
    def start(self) -> datetime:
        return START + timedelta(hours=self.hour)


@dataclass(kw_only=True)
class World:
    """Tasks, rows and the truth [USD by class]; `recorded`: task-seconds that the metrics see, by service."""

    tasks: list[Task]
    rows: list[Row]
    truth: dict[str, Decimal] = field(default_factory=dict)

    @property
    def billed(self) -> Decimal:
        return sum(
            (row.effective if row.effective is not None else row.billed for row in fargate(self.rows)), Decimal(0)
        )


def simulated(*, plan: bool = True) -> World:
    tasks = [*_web(), *_worker(), *_api(), *_standalone()]
    rows = [row for task in tasks for row in rows_of(task)]
    rows = under_plan(rows) if plan else rows
    return World(tasks=tasks, rows=[*rows, *_others()], truth=_truth(tasks, rows))


def fargate(rows: list[Row]) -> list[Row]:
    left_out = ("SavingsPlanNegation", "Tax")
    return [row for row in rows if "Fargate-" in row.usage_type and row.line_type not in left_out]


def usage(tasks: list[Task], service: str) -> pd.DataFrame:
    """What AWS/ECS shows of a service: one sample a minute of each task that runs in the middle of it."""
    middle = np.arange(0, SECONDS, 60) + 30
    running = np.zeros(len(middle))
    for task in tasks:
        if task.owner == service and not task.standalone:
            running += (task.running <= middle) & (middle < task.stopping)
    index = pd.date_range(START, periods=len(middle), freq="60s", name="ts")
    share = {"cpu_avg": 40.0, "cpu_max": 55.0, "memory_avg": 50.0, "memory_max": 60.0}
    return pd.DataFrame({"tasks": running, **share}, index=index).astype("float32")


def list_cost(tasks: list[Task], seconds: float) -> Decimal:
    """So many task-seconds at list rates, of tasks of one size  [USD]."""
    rates = ARM if tasks[0].arm else LIST
    each = tasks[0].vcpu * rates["vcpu"] + tasks[0].gb * rates["gb"]
    return Decimal(seconds) / HOUR * each


def _web() -> list[Task]:
    """Four tasks; one rolling deployment: four new ones run for seven minutes beside the old."""
    always = {"pull": -9000, "running": -8950}
    gone = {"stopping": DEPLOYED + 440, "stopped": DEPLOYED + 470}
    old = [Task(number=n, owner="prod/web", **always, **gone) for n in range(4)]
    begun = [DEPLOYED + 10 + 5 * n for n in range(4)]
    stays = {"stopping": SECONDS + HOUR, "stopped": SECONDS + HOUR}
    return old + [
        Task(number=10 + n, owner="prod/web", pull=at, running=at + 38, **stays) for n, at in enumerate(begun)
    ]


def _worker() -> list[Task]:
    """Three tasks on demand, three on Spot, of which one is taken away and replaced."""
    always, small = {"pull": -500, "running": -450}, {"vcpu": Decimal("0.5"), "gb": Decimal(1)}
    stays, taken = {"stopping": SECONDS, "stopped": SECONDS}, 20 * HOUR + 77
    gone = {"stopping": taken, "stopped": taken + 30}
    tasks = [Task(number=20 + n, owner="prod/worker", spot=n < 3, **always, **stays, **small) for n in range(1, 6)]
    lost = Task(number=30, owner="prod/worker", spot=True, **always, **gone, **small)
    return [
        *tasks,
        lost,
        Task(number=31, owner="prod/worker", spot=True, pull=taken, running=taken + 41, **stays, **small),
    ]


def _api() -> list[Task]:
    """Two tasks always, three more from 8 to 20 hours each day; each pulls for 38 s and drains for 30 s."""
    always = {"pull": -500, "running": -450, "stopping": SECONDS, "stopped": SECONDS}
    tasks = [Task(number=40 + n, owner="prod/api", **always) for n in range(2)]
    for day in range(DAYS):
        for n in range(3):
            begin, end = (24 * day + 8) * HOUR + 61 * n, (24 * day + 20) * HOUR + 97 * n
            gone = {"stopping": end, "stopped": end + 30}
            tasks.append(Task(number=50 + 10 * day + n, owner="prod/api", pull=begin - 38, running=begin, **gone))
    return tasks


def _standalone() -> list[Task]:
    """A nightly job of 25 minutes, and one of 20 seconds every hour, which is billed a minute."""
    big = {"vcpu": Decimal(2), "gb": Decimal(4), "standalone": True}
    nights = [d * 24 * HOUR + 3 * HOUR + 17 for d in range(DAYS)]
    jobs = [
        Task(number=80 + n, owner="nightly", pull=at, running=at + 22, stopping=at + 1513, stopped=at + 1513, **big)
        for n, at in enumerate(nights)
    ]
    ticks = [h * HOUR + 1800 for h in range(DAYS * 24)]
    short = [
        Task(number=100 + n, owner="tick", standalone=True, pull=at, running=at + 9, stopping=at + 20, stopped=at + 20)
        for n, at in enumerate(ticks)
    ]
    return jobs + short


def rows_of(task: Task) -> Iterator[Row]:
    listed, types = (ARM, ARM_TYPES) if task.arm else (LIST, TYPES)
    rates, types = (SPOT, SPOT_TYPES) if task.spot else (listed, types)
    for hour, seconds in task.hours():
        for kind, size in (("vcpu", task.vcpu), ("gb", task.gb)):
            quantity = (size * seconds / HOUR).quantize(_TEN)
            cost = (quantity * rates[kind]).quantize(_TEN)
            used = (quantity * Decimal("0.4")).quantize(_TEN)
            given = {"hour": hour, "task": task, "usage_type": types[kind], "quantity": quantity, "used": used}
            yield Row(**given, billed=cost, listed=(quantity * listed[kind]).quantize(_TEN))


def under_plan(rows: list[Row]) -> list[Row]:
    """Each hour's commitment covers memory first, then CPU, in the order of the rows; one row may be cut in two."""
    left = dict.fromkeys(range(DAYS * 24), COMMITMENT)
    done: list[Row] = []
    for row in sorted(rows, key=lambda r: (r.hour, "GB" not in r.usage_type)):
        price = row.listed * PLAN_SHARE
        if "Spot" in row.usage_type or not left[row.hour]:
            done.append(row)
            continue
        share = min(Decimal(1), left[row.hour] / price)
        left[row.hour] -= min(left[row.hour], price)
        done += _cut(row, share)
    return done


def _cut(row: Row, share: Decimal) -> Iterator[Row]:
    covered = {n: (getattr(row, n) * share).quantize(_TEN) for n in ("quantity", "billed", "listed", "used")}
    effective = (covered["listed"] * PLAN_SHARE).quantize(_TEN)
    yield replace(row, line_type="SavingsPlanCoveredUsage", effective=effective, **covered)
    taken_back = {"quantity": covered["quantity"], "billed": -covered["billed"], "listed": Decimal(0), "used": None}
    yield replace(row, line_type="SavingsPlanNegation", **taken_back)
    if share < 1:
        yield replace(row, **{n: getattr(row, n) - value for n, value in covered.items()})


def _others() -> list[Row]:
    """What else a bill has: other services, ECS on EC2, the plan's fee, tax."""
    none = {"hour": 0, "task": None, "listed": Decimal("3.1")}
    one = {"quantity": Decimal(1), "billed": Decimal("3.1")}
    return [
        Row(**none, **one, usage_type="USE1-BoxUsage:m5.large", product="AmazonEC2"),
        Row(**none, **one, usage_type="USE1-ECS-EC2-GB-Hours"),
        Row(
            **none,
            **one,
            usage_type="ComputeSP:1yrNoUpfront",
            line_type="SavingsPlanRecurringFee",
            product="ComputeSavingsPlans",
        ),
        Row(**none, **one, usage_type="USE1-Fargate-GB-Hours", line_type="Tax"),
    ]


def _truth(tasks: list[Task], rows: list[Row]) -> dict[str, Decimal]:
    billed = {
        service: sum(s for t in tasks if t.owner == service for _, s in t.hours())
        for service in ("prod/web", "prod/api", "prod/worker")
    }
    seen = {service: float(usage(tasks, service)["tasks"].sum()) * 60 for service in billed}
    by_owner = {service: [t for t in tasks if t.owner == service] for service in billed}
    standalone = [row for row in rows if row.task and row.task.standalone and row.line_type != "SavingsPlanNegation"]
    covered = [
        row for row in rows if row.line_type == "SavingsPlanCoveredUsage" and row.task and not row.task.standalone
    ]
    spot = [row for row in rows if "Spot" in row.usage_type]
    return {
        "standalone": sum((r.billed if r.effective is None else r.effective for r in standalone), Decimal(0)),
        "deployment": list_cost(by_owner["prod/web"], billed["prod/web"] - 4 * SECONDS),
        "spot": sum((r.billed - r.listed for r in spot), Decimal(0)),
        "savings_plan": sum((r.effective - r.listed for r in covered if r.effective is not None), Decimal(0)),
        "unknown": sum((list_cost(by_owner[s], billed[s] - seen[s]) for s in ("prod/api", "prod/worker")), Decimal(0)),
    }
