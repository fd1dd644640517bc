"""The soak: a collection through a network that fails, killed again and again, ends in the store of a clean run.

    .venv/bin/python benchmarks/soak.py [--services 200] [--accounts 3] [--regions 2] [--days 2] [--kills 5] [--s3]

Four processes: the local AWS; a proxy in front of it that hurts a share of the requests (advisor/demo/aws/proxy.py);
a clean collection straight from the AWS; collections through the proxy, each killed by SIGKILL at a random moment but
the last. Every file but the log of runs must be the same, byte by byte. Exit code 1 where it is not. With `--s3` the
stores lie in buckets of the local AWS, and what is killed goes to its bucket through the proxy as well.
"""

import argparse
import multiprocessing
import os
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import boto3
from big_fleet import NOW, Fleet, in_process, serve_fleet

from advisor.collection import run_collection
from advisor.collector import open_sessions
from advisor.collector.pace import Pace
from advisor.demo.aws.proxy import flaky
from advisor.store import open_store

CONTEXT = multiprocessing.get_context("fork")  # quick; this process has no threads
REGIONS = ("eu-west-1", "us-east-1", "ap-southeast-2", "sa-east-1")
APART = ("runs/", ".lock")  # what is not part of what is known


def main() -> None:
    """Clean run, killed runs, comparison."""
    given = _arguments()
    accounts = [f"{n + 1:012}" for n in range(given.accounts)]
    fleet = Fleet(services=given.services, accounts=accounts, regions=REGIONS[: given.regions], days=given.days)
    os.environ |= {"AWS_ACCESS_KEY_ID": "AKIALOCALSOAK0000000", "AWS_SECRET_ACCESS_KEY": "local"}
    os.environ |= {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/nonexistent"}
    with tempfile.TemporaryDirectory() as folder, in_process(CONTEXT, serve_fleet, fleet) as url:
        os.environ |= {"AWS_ENDPOINT_URL": url, "AWS_DEFAULT_REGION": "us-east-1"}
        clean, killed = (_store(name, folder, s3=given.s3) for name in ("clean", "killed"))
        seconds = _run(clean, fleet, url, kill_after=None)
        print(f"clean run: {seconds:.1f} s, {_told(clean)}", flush=True)
        with in_process(CONTEXT, _serve_badly, url, given.share, given.seed) as bad_url:
            _kill_often(killed, fleet, bad_url, kills=given.kills, seconds=seconds, dice=random.Random(given.seed))
            print(f"last run: {_run(killed, fleet, bad_url, kill_after=None):.1f} s, {_told(killed)}", flush=True)
        _compare(clean, killed)


def _store(name: str, folder: str, *, s3: bool) -> str:
    """Where a store is to lie: below the folder, or in a bucket of its own."""
    if s3:
        boto3.client("s3").create_bucket(Bucket=name)
    return f"s3://{name}" if s3 else f"{folder}/{name}"


def _kill_often(store: str, fleet: Fleet, url: str, *, kills: int, seconds: float, dice: random.Random) -> None:
    """Collect and kill, each time within the time of a clean run, which is less than one through the proxy takes."""
    done = 0
    while done < kills:
        after = dice.uniform(0, seconds)
        if _run(store, fleet, url, kill_after=after) is None:
            done += 1
            print(f"killed after {after:.1f} s: {_told(store)}", flush=True)
        else:
            print("done before it was killed", flush=True)
            seconds /= 2


def _run(store: str, fleet: Fleet, url: str, *, kill_after: float | None) -> float | None:
    """Collect in a process of its own; returns how long it took [s], None if it was killed before its end."""
    begin = time.perf_counter()
    process = CONTEXT.Process(target=_collect, args=(store, fleet, url))
    process.start()
    process.join(kill_after)
    if process.exitcode is None:
        process.kill()
        process.join()
        return None
    if process.exitcode != 0:
        sys.exit(f"a collection ended with {process.exitcode}")
    return time.perf_counter() - begin


def _collect(store: str, fleet: Fleet, url: str) -> None:
    os.environ["AWS_ENDPOINT_URL"] = url
    sessions = open_sessions(profile=None, role_arns=fleet.roles, pace=lambda: Pace({}))
    report = run_collection(open_store(store, create=True), sessions, fleet.regions, now=NOW)
    if report.failures:
        sys.exit(f"{len(report.failures)} failures: {report.failures[0]}")


def _serve_badly(upstream: str, share: float, seed: int, ready: Any, done: Any) -> None:
    with flaky(upstream, share=share, seed=seed) as faults:
        ready.put(faults.url)
        done.wait()
        print(f"proxy: {faults.requests} requests, {dict(sorted(faults.made.items()))}", flush=True)


def _told(store: str) -> str:
    files = _content(store)
    kinds = {"usage files": "usage/", "of them as added": "/new-", "snapshots": "inventory/", "manifests": "manifest/"}
    counts = {kind: sum(text in file for file in files) for kind, text in kinds.items()}
    return ", ".join(f"{count} {kind}" for kind, count in counts.items())


def _compare(clean: str, killed: str) -> None:
    one, other = _content(clean), _content(killed)
    wrong = sorted(path for path in one.keys() | other.keys() if one.get(path) != other.get(path))
    print(f"{len(one)} files, {sum(map(len, one.values())) / 2**20:.1f} MiB, different: {wrong[:5] or 'none'}")
    sys.exit(bool(wrong))


def _content(store: str) -> dict[str, bytes]:
    """What every file holds, by its name in the store."""
    if store.startswith("s3://"):
        bucket = boto3.resource("s3").Bucket(store.removeprefix("s3://"))
        found = ((entry.key, entry.get()["Body"].read()) for entry in bucket.objects.all() if entry.size)
    else:
        paths = (path for path in Path(store).rglob("*") if path.is_file())
        found = ((str(path.relative_to(store)), path.read_bytes()) for path in paths)
    return {name: content for name, content in found if not name.startswith(APART)}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, kind, default in (
        ("services", int, 200),
        ("accounts", int, 3),
        ("regions", int, 2),
        ("days", float, 2.0),
        ("kills", int, 5),
        ("share", float, 0.1),
        ("seed", int, 1),
    ):
        parser.add_argument(f"--{name}", type=kind, default=default)
    parser.add_argument("--s3", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
