"""From a made bill through `advisor reconcile` and `advisor review` to the report: nothing doubles, nothing lies."""

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from bill_formats import cur2_parquet, cur_legacy_csv
from bill_measured import WRITTEN, rows, store_of, times, written
from bill_world import Row

from advisor.cli import cli
from advisor.domain.inventory import Inventory
from advisor.domain.measured import MeasuredDay, MeasuredMonth, MeasuredUse
from advisor.review import run_review
from advisor.store import open_store
from tests.service_worlds import START as BEGAN
from tests.service_worlds import World, fixed, level, lived, service_of

Writer = Callable[[list[Row], Path], Path]


def run(*arguments: object) -> object:
    return cli.main([str(a) for a in arguments], standalone_mode=False)


def reconciled(folder: Path, bill: Path) -> Path:
    made = folder / "reconciliation.json"
    run("reconcile", "--store", folder / "store", "--bill", bill, "--json", made)
    return made


def use(folder: Path) -> MeasuredUse:
    (family,) = run_review(open_store(folder / "store")).standalone
    assert family.measured is not None
    return family.measured


@pytest.mark.parametrize("write", [cur2_parquet, cur_legacy_csv])
def test_a_bill_tells_what_the_job_used_and_twice_the_same(write: Writer, tmp_path: Path) -> None:
    store_of(tmp_path / "store")
    bill = written(write(rows(), tmp_path / "bill"))
    reconciled(tmp_path, bill)
    kept = open_store(tmp_path / "store").measured()
    found = use(tmp_path)
    # CPU (0.9 + 0.1) / (3 + 0.5), memory (1.6 + 0.2) / (6 + 1)
    assert (found.vcpu_share, found.gb_share) == (0.2857, 0.2571)
    assert (found.vcpu_highest, found.gb_highest, found.days) == (0.4, 0.3, 2)
    reconciled(tmp_path, bill)
    assert open_store(tmp_path / "store").measured() == kept
    assert sum(1 for _ in (tmp_path / "store").rglob("measured/**/*.parquet")) == 1


def test_a_restated_month_takes_the_place_of_the_old_one_and_an_old_file_never_that_of_the_new(tmp_path: Path) -> None:
    store_of(tmp_path / "store")
    old = written(cur2_parquet(rows(), tmp_path / "old"))
    new = written(cur2_parquet(times(rows(), "0.5"), tmp_path / "new"), WRITTEN + timedelta(days=1))
    for bill in (old, new, old):
        reconciled(tmp_path, bill)
    found = use(tmp_path)
    # half of what the first said: 0.5 / 3.5 and 0.9 / 7
    assert (found.vcpu_share, found.gb_share, found.vcpu_highest) == (0.1429, 0.1286, 0.2)


def test_a_bill_of_the_month_so_far_leaves_the_days_that_it_does_not_have(tmp_path: Path) -> None:
    store_of(tmp_path / "store")
    first = [r for r in rows() if r.hour < 24]
    reconciled(tmp_path, written(cur2_parquet(first, tmp_path / "a")))
    second = [r for r in rows() if r.hour >= 24]
    reconciled(tmp_path, written(cur2_parquet(second, tmp_path / "b"), WRITTEN + timedelta(days=1)))
    assert (use(tmp_path).days, use(tmp_path).vcpu_share) == (2, 0.2857)


def test_what_is_not_kept_is_said(tmp_path: Path) -> None:
    store_of(tmp_path / "store")
    nobody = [
        replace(r, task=r.task and replace(r.task, number=700 + r.hour)) for r in rows() if r.task != rows()[8].task
    ]
    made = reconciled(tmp_path, cur2_parquet(nobody, tmp_path / "bill"))
    assert "nothing is kept" in json.loads(made.read_text())["notes"][-1]
    assert open_store(tmp_path / "store").measured() == ()


@pytest.mark.parametrize(("used", "differs"), [(9.6, False), (9.6 + 4.7, False), (9.6 + 4.9, True), (4.6, True)])
def test_another_use_of_a_service_than_its_metrics_tell_is_a_caution(
    used: float, differs: bool, tmp_path: Path
) -> None:
    """Two tasks of 1 vCPU work 0.4 vCPU, which is 9.6 of 48 vCPU-hours a day; a tenth of 48 is 4.8."""
    setup = fixed(2, vcpu=1, gib=4)
    service, usage = service_of(setup), lived(World(vcpu=level(0.4)), setup)
    store = open_store(tmp_path, create=True)
    store.add_import(Inventory(taken_at=BEGAN, services=(service,)), {service.id: usage})
    days = [MeasuredDay(day=n, written=WRITTEN, vcpu_used=used, vcpu_reserved=48.0) for n in (1, 2, 3, 30)]
    given = MeasuredMonth(of="service", id=service.id, month="2026-11", days=tuple(days))
    store.add_measured([given, replace(given, of="family", days=(replace(days[1], day=4, vcpu_used=48.0),))])
    (advice,) = run_review(store).services
    told = {caution.code: caution.text for caution in advice.cautions}
    assert ("billed-use-differs" in told) is differs
    if differs:  # of the days, the 2nd and the 3rd are within the history
        text = f"Of 96.0 vCPU-hours on 2 whole days (UTC) up to 2026-11-03 the bill measured {2 * used:.1f} as used"
        assert text in told["billed-use-differs"]
        assert "CloudWatch 19.2" in told["billed-use-differs"]


def test_every_format_of_the_report_tells_it(tmp_path: Path) -> None:
    store_of(tmp_path / "store")
    reconciled(tmp_path, written(cur2_parquet(rows(), tmp_path / "bill")))
    run("review", "--store", tmp_path / "store", "--json", tmp_path / "review.json")
    run("report", "--review", tmp_path / "review.json", "--out", tmp_path / "out")
    text = {path.suffix: path.read_text(encoding="utf-8") for path in (tmp_path / "out").glob("review.*")}
    told = "28.6 % of CPU, 25.7 % of memory; one task's highest hour 40 % and 30 % (2 days of 5 to 6 October 2026)"
    assert told in text[".md"]
    assert told.replace("'", "&#39;") in text[".html"]
    for name in (".md", ".html"):
        assert "over-sized?" in text[name], name
    (family,) = json.loads(text[".json"])["standalone"]
    assert family["measured"]["vcpu_share"] == 0.2857
    assert family["cautions"][0].startswith("maybe-over-sized: ")
    (line,) = csv.DictReader(StringIO((tmp_path / "out" / "standalone.csv").read_text(encoding="utf-8")))
    assert (line["family"], line["cpu_used_share_of_billed"]) == ("prod/nightly", "0.2857")
    assert (line["highest_hour_of_a_task_memory_share"], line["measured_last_day"]) == ("0.3", "2026-10-06")
