"""Imports one after the other: a size that changed between them is known to have changed."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import advisor as ad
from advisor.domain.inventory import Service

DAY = pd.Timedelta(days=1)
STORE = "store"


def advisor(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "advisor", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False)


def imported(folder: Path, *, first: int, days: int, gib: int, **keys: object) -> subprocess.CompletedProcess[str]:
    """Days of October of one service, of which a task uses up to 62 % of its memory, with their inventory."""
    index = pd.date_range(pd.Timestamp("2026-10-01", tz="UTC") + (first - 1) * DAY, periods=days * 288, freq="300s")
    wave = np.sin(np.arange(len(index)) * 2 * np.pi / 288)
    frame = pd.DataFrame({"service": "prod/web", "timestamp": index, "tasks": 2.0, "cpu_avg": 20 + 10 * wave})
    frame["memory_avg"] = 55 + 7.25 * wave
    frame.to_csv(folder / "usage.csv", index=False)
    service = {"service": "prod/web", "cpu": 1024, "memory": 1024 * gib, "desired": 2, **keys}
    top = {"format": 1, "account": "000011112222", "region": "us-east-1", "services": [service]}
    (folder / "services.json").write_text(json.dumps(top))
    return advisor("import", "usage.csv", "--services", "services.json", "--store", STORE, cwd=folder)


def held(folder: Path) -> tuple[Service, float]:
    """The service, and the most memory that a task of it held on the first ten days."""
    store = ad.open_store(folder / STORE)
    (service,) = store.services
    demand = ad.infer_demand(store.usage(service), service)
    return service, float(demand.frame["hot_gib"].iloc[: 288 * 10].max())


@pytest.fixture(scope="module")
def resized(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fifteen days with 8 GiB, then fifteen with 4, imported one after the other."""
    folder = tmp_path_factory.mktemp("resized")
    assert imported(folder, first=1, days=15, gib=8).returncode == 0
    assert imported(folder, first=16, days=15, gib=4).returncode == 0
    return folder


def test_law_6_days_that_were_imported_with_a_larger_size_are_not_read_again_with_the_smaller_one(
    resized: Path,
) -> None:
    service, peak = held(resized)
    assert [(f"{change.at:%m-%d}", change.size.gib) for change in service.sizes] == [("10-01", 8), ("10-16", 4)]
    assert peak == pytest.approx(0.6225 * 8, abs=0.001)
    (advice,) = ad.run_review(ad.open_store(resized / STORE)).services
    text = next(caution.text for caution in advice.cautions if caution.code == "size-changed")
    assert "a task held up to 4.98 GiB of memory" in text


def test_importing_the_same_again_changes_nothing(resized: Path) -> None:
    files = sorted((resized / STORE).rglob("*"))
    assert imported(resized, first=16, days=15, gib=4).returncode == 0
    assert sorted((resized / STORE).rglob("*")) == files


def test_older_days_of_another_size_are_refused_until_the_file_says_which_they_had(tmp_path: Path) -> None:
    imported(tmp_path, first=16, days=15, gib=4)
    done = imported(tmp_path, first=1, days=15, gib=8)
    assert done.returncode == 2
    assert "prod/web: steps older than those held, with another size" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert len(ad.open_store(tmp_path / STORE).usage(held(tmp_path)[0])) == 15 * 288, "nothing was stored"
    sizes = [{"at": f"2026-10-{day}T00:00:00Z", "cpu": 1024, "memory": mib} for day, mib in (("01", 8192), (16, 4096))]
    assert imported(tmp_path, first=1, days=15, gib=4, sizes=sizes).returncode == 0
    assert held(tmp_path)[1] == pytest.approx(0.6225 * 8, abs=0.001)
