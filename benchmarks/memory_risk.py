"""Fit the memory tail on public traces, and show what it is worth on sources that it was not fitted on.

    .venv/bin/python benchmarks/memory_risk.py ../shared/traces --out benchmarks/memory_risk [--ship]

`--ship` writes the model that the advice uses, fitted on all sources, to advisor/advice/data/memory_tail.json. All
that is shown here is scored with models that never saw the source of the service that they size.

Frontier: services of benchmarks/trace_services.py with memory, as benchmarks/size_rules.py scores them, all sources
together, each service the same weight; for a share of services whose memory is breached, the least cost at which a
family of rules breaks no more. Ours moves its limit, the other family the factor on the highest of the past.

Reliability: from every day of a series, the chance that the days ahead (3 or more) go above the highest so far by
3 to 82 %, against how often they did; every series the same weight.
"""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path

import altair as alt
import numpy as np
from size_rules import Case, cases_of, lattice, needed_vcpu, sized, usd
from trace_services import Service, series_of, services_of

from advisor.advice.peers import Need
from advisor.advice.tail import chance
from advisor.advice.tail_fit import Series, fit, looks
from advisor.advice.worth import lowest_limit
from advisor.charts.drawing import data, finish, to_svg
from advisor.domain.service import TaskSize
from advisor.domain.settings import TailModel

SHIPPED = Path(__file__).parents[1] / "advisor" / "advice" / "data" / "memory_tail.json"
FACTORS = np.linspace(1.0, 2.5, 76)
LOWEST = np.geomspace(0.001, 0.9, 80)
LEVELS = np.arange(0.02, 0.1501, 0.005)
SHOWN = (0.02, 0.03, 0.05, 0.07, 0.1, 0.15)
ROOMS = (0.03, 0.07, 0.15, 0.3, 0.6)
BANDS = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 1.0)
FEWEST_AHEAD = 3
FAMILIES = {"ours": "ours", "both": "highest x k, CPU and memory", "memory": "highest x k, memory; CPU as ours"}

Points = list[tuple[float, float, float]]  # breached, cost in USD, cost in GiB; shares of the least that was enough


def left_out(series: Sequence[Series]) -> dict[str, TailModel]:
    """For every source, the model of all others."""
    return {name: fit([one for one in series if one.source != name]) for name in sorted({s.source for s in series})}


def frontiers(cases: Sequence[Case], models: Mapping[str, TailModel]) -> dict[str, Points]:
    """Every point of every family."""
    needs = [needed_vcpu(case.seen) for case in cases]
    tops = [float(np.nanmax(case.seen.vcpu)) for case in cases]
    ranked = [ranking(case, models[case.service.source], need) for case, need in zip(cases, needs, strict=True)]

    def highest(cpu: Sequence[float], factor: float, factor_of_cpu: float) -> list[TaskSize]:
        pairs = zip(cases, cpu, strict=True)
        return [sized(Need(vcpu=v * factor_of_cpu, mib=_highest(case) * factor)) for case, v in pairs]

    return {
        "ours": [scored(cases, [within(sizes, limit) for sizes in ranked]) for limit in LOWEST],
        "both": [scored(cases, highest(tops, factor, factor)) for factor in FACTORS],
        "memory": [scored(cases, highest(needs, factor, 1.0)) for factor in FACTORS],
    }


def ranking(case: Case, model: TailModel, vcpu: float) -> list[tuple[TaskSize, float]]:
    """Sizes with enough CPU and the highest memory, cheapest first, with the lowest limit that each keeps."""
    fitting = [s for s in lattice() if s.vcpu >= vcpu and s.memory >= _highest(case)] or [lattice()[-1]]
    assert case.evidence is not None
    return [(s, lowest_limit(case.evidence, s, days=case.days_later, model=model)) for s in fitting]


def within(sizes: Sequence[tuple[TaskSize, float]], limit: float) -> TaskSize:
    """The cheapest size within a limit."""
    return next((size for size, least in sizes if least <= limit), sizes[-1][0])


