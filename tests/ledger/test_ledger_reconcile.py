"""Reconciliation: every class of a simulated fleet's bill is what the fleet really did, in every format of the bill."""

import re
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import groupby
from pathlib import Path

import bill_world
import pytest
from bill_fleet import END, SERVICES, service, store_of
from bill_formats import WRITERS, cur2_parquet, focus_csv
from bill_world import ACCOUNT, DAYS, DEPLOYED, LIST, REGION, SPOT, START, Row, Task, World, fargate, simulated

from advisor.codec import from_json, to_json
from advisor.domain.errors import NoData
from advisor.domain.inventory import Inventory, SizeChange
from advisor.domain.reconciliation import ReconciledOwner, Reconciliation, Residual
from advisor.domain.service import TaskSize
from advisor.fargate.prices import PriceBook
from advisor.importer import read_bill
from advisor.ledger import reconcile, spot_prices
from advisor.reconciliation import run_reconciliation
from advisor.store import Store, open_store

CENT, MICRO = Decimal("0.01"), Decimal("0.00001")


@pytest.fixture(scope="module")
def world() -> World:
    return simulated()


@pytest.fixture(scope="module")
def store(world: World, tmp_path_factory: pytest.TempPathFactory) -> Store:
    return store_of(world, tmp_path_factory.mktemp("fleet") / "store")


def owner(result: Reconciliation, name: str) -> ReconciledOwner:
    return next(o for o in result.owners if o.service == name)


def assert_adds_up(result: Reconciliation) -> None:
    """Exactly, at every level."""
    for o in result.owners:
        for line in o.lines:
            assert line.billed_usd - line.modelled_usd == line.residual.total
        assert o.billed_usd - o.modelled_usd == o.residual.total
        assert o.residual == Residual.sum(line.residual for line in o.lines)
    totals = result.totals
    assert totals.billed_usd - totals.modelled_usd == totals.residual.total
    assert totals.billed_usd == sum(o.billed_usd for o in result.owners)


@pytest.mark.parametrize("spelling", WRITERS)
def test_every_class_is_right_to_a_thousandth_of_a_cent_and_99_percent_is_explained(
    spelling: str, world: World, store: Store, tmp_path: Path
) -> None:
    WRITERS[spelling](world.rows, tmp_path)
    result = run_reconciliation(store, tmp_path)
    for name, usd in world.truth.items():
        assert abs(getattr(result.totals.residual, name) - usd) < MICRO, name
    assert abs(result.totals.residual.price) < MICRO
    assert abs(result.totals.billed_usd - world.billed) < MICRO
    assert result.totals.explained_share is not None
    assert result.totals.explained_share >= 0.99
    assert all(world.truth[name] for name in ("standalone", "deployment", "spot", "savings_plan", "unknown"))
    assert_adds_up(result)


def test_each_class_falls_on_who_caused_it(world: World, store: Store, tmp_path: Path) -> None:
    result = run_reconciliation(store, cur2_parquet(world.rows, tmp_path))
    caused = {
        name: {o.service for o in result.owners if abs(getattr(o.residual, name)) > MICRO}
        for name in ("standalone", "deployment", "spot")
    }
    expected = {"standalone": {"prod/(standalone)"}, "deployment": {"prod/web"}, "spot": {"prod/worker"}}
    assert caused == expected
    assert {o.kind for o in result.owners} == {"service", "standalone"}
    shares = [line.measured_share for line in owner(result, "prod/web").lines]
    assert shares == pytest.approx([0.4, 0.4])


def test_it_is_kept_as_json_and_read_again(world: World, store: Store, tmp_path: Path) -> None:
    result = run_reconciliation(store, cur2_parquet(world.rows, tmp_path))
    text = to_json(result)
    assert from_json(Reconciliation, text, where="test") == result
    assert "E-" not in text
    assert not re.search(r'"-0\.0+"', text)


