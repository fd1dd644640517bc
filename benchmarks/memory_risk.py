"""Fit the memory tail on public traces, and show what it is worth on sources that it was not fitted on.

    .venv/bin/python benchmarks/memory_risk.py ../shared/traces --out benchmarks/memory_risk [--ship]

`--ship` writes the model that the advice uses, fitted on all sources, to advisor/advice/data/memory_tail.json. All
that is shown here is scored with models that never saw the source of the service that they size.

Frontier: services of benchmarks/trace_services.py with memory, as benchmarks/size_rules.py scores them, all sources
together, each service the same weight; for a share of services whose memory is breached, the least cost at which a
family of rules breaks no more. Ours moves its limit on the chance of a breach in the days that are scored, the other
family the factor on the highest of the past. Ours is the search of the product with all its rules. Two of them are not
scored here: at least 1.15 times the highest memory, and at most 0.5 % of the work without CPU in its minute. By these
risks alone, which the model states and the table scores, it is shown too.

Reliability: from every day of a series, the chance that the days ahead (3 or more) go above the highest so far by
3 to 82 %, against how often they did; every series the same weight. By source: the same chances, all bands together;
and of the sizes that ours chose at its default limit, the chance that was stated for the days that score them.
"""

import argparse
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Literal

import altair as alt
import numpy as np
from size_rules import for_scored_days
from trace_services import SCALES, Service, origin_at, series_of, services_of

from advisor.advice.board import Origin, breached, enough
from advisor.advice.candidates import resized
from advisor.advice.choose import choose, trial_of
from advisor.advice.guardrails import Trial, broken_rules
from advisor.advice.refit import left_out
from advisor.advice.reliability import Stated, bands, statements
from advisor.advice.rules import USUAL
from advisor.advice.subject import search_in
from advisor.advice.tail_fit import Series, fit
from advisor.charts import reliability
from advisor.charts.drawing import data, finish, to_svg
from advisor.domain.scoreboard import Band
from advisor.domain.service import TaskSize
from advisor.domain.settings import TailModel
from advisor.fargate.prices import PriceBook
from advisor.fargate.sizes import legal_sizes
from advisor.report.scoreboard import band_cells

SHIPPED = Path(__file__).parents[1] / "advisor" / "advice" / "data"
FACTORS = np.linspace(1.0, 2.5, 76)
LOWEST = np.geomspace(0.001, 0.9, 80)
LEVELS = np.arange(0.02, 0.1501, 0.005)
SHOWN = (0.02, 0.03, 0.05, 0.07, 0.1, 0.15)
FAMILIES = {
    "ours": "ours",
    "alone": "ours, by these risks alone",
    "both": "highest x k, CPU and memory",
    "memory": "highest x k, memory; CPU as ours",
    "memory_alone": "highest x k, memory; CPU as ours by these risks alone",
}
PAIRS = (("ours", "both"), ("ours", "memory"), ("alone", "both"), ("alone", "memory_alone"))

Points = list[tuple[float, float, float]]  # breached, cost in USD, cost in GiB; shares of the least that was enough


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """One service at one scale: sizes that keep all limits but that of memory risk, cheapest first, by family."""

    origin: Origin
    best: Trial
    holding: Mapping[str, tuple[Trial, ...]]
    highest_vcpu: float
    highest_mib: float


def case_of(service: Service, scale: float, model: TailModel) -> Case:
    """A service at one scale, with the model of the other sources."""
    origin = origin_at(service, scale, model)
    before, work = for_scored_days(origin.before, origin), origin.before.work
    limits = replace(before.limits, memory_breach_probability=1.0)
    settings = {"ours": (limits, USUAL), "alone": (replace(limits, unmet_share=1.0), replace(USUAL, memory=1.0))}
    searches = {name: search_in(replace(before, limits=one), how) for name, (one, how) in settings.items()}
    return Case(
        origin=origin,
        best=enough(origin.after),
        holding={
            name: tuple(sorted((t for t in choose(one).trials if not broken_rules(t, one.case)), key=_usd))
            for name, one in searches.items()
        },
        highest_vcpu=float(work.hot_vcpu.max()),
        highest_mib=float(np.nanmax(work.hot_mib)),
    )