def scored(cases: Sequence[Case], sizes: Sequence[TaskSize]) -> tuple[float, float, float]:
    """Breached, cost in USD, cost in GiB: means over the services."""
    pairs = list(zip(cases, sizes, strict=True))
    breached = np.mean([case.later_mib >= size.memory for case, size in pairs])
    dollars = np.mean([usd(size) / usd(case.enough) for case, size in pairs])
    memory = np.mean([size.gib / case.enough.gib for case, size in pairs])
    return float(breached), float(dollars), float(memory)


def least(points: Points, level: float, column: int) -> float:
    """The least cost of a family at which no more than `level` is breached; NaN where it cannot be had."""
    return min((point[column] for point in points if point[0] <= level + 1e-9), default=float("nan"))


def reliability(services: Sequence[Service], models: Mapping[str, TailModel]) -> Iterator[dict[str, float]]:
    """Per band of the stated chance: series, looks, mean stated, share that happened, two binomial errors."""
    rows = np.array(list(_said_and_done(services, models)))
    for low, high in pairwise(BANDS):
        inside = rows[(rows[:, 1] >= low) & (rows[:, 1] < high)]
        count = len(np.unique(inside[:, 0]))
        stated, happened = (float(np.average(inside[:, at], weights=inside[:, 3])) for at in (1, 2))
        error = 2 * np.sqrt(stated * (1 - stated) / count)
        yield {"low": low, "high": high, "series": count, "looks": len(inside), "stated": stated,
               "happened": happened, "error": float(error)}  # fmt: skip


def _said_and_done(services: Sequence[Service], models: Mapping[str, TailModel]) -> Iterator[tuple[float, ...]]:
    memory = [series for series in series_of(services) if series.is_memory]
    for at, series in enumerate(memory):
        found = [look for look in looks(series) if look.days >= FEWEST_AHEAD]
        for look in found:
            sizes = look.seen.highest * np.exp(np.array(ROOMS))
            stated = chance(models[series.source], look.seen, sizes, look.days)
            for room, said in zip(ROOMS, stated, strict=True):
                yield float(at), float(said), float(look.above > room), 1 / len(found)


def _highest(case: Case) -> float:
    return float(np.nanmax(case.seen.mib))


def frontier_lines(found: Mapping[str, Points]) -> Iterator[str]:
    """The frontier as a Markdown table, with the mean of the ratio over all levels."""
    yield "| breached at most | ours | " + " | ".join(FAMILIES[name] for name in ("both", "memory")) + " |"
    yield "|---:|---:|---:|---:|"
    for level in SHOWN:
        cells = (f"{least(found[name], level, 1):.3f}" for name in ("ours", "both", "memory"))
        yield f"| {level:.0%} | " + " | ".join(cells) + " |"
    yield ""
    for name in ("both", "memory"):
        for column, unit in ((1, "USD"), (2, "GiB")):
            ratios = [least(found["ours"], at, column) / least(found[name], at, column) for at in LEVELS]
            yield (f"- ours against {FAMILIES[name]}, in {unit}, 2 to 15 %: {np.nanmean(ratios) - 1:+.1%} on average,"
                   f" {np.nanmax(ratios) - 1:+.1%} at worst")  # fmt: skip


def reliability_lines(rows: Sequence[Mapping[str, float]]) -> Iterator[str]:
    """The reliability table."""
    yield "| stated | series | looks | stated, mean | happened | apart, points | allowed: 2 or the error |"
    yield "|---|---:|---:|---:|---:|---:|---:|"
    for row in rows:
        apart, allowed = abs(row["happened"] - row["stated"]) * 100, max(2.0, 100 * row["error"])
        yield (f"| {row['low']:.0%} to {row['high']:.0%} | {row['series']:.0f} | {row['looks']:.0f} |"
               f" {row['stated']:.1%} | {row['happened']:.1%} | {apart:.1f} | {allowed:.1f} |")  # fmt: skip