def test_a_daily_bill_gives_the_same_classes(world: World, store: Store, tmp_path: Path) -> None:
    def day(row: Row) -> tuple[int, str, str, str]:
        return (row.hour // 24, row.task.arn if row.task else "", row.usage_type, row.line_type)

    days = [added_up(list(rows)) for _, rows in groupby(sorted(fargate(world.rows), key=day), key=day)]
    path = focus_csv(days, tmp_path, version="1.2")
    path.write_text(as_days(path.read_text()))
    result = run_reconciliation(store, path)
    for name, usd in world.truth.items():
        assert abs(getattr(result.totals.residual, name) - usd) < MICRO, name
    assert_adds_up(result)


def added_up(rows: list[Row]) -> Row:
    """One row of a day, with the hour at which the day begins."""
    sums = {n: sum((getattr(r, n) or Decimal(0) for r in rows), Decimal(0)) for n in ("quantity", "billed", "listed")}
    effective = None if rows[0].effective is None else sum((r.effective or Decimal(0) for r in rows), Decimal(0))
    return replace(rows[0], hour=rows[0].hour // 24 * 24, effective=effective, **sums)


def as_days(text: str) -> str:
    """Every row's end, which is an hour after its start, a day after it."""
    for day in range(DAYS):
        start, hour, end = (START + timedelta(days=day, hours=h) for h in (0, 1, 24))
        form = "%Y-%m-%dT%H:%M:%SZ"
        text = text.replace(f"{start:{form}},{hour:{form}}", f"{start:{form}},{end:{form}}")
    return text


def test_only_periods_that_the_store_knows_are_compared(world: World, tmp_path: Path) -> None:
    half = START + timedelta(hours=24, minutes=30)
    known = open_store(tmp_path / "store", create=True)
    services = tuple(service(name) for name in SERVICES)
    frames = {s.id: bill_world.usage(world.tasks, s.id.service) for s in services}
    frames = {id: frame[frame.index >= half] for id, frame in frames.items() if id.service != "prod/worker"}
    known.add_import(Inventory(taken_at=END, services=services), frames)
    result = run_reconciliation(known, cur2_parquet(world.rows, tmp_path))
    web, worker = owner(result, "prod/web"), owner(result, "prod/worker")
    assert web.start == START + timedelta(hours=25)
    assert abs(web.modelled_usd - 4 * 23 * (LIST["vcpu"] + 2 * LIST["gb"])) < MICRO
    assert (worker.start, worker.billed_usd) == (None, 0)
    assert worker.outside_usd > 0
    assert abs(result.totals.billed_usd + result.totals.outside_usd - world.billed) < MICRO
    assert_adds_up(result)


def test_a_bill_without_tags_is_joined_by_runs_or_told_as_unknown(world: World, store: Store, tmp_path: Path) -> None:
    bare = [replace(row, task=row.task and replace(row.task, standalone=True)) for row in world.rows]
    path = cur2_parquet(bare, tmp_path)
    unknown = run_reconciliation(store, path)
    assert owner(unknown, "prod/(untagged)").kind == "untagged"
    assert any("cost-allocation tags" in note for o in unknown.owners for note in o.notes)
    assert_adds_up(unknown)
    runs = {
        f"{REGION}:{ACCOUNT}:task/prod/{t.number:032x}": (None, t.owner) if t.standalone else (t.owner[5:], "family")
        for t in world.tasks
    }
    joined = reconcile(read_bill(path, runs=runs), store.services, store.usage, prices=PriceBook.shipped())
    for name, usd in world.truth.items():
        assert abs(getattr(joined.totals.residual, name) - usd) < MICRO, name
    assert {o.service for o in joined.owners if o.kind == "standalone"} == {"prod/nightly", "prod/tick"}


def test_services_that_the_store_does_not_hold_and_pods_are_not_covered(
    world: World, store: Store, tmp_path: Path
) -> None:
    rows = [replace(r, product="AmazonEKS") if r.task and r.task.owner == "prod/worker" else r for r in world.rows]
    only = [s for s in store.services if s.id.service == "prod/web"]
    charges = read_bill(cur2_parquet(rows, tmp_path))
    result = reconcile(charges, only, store.usage, prices=PriceBook.shipped())
    kinds = {o.service: o.kind for o in result.owners}
    assert kinds["prod/api"] == kinds["prod/(pods of EKS)"] == "not-covered"
    assert owner(result, "prod/api").residual.not_covered == owner(result, "prod/api").billed_usd > 0
    assert_adds_up(result)


def test_rates_and_discounts_of_ones_own_are_the_price_class(world: World, store: Store, tmp_path: Path) -> None:
    web = next(row for row in fargate(world.rows) if row.task and row.task.owner == "prod/web")
    credit = replace(web, line_type="Credit", billed=Decimal("-1.5"), effective=None, used=None)
    path = cur2_parquet([*world.rows, credit], tmp_path)
    result = run_reconciliation(store, path)
    assert abs(owner(result, "prod/web").residual.price + Decimal("1.5")) < MICRO
    nobodys = replace(credit, task=None)
    result = run_reconciliation(store, cur2_parquet([*world.rows, nobodys], tmp_path / "b"))
    assert abs(result.totals.residual.price + Decimal("1.5")) < MICRO
    assert abs(result.totals.residual.standalone - world.truth["standalone"]) < MICRO
    dearer = run_reconciliation(store, path, prices=PriceBook.shipped().scaled(Decimal("1.1")))
    assert owner(dearer, "prod/web").residual.price < Decimal("-2")
    assert_adds_up(dearer)


def test_a_credit_over_the_whole_month_does_not_stretch_an_hourly_bill(
    world: World, store: Store, tmp_path: Path
) -> None:
    web = next(row for row in fargate(world.rows) if row.task and row.task.owner == "prod/web")
    credit = replace(web, line_type="Credit", billed=Decimal("-1.5"), effective=None, used=None, hour=5 * 24)
    result = run_reconciliation(store, cur2_parquet([*world.rows, credit], tmp_path))
    assert result.bill.end == END
    assert owner(result, "prod/web").outside_usd == Decimal("-1.5")
    for name, usd in world.truth.items():
        assert abs(getattr(result.totals.residual, name) - usd) < MICRO, name


def test_where_the_price_list_has_no_price_the_bills_own_rate_counts_and_is_said(
    world: World, store: Store, tmp_path: Path
) -> None:
    result = run_reconciliation(store, cur2_parquet(world.rows, tmp_path), prices=PriceBook(prices=()))
    web = owner(result, "prod/web")
    rates = [line.rate_usd for line in web.lines]
    assert rates == [pytest.approx(LIST["gb"]), pytest.approx(LIST["vcpu"])]
    assert any("no price" in note for note in web.notes)
    assert_adds_up(result)


def test_a_gap_in_the_metrics_is_filled_and_said(world: World, tmp_path: Path) -> None:
    known = open_store(tmp_path / "store", create=True)
    services = tuple(service(name) for name in SERVICES)
    gone, back = START + timedelta(hours=5), START + timedelta(hours=7)
    frames = {s.id: bill_world.usage(world.tasks, s.id.service) for s in services}
    frames = {id: frame[(frame.index < gone) | (frame.index >= back)] for id, frame in frames.items()}
    known.add_import(Inventory(taken_at=END, services=services), frames)
    result = run_reconciliation(known, cur2_parquet(world.rows, tmp_path))
    assert abs(result.totals.residual.unknown - world.truth["unknown"]) < MICRO
    assert "4.2% of its steps" in owner(result, "prod/web").notes[0]


def test_a_size_that_a_deployment_changed_counts_from_then_on(world: World, store: Store, tmp_path: Path) -> None:
    """Only the inventory tells the size: with half the size before the deployment, half is modelled before it."""
    web = next(s for s in store.services if s.id.service == "prod/web")
    small = SizeChange(at=web.sizes[0].at, size=TaskSize.of(vcpu=0.5, gib=1))
    charges = read_bill(cur2_parquet(world.rows, tmp_path))
    changed = replace(web, sizes=(small, web.sizes[1]))
    result = reconcile(charges, [changed], store.usage, prices=PriceBook.shipped())
    each = LIST["vcpu"] + 2 * LIST["gb"]
    expected = 4 * each * (Decimal(DEPLOYED) / 2 + (DAYS * 86_400 - DEPLOYED)) / 3600
    assert abs(owner(result, "prod/web").modelled_usd - expected) < MICRO


def test_spot_rates_come_from_the_bill(world: World, tmp_path: Path) -> None:
    prices = spot_prices(read_bill(cur2_parquet(world.rows, tmp_path)))
    rates = {p.unit: p.usd for p in prices}
    assert rates == {"vcpu-hour": pytest.approx(SPOT["vcpu"]), "gb-hour": pytest.approx(SPOT["gb"])}
    assert {(p.capacity, p.region, p.as_of) for p in prices} == {("spot", REGION, "2026-10-06")}


def test_bad_data_of_one_service_are_told_and_the_others_compared(world: World, store: Store, tmp_path: Path) -> None:
    services = [replace(s, step_seconds=300) if s.id.service == "prod/web" else s for s in store.services]
    charges = read_bill(cur2_parquet(world.rows, tmp_path))
    result = reconcile(charges, services, store.usage, prices=PriceBook.shipped())
    web = owner(result, "prod/web")
    assert "whole steps of 300 s" in web.notes[0]
    assert (web.start, web.billed_usd) == (None, 0)
    assert owner(result, "prod/api").start == START
    assert_adds_up(result)


def test_an_empty_store_is_refused(tmp_path: Path, world: World) -> None:
    with pytest.raises(NoData):
        run_reconciliation(open_store(tmp_path / "new", create=True), cur2_parquet(world.rows, tmp_path))


def test_a_deployment_that_falls_together_with_scaling_is_told_within_its_bound(tmp_path: Path) -> None:
    """Two tasks are replaced while three more are asked for: those three may be taken for wanted from the start."""
    begun, overlap = DEPLOYED, 440
    stays = {"stopping": bill_world.SECONDS, "stopped": bill_world.SECONDS}
    gone = {"stopping": begun + overlap, "stopped": begun + overlap + 30}
    old = [Task(number=n, owner="prod/web", pull=-500, running=-450, **gone) for n in range(2)]
    new = [Task(number=5 + n, owner="prod/web", pull=begun, running=begun + 40, **stays) for n in range(2)]
    more = [Task(number=9 + n, owner="prod/web", pull=begun + 90, running=begun + 130, **stays) for n in range(3)]
    tasks = [*old, *new, *more]
    world = World(tasks=tasks, rows=[row for task in tasks for row in bill_world.rows_of(task)])
    held = open_store(tmp_path / "store", create=True)
    web = service("prod/web")
    held.add_import(Inventory(taken_at=END, services=(web,)), {web.id: bill_world.usage(tasks, "prod/web")})
    result = run_reconciliation(held, cur2_parquet(world.rows, tmp_path))
    beside = bill_world.list_cost(tasks, 2 * (overlap + 30))
    bound = bill_world.list_cost(tasks, 3 * (overlap + 90))
    assert abs(result.totals.residual.deployment - beside) <= bound < CENT * 3
    assert abs(result.totals.residual.unknown) < MICRO
    assert_adds_up(result)
