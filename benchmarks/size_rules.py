"""The sizes that each rule gives, against the sizes that would have been enough: public traces, source by source.

    .venv/bin/python benchmarks/size_rules.py ../shared/traces --out benchmarks/size_rules

By the code of `advisor backtest` (advisor/advice/board.py): rules see the first 14 days of a series, or its first half
where it is shorter than 28 days; the rest scores them. Each series is a service of one task
(benchmarks/trace_services.py), at the shipped prices of us-east-1, Linux on X86_64. The model of memory is fitted on
the other sources only.

cost         price of the size over that of the cheapest legal size that would have kept all of the scored part:
             CPU used up in at most 1 % of the time, memory never; mean over the services
throttled    share of the time in which the work takes all the CPU of the size
over 1 %     share of the services that are throttled in more than 1 % of the time
breached     share of the services whose memory goes to the limit at least once
against ours better or worse in one of cost, services over 1 % and breaches, and the other way in none

Ours is the default setting of the product, which asks more of a size than this table scores: at most 0.5 % of the work
may find no CPU in its minute, and the chance of a breach is that of 30 days. Three rows below it take away one after
the other: the limit on that work; the month, so that the chance is that of the days that are scored; and the margins on
work and memory, so that only the limits of this table are left. Today's size is taken to be Fargate's smallest; less
memory than today's is advised only within the limit itself, so one row starts from the size that has twice the highest
CPU and memory. The filters of CloudFix, which ask how full today's size is, are left out for the same reason: this is
the size that it would ask for, which may be dearer than what ran. No task is known to have been killed.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import altair as alt
from trace_services import SCALES, Service, origin_at, series_of, services_of

from advisor.advice.board import OURS, Origin, by_peer, marks_of, ours, rules, scores
from advisor.advice.peers import PEERS, cloudfix_need, highest_times
from advisor.advice.refit import left_out
from advisor.advice.rules import NONE, USUAL, Margins
from advisor.advice.subject import Subject
from advisor.charts.drawing import data, finish, to_svg
from advisor.domain.scoreboard import Marks, RuleScore
from advisor.domain.service import Setup
from advisor.domain.settings import TailModel
from advisor.profile.fit import daily_peaks
from advisor.report.scoreboard import rule_cells

LARGER = "ours, from twice the highest"
MEANT, SCORED = "ours, unmet work not limited", "ours, that and chances of the scored days"
BARE = "ours, that and no margins"
Found = tuple[str, int, bool, tuple[RuleScore, ...]]


def marks_at(service: Service, scale: float, model: TailModel) -> Marks:
    """Every rule on a service at one scale."""
    origin = origin_at(service, scale, model)
    own = {
        LARGER: from_twice,
        MEANT: unlimited,
        SCORED: lambda before: unlimited(for_scored_days(before, origin)),
        BARE: lambda before: unlimited(for_scored_days(before, origin), NONE),
    }
    (first, *others) = {**rules(), "CloudFix": by_peer(cloudfix_need)}.items()
    return marks_of(origin.before.service, [origin], dict([first, *own.items(), *others]))


def from_twice(before: Subject) -> Setup:
    """Ours, where today's size has twice the highest CPU and memory; memory that was not measured never shrinks."""
    if not before.profile.memory_daily_peaks:
        return ours(before)
    setup = by_peer(highest_times(2))(before)
    return ours(replace(before, service=replace(before.service, setup=setup), known={}))


def unlimited(before: Subject, margins: Margins = USUAL) -> Setup:
    """Ours, without the limit on the work that finds no CPU in its minute."""
    return ours(replace(before, limits=replace(before.limits, unmet_share=1.0)), margins)


def for_scored_days(before: Subject, origin: Origin) -> Subject:
    """The subject with the chance of a breach in as many days as are scored."""
    work = origin.after.work
    days = len(daily_peaks(work.hot_mib, work.tick_seconds))
    return replace(before, days_ahead=max(1, days), known={})


def by_source(services: Sequence[Service]) -> Iterator[Found]:
    """(source, services, whether with memory, scores by rule); memory apart where only some have it."""
    models = left_out(list(series_of(services)))
    for source, memory in dict.fromkeys((s.source, s.has_memory) for s in services):
        members = [s for s in services if (s.source, s.has_memory) == (source, memory)]
        found = [marks_at(service, scale, models[source]) for service in members for scale in SCALES]
        yield source, len(members), memory, scores(found)


def table(found: Sequence[RuleScore]) -> Iterator[str]:
    """One source as a Markdown table, with how each rule stands to ours."""
    yield "| rule | cost | throttled | over 1 % | breached | against ours |"
    yield "|---|---:|---:|---:|---:|---|"
    for rule in found:
        *cells, standing = rule_cells(rule)
        yield f"| {' | '.join(cells)} | {f'**{standing}**' if standing == 'better' else standing} |"


def below_enough(found: Sequence[RuleScore]) -> str:
    """How many rules of others no size can beat that keeps the limits of the table."""
    cheap = sum(rule.cost < 1 for rule in found if rule.rule in PEERS)
    even = sum(rule.cost == 1 for rule in found if rule.rule in PEERS)
    return (
        f"Of the {len(PEERS)} rules of others {cheap} cost less than what would have been enough, and {even} just as"
        " much: nothing that keeps the limits of this table is better than these, even chosen with the future known."
    )


def picture(found: Sequence[Found]) -> alt.LayerChart:
    """Cost against breaches for the sources with memory; diamonds are ours."""
    rows = [
        {"source": source, "rule": rule.rule, "x": rule.cost, "y": 100 * (rule.breached_share or 0.0)}
        for source, _, memory, scored in found
        if memory
        for rule in scored
        if not rule.rule.startswith("highest")
    ]
    x = alt.X("x:Q", scale=alt.Scale(zero=False), title="cost over the cheapest size that would have been enough")
    y = alt.Y("y:Q", title="% of services whose memory was breached")
    color = alt.Color("source:N")
    chosen = [row for row in rows if row["rule"] == OURS]
    others = [row for row in rows if not str(row["rule"]).startswith("ours")]
    dots = alt.Chart(data(others)).mark_circle(size=45, opacity=0.55).encode(x=x, y=y, color=color)
    ours_ = alt.Chart(data(chosen)).mark_point(size=140, shape="diamond", filled=True).encode(x=x, y=y, color=color)
    return finish((dots, ours_), width=620, height=300)


def document(found: Sequence[Found]) -> str:
    """The whole scoreboard."""
    lines = ["# Sizes by rule on public traces", "", *(__doc__ or "").splitlines()[4:], ""]
    lines += ["![cost against breaches; diamonds are ours](size_rules.svg)", ""]
    for source, count, memory, scored in found:
        what = "CPU and memory" if memory else "CPU only"
        lines += [f"## {source}, {what}", "", f"{count} services at {len(SCALES)} scales each.", ""]
        lines += [*table(scored), "", below_enough(scored), ""]
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
