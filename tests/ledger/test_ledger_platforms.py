"""A service that moved to another architecture or storage is held against what it had then, at the rates of then."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import bill_world
import pytest
from bill_fleet import END, service
from bill_formats import cur2_parquet
from bill_world import ARM, DEPLOYED, HOUR, LIST, SECONDS, Task, list_cost, rows_of

from advisor.codec import from_json, to_json
from advisor.domain.inventory import Inventory, Service, SizeChange
from advisor.domain.reconciliation import Reconciliation
from advisor.domain.service import Architecture
from advisor.ledger.recorded import recorded_of
from advisor.reconciliation import run_reconciliation
from advisor.store import open_store

MICRO = Decimal("0.00001")
BASE = service("prod/web")
OVERLAP = 440


def moved(before: Architecture | None, after: Architecture | None) -> Service:
    """The service runs on ARM64 today; what its history says of before and since."""
    first, second = BASE.sizes
    sizes = (replace(first, architecture=before), replace(second, architecture=after))
    return replace(BASE, setup=replace(BASE.setup, architecture="ARM64"), sizes=sizes)


def moving() -> list[Task]:
    """Two tasks on X86_64, replaced by two on ARM64."""
    gone = {"stopping": DEPLOYED + OVERLAP, "stopped": DEPLOYED + OVERLAP + 30}
    stays = {"stopping": SECONDS, "stopped": SECONDS}
    old = [Task(number=n, owner="prod/web", pull=-500, running=-450, **gone) for n in range(2)]
    new = [
        Task(number=5 + n, owner="prod/web", pull=DEPLOYED, running=DEPLOYED + 40, arm=True, **stays) for n in range(2)
    ]
    return old + new


def reconciled(web: Service, folder: Path) -> Reconciliation:
    tasks = moving()
    store = open_store(folder / "store", create=True)
    store.add_import(Inventory(taken_at=END, services=(web,)), {web.id: bill_world.usage(tasks, "prod/web")})
    return run_reconciliation(store, cur2_parquet([row for task in tasks for row in rows_of(task)], folder / "bill"))


def test_a_move_to_arm_is_modelled_at_the_rates_of_each_time(tmp_path: Path) -> None:
    totals = reconciled(moved("X86_64", "ARM64"), tmp_path).totals
    old, new = moving()[:2], moving()[2:]
    assert abs(totals.modelled_usd - list_cost(old, 2 * DEPLOYED) - list_cost(new, 2 * (SECONDS - DEPLOYED))) < MICRO
    assert abs(totals.residual.deployment - list_cost(old, 2 * (OVERLAP + 30))) < MICRO
    assert max(abs(totals.residual.price), abs(totals.residual.unknown)) < MICRO


def test_each_architecture_has_lines_of_its_own_that_add_up(tmp_path: Path) -> None:
    result = reconciled(moved("X86_64", "ARM64"), tmp_path)
    (web,) = result.owners
    expected = [
        ("gb-hour", ARM["gb"]),
        ("gb-hour", LIST["gb"]),
        ("vcpu-hour", ARM["vcpu"]),
        ("vcpu-hour", LIST["vcpu"]),
    ]
    assert [(line.unit, line.rate_usd) for line in web.lines] == expected
    assert all(line.billed_usd - line.modelled_usd == line.residual.total for line in web.lines)
    assert web.billed_usd == sum(line.billed_usd for line in web.lines)
    assert from_json(Reconciliation, to_json(result), where="test") == result


@pytest.mark.parametrize("history", [(None, None), ("ARM64", "ARM64")])
def test_a_history_that_tells_no_architecture_takes_todays(
    history: tuple[Architecture | None, Architecture | None], tmp_path: Path
) -> None:
    """As a store of before: the whole time at today's rate, and the dearer past is a matter of price."""
    totals = reconciled(moved(*history), tmp_path).totals
    each = LIST["vcpu"] - ARM["vcpu"] + 2 * (LIST["gb"] - ARM["gb"])
    assert abs(totals.residual.price - Decimal(2 * (DEPLOYED + OVERLAP + 30)) / HOUR * each) < MICRO


def test_storage_counts_from_the_deployment_that_brought_it() -> None:
    first, second = BASE.sizes
    grown = replace(BASE, sizes=(replace(first, ephemeral_gib=20), replace(second, ephemeral_gib=70)))
    grown = replace(grown, setup=replace(BASE.setup, ephemeral_gib=70))
    recorded = recorded_of(bill_world.usage(moving(), "prod/web"), grown)
    assert recorded is not None
    (hours,) = (hours for (unit, _), hours in recorded.wanted.items() if unit == "storage-gb-hour")
    assert hours.sum() == pytest.approx(2 * 50 * (SECONDS - DEPLOYED) / HOUR)
    told = recorded_of(bill_world.usage(moving(), "prod/web"), replace(grown, sizes=BASE.sizes))
    assert told is not None  # nothing is told of then: today's storage all the time
    (hours,) = (hours for (unit, _), hours in told.wanted.items() if unit == "storage-gb-hour")
    assert hours.sum() == pytest.approx(2 * 50 * SECONDS / HOUR)


def test_an_inventory_of_before_is_still_read() -> None:
    kept = '{"at": "2026-10-05T00:00:00Z", "size": {"cpu": 1024, "memory": 2048}, "task_definition": "a:1"}'
    change = from_json(SizeChange, kept, where="test")
    assert (change.architecture, change.ephemeral_gib) == (None, None)
