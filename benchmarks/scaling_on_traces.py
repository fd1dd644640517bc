"""Ways of scaling against each other on public load traces, fitted on the first half and scored on the second.

    .venv/bin/python benchmarks/scaling_on_traces.py ../shared/traces --out benchmarks/scaling_on_traces.md

Every series with requests, load or CPU is one service, scaled so that its 99.9th percentile needs 12 tasks of
1 vCPU. Sources are never mixed inside a series; five-minute values are held for five ticks of one minute, 15-second
ones are averaged to a minute, gaps lie on a straight line. The rules see the first half only (the static peak and
ours; the others look at nothing). The second half is replayed by the plain oracle (tests/oracles/simulator.py).

Ours is what the product decides for a service that scales as AWS proposes (70 %, cooldowns of 300 s, 1 to 1000 tasks),
with the levers scaling and schedule, under a limit on unmet work; where it decides to keep or to say nothing, that
setup is scored.

cost   task-seconds billed over those of the ideal supply, max(1, ceil(demand / (1 vCPU x 100 %))) in every tick
unmet  share of the work of the half that found no capacity in its tick
Both are means over series, each of the same weight.
"""

import argparse
import math
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))

from advisor.advice.decide import decide
from advisor.advice.floors import ticked
from advisor.advice.subject import Subject, subject_of, with_stretches
from advisor.domain.inventory import Service
from advisor.domain.policy import TargetTracking
from advisor.domain.schema import OBSERVED
from advisor.domain.service import ServiceId, Setup, TaskSize
from advisor.domain.settings import Config, Limits
from advisor.fargate.prices import PriceBook
from advisor.profile import Demand, fit_profile
from advisor.simulation import Load, simulate
from tests.oracles import simulator

COLUMNS = ("requests", "load_raw", "cpu_percent")
QUANTILE, TASKS = 0.999, 12
MOST = 1000
BASE = Setup(size=TaskSize.of(vcpu=1, gib=2), desired=1, minimum=1, maximum=MOST)
TODAY = replace(BASE, policies=(TargetTracking(metric="cpu", target=70),))
CONFIG = Config(levers=("scaling", "schedule"))
FIXED = {f"target {target}, {seconds} s": (target, seconds) for target, seconds in (
    *((target, 300) for target in range(30, 90, 10)), (50, 60), (70, 60)
)}  # fmt: skip
LIMITS = (0.1, 0.05, 0.03, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0002)
THIRD_OF = tuple(f"target {target}, 300 s" for target in (30, 40, 50, 60))
START_SHARE = 0.7  # a rule without a target starts with the tasks that the first minute keeps this busy

Score = tuple[float, float]  # cost, unmet


@dataclass(frozen=True)
class Series:
    """One trace as a service."""

    source: str
    entity: str
    step_seconds: int
    gap_share: float
    load: Load


def series_of(folder: Path) -> Iterator[Series]:
    """Every series of the folder that has a load and is not zero throughout."""
    for file in sorted(folder.glob("*.parquet")):
        frame = pd.read_parquet(file)
        for entity, rows in frame.groupby("entity", observed=True):
            column = next((name for name in COLUMNS if name in rows and rows[name].notna().any()), None)
            if column and (found := one_series(file.stem, str(entity), rows.set_index("timestamp")[column])):
                yield found


