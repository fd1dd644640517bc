"""`backtest` and `fit-tails` as a user runs them: files as documented, exit codes, nothing half-written."""

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from advisor.advice.tail import shipped
from advisor.backtesting import run_backtest
from advisor.config import load_config
from advisor.domain.settings import Config, FittedOn
from advisor.store import open_store
from tests.cli.test_cli_commands import advisor, refused, usage_files

PER_DAY = 24 * 12


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten days of a steady service, and of one in a region without prices."""
    folder = tmp_path_factory.mktemp("world")
    usage, services = usage_files(folder)
    done = advisor("import", usage, "--services", services, "--store", folder / "store")
    assert done.returncode == 0, done.stderr
    return folder / "store"


def fleet(folder: Path, *, clusters: int, each: int, days: int = 9) -> Path:
    """A store of services whose daily memory walks, every one in its own way."""
    random = np.random.default_rng(5)
    index = pd.date_range("2026-10-01", periods=days * PER_DAY, freq="5min", tz="UTC")
    frames, services = [], []
    for name in (f"c{cluster}/s{number}" for cluster in range(clusters) for number in range(each)):
        memory = np.repeat(30 * np.exp(0.05 * random.standard_normal(days)), PER_DAY)
        columns = {"service": name, "timestamp": index, "tasks": 1.0, "cpu_avg": 20.0, "cpu_max": 20.0}
        frames.append(pd.DataFrame({**columns, "memory_avg": memory, "memory_max": memory}))
        services.append({"service": name, "cpu": 1024, "memory": 2048, "desired": 1})
    pd.concat(frames).to_parquet(folder / "usage.parquet", index=False)
    inventory = {"format": 1, "account": "000011112222", "region": "us-east-1", "services": services}
    (folder / "services.json").write_text(json.dumps(inventory))
    files = (folder / "usage.parquet", "--services", folder / "services.json")
    done = advisor("import", *files, "--store", folder / "store")
    assert done.returncode == 0, done.stderr
    return folder / "store"


def test_a_backtest_writes_the_documented_files_and_lists_what_it_cannot_score(store: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = advisor("backtest", "--store", store, "--json", tmp_path / "board.json", "--out", out)
    assert done.returncode == 1, done.stderr
    assert "prod/nowhere" in done.stdout
    assert "mars-north-1" in done.stdout
    board = json.loads((tmp_path / "board.json").read_text())
    keys = "format store config origins rules services_with_memory reliability cpu_reliability sized model_saw_days"
    assert list(board) == [*keys.split(), "services", "skipped"]
    (checkout,) = board["services"]
    assert checkout["service"] == "prod/checkout"
    marks = {mark["rule"]: mark for mark in checkout["marks"]}
    # 30 % of 2 vCPU at the crest of the average task, 36 % in the hottest: 1 vCPU is enough, 0.5 is not.
    assert {size["cpu"] for size in checkout["enough"]} == {1024}
    assert marks["advised"]["sizes"] == marks["ours, size only"]["sizes"]
    assert marks["today"]["cost"] == pytest.approx(2, rel=0.01)
    assert len(marks["today"]["sizes"]) == board["origins"] == 2
    drawn = {"scoreboard.svg", "reliability.svg", "cpu_reliability.svg"}
    assert {path.name for path in out.iterdir()} == {"scoreboard.md", *drawn}
    assert "prod/nowhere" in (out / "scoreboard.md").read_text()


def test_a_board_knows_a_model_that_was_fitted_on_its_days(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def saw(named: str, until: datetime | None) -> bool:
        config = Config(memory_tail=shipped(), memory_tail_from=FittedOn(store=named, until=until))
        return run_backtest(open_store(store), config, origins=1).model_saw_days

    monkeypatch.chdir(store.parent)
    first, last = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
    assert saw(str(store), last)
    assert saw("store", None), "the same folder by another path; until when is not known"
    assert not saw("store", first), "fitted before the scored days"
    assert not saw("elsewhere", last)
    assert not run_backtest(open_store(store), origins=1).model_saw_days


def test_a_store_without_enough_to_score_or_fit_is_refused_and_nothing_is_written(store: Path, tmp_path: Path) -> None:
    config = tmp_path / "advisor.toml"
    config.write_text('[[override]]\nservice = "prod/*"\naction = "ignore"\n')
    done = advisor("backtest", "--store", store, "--config", config, "--json", tmp_path / "board.json")
    refused(done, "no service can be scored", "the configuration says: ignore")
    refused(
        advisor("fit-tails", "--store", store, "--out", tmp_path / "tails.json"), "at least 30 services in 2 groups"
    )
    assert list(tmp_path.iterdir()) == [config]


def test_a_fit_is_written_with_where_it_comes_from_and_can_be_configured(tmp_path: Path) -> None:
    store = fleet(tmp_path, clusters=3, each=11)
    done = advisor("fit-tails", "--store", store, "--out", tmp_path / "tails.json")
    assert done.returncode == 0, done.stderr
    assert "never saw the cluster" in done.stdout
    assert "of the shipped model, " in done.stdout
    (tmp_path / "advisor.toml").write_text('[model]\nmemory_tail = "tails.json"\n')
    fitted = json.loads((tmp_path / "tails.json").read_text())
    kept = load_config(tmp_path / "advisor.toml").memory_tail_from
    assert kept == FittedOn(store=str(store), until=datetime(2026, 10, 10, tzinfo=UTC))
    better = fitted["log_loss"] < fitted["shipped_log_loss"]
    assert ("to use it" in done.stdout) == better == ("keep the shipped model" not in done.stdout)
    assert fitted["series"] == {f"c{cluster}": [11, 11] for cluster in range(3)}
    assert (fitted["made_by"], fitted["groups"]) == ("advisor fit-tails", "cluster")
    assert sum(band["statements"] for band in fitted["reliability"]) > 100