def frontiers(cases: Sequence[Case]) -> dict[str, Points]:
    """Every point of every family."""

    def times(factor: float, vcpu: Callable[[Case], float]) -> list[TaskSize]:
        return [has(vcpu(case), case.highest_mib * factor) for case in cases]

    return {
        **{
            name: [scored(cases, [within(c, name, limit) for c in cases]) for limit in LOWEST]
            for name in ("ours", "alone")
        },
        "both": [scored(cases, times(k, lambda case, k=k: case.highest_vcpu * k)) for k in FACTORS],
        "memory": [scored(cases, times(k, lambda case: least_vcpu(case, "ours"))) for k in FACTORS],
        "memory_alone": [scored(cases, times(k, lambda case: least_vcpu(case, "alone"))) for k in FACTORS],
    }


def within(case: Case, name: str, limit: float) -> TaskSize:
    """The cheapest size within a limit on the risk of memory."""
    return chosen_trial(case, name, limit).setup.size


def chosen_trial(case: Case, name: str, limit: float) -> Trial:
    """The cheapest trial within a limit on the risk of memory; the dearest where none is."""
    sizes = case.holding[name]
    return next((trial for trial in sizes if trial.lowest_limit <= limit), sizes[-1])


def least_vcpu(case: Case, name: str) -> float:
    """The CPU that ours asks for  [vCPU]."""
    return min(trial.setup.size.vcpu for trial in case.holding[name])


def has(vcpu: float, mib: float) -> TaskSize:
    """The cheapest size that has what is needed; the largest where none does."""
    enough_ = (size for size in lattice() if size.vcpu >= vcpu - 1e-9 and size.memory >= mib - 1e-9)
    return next(enough_, lattice()[-1])


@cache
def lattice() -> tuple[TaskSize, ...]:
    """Legal sizes, cheapest first, at the prices of the cases."""
    rates = PriceBook.shipped().rates(region="us-east-1", os="LINUX", architecture="X86_64")
    return tuple(sorted(legal_sizes(), key=lambda s: s.vcpu * float(rates.vcpu_hour) + s.gib * float(rates.gb_hour)))


def scored(cases: Sequence[Case], sizes: Sequence[TaskSize]) -> tuple[float, float, float]:
    """Breached, cost in USD, cost in GiB: means over the services."""
    after = [case.origin.after for case in cases]
    trials = [trial_of(search, resized(search.setup, size)) for search, size in zip(after, sizes, strict=True)]
    pairs = list(zip(trials, (case.best for case in cases), strict=True))
    dollars = np.mean([trial.usd_month / best.usd_month for trial, best in pairs])
    memory = np.mean([trial.setup.size.gib / best.setup.size.gib for trial, best in pairs])
    return float(np.mean(list(map(breached, trials)))), float(dollars), float(memory)


def least(points: Points, level: float, column: int) -> float:
    """The least cost of a family at which no more than `level` is breached; NaN where it cannot be had."""
    return min((point[column] for point in points if point[0] <= level + 1e-9), default=float("nan"))


def _usd(trial: Trial) -> float:
    return trial.usd_month


def frontier_lines(found: Mapping[str, Points]) -> Iterator[str]:
    """The frontier as a Markdown table, with the mean of the ratio over all levels."""
    yield f"| breached at most | {' | '.join(FAMILIES.values())} |"
    yield "|---:|" + "---:|" * len(FAMILIES)
    for level in SHOWN:
        yield f"| {level:.0%} | {' | '.join(f'{least(found[name], level, 1):.3f}' for name in FAMILIES)} |"
    yield ""
    for one, other in PAIRS:
        for column, unit in ((1, "USD"), (2, "GiB")):
            ratios = [least(found[one], at, column) / least(found[other], at, column) for at in LEVELS]
            mean, worst = np.nanmean(ratios) - 1, np.nanmax(ratios) - 1
            pair = f"{FAMILIES[one]} against {FAMILIES[other]}"
            yield f"- {pair}, in {unit}, 2 to 15 %: {mean:+.1%} on average, {worst:+.1%} at worst"


def reliability_lines(found: Sequence[Band]) -> Iterator[str]:
    """The reliability table."""
    yield "| stated | series | looks | stated, mean | happened | apart, points | allowed: 2 or the error |"
    yield "|---|---:|---:|---:|---:|---:|---:|"
    for band in found:
        yield f"| {' | '.join(band_cells(band))} |"


