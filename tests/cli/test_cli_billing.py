"""`advisor reconcile` and `advisor prices`, in process."""

import json
from pathlib import Path

import click
import pytest
from bill_fleet import store_of
from bill_formats import cur2_parquet, cur_legacy_csv
from bill_world import SPOT, simulated

from advisor.cli import cli
from advisor.codec import to_json
from advisor.domain.errors import InputRefused
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


def test_prices_without_anything_to_take_them_from_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(click.UsageError, match="no prices"):
        run("prices", "--out", tmp_path / "prices.csv")
    assert not (tmp_path / "prices.csv").exists()
