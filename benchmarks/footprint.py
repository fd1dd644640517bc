"""How fast `advisor --help` answers, what it loads, and how much memory a review takes.

    .venv/bin/python benchmarks/footprint.py --store reports/demo/store

Wall seconds are medians of whole processes; memory is the operating system's own peak of the review process.
"""

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ADVISOR = [sys.executable, "-m", "advisor"]
HEAVY = ("pandas", "boto3", "numba")


def seconds(command: list[str], *, times: int) -> float:
    """Median wall time of a command [s]."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def loaded_by_help() -> list[str]:
    """Which heavy libraries `advisor --help` imports."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "advisor", "--help"], check=True, capture_output=True, text=True
    )
    modules = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    return sorted(modules & set(HEAVY))


def review_peak_mib(store: Path) -> tuple[float, float]:
    """(peak memory of `advisor review` [MiB], wall time [s])."""
    with tempfile.TemporaryDirectory() as folder:
        command = [*ADVISOR, "review", "--store", str(store), "--json", f"{folder}/review.json"]
        start = time.perf_counter()
        done = subprocess.run(command, check=False, capture_output=True)
        taken = time.perf_counter() - start
    if done.returncode not in (0, 1):
        raise SystemExit(done.stderr.decode())
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024, taken


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", type=Path, required=True)
    store = parser.parse_args().store
    bare = seconds([sys.executable, "-c", "pass"], times=11)
    helped = seconds([*ADVISOR, "--help"], times=11)
    print(
        f"advisor --help: {helped:.3f} s (an empty Python: {bare:.3f} s); heavy imports: {loaded_by_help() or 'none'}"
    )
    peak, taken = review_peak_mib(store)
    print(f"advisor review: peak {peak:.0f} MiB, {taken:.1f} s")


if __name__ == "__main__":
    main()
