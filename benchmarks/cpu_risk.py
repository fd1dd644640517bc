"""Fit the CPU tail on public traces, and hold what it states against what happened on sources that it did not see.

    .venv/bin/python benchmarks/cpu_risk.py ../shared/traces --out benchmarks/cpu_risk [--ship]

`--ship` writes the model that the advice uses, fitted on all sources, to advisor/advice/data/cpu_tail.json.

Reliability: from every day of a series (every second where it is longer than 12 days), the chance that the work of the
days ahead (3 or more) exceeds in more than 1 % of the time what the days so far exceeded in 1 % of it, and 3 to 82 %
more, against how often it did; every series the same weight. As it was: the share of the time in which the days so far,
and then the days ahead, exceeded the same work; what a replay alone would state.
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from memory_risk import models_lines, reliability_lines, ship
from trace_services import PER_DAY, series_of, services_of

from advisor.advice.refit import left_out
from advisor.advice.reliability import bands, statements
from advisor.advice.shortage import exceeded
from advisor.advice.tail_fit import CPU, SHORT_SHARE, Series, fit, looks
from advisor.charts import reliability
from advisor.charts.drawing import to_svg
from advisor.domain.scoreboard import Band
from advisor.domain.settings import TailModel

SHARES = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05)


def replayed(series: Sequence[Series]) -> Iterator[tuple[float, float]]:
    """(share of the first half of a series that exceeds a size, share of its second half), for sizes by `SHARES`."""
    for one in series:
        half = len(one.values) // PER_DAY // 2 * PER_DAY
        before, after = (part[np.isfinite(part)] for part in (one.values[:half], one.values[half:]))
        if len(before) and len(after):
            sizes = (exceeded(before, share) for share in SHARES)
            yield from ((float(np.mean(before > size)), float(np.mean(after > size))) for size in sizes)


def replayed_lines(pairs: Sequence[tuple[float, float]]) -> Iterator[str]:
    """What a replay of the days before states of throttled time, and what came next."""
    yield "| in the first half | sizes | second half, mean | over 1 % then |"
    yield "|---|---:|---:|---:|"
    then = np.array(pairs)
    for low, high in pairwise((0.0, *SHARES)):
        part = then[(then[:, 0] > low) & (then[:, 0] <= high)]
        if len(part):
            cells = (f"{low:.2%} to {high:.2%}", f"{len(part)}", f"{part[:, 1].mean():.2%}")
            yield f"| {' | '.join(cells)} | {np.mean(part[:, 1] > SHORT_SHARE):.0%} |"


def document(
    series: Sequence[Series], said: Sequence[Band], models: Mapping[str, TailModel], whole: TailModel
) -> Iterator[str]:
    """The whole page."""
    yield from ("# CPU that runs short, on sources that were left out", "", *(__doc__ or "").splitlines()[4:], "")
    yield from (f"{len(series)} series.", "", "## Reliability", "", "![reliability](cpu_risk_reliability.svg)", "")
    yield from (*reliability_lines(said), "", "## As it was", "", *replayed_lines(list(replayed(series))), "")
    yield from ("## Exponents", "", *models_lines(models, whole))


def main() -> None:
    """Fit, score, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("traces", type=Path)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/cpu_risk"))
    parser.add_argument("--ship", action="store_true", help="write the model that the advice uses")
    given = parser.parse_args()
    all_series = [one for one in series_of(services_of(given.traces)) if not one.is_memory]
    series = [one for one in all_series if next(looks(one, CPU), None) is not None]
    models, whole = left_out(series, CPU), fit(series, CPU)
    said = bands(statements(series, models, CPU))
    lines = list(document(series, said, models, whole))
    given.out.with_suffix(".md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    beside = given.out.with_name(given.out.name + "_reliability.svg")
    beside.write_text(to_svg(reliability(said)), encoding="utf-8")
    if given.ship:
        ship(whole, series, of="cpu")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
