"""The sizes that each rule gives, against the sizes that would have been enough: public traces, source by source.

    .venv/bin/python benchmarks/size_rules.py ../shared/traces --out benchmarks/size_rules

Rules see the first 14 days of a series, or its first half where it is shorter than 28 days; the rest scores them.
Each series is a service of one task (benchmarks/trace_services.py); the cheapest legal size that has what a rule
asks for is taken, at the shipped prices of us-east-1, Linux on X86_64. Our model of memory is fitted on the other
sources only.

cost       price of the size over that of the cheapest legal size that would have kept all of the scored part:
           CPU used up in at most 1 % of the steps, memory never; mean over the services
throttled  share of the steps in which the work takes all the CPU of the size
over 1 %   share of the services that are throttled in more than 1 % of the steps
breached   share of the services whose memory goes to the limit at least once
"""

import argparse
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import altair as alt
import numpy as np
from trace_services import SCALES, STEP_SECONDS, Service, series_of, services_of

from advisor.advice.peers import PEERS, Floats, Need, Seen, highest_times
from advisor.advice.rules import USUAL
from advisor.advice.tail import Evidence, evidence
from advisor.advice.tail_fit import fit
from advisor.advice.worth import lowest_limit
from advisor.charts.drawing import data, finish, to_svg
from advisor.domain.service import TaskSize
from advisor.domain.settings import Limits, TailModel
from advisor.fargate.prices import PriceBook
from advisor.fargate.sizes import legal_sizes
from advisor.profile.fit import daily_peaks

LIMITS = Limits()
FACTORS = (1.0, 1.15, 1.3, 1.5, 2.0, 2.5)
OURS, BEFORE = "ours", "Gumbel tail, 1 % (ours before)"
THROTTLED = 0.995


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """One service at one scale: what rules see, and what scores them."""

    service: Service
    seen: Seen
    evidence: Evidence | None
    throttled: Mapping[float, float]
    later_mib: float
    days_later: int
    enough: TaskSize


@cache
def lattice() -> tuple[TaskSize, ...]:
    """Legal sizes, cheapest first."""
    return tuple(sorted(legal_sizes(), key=usd))


@cache
def usd(size: TaskSize) -> float:
    """Price of an hour  [USD]."""
    rates = PriceBook.shipped().rates(region="us-east-1", os="LINUX", architecture="X86_64")
    return size.vcpu * float(rates.vcpu_hour) + size.gib * float(rates.gb_hour)


def cheapest(holds: Callable[[TaskSize], bool]) -> TaskSize:
    """The cheapest legal size that holds; the largest where none does."""
    return next((size for size in lattice() if holds(size)), lattice()[-1])


def sized(need: Need) -> TaskSize:
    """The cheapest legal size that has what is needed."""
    return cheapest(lambda size: size.vcpu >= need.vcpu - 1e-9 and size.memory >= need.mib - 1e-9)


def cases_of(service: Service) -> Iterator[Case]:
    """A service at every scale."""
    for scale in SCALES:
        seen, later = service.seen(scale), service.later(scale)
        work = later.vcpu[np.isfinite(later.vcpu)]
        throttled = {cpu: float((work >= THROTTLED * cpu).mean()) for cpu in {size.vcpu for size in lattice()}}
        later_mib = float(np.nanmax(later.mib)) if service.has_memory else 0.0
        yield Case(
            service=service,
            seen=seen,
            evidence=said(seen) if service.has_memory else None,
            throttled=throttled,
            later_mib=later_mib,
            days_later=len(daily_peaks(later.mib, STEP_SECONDS)),
            enough=cheapest(lambda size, t=throttled, m=later_mib: t[size.vcpu] <= 0.01 and size.memory > m),
        )


def said(seen: Seen) -> Evidence:
    """What the daily peaks of memory say."""
    return evidence(daily_peaks(seen.mib, seen.step_seconds), float(np.nanmedian(seen.mib)))


def needed_vcpu(seen: Seen) -> float:
    """The least CPU that our procedure allows a service of one task: throttling with the usual growth  [vCPU]."""
    work = seen.vcpu[np.isfinite(seen.vcpu)] * USUAL.growth
    return cheapest(lambda size: float((work >= THROTTLED * size.vcpu).mean()) <= LIMITS.cpu_throttled_share).vcpu


def ours(case: Case, model: TailModel, limit: float = LIMITS.memory_breach_probability) -> TaskSize:
    """Our size: enough CPU, the highest memory with its margin, and a risk within the limit."""
    vcpu, told = needed_vcpu(case.seen), case.evidence
    least = 0.0 if told is None else told.highest * USUAL.memory
    fitting = [size for size in lattice() if size.vcpu >= vcpu and size.memory >= least]
    if told is None or not fitting:
        return fitting[0] if fitting else lattice()[-1]
    holding = (s for s in fitting if lowest_limit(told, s, days=case.days_later, model=model) <= limit)
    return next(holding, fitting[-1])