def models_lines(models: Mapping[str, TailModel], whole: TailModel) -> Iterator[str]:
    """Exponents of every model: how much they owe to one source."""
    yield "| left out | " + " | ".join(asdict(whole)) + " |"
    yield "|---|" + "---:|" * len(asdict(whole))
    for name, model in {"nothing (shipped)": whole, **models}.items():
        yield f"| {name} | " + " | ".join(f"{value:.2f}" for value in asdict(model).values()) + " |"


def picture(found: Mapping[str, Points]) -> alt.LayerChart:
    """The frontiers."""
    rows = [
        {"family": FAMILIES[name], "x": 100 * level, "y": least(points, level, 1)}
        for name, points in found.items()
        for level in LEVELS
    ]
    x = alt.X("x:Q", scale=alt.Scale(zero=False), title="% of services whose memory is breached, at most")
    y = alt.Y("y:Q", scale=alt.Scale(zero=False), title="cost over the least that was enough")
    line = alt.Chart(data(rows)).mark_line(strokeWidth=2, interpolate="step-after").encode(x=x, y=y, color="family:N")
    return finish((line,), width=560, height=280)


def reliability_picture(rows: Sequence[Mapping[str, float]]) -> alt.LayerChart:
    """Stated against happened, on logarithms."""
    shown = [
        {"x": 100 * row["stated"], "y": 100 * max(row["happened"], 0.001), "series": row["series"]} for row in rows
    ]
    scale = alt.Scale(type="log", domain=[0.3, 100])
    x = alt.X("x:Q", scale=scale, title="stated chance of a breach, %")
    y = alt.Y("y:Q", scale=scale, title="happened, %")
    even = alt.Chart(data([{"x": at, "y": at} for at in (0.3, 100)])).mark_line(strokeDash=[4, 4]).encode(x=x, y=y)
    spots = alt.Chart(data(shown)).mark_circle(size=90, opacity=1).encode(x=x, y=y)
    return finish((even, spots), width=300, height=300)


def ship(model: TailModel, series: Sequence[Series]) -> None:
    """Write the model with where it comes from."""
    count = {name: sum(one.source == name for one in series) for name in sorted({one.source for one in series})}
    document = {
        "model": asdict(model),
        "made_by": "benchmarks/memory_risk.py --ship",
        "formula": "advisor/advice/tail.py, chance",
        "series_by_source": count,
        "attribution": "Google cluster-data (CC-BY 4.0), Microsoft AzurePublicDataset (CC-BY 4.0), Numenta Anomaly"
        " Benchmark (MIT), NetManAIOps JumpStarter (MIT), AtLarge OpenDC (MIT), CloudCluster-Computing (Apache-2.0);"
        " only these exponents are derived from them",
    }
    SHIPPED.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Fit, score, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("traces", type=Path)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/memory_risk"))
    parser.add_argument("--ship", action="store_true", help="write the model that the advice uses")
    given = parser.parse_args()
    services = list(services_of(given.traces))
    series = list(series_of(services))
    models, whole = left_out(series), fit(series)
    cases = [case for service in services if service.has_memory for case in cases_of(service)]
    found, bands = frontiers(cases, models), list(reliability(services, models))
    lines = ["# Memory under risk, on sources that were left out", "", *(__doc__ or "").splitlines()[4:], ""]
    lines += [f"{sum(s.has_memory for s in services)} services with memory.", "", "## Frontier", ""]
    lines += ["![frontier](memory_risk.svg)", "", *frontier_lines(found), "", "## Reliability", ""]
    lines += ["![reliability](memory_risk_reliability.svg)", "", *reliability_lines(bands), "", "## Exponents", ""]
    lines += [*models_lines(models, whole)]
    given.out.with_suffix(".md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    given.out.with_suffix(".svg").write_text(to_svg(picture(found)), encoding="utf-8")
    beside = given.out.with_name(given.out.name + "_reliability.svg")
    beside.write_text(to_svg(reliability_picture(bands)), encoding="utf-8")
    if given.ship:
        ship(whole, series)
    print("\n".join(lines))


if __name__ == "__main__":
    main()
