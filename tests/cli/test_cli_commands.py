"""Commands as a user runs them: exit codes, one-line errors, nothing half-written."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

COMMANDS = ("apply", "collect", "demo", "import", "plan", "prices", "report", "review", "simulate", "undo")
SETUP = {"cpu": 1024, "memory": 2048, "initial": 2, "minimum": 2, "maximum": 10}
STEPS = {"type": "StepScaling", "metric": "cpu", "direction": "out", "threshold": 75}
TRACKING = {"type": "TargetTracking", "metric": "cpu", "target": 70}


def advisor(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "advisor", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False)


def refused(done: subprocess.CompletedProcess[str], *said: str) -> None:
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    for part in said:
        assert part in done.stderr


def usage_files(folder: Path, *, days: int = 10) -> tuple[Path, Path]:
    """One steady fixed-count service, one that idles in a region without prices."""
    index = pd.date_range("2026-10-01", periods=days * 1440, freq="1min", tz="UTC")
    wave = 20 + 10 * np.sin(np.arange(len(index)) * 2 * np.pi / 1440)
    frame = pd.DataFrame({"timestamp": index, "tasks": 4.0, "cpu_avg": wave, "cpu_max": wave * 1.2})
    frame["memory_avg"], frame["memory_max"] = 30.0, 35.0
    both = pd.concat([frame.assign(service=name) for name in ("prod/checkout", "prod/nowhere")])
    services = [
        {"service": "prod/checkout", "cpu": 2048, "memory": 4096, "desired": 4, "region": "us-east-1"},
        {"service": "prod/nowhere", "cpu": 2048, "memory": 4096, "desired": 4, "region": "mars-north-1"},
    ]
    both.to_parquet(folder / "usage.parquet", index=False)
    (folder / "services.json").write_text(json.dumps({"format": 1, "account": "000011112222", "services": services}))
    return folder / "usage.parquet", folder / "services.json"


def test_help_lists_every_command_and_loads_nothing_heavy() -> None:
    command = [sys.executable, "-X", "importtime", "-m", "advisor", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert all(name in done.stdout for name in COMMANDS)
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert not loaded & {"pandas", "numpy", "boto3", "botocore", "numba", "rich", "pydantic"}


def test_files_become_a_review_and_a_report_and_a_plan(tmp_path: Path) -> None:
    usage, services = usage_files(tmp_path)
    done = advisor("import", usage, "--services", services, "--store", tmp_path / "store")
    assert done.returncode == 0, done.stderr
    done = advisor("review", "--store", tmp_path / "store", "--json", tmp_path / "review.json")
    assert done.returncode in (0, 1), done.stderr
    review = json.loads((tmp_path / "review.json").read_text())
    nowhere, checkout = sorted(review["services"], key=lambda s: s["region"])
    assert checkout["verdict"] == "change"
    assert checkout["recommended"]["cpu"] == 1024  # 30 % of 2 vCPU, hottest task 36 %: half of it is enough
    assert nowhere["verdict"] == "no-advice"
    assert nowhere["usd_month"]["current"] is None
    done = advisor("report", "--review", tmp_path / "review.json", "--out", tmp_path / "report")
    assert done.returncode == 0, done.stderr
    assert {p.suffix for p in (tmp_path / "report").iterdir()} == {".html", ".md", ".csv", ".json"}


def test_simulate_writes_the_documented_keys(tmp_path: Path) -> None:
    (tmp_path / "demand.csv").write_text("demand_vcpu\n" + "1.0\n" * 30 + "5.0\n" * 30)
    (tmp_path / "setup.json").write_text(json.dumps(SETUP | {"policies": [TRACKING]}))
    done = advisor("simulate", "--demand", "demand.csv", "--setup", "setup.json", "--json", "out.json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    out = json.loads((tmp_path / "out.json").read_text())
    keys = "format running billed desired utilization unmet actions task_seconds cost_usd summary"
    assert list(out) == keys.split()
    assert out["running"][0] == 2
    assert out["running"][-1] == 8  # 5 vCPU at 70 %: 7.1 tasks, rounded up
    assert out["task_seconds"] == 60 * sum(out["billed"])


def test_a_schedule_needs_instants_and_follows_them(tmp_path: Path) -> None:
    times = pd.date_range("2026-10-05T07:50", periods=30, freq="1min", tz="UTC").strftime("%Y-%m-%dT%H:%M:%SZ")
    (tmp_path / "demand.csv").write_text("timestamp,demand_vcpu\n" + "".join(f"{t},0.5\n" for t in times))
    schedule = [{"expression": "cron(0 8 ? * MON-FRI *)", "timezone": "UTC", "minimum": 4}]
    (tmp_path / "setup.json").write_text(json.dumps(SETUP | {"schedule": schedule}))
    arguments = ("simulate", "--demand", "demand.csv", "--setup", "setup.json", "--json", "out.json")
    assert advisor(*arguments, cwd=tmp_path).returncode == 0
    running = json.loads((tmp_path / "out.json").read_text())["running"]
    assert running[:11] == [2] * 11  # 07:50 to 08:00; one tick of start-up
    assert running[11:] == [4] * 19
    (tmp_path / "demand.csv").write_text("demand_vcpu\n1\n")
    refused(advisor(*arguments, cwd=tmp_path), "schedule")


@pytest.mark.parametrize(
    ("demand", "setup", "said"),
    [
        ("demand_vcpu\n1\n\n1\n", SETUP, "row 3, column demand_vcpu: missing value"),
        ("demand_vcpu\n-1\n", SETUP, "row 2, column demand_vcpu"),
        ("demand_vcpu\nnan\n", SETUP, "not a number"),
        ("vcpu\n1\n", SETUP, "missing column"),
        ("demand_vcpu\n1\n", SETUP | {"minimum": 20}, "bounds cross"),
        ("demand_vcpu\n1\n", SETUP | {"colour": "red"}, "unknown key"),
        ("demand_vcpu\n1\n", SETUP | {"cpu": 300}, "setup.json: not a Fargate size: 'cpu 300 with memory 2048 MiB'"),
        ("demand_vcpu\n1\n", SETUP | {"memory": 1024}, "take cpu 512 with memory 1024 MiB"),
        ("demand_vcpu\n1\n", SETUP | {"os": "WINDOWS", "cpu": 512}, "43 pairs"),
        ("demand_vcpu\n1\n", SETUP | {"ephemeral_gib": 5}, "20 to 200 GiB"),
        ("demand_vcpu\n1\n", SETUP | {"policies": [STEPS | {"steps": [[0, 10, 1], [20, None, 2]]}]}, "no hole"),
        ("demand_vcpu\n1\n", SETUP | {"policies": [STEPS | {"steps": [[0, 10, 1]]}]}, "no hole to infinity"),
        ("demand_vcpu\n1\n", {"cpu": 1024, "memory": 2048, "desired": 2, "policies": [TRACKING]}, "without bounds"),
        ("demand_vcpu\n1\n", SETUP | {"policies": [TRACKING | {"metric": "requests"}]}, "requests"),
        ("demand_vcpu\n1\n", SETUP | {"schedule": [{"at_tick": 0, "minimum": 11}]}, "bounds cross"),
        (
            "timestamp,demand_vcpu\n2026-10-05T00:00:00Z,1\n",
            SETUP | {"schedule": [{"expression": "cron(0 8 * * * *)", "minimum": 4}]},
            "cron",
        ),
        (
            "timestamp,demand_vcpu\n2026-10-05T00:00:00Z,1\n",
            SETUP | {"schedule": [{"expression": "cron(0 8 ? * MON *)", "timezone": "Mars/North", "minimum": 4}]},
            "setup.json: unknown time zone: 'Mars/North'",
        ),
    ],
)
def test_a_wrong_simulation_is_refused_on_one_line(
    tmp_path: Path, demand: str, setup: dict[str, object], said: str
) -> None:
    (tmp_path / "demand.csv").write_text(demand)
    (tmp_path / "setup.json").write_text(json.dumps(setup))
    done = advisor("simulate", "--demand", "demand.csv", "--setup", "setup.json", "--json", "out.json", cwd=tmp_path)
    refused(done, said)
    assert not (tmp_path / "out.json").exists()


def test_bad_input_is_one_line_and_exit_2_and_nothing_written(tmp_path: Path) -> None:
    usage, services = usage_files(tmp_path, days=1)
    (tmp_path / "bad.toml").write_text("[limits]\nunmet_shares = 0.1\n")
    (tmp_path / "broken.json").write_text("{")
    store = tmp_path / "store"
    refused(advisor("review", "--store", store, "--json", tmp_path / "r.json"), "no store")
    refused(advisor("import", tmp_path / "none.csv", "--services", services, "--store", store), "none.csv")
    refused(advisor("import", usage, "--services", tmp_path / "broken.json", "--store", store), "broken.json")
    assert not store.exists()
    refused(advisor("report", "--review", tmp_path / "broken.json", "--out", tmp_path / "out"), "broken.json")
    refused(advisor("apply", tmp_path / "broken.json", "--yes"), "broken.json")
    refused(advisor("undo", tmp_path / "none.journal", "--yes"), "none.journal")
    assert advisor("import", usage, "--services", services, "--store", store).returncode == 0
    config = ("--config", tmp_path / "bad.toml")
    refused(advisor("review", "--store", store, *config, "--json", tmp_path / "r.json"), "unmet_share")
    refused(advisor("plan", "--review", tmp_path / "broken.json", "--store", store, "--out", tmp_path / "p"), "JSON")
    assert not list(tmp_path.glob("r.json*"))
    assert not (tmp_path / "out").exists()


def test_an_unreachable_aws_is_exit_3_and_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")  # the discard port: nothing answers
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIANOBODY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    done = advisor("collect", "--store", tmp_path / "store", "--region", "eu-west-1")
    assert done.returncode == 3, done.stderr
    assert "Traceback" not in done.stderr


def test_prices_carry_source_and_certainty() -> None:
    done = advisor("prices", "--region", "us-east-1")
    assert done.returncode == 0
    assert "0.04048" in done.stdout
    assert "STALE" in done.stdout