def sized(cases: Sequence[Case]) -> Iterator[tuple[str, Stated]]:
    """Source, and the chance stated of the size that ours chose at its default limit; every service the same weight."""
    for case in cases:
        id, limit = case.origin.before.service.id, case.origin.before.limits.memory_breach_probability
        chosen = chosen_trial(case, "ours", limit)
        happened = breached(trial_of(case.origin.after, resized(case.origin.after.setup, chosen.setup.size)))
        chance = chosen.breach_probability or 0.0
        yield id.cluster, Stated(service=id, chance=chance, happened=happened, weight=1 / len(SCALES))


def sources_lines(said: Sequence[tuple[str, Stated]], chosen: Sequence[tuple[str, Stated]]) -> Iterator[str]:
    """Stated against happened by source, all bands together; the sizes that ours chose beside it."""
    heads = ("source", "series", "looks", "stated, mean", "happened", "of ours: stated, mean", "happened")
    yield f"| {' | '.join(heads)} |"
    yield "|---|" + "---:|" * (len(heads) - 1)
    sources = sorted({source for source, _ in said})
    for name, group in (*((source, {source}) for source in sources), ("all", set(sources))):
        looks, sizes = ([one for source, one in part if source in group] for part in (said, chosen))
        (of_looks,), (of_sizes,) = bands(looks, (0.0, 1.0)), bands(sizes, (0.0, 1.0))
        shares = (of_looks.stated, of_looks.happened, of_sizes.stated, of_sizes.happened)
        counts = (of_looks.services, of_looks.statements)
        yield f"| {name} | {' | '.join([*map(str, counts), *(f'{share:.1%}' for share in shares)])} |"


def models_lines(models: Mapping[str, TailModel], whole: TailModel) -> Iterator[str]:
    """Exponents of every model: how much they owe to one source."""
    yield "| left out | " + " | ".join(asdict(whole)) + " |"
    yield "|---|" + "---:|" * len(asdict(whole))
    for name, model in {"nothing": whole, **models}.items():
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
    color = alt.Color("family:N", sort=None, legend=alt.Legend(columns=2, labelLimit=400))
    line = alt.Chart(data(rows)).mark_line(strokeWidth=2, interpolate="step-after").encode(x=x, y=y, color=color)
    return finish((line,), width=560, height=280)


def ship(model: TailModel, series: Sequence[Series], *, of: Literal["memory", "cpu"] = "memory") -> None:
    """Write the model with where it comes from."""
    count = {name: sum(one.source == name for one in series) for name in sorted({one.source for one in series})}
    document = {
        "model": asdict(model),
        "made_by": f"benchmarks/{of}_risk.py --ship",
        "formula": "advisor/advice/tail.py, chance",
        "series_by_source": count,
        "attribution": "Google cluster-data (CC-BY 4.0), Microsoft AzurePublicDataset (CC-BY 4.0), Numenta Anomaly"
        " Benchmark (MIT), NetManAIOps JumpStarter (MIT), AtLarge OpenDC (MIT), CloudCluster-Computing (Apache-2.0);"
        " only these exponents are derived from them",
    }
    (SHIPPED / f"{of}_tail.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


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
    with_memory = [service for service in services if service.has_memory]
    cases = [case_of(service, scale, models[service.source]) for service in with_memory for scale in SCALES]
    found, stated = frontiers(cases), list(statements(series, models))
    said, by_source = bands(stated), [(series[one.service].source, one) for one in stated]
    lines = ["# Memory under risk, on sources that were left out", "", *(__doc__ or "").splitlines()[4:], ""]
    lines += [f"{len(with_memory)} services with memory.", "", "## Frontier", ""]
    lines += ["![frontier](memory_risk.svg)", "", *frontier_lines(found), "", "## Reliability", ""]
    lines += ["![reliability](memory_risk_reliability.svg)", "", *reliability_lines(said), "", "## By source", ""]
    lines += [*sources_lines(by_source, list(sized(cases))), "", "## Exponents", ""]
    lines += [*models_lines(models, whole)]
    given.out.with_suffix(".md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    given.out.with_suffix(".svg").write_text(to_svg(picture(found)), encoding="utf-8")
    beside = given.out.with_name(given.out.name + "_reliability.svg")
    beside.write_text(to_svg(reliability(said)), encoding="utf-8")
    if given.ship:
        ship(whole, series)
    print("\n".join(lines))


if __name__ == "__main__":
    main()
