"""Random fleets, simulated task by task: sizes, architectures, scaling, Spot, deployments at any time, jobs.

A service is a number of places; a place is wanted from some second to some second, and whoever holds it is replaced
by a deployment (both run for a while) or by a Spot interruption (one after the other).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from itertools import count
from random import Random

import bill_world as world
from bill_world import HOUR, SECONDS, START, Task, World

from advisor.domain.inventory import Service, SizeChange
from advisor.domain.service import ServiceId, Setup, TaskSize

SIZES = ((0.25, 0.5), (0.5, 1), (1, 2), (2, 8), (4, 8))


@dataclass(kw_only=True)
class Made:
    """One service on its way."""

    name: str
    size: tuple[float, float]
    spot: bool
    arm: bool
    deployments: list[int]
    tasks: list[Task] = field(default_factory=list)
    beside: int = 0  # task-seconds that two tasks of one place were billed at once, for deployments


def fleet(seed: int, *, services: int = 8) -> tuple[World, list[Service]]:
    """A fleet, its bill under a plan and its truth; and the services as a collection would have them."""
    dice, numbers = Random(seed), count()
    made = [_service(dice, f"prod/s{n}", numbers) for n in range(services)]
    jobs = list(_jobs(dice, numbers))
    tasks = [task for one in made for task in one.tasks] + jobs
    rows = world.under_plan([row for task in tasks for row in world.rows_of(task)])
    truth = {
        "deployment": sum((world.list_cost(one.tasks, one.beside) for one in made), Decimal(0)),
        "spot": sum((r.billed - r.listed for r in rows if "Spot" in r.usage_type), Decimal(0)),
        "standalone": sum((_net(r) for r in world.fargate(rows) if r.task and r.task.standalone), Decimal(0)),
        "savings_plan": sum(
            (r.effective - r.listed for r in rows if r.effective is not None and r.task and not r.task.standalone),
            Decimal(0),
        ),
    }
    return World(tasks=tasks, rows=rows, truth=truth), [_inventory(one) for one in made]


def _net(row: world.Row) -> Decimal:
    return row.billed if row.effective is None else row.effective


def _service(dice: Random, name: str, numbers: Iterator[int]) -> Made:
    deployments = sorted(dice.sample(range(2, 46), dice.choice([0, 1, 1, 2])))
    chance = dice.random()
    made = Made(
        name=name,
        size=dice.choice(SIZES),
        spot=chance < 0.4,
        arm=chance > 0.7,
        deployments=[hour * HOUR + dice.randrange(HOUR) for hour in deployments],
    )
    always = dice.randint(1, 6)
    places = [(-7200, SECONDS + 7200)] * always
    if dice.random() < 0.5:  # scales: some more by day
        for day in range(world.DAYS):
            begin = (24 * day + dice.randint(6, 9)) * HOUR
            for n in range(dice.randint(1, always + 2)):
                places.append((begin + 120 * n + dice.randrange(60), begin + 10 * HOUR + 300 * n + dice.randrange(60)))
    for place in places:
        _hold(dice, made, *place, numbers=numbers)
    return made


def _hold(dice: Random, made: Made, begin: int, end: int, *, numbers: Iterator[int]) -> None:
    """Fill one place from `begin` to `end`."""
    spot = made.spot and dice.random() < 0.5
    changes = [(at + dice.randint(5, 90), True) for at in made.deployments if begin + 600 < at < end - 900]
    if spot and end - begin > 20 * HOUR:
        changes.append((dice.randrange(begin + 4 * HOUR, end - 4 * HOUR), False))
    pull = begin
    for at, deployed in sorted(changes):
        if at < pull + 900:
            continue  # a place that is just being filled is not emptied at once
        beside = dice.randint(60, 420) if deployed else 0
        drain = dice.randint(5, 60)
        made.tasks.append(_task(dice, made, pull, at + beside, drain, spot, numbers))
        made.beside += beside + drain if deployed else 0
        pull = at
    made.tasks.append(_task(dice, made, pull, end, dice.randint(5, 60), spot, numbers))


def _task(dice: Random, made: Made, pull: int, stopping: int, drain: int, spot: bool, numbers: Iterator[int]) -> Task:
    return Task(
        number=next(numbers),
        owner=made.name,
        vcpu=Decimal(str(made.size[0])),
        gb=Decimal(str(made.size[1])),
        pull=pull,
        running=pull + dice.randint(15, 60),
        stopping=stopping,
        stopped=stopping + drain,
        spot=spot,
        arm=made.arm,
    )


def _jobs(dice: Random, numbers: Iterator[int]) -> Iterator[Task]:
    for _ in range(30):
        at, length = dice.randrange(SECONDS - 2 * HOUR), dice.choice([12, 45, 300, 4000])
        ends = {"pull": at, "running": at + 10, "stopping": at + length, "stopped": at + length}
        yield Task(number=next(numbers), owner="job", standalone=True, vcpu=Decimal(2), gb=Decimal(4), **ends)


def _inventory(made: Made) -> Service:
    size = TaskSize.of(vcpu=made.size[0], gib=made.size[1])
    before = SizeChange(at=START - timedelta(days=9), size=size, task_definition="t:0")
    changes = [
        SizeChange(at=START + timedelta(seconds=at), size=size, task_definition=f"t:{n}")
        for n, at in enumerate(made.deployments, start=1)
    ]
    return Service(
        id=ServiceId(account=world.ACCOUNT, region=world.REGION, service=made.name),
        setup=Setup(size=size, architecture="ARM64" if made.arm else "X86_64", desired=1, minimum=1, maximum=50),
        seen_at=START + timedelta(seconds=SECONDS),
        sizes=(before, *changes),
    )