def one_series(source: str, entity: str, values: pd.Series) -> Series | None:
    """Minutes of work of one service; None where it has none, or too little to be halved."""
    known = values.dropna().astype(float).clip(lower=0).sort_index()
    between = known.index.to_series().diff().dt.total_seconds().median()
    if len(known) < 4 or not between > 0:
        return None
    step = max(60, round(between / 60) * 60)
    known = known.groupby(known.index.floor(f"{step}s")).mean()
    grid = known.reindex(pd.date_range(known.index[0], known.index[-1], freq=f"{step}s"))
    vcpu = np.repeat(grid.interpolate().to_numpy(), step // 60)
    high = float(np.quantile(vcpu, QUANTILE))
    if high <= 0:
        return None
    start: datetime = grid.index[0].to_pydatetime()
    load = Load(vcpu=vcpu * TASKS / high, start=start, filled=int(grid.isna().sum()) * step // 60)
    return Series(source, entity, step, float(grid.isna().mean()), load)


def fitted(first: Load) -> Iterator[tuple[str, Setup]]:
    """Every rule and each of our limits, as the setup that it makes of the first half."""
    peak = max(1, math.ceil(float(first.vcpu.max()) - 1e-9))
    yield "static peak", replace(BASE, desired=peak, minimum=peak, maximum=peak)
    for name, (target, seconds) in FIXED.items():
        policy = TargetTracking(metric="cpu", target=target, scale_out_cooldown=seconds, scale_in_cooldown=seconds)
        yield name, replace(BASE, policies=(policy,))
    subject = subject_on(first)
    for limit in LIMITS:
        yield ours(limit), decide(limited(subject, Limits(unmet_share=limit, cpu_throttled_share=1.0))).then.setup


def limited(subject: Subject, limits: Limits) -> Subject:
    """The subject under other limits, at its origins too."""
    stretches = (replace(one, before=replace(one.before, limits=limits)) for one in subject.stretches)
    return replace(subject, limits=limits, stretches=tuple(stretches))


def subject_on(load: Load) -> Subject:
    """A service that scales as AWS proposes (70 %, cooldowns of 300 s) and was asked for the load."""
    start, size = load.start or datetime(2026, 1, 1, tzinfo=UTC), TODAY.size
    id = ServiceId(account="111122223333", region="us-east-1", service="traces/one")
    service = Service(id=id, setup=TODAY, seen_at=start, step_seconds=load.tick_seconds)
    tasks = simulate(load, TODAY, initial=first_tasks(load, TODAY)).running.astype(float)
    index = pd.date_range(start, periods=len(tasks), freq=f"{load.tick_seconds}s")
    each = np.divide(load.vcpu, tasks, out=np.zeros(len(tasks)), where=tasks > 0)
    columns = {"vcpu": load.vcpu, "gib": np.nan, "requests": np.nan, "tasks": tasks, "task_vcpu": size.vcpu}
    columns |= {"task_gib": size.gib, "hot_vcpu": each, "hot_gib": np.nan, "state": np.int8(OBSERVED)}
    demand = Demand(id=id, frame=pd.DataFrame(columns, index=index), step_seconds=load.tick_seconds, task_factor=1.0)
    return with_stretches(subject_of(service, demand, fit_profile(demand), PriceBook.shipped(), CONFIG))


def first_tasks(load: Load, setup: Setup) -> int:
    """Tasks at the first tick: what the target asks for."""
    low, high = setup.bounds
    policy = setup.policies[0] if setup.policies else None
    share = policy.target / 100 if isinstance(policy, TargetTracking) else START_SHARE
    return int(min(max(low, math.ceil(load.vcpu[0] / share - 1e-9)), high))


def ours(limit: float) -> str:
    """The name of our rule under a limit on unmet work."""
    return f"ours, unmet at most {limit:.4g}"


def score(second: Load, setup: Setup) -> Score:
    """(cost, unmet) of a setup over the second half, by the oracle."""
    low, high = setup.bounds
    schedule = [asdict(action) for action in ticked(setup.schedule, second)]
    case = {
        "demand_vcpu": second.vcpu.tolist(),
        "setup": {
            "cpu": setup.size.cpu,
            "memory": setup.size.memory,
            "minimum": low,
            "maximum": high,
            "initial": first_tasks(second, setup),
            "policies": [asdict(policy) for policy in setup.policies],
            "schedule": schedule,
        },
    }
    seen = simulator.simulate(case)
    ideal = np.maximum(1, np.ceil(second.vcpu - 1e-9)).sum()
    unmet = np.maximum(0.0, second.vcpu - np.array(seen["running"])).sum()
    return float(sum(seen["billed"]) / ideal), float(unmet / max(second.vcpu.sum(), 1e-12))


def part(load: Load, low: int, high: int) -> Load:
    """The ticks from `low` up to `high` of a load."""
    start = None if load.start is None else load.start + timedelta(seconds=low * load.tick_seconds)
    return replace(load, vcpu=load.vcpu[low:high], start=start)


def scores_of(series: Series) -> dict[str, Score]:
    """All rules on one series; a setup that two of them make is replayed once."""
    middle = len(series.load.vcpu) // 2
    first, second = part(series.load, 0, middle), part(series.load, middle, len(series.load.vcpu))
    known: dict[Setup, Score] = {}
    found = {}
    for name, setup in fitted(first):
        if setup not in known:
            known[setup] = score(second, setup)
        found[name] = known[setup]
    return found


def means(scores: Sequence[Mapping[str, Score]]) -> dict[str, Score]:
    """Mean cost and mean unmet share of every rule."""
    table = {name: np.array([one[name] for one in scores]).mean(axis=0) for name in scores[0]}
    return {name: (float(cost), float(unmet)) for name, (cost, unmet) in table.items()}


def findings(found: Mapping[str, Score]) -> Iterator[str]:
    """Which rules dominate ours, and under which of our limits a third of a rule's unmet work costs no more."""
    for limit in LIMITS:
        cost, unmet = found[ours(limit)]
        worse = [n for n in ("static peak", *FIXED) if beats(found[n], (cost, unmet))]
        yield f"- {ours(limit)}: " + (f"dominated by {', '.join(worse)}" if worse else "dominated by no fixed rule")
    for rule in THIRD_OF:
        cost, unmet = found[rule]
        holding = [f"{limit:.4g}" for limit in LIMITS if within(found[ours(limit)], cost, unmet / 3)]
        yield f"- {rule}: no dearer and at most a third of its unmet work at " + (
            f"limits {', '.join(holding)}" if holding else "**no limit**"
        )


def beats(one: Score, other: Score) -> bool:
    """Whether the first is no worse in both and better in one."""
    return one != other and one[0] <= other[0] and one[1] <= other[1]


def within(one: Score, cost: float, unmet: float) -> bool:
    """Whether a score is under both marks."""
    return one[0] <= cost and one[1] <= unmet


def table(columns: Mapping[str, Mapping[str, Score]]) -> Iterator[str]:
    """A Markdown table: rules down, groups of series across, cost / unmet in percent."""
    yield "| rule | " + " | ".join(columns) + " |"
    yield "|---|" + "---:|" * len(columns)
    for name in next(iter(columns.values())):
        cells = (f"{group[name][0]:.3f} / {group[name][1] * 100:.3f} %" for group in columns.values())
        yield f"| {name} | " + " | ".join(cells) + " |"


def document(series: Sequence[Series], scores: Sequence[Mapping[str, Score]], seconds: float) -> str:
    """The whole table with what it shows."""
    overall = means(scores)
    sources = dict.fromkeys(one.source for one in series)
    lines = ["# Ways of scaling on public traces", "", *(__doc__ or "").splitlines()[4:], ""]
    ticks = sum(len(one.load.vcpu) for one in series)
    lines += [f"{len(series)} series, {ticks:,} minutes; {seconds:,.0f} s of one core.", ""]
    lines += [*table({"cost / unmet, all series": overall}), "", *findings(overall), "", "## By source", ""]
    for source in sources:
        members = [at for at, one in enumerate(series) if one.source == source]
        days = [len(series[at].load.vcpu) / 1440 for at in members]
        steps = ", ".join(f"{step} s" for step in sorted({series[at].step_seconds for at in members}))
        gaps = max(series[at].gap_share for at in members)
        lines += [f"### {source}", ""]
        lines += [f"{len(members)} series of {min(days):.0f} to {max(days):.0f} days, steps of {steps};"
                  f" gaps filled: at most {gaps:.0%} of a series.", ""]  # fmt: skip
        group = means([scores[at] for at in members])
        lines += [*table({"cost / unmet": group}), "", *findings(group), ""]
    return "\n".join(lines)


def main() -> None:
    """Read, fit, score, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("traces", type=Path)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/scaling_on_traces.md"))
    given = parser.parse_args()
    begin = time.process_time()
    series = list(series_of(given.traces))
    scores = []
    for at, one in enumerate(series):
        scores.append(scores_of(one))
        print(f"\r{at + 1} of {len(series)} series", end="", file=sys.stderr, flush=True)
    text = document(series, scores, time.process_time() - begin)
    given.out.write_text(text + "\n" if not text.endswith("\n") else text)
    print(f"\n{given.out}")


if __name__ == "__main__":
    main()
