"""Time and memory of reading a large bill: `.venv/bin/python benchmarks/bill_reading.py [ROWS]`; default 3 million.

The bill is CUR 2.0 in Parquet: the simulated fleet of tests/bill_world.py in as many accounts as it takes, and for each
of its rows nine of other services. It is read in a process of its own, so that the peak is the reader's.
"""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
OTHERS = 9  # rows of other services for each row of ours


def main() -> None:
    """Write a bill, read it, say what that took."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 3_000_000
    with tempfile.TemporaryDirectory() as folder:
        made = make(Path(folder) / "bill.parquet", rows)
        command = [sys.executable, __file__, "--read", f"{folder}/bill.parquet"]
        print(f"{made:,} rows:", subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip())


def make(path: Path, least: int) -> int:
    """A bill of at least so many rows; returns how many."""
    sys.path.insert(0, str(ROOT / "tests"))
    import pyarrow as pa
    import pyarrow.parquet as pq
    from bill_formats import cur2_parquet
    from bill_world import simulated

    one = pq.read_table(cur2_parquet(simulated().rows, path.parent))
    foreign = pa.array(["USE1-BoxUsage:m7i.large"] * len(one))
    usage, account = (one.column_names.index(f"line_item_usage_{what}") for what in ("type", "account_id"))
    other = one.set_column(usage, "line_item_usage_type", foreign)
    written = 0
    with pq.ParquetWriter(path, one.schema) as writer:
        while written < least:
            some = pa.concat_tables([one, *[other] * OTHERS])
            name = pa.array([f"{written % 977:012d}"] * len(some))
            writer.write_table(some.set_column(account, "line_item_usage_account_id", name))
            written += len(some)
    return written


def read(path: str) -> None:
    """Read it; print seconds, rows of Fargate and the peak above an empty reader."""
    from advisor.importer import read_bill

    before, began = _peak(), time.perf_counter()
    found = read_bill(path)
    took = time.perf_counter() - began
    print(f"{took:.1f} s, {found.rows_kept:,} of Fargate, {_peak():.0f} MiB at the peak ({before:.0f} before)")


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    if sys.argv[1:2] == ["--read"]:
        read(sys.argv[2])
    else:
        main()
