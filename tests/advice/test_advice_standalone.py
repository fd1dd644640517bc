"""Tasks without a service: what they cost at least, by hand; a line for each family, never an advice."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from advisor.advice import task_families
from advisor.advice.standalone import run_cost
from advisor.domain.finding import TaskFamily
from advisor.domain.inventory import TaskDefinition, TaskSchedule
from advisor.domain.runs import ContainerEnd, TaskRun
from advisor.domain.service import TaskSize
from advisor.fargate.prices import PriceBook

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
BOOK = PriceBook.shipped()
HOUR = Decimal("0.04937")  # 1 vCPU and 2 GB in us-east-1: 0.04048 + 2 x 0.004445
NIGHTLY = TaskSchedule(
    account="111122223333",
    region="us-east-1",
    kind="rule",
    name="nightly",
    cluster="prod",
    family="batch",
    count=2,
    expression="cron(0 2 * * ? *)",
)


def run(number: int = 0, *, start: datetime = NOON, seconds: float = 3600, ended: bool = True) -> TaskRun:
    return TaskRun(
        account="111122223333",
        region="us-east-1",
        cluster="prod",
        task=f"t{number}",
        family="batch",
        revision=1,
        size=TaskSize.of(vcpu=1, gib=2),
        created=start,
        pulled=start,
        started=start,
        stopped=start + timedelta(seconds=seconds) if ended else None,
        seen=start + timedelta(seconds=seconds),
        reason="exited" if ended else None,
        containers=(ContainerEnd(name="app", exit_code=0),) if ended else (),
    )


def family(*runs: TaskRun, schedules: tuple[TaskSchedule, ...] = ()) -> TaskFamily:
    (found,) = task_families(runs, schedules, BOOK)
    return found


@pytest.mark.parametrize(("seconds", "billed"), [(3600, 3600), (10, 60), (90.2, 91)])
def test_a_run_is_billed_per_second_and_at_least_a_minute(seconds: float, billed: int) -> None:
    assert run_cost(run(seconds=seconds), BOOK) == pytest.approx(HOUR * billed / 3600, abs=Decimal("1e-9"))


def test_a_run_that_never_pulled_its_image_costs_nothing() -> None:
    assert run_cost(replace(run(), pulled=None, started=None), BOOK) == 0


def test_runs_of_ten_days_are_scaled_to_a_month() -> None:
    found = family(run(0), run(1, start=NOON + timedelta(days=10, hours=-1)))
    assert found.usd_month == round(2 * HOUR * 730 / 240, 2)
    assert (found.runs, found.size, found.basis) == (2, TaskSize.of(vcpu=1, gib=2), "2 runs seen in 10.0 days")


def test_runs_of_services_widen_the_span_and_are_no_family() -> None:
    other = replace(run(9, start=NOON + timedelta(days=20, hours=-1)), service="api")
    assert family(run(0), other).usd_month == round(HOUR * 730 / 480, 2)


def test_a_services_task_that_runs_since_long_ago_says_nothing_of_how_long_was_looked() -> None:
    old = replace(run(9, start=NOON - timedelta(days=90), ended=False), service="api", seen=NOON - timedelta(days=90))
    runs = (run(0), run(1, start=NOON + timedelta(days=10, hours=-1)))
    assert family(*runs, old) == family(*runs)


def test_a_schedule_counts_where_few_of_its_runs_were_seen() -> None:
    found = family(run(), schedules=(NIGHTLY,))
    starts = 30 * 2  # 730 hours from 13:00 on hold 30 times 02:00
    assert found.usd_month == round(HOUR * starts, 2)
    assert "60 starts a month" in found.basis
    assert found.started_by == ("EventBridge rule 'nightly': 2 at 'cron(0 2 * * ? *) (UTC)'",)


@pytest.mark.parametrize("change", [{"enabled": False}, {"expression": None}, {"expression": "moon(full)"}])
def test_a_schedule_that_starts_nothing_known_counts_nothing(change: dict[str, object]) -> None:
    assert family(run(), schedules=(replace(NIGHTLY, **change),)).usd_month is None  # type: ignore[arg-type]


def test_a_family_that_was_never_seen_to_run_has_a_line() -> None:
    found = family(schedules=(NIGHTLY,))
    assert (found.runs, found.size, found.usd_month) == (0, None, None)
    assert "no run of it was seen" in found.basis


def test_a_family_that_never_ran_has_the_size_of_its_definition_and_what_an_hour_costs() -> None:
    task = TaskDefinition(arn="batch:1", family="batch", revision=1, size=TaskSize.of(vcpu=1, gib=2))
    found = family(schedules=(replace(NIGHTLY, task_definition=task),))
    assert (found.size, found.usd_month) == (TaskSize.of(vcpu=1, gib=2), None)
    assert found.basis.endswith(f"its length is not known; an hour of a task is ${HOUR:.4f} on demand")
    elsewhere = family(schedules=(replace(NIGHTLY, task_definition=task, region="mars-1"),))
    assert (elsewhere.usd_month, elsewhere.basis.split(":")[0]) == (None, "not priced")


def test_the_size_of_runs_goes_before_that_of_the_definition() -> None:
    task = TaskDefinition(arn="batch:1", family="batch", revision=1, size=TaskSize.of(vcpu=4, gib=8))
    assert family(run(), schedules=(replace(NIGHTLY, task_definition=task),)).size == TaskSize.of(vcpu=1, gib=2)


def test_an_unknown_price_is_said_and_never_zero() -> None:
    found = family(replace(run(), region="mars-1"))
    assert found.usd_month is None
    assert "mars-1" in found.basis


def test_failures_are_counted() -> None:
    memory = replace(run(1), reason="out-of-memory", containers=(ContainerEnd(name="a", exit_code=137),))
    error = replace(run(2), containers=(ContainerEnd(name="a", exit_code=1),))
    stopped = replace(run(3), reason="user", containers=(ContainerEnd(name="a", exit_code=143),))
    found = family(run(), memory, error, stopped)
    assert (found.failed, found.out_of_memory) == (2, 1)
