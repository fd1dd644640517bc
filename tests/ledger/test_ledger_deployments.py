"""What deployments put beside the wanted tasks is `deployment`, whatever they brought and however they ended."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import bill_world
import pytest
from bill_fleet import END, service
from bill_formats import cur2_parquet
from bill_world import HOUR, SECONDS, START, Task, list_cost, rows_of

from advisor.domain.deployments import Deployment, DeploymentStatus
from advisor.domain.inventory import Inventory, Service
from advisor.domain.reconciliation import Residual
from advisor.ledger.overlaps import overlaps_of
from advisor.reconciliation import run_reconciliation
from advisor.store import open_store

MICRO = Decimal("0.00001")
WEB = replace(service("prod/web"), sizes=service("prod/web").sizes[:1])  # one revision, ever
COUNT, LASTS, DRAINS = 3, 440, 30


def deployment(begun: int, lasted: int | None = LASTS, *, status: DeploymentStatus = "SUCCESSFUL") -> Deployment:
    """A deployment of the same revision: seconds after START, and how long it took."""
    return Deployment(
        id=WEB.id,
        deployment=f"d{begun}",
        created=instant(begun),
        started=instant(begun),
        finished=None if lasted is None else instant(begun + lasted),
        status=status,
        task_definition="a:1",
    )


def instant(seconds: int) -> datetime:
    return START + timedelta(seconds=seconds)


def replaced(*begun: int, lasts: int = LASTS) -> list[Task]:
    """Three tasks that each deployment replaces; old and new run side by side while it lasts."""
    edges = [-HOUR, *begun, SECONDS]
    return [
        Task(
            number=10 * generation + n,
            owner="prod/web",
            pull=start + 5 * n,
            running=start + 5 * n + 38,
            stopping=end if end == SECONDS else end + lasts,
            stopped=end if end == SECONDS else end + lasts + DRAINS,
        )
        for generation, (start, end) in enumerate(pairwise(edges))
        for n in range(COUNT)
    ]


def residual(tasks: list[Task], folder: Path, *deployments: Deployment, web: Service = WEB) -> Residual:
    store = open_store(folder / "store", create=True)
    store.add_import(Inventory(taken_at=END, services=(web,)), {web.id: bill_world.usage(tasks, "prod/web")})
    store.add_deployments(deployments)
    path = cur2_parquet([row for task in tasks for row in rows_of(task)], folder / "bill")
    return run_reconciliation(store, path).totals.residual


def beside(tasks: list[Task]) -> Decimal:
    """What was billed beyond three tasks  [USD]."""
    return list_cost(tasks, sum(seconds for task in tasks for _, seconds in task.hours()) - COUNT * SECONDS)


def test_a_forced_deployments_overlap_is_deployment_and_not_unknown(tmp_path: Path) -> None:
    begun = 10 * HOUR + 720
    tasks = replaced(begun)
    told, untold = residual(tasks, tmp_path / "a", deployment(begun)), residual(tasks, tmp_path / "b")
    assert abs(told.deployment - beside(tasks)) < MICRO
    assert abs(told.unknown) < MICRO
    assert untold.deployment == 0 < untold.unknown  # pulls and drains; what ran is taken for wanted


def test_three_of_one_revision_each_count_also_where_they_follow_at_once(tmp_path: Path) -> None:
    begun = [10 * HOUR, 10 * HOUR + 300, 30 * HOUR]  # the second begins while the first is under way
    tasks = replaced(*begun)
    found = residual(tasks, tmp_path, *map(deployment, begun))
    assert abs(found.deployment - beside(tasks)) < MICRO
    assert abs(found.unknown) < MICRO


def test_one_that_failed_put_tasks_beside_the_others_too(tmp_path: Path) -> None:
    begun, end = 20 * HOUR + 60, 20 * HOUR + 900
    stays = [t for t in replaced() if t.number < 10]
    tried = [
        Task(number=50 + n, owner="prod/web", pull=begun, running=begun + 40, stopping=end, stopped=end + DRAINS)
        for n in range(COUNT)
    ]
    found = residual([*stays, *tried], tmp_path, deployment(begun, end - begun, status="ROLLBACK_SUCCESSFUL"))
    assert abs(found.deployment - beside([*stays, *tried])) < MICRO
    assert abs(found.unknown) < MICRO


def test_one_that_bakes_for_two_hours_is_known_to_its_end(tmp_path: Path) -> None:
    begun, lasts = 10 * HOUR + 60, 2 * HOUR + 900
    tasks = replaced(begun, lasts=lasts)
    found = residual(tasks, tmp_path, deployment(begun, lasts))
    assert abs(found.deployment - beside(tasks)) < MICRO
    assert abs(found.unknown) < MICRO


def test_scaling_after_the_end_of_a_short_deployment_is_no_overlap(tmp_path: Path) -> None:
    """Two more tasks, a quarter of an hour after it, for 20 minutes: within the hour that an unknown end gets."""
    begun = 10 * HOUR
    more = {"pull": begun + 1500, "running": begun + 1538, "stopping": begun + 2700, "stopped": begun + 2730}
    tasks = [*replaced(begun), *(Task(number=90 + n, owner="prod/web", **more) for n in range(2))]
    overlap = beside(replaced(begun))
    told = residual(tasks, tmp_path / "told", deployment(begun))
    untold = residual(tasks, tmp_path / "untold", deployment(begun, None))
    moving = list_cost(tasks, 2 * (38 + 30))  # pulls and drains of the two, in a period that a deployment touches
    assert abs(told.deployment - overlap - moving) < Decimal("0.001")
    assert untold.deployment > overlap + list_cost(tasks, 2 * 1100)


@pytest.mark.parametrize(
    ("lasted", "seconds"), [(300, 720), (None, 3600), (0, 420), (-900, 420), (40 * HOUR, 6 * HOUR)]
)
def test_a_span_ends_with_the_deployment_and_its_draining_or_at_its_bound(lasted: int | None, seconds: int) -> None:
    start = int(instant(HOUR).timestamp())
    found = overlaps_of(WEB, [deployment(HOUR, lasted)], within=(start - HOUR, start + HOUR))
    assert found == ((start, start + seconds),)


def test_a_change_of_revision_that_is_a_known_deployment_counts_once() -> None:
    web = service("prod/web")
    begun = int((web.sizes[1].at - START).total_seconds())
    whole = (int(START.timestamp()), int(END.timestamp()))
    (span,) = overlaps_of(web, [deployment(begun)], within=whole)
    assert span[1] - span[0] == LASTS + 420
    (alone,) = overlaps_of(web, [], within=whole)
    assert alone[1] - alone[0] == 3600


def test_a_day_of_deployments_one_after_the_other_is_not_one_span() -> None:
    many = [deployment(n * 600, None) for n in range(100)]
    whole = (int(START.timestamp()), int(END.timestamp()))
    spans = overlaps_of(WEB, many, within=whole)
    assert len(spans) > 2
    assert all(end - start <= 6 * HOUR for start, end in spans)