def gumbel(case: Case) -> TaskSize:
    """Our size before: a Gumbel tail by moments on the daily peaks, widened by 1 + 2 / n, at 1 %."""
    if case.evidence is None:
        return sized(Need(vcpu=needed_vcpu(case.seen), mib=0))
    peaks = np.array(daily_peaks(case.seen.mib, STEP_SECONDS))
    spread = max(float(peaks.std(ddof=1)), 0.01 * float(peaks.mean()))
    beta = spread * math.sqrt(6) / math.pi * (1 + 2 / len(peaks))
    most = float(peaks.mean()) - 0.5772 * beta - beta * math.log(-math.log(0.99) / 30)
    return sized(Need(vcpu=needed_vcpu(case.seen), mib=max(most, case.evidence.highest * USUAL.memory)))


def rules_of(model: TailModel) -> dict[str, Callable[[Case], TaskSize]]:
    """Every rule by its name."""
    asked = {**PEERS, **{f"highest x {factor:g}": highest_times(factor) for factor in FACTORS}}
    found: dict[str, Callable[[Case], TaskSize]] = {
        name: (lambda case, rule=rule: sized(rule(case.seen))) for name, rule in asked.items()
    }
    return {OURS: lambda case: ours(case, model), BEFORE: gumbel, **found}


def marks(case: Case, size: TaskSize) -> tuple[float, float, float, float]:
    """Cost, throttled, over 1 %, breached of one size."""
    throttled = case.throttled[size.vcpu]
    return usd(size) / usd(case.enough), throttled, float(throttled > 0.01), float(case.later_mib >= size.memory)


def table(scores: Mapping[str, Floats], *, memory: bool) -> Iterator[str]:
    """One source as a Markdown table, with how each rule stands to ours."""
    yield "| rule | cost | throttled | over 1 % | breached | against ours |"
    yield "|---|---:|---:|---:|---:|---|"
    for name, (cost, throttled, over, breached) in scores.items():
        memory_cell = f"{breached:.1%}" if memory else "not measured"
        standing = "" if name == OURS else stands(scores[name], scores[OURS])
        yield f"| {name} | {cost:.3f} | {throttled:.2%} | {over:.1%} | {memory_cell} | {standing} |"


def stands(one: Floats, ours_: Floats) -> str:
    """Who is no worse in cost, services over 1 % and breaches, and better in one of them."""
    a, b = one[[0, 2, 3]], ours_[[0, 2, 3]]
    if (a <= b + 1e-9).all() and (a < b - 1e-9).any():
        return "**dominates ours**"
    return "dominated by ours" if (b <= a + 1e-9).all() and (b < a - 1e-9).any() else ""


def by_source(services: Sequence[Service]) -> Iterator[tuple[str, int, bool, dict[str, Floats]]]:
    """(source, services, whether with memory, scores by rule); memory apart where only some have it."""
    series = list(series_of(services))
    for source, memory in dict.fromkeys((s.source, s.has_memory) for s in services):
        members = [s for s in services if (s.source, s.has_memory) == (source, memory)]
        model = fit([one for one in series if one.source != source])
        cases = [case for service in members for case in cases_of(service)]
        scores = {
            name: np.array([marks(case, rule(case)) for case in cases]).mean(axis=0)
            for name, rule in rules_of(model).items()
        }
        yield source, len(members), memory, scores


def picture(found: Sequence[tuple[str, int, bool, dict[str, Floats]]]) -> alt.LayerChart:
    """Cost against breaches for the sources with memory."""
    rows = [
        {"source": source, "rule": name, "x": float(score[0]), "y": 100 * float(score[3])}
        for source, _, memory, scores in found
        if memory
        for name, score in scores.items()
        if not name.startswith("highest")
    ]
    x = alt.X("x:Q", scale=alt.Scale(zero=False), title="cost over the cheapest size that would have been enough")
    y = alt.Y("y:Q", title="% of services whose memory was breached")
    color = alt.Color("source:N")
    chosen = [row for row in rows if row["rule"] == OURS]
    others = [row for row in rows if row["rule"] != OURS]
    dots = alt.Chart(data(others)).mark_circle(size=45, opacity=0.55).encode(x=x, y=y, color=color)
    ours_ = alt.Chart(data(chosen)).mark_point(size=140, shape="diamond", filled=True).encode(x=x, y=y, color=color)
    return finish((dots, ours_), width=620, height=300)


def document(found: Sequence[tuple[str, int, bool, dict[str, Floats]]]) -> str:
    """The whole scoreboard."""
    lines = ["# Sizes by rule on public traces", "", *(__doc__ or "").splitlines()[4:], ""]
    lines += ["![cost against breaches; diamonds are ours](size_rules.svg)", ""]
    for source, count, memory, scores in found:
        what = "CPU and memory" if memory else "CPU only"
        lines += [f"## {source}, {what}", "", f"{count} services at {len(SCALES)} scales each.", ""]
        lines += [*table(scores, memory=memory), ""]
    return "\n".join(lines).rstrip() + "\n"


def main() -> None:
    """Score and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("traces", type=Path)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/size_rules"))
    given = parser.parse_args()
    found = list(by_source(list(services_of(given.traces))))
    given.out.with_suffix(".md").write_text(document(found), encoding="utf-8")
    given.out.with_suffix(".svg").write_text(to_svg(picture(found)), encoding="utf-8")
    print(given.out.with_suffix(".md"))


if __name__ == "__main__":
    main()
