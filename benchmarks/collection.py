"""What a collection asks of AWS, and what it takes: `.venv/bin/python benchmarks/collection.py [services ...]`.

For 10, 200 and 2,000 services of one account and region, two months old, so that 15 days are read in minutes and the
days before in steps of five, with all that `big_fleet.py` gives them: calls made against the least that
there must be, wall time, and the peak memory of the collecting process. The local AWS is another process, and its
memory does not count. Writes benchmarks/collection.md. The calls are not paced as for AWS, so that the time is ours.
"""

import math
import multiprocessing
import os
import re
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from big_fleet import NOW, SERVICES_PER_CLUSTER, Fleet, in_process, is_balanced, serve_fleet

from advisor.domain.insights import NUMBERS

CONTEXT = multiprocessing.get_context("spawn")  # nothing of this process in the memory of the other
SIZES = (10, 200, 2000)
POINTS_PER_PAGE, QUERIES_PER_CALL = 100_800, 500  # documented quotas of GetMetricData
METRICS_PER_PAGE = 500  # documented: ListMetrics
OUT = Path(__file__).with_suffix(".md")


def main() -> None:
    """Measure every size, print and write the table."""
    sizes = [int(text) for text in sys.argv[1:]] or list(SIZES)
    os.environ |= {"AWS_ACCESS_KEY_ID": "AKIALOCALBENCH000000", "AWS_SECRET_ACCESS_KEY": "local"}
    os.environ |= {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/nonexistent"}
    rows = [measured(services) for services in sizes]
    text = TEXT.format(day=datetime.now(UTC).date(), calls=_calls_table(rows), table=_table(rows))
    print(text)
    if sizes == list(SIZES):
        OUT.write_text(text)


def measured(services: int) -> dict[str, Any]:
    """One collection of so many services into an empty store."""
    fleet = Fleet(services=services, days=60)
    with tempfile.TemporaryDirectory() as folder, in_process(CONTEXT, serve_fleet, fleet) as url:
        ready = CONTEXT.Queue()
        process = CONTEXT.Process(target=_collect, args=(folder, url, fleet, ready))
        process.start()
        row: dict[str, Any] = ready.get()
        process.join()
        row |= {"mib": sum(f.stat().st_size for f in Path(folder).rglob("*") if f.is_file()) / 2**20}
    least = least_calls(services, row["windows"])
    print({key: value for key, value in row.items() if key != "calls"}, flush=True)
    return row | {"services": services, "least": least}


def least_calls(services: int, windows: Mapping[str, tuple[int, int]]) -> dict[str, int]:
    """The least number of calls by action: full pages, and what can only be asked one by one.

    `windows`: points and queries of what has a start and an end of its own, as a call of GetMetricData has one of each.
    That DescribeServiceDeployments and DescribeServiceRevisions take what is of several services is UNCONFIRMED.
    """
    clusters = [min(SERVICES_PER_CLUSTER, services - n) for n in range(0, services, SERVICES_PER_CLUSTER)]
    return {
        "cloudwatch:GetMetricData": sum(
            max(math.ceil(points / POINTS_PER_PAGE), math.ceil(queries / QUERIES_PER_CALL))
            for points, queries in windows.values()
        ),
        "cloudwatch:ListMetrics": math.ceil(sum(map(is_balanced, range(services))) / METRICS_PER_PAGE),
        "ecs:ListClusters": 1,
        "ecs:DescribeClusters": math.ceil(len(clusters) / 100),
        "ecs:ListServices": sum(math.ceil(n / 100) for n in clusters),
        "ecs:DescribeServices": sum(math.ceil(n / 10) for n in clusters),
        "ecs:DescribeTaskDefinition": services + len(clusters),
        "ecs:ListServiceDeployments": services,
        "ecs:DescribeServiceDeployments": math.ceil(services / 20),
        "ecs:DescribeServiceRevisions": math.ceil(services / 20),
    }


def _collect(folder: str, url: str, fleet: Fleet, ready: Any) -> None:
    os.environ["AWS_ENDPOINT_URL"] = url
    from advisor.collection import run_collection
    from advisor.collector import open_sessions
    from advisor.collector.pace import Pace
    from advisor.domain.schema import LONG_STEPS, SHORT_STEP
    from advisor.store import open_store

    begin, cpu = time.perf_counter(), time.process_time()
    store = open_store(folder, create=True)
    sessions = open_sessions(profile=None, role_arns=fleet.roles, pace=lambda: Pace({}))
    report = run_collection(store, sessions, fleet.regions, now=NOW)
    if report.failures:
        sys.exit(report.failures[0])
    row = {"wall": time.perf_counter() - begin, "cpu": time.process_time() - cpu, "peak": _peak_mib()}
    windows = {str(step): _usage(store, step) for step in (SHORT_STEP, None, *LONG_STEPS)} | _insights(store)
    points = sum(count for count, _ in windows.values())
    ready.put(row | {"calls": dict(report.calls), "points": points, "windows": windows})


def _usage(store: Any, step: int | None) -> tuple[int, int]:
    """Points and queries of usage in steps: each column that has points was asked for once (one target group each)."""
    filled = (store.usage(s, step_seconds=step).dropna(axis="columns", how="all") for s in store.services)
    points, queries = zip(*((_points(frame), len(frame.columns)) for frame in filled), strict=True)
    return sum(points), sum(queries)


def _insights(store: Any) -> dict[str, tuple[int, int]]:
    """Points and queries of Container Insights, by the day: of services and containers, and of families."""
    days = {(month.id, month.container, month.month): len(month.days) for month in store.insights}
    asked = {(one.id, one.container): sum(getattr(one, name) is not None for name in NUMBERS) for one in store.insights}
    asked |= {key: count + 1 for key, count in asked.items() if key[1] in ("", "beside")}  # pending tasks, restarts
    points = sum(count * asked[id, container] for (id, container, _), count in days.items())
    families = len({peak.id for peak in store.month_peaks})
    return {"insights": (points, sum(asked.values())), "families": (2 * families, 2 * families)}


def _points(frame: Any) -> int:
    return int(frame.notna().to_numpy().sum())


def _peak_mib() -> float:
    """The most memory that this process has had.  [MiB]"""
    (kib,) = re.findall(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    return int(kib) / 1024


def _table(rows: list[dict[str, Any]]) -> str:
    lines = [
        "| services | points | GetMetricData: made / least | ratio | wall | collector's CPU | peak memory | store |"
    ]
    lines.append("|" + "---:|" * 8)
    for row in rows:
        made, least = (row[k]["cloudwatch:GetMetricData"] for k in ("calls", "least"))
        lines.append(
            f"| {row['services']:,} | {row['points']:,} | {made:,} / {least:,} | {made / least:.3f} | "
            f"{row['wall']:.0f} s | {row['cpu']:.0f} s | {row['peak']:.0f} MiB | {row['mib']:.0f} MiB |"
        )
    return "\n".join(lines)


def _calls_table(rows: list[dict[str, Any]]) -> str:
    lines = ["| action | " + " | ".join(f"{row['services']:,} services" for row in rows) + " |"]
    lines.append("|---|" + "---:|" * len(rows))
    for action in sorted({action for row in rows for action in row["calls"]}):
        cells = (_cell(row["calls"].get(action, 0), row["least"], action) for row in rows)
        lines.append(f"| `{action}` | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(made: int, least: Mapping[str, int], action: str) -> str:
    return f"{made:,} / {least[action]:,}" if action in least else f"{made:,}"


TEXT = """# What a collection asks of AWS

Made by `python benchmarks/collection.py` on {day}, on two cores that others used too: trust the counts and the memory;
the times are upper bounds. The local AWS is a process of its own: its memory does not count, its time is in the wall
time. One account and region, 15 days of minutes and 45 days of five-minute steps before them, an empty store; three of
ten services have a target group of their own, with requests and response times; one scales, one has a sidecar, one
20-second metrics; Container Insights is on, in enhanced mode. For AWS the calls are paced
(`advisor/collector/pace.py`), here they are not.

{table}

The least number of `GetMetricData` calls is the larger of ceil(points / 100,800) and ceil(queries / 500), points being
those that came, for each of what has a start and an end of its own, as a call has one of each: 20-second steps,
minutes, five minutes, hours, days of Container Insights, and those of tasks without a service. `made / least` of the
others, where pages have a size or things can only be asked for one by one:

{calls}

That `DescribeServiceDeployments` and `DescribeServiceRevisions` take what is of several services is UNCONFIRMED.
"""


if __name__ == "__main__":
    main()
