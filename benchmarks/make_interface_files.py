"""Make usage and inventory files, as docs/interfaces.md has them, from a folder of public traces.

    .venv/bin/python benchmarks/make_interface_files.py ../shared/traces OUT [--csv]
    .venv/bin/advisor import OUT/usage.parquet --services OUT/services.json --store OUT/store
    .venv/bin/advisor review --store OUT/store --json OUT/review.json

Each entity of a source becomes a fixed service of one task. No service joins two sources: where a source has
no memory (Azure VMs, NAB), memory stays empty, which is "unknown". Highest values within the five minutes are
taken where the source has them and left empty elsewhere, but for google2019's CPU: those are of samples of a
second against a soft limit, often several times it, while AWS/ECS's Maximum is of samples of a minute against
a hard limit; cut to 100 they would look like saturation that never was. Other percentages above 100 are cut.
The size of a task is a choice (`size` in SOURCES). All instants are moved by whole weeks, so that every source
ends in the same week and keeps its weekdays and hours.

Some sources have no licence that allows shipping: the files are for tests on this machine.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

END = pd.Timestamp("2026-11-02", tz="UTC")
WEEK = pd.Timedelta(weeks=1)


@dataclass(frozen=True)
class Source:
    """One trace file: which of its entities, and the size that a task is given (CPU units, MiB)."""

    file: str
    entities: str  # a regular expression
    size: tuple[int, int]
    cpu_peaks: bool = True  # whether its highest CPU within a step means what AWS/ECS's Maximum means


SOURCES = (
    Source("google2011_jobs", ".*", (8192, 32768)),  # percent of the largest machine of the cell
    Source("google2011_machines", ".*", (8192, 32768)),
    Source("google2019_tasks", ".*", (1024, 4096), cpu_peaks=False),  # percent of the task's own limit
    Source("opendc_bitbrains_small", ".*cpu_and_memory", (1024, 2048)),
    Source("azure_vm_cpu", "b_.*", (2048, 8192)),
    Source("nab_cloudwatch", "(ec2|rds)_.*", (1024, 2048)),
)
PERCENTS = {
    "cpu_avg": "cpu_percent",
    "cpu_max": "cpu_max_percent",
    "memory_avg": "memory_percent",
    "memory_max": "memory_max_percent",
}


def services_of(source: Source, traces: Path) -> pd.DataFrame:
    """One source as rows of the usage file."""
    frame = pd.read_parquet(traces / f"{source.file}.parquet")
    frame = frame[frame.entity.astype(str).str.fullmatch(source.entities)].dropna(subset=["cpu_percent"])
    cluster = source.file.partition("_")[0]
    usage = pd.DataFrame({"service": f"{cluster}/" + frame.entity.astype(str).str.replace("/", "-")})
    stamp = frame.timestamp.dt.floor("5min")
    usage["timestamp"] = stamp + (END - stamp.max()) // WEEK * WEEK
    usage["tasks"] = 1.0
    for column, name in PERCENTS.items():
        known = name in frame and (column != "cpu_max" or source.cpu_peaks)
        usage[column] = frame[name].clip(0, 100) if known else float("nan")
    for part in ("cpu", "memory"):  # rounding in the sources leaves a few averages above their highest
        highest = usage[f"{part}_max"]
        usage[f"{part}_max"] = highest.where(highest.isna(), usage[[f"{part}_avg", f"{part}_max"]].max(axis=1))
    return usage.drop_duplicates(["service", "timestamp"])


def inventory(names: dict[str, tuple[int, int]]) -> dict[str, object]:
    """The inventory file of one-task services with a fixed count."""
    fixed = {"architecture": "X86_64", "os": "LINUX", "desired": 1}
    services = [{"service": name, "cpu": cpu, "memory": mib, **fixed} for name, (cpu, mib) in sorted(names.items())]
    return {"format": 1, "account": "111122223333", "region": "us-east-1", "services": services}


def main() -> None:
    """Write the files and say what is in them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("traces", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--csv", action="store_true", help="CSV instead of Parquet")
    args = parser.parse_args()
    frames = {source: services_of(source, args.traces) for source in SOURCES}
    usage = pd.concat(frames.values()).sort_values(["service", "timestamp"], ignore_index=True)
    sizes = {name: source.size for source, frame in frames.items() for name in frame.service.unique()}
    args.out.mkdir(parents=True, exist_ok=True)
    if args.csv:
        usage.to_csv(args.out / "usage.csv", index=False, float_format="%.6g", date_format="%Y-%m-%dT%H:%M:%S+00:00")
    else:
        usage.to_parquet(args.out / "usage.parquet", index=False)
    (args.out / "services.json").write_text(json.dumps(inventory(sizes), indent=1), encoding="utf-8")
    print(f"{len(sizes)} services, {len(usage):,} rows, {usage.memory_avg.notna().mean():.0%} with memory")


if __name__ == "__main__":
    main()
