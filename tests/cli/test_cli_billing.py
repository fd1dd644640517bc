"""`advisor reconcile` and `advisor prices`, in process."""

import json
from dataclasses import replace
from pathlib import Path

import click
import pytest
from bill_fleet import END, store_of
from bill_formats import cur2_parquet, cur_legacy_csv
from bill_world import ACCOUNT, SPOT, simulated

from advisor.cli import cli
from advisor.codec import Anonymiser, to_json
from advisor.domain.errors import InputRefused
from advisor.domain.inventory import Inventory, TaskSchedule
from advisor.domain.runs import TaskRun
from advisor.domain.service import TaskSize
from advisor.fargate.price_files import read_prices
from advisor.store import open_store


def run(*arguments: object) -> object:
    return cli.main([str(a) for a in arguments], standalone_mode=False)


def test_reconcile_writes_the_documented_json_and_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world = simulated()
    store_of(world, tmp_path / "store")
    path = cur_legacy_csv(world.rows, tmp_path / "bill")
    written = tmp_path / "out" / "reconciliation.json"
    assert run("reconcile", "--store", tmp_path / "store", "--bill", path, "--json", written) == 0
    said = json.loads(written.read_text())
    assert set(said) == {"format", "store", "bill", "totals", "owners", "notes"}
    assert said["totals"]["explained_share"] > 0.99
    shown = capsys.readouterr().out
    assert "prod/web" in shown
    assert "Explained: 99.97%" in shown
    assert f"{float(said['totals']['billed_usd']):.2f}" in shown
    assert [to_json(kept) for kept in open_store(tmp_path / "store").reconciliations] == [written.read_text()]


def test_a_bill_is_held_against_a_store_that_hides_its_accounts(tmp_path: Path) -> None:
    world, key = simulated(), tmp_path / "key"
    key.write_text("0123456789abcdef" * 4)
    shown = store_of(world, tmp_path / "shown")
    hide = Anonymiser(key.read_bytes())
    hidden = open_store(tmp_path / "hidden", create=True, hidden_by=hide.name)
    services = tuple(map(hide.record, shown.services))
    frames = {h.id: shown.usage(s) for s, h in zip(shown.services, services, strict=True)}
    hidden.add_import(Inventory(taken_at=END, services=services), frames)
    bill = cur2_parquet(world.rows, tmp_path)
    for name, more in {"shown": (), "hidden": ("--anonymise", key)}.items():
        run("reconcile", "--store", tmp_path / name, "--bill", bill, "--json", tmp_path / f"{name}.json", *more)
    plain, masked = ((tmp_path / f"{name}.json").read_text() for name in ("shown", "hidden"))
    assert ACCOUNT in plain
    assert ACCOUNT not in masked
    assert json.loads(masked)["totals"] == json.loads(plain)["totals"]


def test_names_that_a_bill_brings_are_harmless_on_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world, name = simulated(), "[red]x\x1b[31m\u202e"
    store_of(world, tmp_path / "store")
    rows = [replace(r, task=r.task and replace(r.task, owner=f"prod/{name}")) for r in world.rows]
    run(
        "reconcile",
        "--store",
        tmp_path / "store",
        "--bill",
        cur2_parquet(rows, tmp_path),
        "--json",
        tmp_path / "r.json",
    )
    shown = capsys.readouterr().out
    assert "[red]x?[31m?" in shown
    assert not {"\x1b", "\u202e"} & set(shown)


def test_a_bill_that_cannot_be_read_leaves_nothing_behind(tmp_path: Path) -> None:
    store_of(simulated(), tmp_path / "store")
    (tmp_path / "bill.csv").write_text("a,b\n1,2\n")
    given = ("--store", tmp_path / "store", "--bill", tmp_path / "bill.csv", "--json", tmp_path / "out.json")
    with pytest.raises(InputRefused, match="missing column"):
        run("reconcile", *given)
    assert not (tmp_path / "out.json").exists()


@pytest.mark.usefixtures("endpoint")
def test_prices_writes_todays_prices_and_the_bills_spot_rates(tmp_path: Path) -> None:
    bill = cur2_parquet(simulated().rows, tmp_path)
    assert run("prices", "--region", "us-east-1", "--bill", bill, "--out", tmp_path / "prices.csv") == 0
    found = {p.key: p for p in read_prices(tmp_path / "prices.csv")}
    assert found["us-east-1", "LINUX", "X86_64", "spot", "vcpu-hour"].usd == pytest.approx(SPOT["vcpu"])
    assert found["us-east-1", "LINUX", "ARM64", "on-demand", "gb-hour"].source.startswith("pricing:GetProducts")


@pytest.mark.usefixtures("endpoint")
def test_prices_of_the_regions_in_use_are_kept_in_the_store_and_count(tmp_path: Path) -> None:
    store_of(simulated(), tmp_path / "store")
    assert run("prices", "--store", tmp_path / "store") == 0
    held = open_store(tmp_path / "store").prices.rates(region="us-east-1", os="LINUX", architecture="X86_64")
    assert {price.source.partition(" ")[0] for price in held.prices} == {"pricing:GetProducts"}


@pytest.mark.usefixtures("endpoint")
def test_regions_where_only_tasks_without_a_service_run_or_start_are_asked_for_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = open_store(tmp_path / "store", create=True)
    start = {"kind": "rule", "name": "nightly", "cluster": "prod", "family": "job"}
    starts = tuple(TaskSchedule(account=ACCOUNT, region=r, **start) for r in ("eu-west-1", "mars-north-1"))  # type: ignore[arg-type]
    for one in starts:
        store.add_inventory(
            Inventory(taken_at=END, schedules=starts), account=ACCOUNT, region=one.region, complete=True
        )
    ran = {"cluster": "prod", "task": "t1", "family": "job", "revision": 1, "created": END, "seen": END}
    store.add_runs([TaskRun(account=ACCOUNT, region="ap-south-1", size=TaskSize.of(vcpu=1, gib=2), **ran)])  # type: ignore[arg-type]
    assert run("prices", "--store", tmp_path / "store") == 3  # AWS knows no price of one of them
    told = capsys.readouterr()
    assert all(region in told.out for region in ("eu-west-1", "ap-south-1"))
    assert "mars-north-1" in told.err
    held = open_store(tmp_path / "store").prices
    for region in ("eu-west-1", "ap-south-1"):
        rates = held.rates(region=region, os="LINUX", architecture="X86_64")
        assert all(price.source.startswith("pricing:GetProducts") for price in rates.prices)


def test_prices_without_anything_to_take_them_from_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(click.UsageError, match="no prices"):
        run("prices", "--out", tmp_path / "prices.csv")
    assert not (tmp_path / "prices.csv").exists()
