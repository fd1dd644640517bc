"""How often daily peaks of memory go over the size at which the memory tail states a chance, on public traces.

    .venv/bin/python benchmarks/memory_tail.py ../shared/traces [--widening 0]

Every trace with memory is cut into days of 24 hours. The tail of `advisor/advice/tail.py` is fitted on the days
before a look, and the look is at the highest peak of the days after; looks of one trace do not overlap. A look
"goes over" at a stated chance where its peak is above the size at which the formula states that chance, for a
horizon of the look itself or for the 30 days that the product states.

What it cannot show: most series are totals of a job or of a machine and at most ten days long, nine are tasks
of one job, and no series is long enough for looks of 30 days.
"""

import argparse
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import numpy as np
import pandas as pd

from advisor.advice import tail
from advisor.profile.fit import daily_peaks

SOURCES = ("google2011_jobs", "google2011_machines", "google2019_tasks", "opendc_bitbrains_small")
STEP_SECONDS = 300
STATED = (0.01, 0.05, 0.10, 0.50)
LOOKS = ((2, 3), (3, 3), (7, 3), (3, 7), (7, 14))  # fewest days fitted on, days looked at

Series = tuple[str, list[float]]


def series_of(traces: Path) -> Iterator[Series]:
    """(source, daily peaks in percent of the trace's own unit) of every entity with two known days or more."""
    for source in SOURCES:
        frame = pd.read_parquet(traces / f"{source}.parquet")
        columns = [name for name in ("memory_percent", "memory_max_percent") if name in frame]
        frame = frame.assign(peak=frame[columns].max(axis=1)).dropna(subset=["peak"])
        for _, rows in frame.groupby("entity", observed=True):
            at = pd.DatetimeIndex(rows.timestamp).floor(f"{STEP_SECONDS}s")
            steps = pd.Series(rows.peak.to_numpy(), index=at).groupby(level=0).max()
            grid = steps.reindex(pd.date_range(steps.index[0], steps.index[-1], freq=f"{STEP_SECONDS}s"))
            peaks = daily_peaks(grid.to_numpy(dtype=np.float64), STEP_SECONDS)
            if len(peaks) > 1:
                yield source, list(peaks)


def looks(all_series: list[Series], fewest: int, ahead: int) -> list[tuple[str, list[float], float]]:
    """(source, peaks fitted on, highest peak of the days ahead), without overlap."""
    return [
        (source, peaks[:at], max(peaks[at : at + ahead]))
        for source, peaks in all_series
        for at in range(fewest, len(peaks) - ahead + 1, ahead)
    ]


def over(found: list[tuple[str, list[float], float]], stated: float, days: int) -> int:
    """How many looks went over the size at which the formula states `stated` for `days` days."""
    return sum(tail.chance_of_breach(peaks, highest, days=days) < stated for _, peaks, highest in found)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("traces", type=Path)
    parser.add_argument(
        "--widening", type=float, default=tail.WIDENING, help="the choice behind the factor (1 + w / n)"
    )
    given = parser.parse_args()
    tail.WIDENING = given.widening
    all_series = list(series_of(given.traces))
    for source, members in groupby(all_series, key=lambda series: series[0]):
        days = [len(peaks) for _, peaks in members]
        print(f"{source}: {len(days)} series of {min(days)} to {max(days)} days")
    print(f"{len(all_series)} series in all")
    for fewest, ahead in LOOKS:
        found = looks(all_series, fewest, ahead)
        print(f"fitted on {fewest} days or more, {len(found)} looks of {ahead} days, went over:")
        for days in (ahead, tail.DAYS_AHEAD):
            counts = {stated: over(found, stated, days) for stated in STATED}
            words = ", ".join(f"{n} ({n / len(found):.1%}) of stated {stated:.0%}" for stated, n in counts.items())
            print(f"  chance stated for {days} days: {words}")


if __name__ == "__main__":
    main()
