"""How fast metrics are collected and stored: `.venv/bin/python benchmarks/collect_speed.py [services] [days]`.

A local AWS in another process holds the metrics; the collector reads them over loopback as it would from AWS.
The aim is 300,000 points a second over the whole way (ask, transfer, parse, put together). The last line says
how long parsing alone takes with boto3's own timestamps, on one page, for comparison.
"""

import multiprocessing
import os
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from typing import Any

ACCOUNT, REGION = "123456789012", "eu-west-1"


def serve_metrics(services: int, days: int, ready: Any, done: Any) -> None:
    """The other process: seed, serve, wait."""
    import numpy as np

    from advisor.demo.aws.metrics import put_series
    from advisor.demo.aws.wire import LocalAws, serve

    aws, minutes = LocalAws(), days * 1440
    start = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=minutes)
    random = np.random.default_rng(1)
    for number in range(services):
        for metric in ("CPUUtilization", "MemoryUtilization"):
            values = random.uniform(1, 60, minutes)
            put_series(
                aws,
                account=ACCOUNT,
                region=REGION,
                namespace="AWS/ECS",
                name=metric,
                dimensions={"ClusterName": "prod", "ServiceName": f"s{number}"},
                start=start,
                step_seconds=60,
                samples=np.full(minutes, 3.0),
                sum=values * 3,
                minimum=values / 2,
                maximum=values * 1.5,
                unit="Percent",
            )
    with serve(aws) as url:
        ready.put(url)
        done.wait()


def main() -> None:
    """Collect, store, collect again; print the rates."""
    services, days = (int(a) for a in (*sys.argv[1:], *("20", "15")[len(sys.argv) - 1 :]))
    context = multiprocessing.get_context("spawn")
    ready, done = context.Queue(), context.Event()
    other = context.Process(target=serve_metrics, args=(services, days, ready, done))
    other.start()
    os.environ |= {"AWS_ENDPOINT_URL": ready.get(), "AWS_ACCESS_KEY_ID": "AKIALOCALBENCH000000"}
    os.environ |= {"AWS_SECRET_ACCESS_KEY": "local", "AWS_EC2_METADATA_DISABLED": "true"}
    try:
        measure(services)
    finally:
        done.set()
        other.join()


def measure(services: int) -> None:
    """Print points a second of reading and of storing."""
    from advisor.collector import collect_usage, open_sessions
    from advisor.domain.inventory import Service
    from advisor.domain.service import ServiceId, Setup, TaskSize
    from advisor.store import open_store

    now = datetime.now(UTC)
    ids = [ServiceId(account=ACCOUNT, region=REGION, service=f"prod/s{n}") for n in range(services)]
    setup = Setup(size=TaskSize.of(vcpu=1, gib=2), desired=3)
    fleet = [Service(id=id, setup=setup, seen_at=now) for id in ids]
    (session,) = open_sessions(profile=None, role_arns=())
    begin, cpu = time.perf_counter(), time.process_time()
    frames: dict[ServiceId, Any] = {}
    for some in collect_usage(session, REGION, fleet, since={}, now=now):
        frames |= some
    wall, used = time.perf_counter() - begin, time.process_time() - cpu
    points = sum(int(frame.notna().to_numpy().sum()) for frame in frames.values())
    print(
        f"read   {points:,} points in {wall:.2f} s: {points / wall:,.0f} points/s; {points / used:,.0f} per CPU second"
    )
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(folder, create=True)
        for what in ("stored", "again"):
            begin = time.perf_counter()
            rows = store.add_usage(frames)
            print(f"{what:6} {rows:,} new rows in {time.perf_counter() - begin:.2f} s")
        begin = time.perf_counter()
        store.compact(now)
        for id in ids:
            store.usage(id)
        print(f"load   {services} services in {time.perf_counter() - begin:.2f} s, compaction included")
    compare_parsers(session, ids[0], now)


def compare_parsers(session: Any, id: Any, now: datetime) -> None:
    """One page with our client and with boto3's own timestamps."""
    from advisor.collector.metrics import Batch

    start = now - timedelta(days=10)
    series = Batch(services=(id,), start=start, end=now).series
    queries = [one.query(number, 60) for number, one in enumerate(series)]
    asked = {"MetricDataQueries": queries, "StartTime": start, "EndTime": now}
    for name, client in (
        ("raw", session.metrics_client(REGION)),
        ("parsed", session.client("cloudwatch", REGION)),
    ):
        begin = time.perf_counter()
        page = client.get_metric_data(**asked)
        seconds = time.perf_counter() - begin
        points = sum(len(result["Values"]) for result in page["MetricDataResults"])
        print(f"{name:6} {points:,} points of one page in {seconds:.2f} s: {points / seconds:,.0f} points/s")


if __name__ == "__main__":
    main()
