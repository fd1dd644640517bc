"""The cheapest setup that breaks no rule, found by replay; arithmetic only decides what is worth a replay."""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Self

import numpy as np
import numpy.typing as npt

from advisor.advice.candidates import Family, families, other_ways, resized, sizes
from advisor.advice.guardrails import Case, Trial, broken_rules
from advisor.advice.levers import Counts, Levers
from advisor.advice.replay import conditions_of, run, target_share, usd_per_task_hour
from advisor.advice.rules import (
    ESTIMATE_SLACK,
    LEAST_SAVING_SHARE,
    LEAST_SAVING_USD_MONTH,
    MOST_STARTS,
    NEAR_COST_SHARE,
    SIZES_FOR_OTHER_WAYS,
)
from advisor.advice.score import Score, judged, score
from advisor.advice.shortage import NO_LIMIT
from advisor.advice.tail import Evidence, chance_of_breach, evidence
from advisor.advice.work import Floats, Work
from advisor.advice.worth import lowest_limit
from advisor.domain.service import OperatingSystem, Setup, TaskSize
from advisor.domain.units import HOURS_PER_MONTH, MIB_PER_GIB, SECONDS_PER_HOUR
from advisor.fargate.prices import PriceBook
from advisor.simulation.encode import bounds_by_tick

FEWEST_PEAKS = 2  # a spread needs two daily peaks


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Search:
    """Everything that trials are made from: the work, today's setup, what may change, what must hold.

    `running` are the task counts where no size changes them, `hot` what the hottest task has to do then with the growth
    of the margins; None where they follow the load. `known`: trials over this work that were made already; `scored`:
    scores by CPU of a task, where no size changes the counts.
    """

    setup: Setup
    work: Work
    levers: Levers
    case: Case
    prices: PriceBook
    running: Floats | None
    hot: Floats | None
    known: dict[tuple[Setup, float, Counts], Trial]
    scored: dict[float, tuple[Score, Evidence | None]] = field(default_factory=dict)

    @property
    def held_to_limit(self) -> Floats | None:
        """`hot` where CPU is judged, NaN elsewhere; None where counts follow the load, or no limit holds."""
        if self.hot is None or self.case.limits.cpu_throttled_share >= NO_LIMIT:
            return None
        return judged(self.hot, self.work)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The cheapest trial that breaks no rule (None = there is none), and all that were made."""

    best: Trial | None
    trials: tuple[Trial, ...]


def choose(search: Search) -> Choice:
    """The setup from which the same search finds nothing that is worth another change.

    What is tried depends on where a search starts, so each choice is a new start until one stands.
    """
    choice = _chosen(search, float("inf"))
    for _ in range(MOST_STARTS - 1):
        best = choice.best
        if best is None or best.setup == search.setup:
            break
        search = replace(search, setup=best.setup)
        again = _chosen(search, best.usd_month - least_saving(best.usd_month))
        choice = Choice(best=again.best or best, trials=tuple(dict.fromkeys((*choice.trials, *again.trials))))
    return choice


def least_saving(usd_month: float) -> float:
    """What a change of a setup must save to be worth it.  [USD/month]"""
    return max(usd_month * LEAST_SAVING_SHARE, LEAST_SAVING_USD_MONTH)


def _chosen(search: Search, below: float) -> Choice:
    """Try what the levers allow, cheapest first; of those that cost about the same, the preferred one, if it costs
    no more than `below` [USD/month]."""
    trials = _scaling_trials(search, below) if search.running is None else _size_trials(search)
    allowed = [trial for trial in trials if not broken_rules(trial, search.case)]
    best = _cheapest(search.setup, allowed) if allowed else None
    return Choice(best=best if best and best.usd_month <= below else None, trials=tuple(trials))


def _cheapest(today: Setup, trials: list[Trial]) -> Trial:
    """The cheapest; with more policies or scheduled actions than today it must save what makes a change worth while."""

    def worth(trial: Trial) -> float:
        return trial.usd_month * (1 + LEAST_SAVING_SHARE * (_parts(trial.setup) > _parts(today)))

    least = min(map(worth, trials))
    near = [trial for trial in trials if worth(trial) <= least * (1 + NEAR_COST_SHARE)]
    return min(near, key=lambda trial: (_preference(today, trial), worth(trial)))


def _preference(today: Setup, trial: Trial) -> tuple[bool, float, int]:
    """Among setups of about the same cost: no deployment, then what leaves least work unmet, then few changes."""
    then = trial.setup
    changes = (then.bounds != today.bounds) + (then.policies != today.policies) + (then.schedule != today.schedule)
    return then.size != today.size, trial.score.unmet_share, changes


def _parts(setup: Setup) -> int:
    """Policies and scheduled actions: what somebody has to understand."""
    return len(setup.policies) + len(setup.schedule)


def trial_of(search: Search, setup: Setup) -> Trial:
    """One setup, replayed over the work as it was and scored under the margins of the search.

    More work than was seen is taken to come so fast that the tasks of the replay have to do it.
    """
    key = (setup, _growth(search), search.levers.counts)
    if key not in search.known:
        search.known[key] = _made(search, setup)
    return search.known[key]


def _growth(search: Search) -> float:
    margins = search.case.margins
    return margins.growth if search.running is None else margins.steady_growth


def _made(search: Search, setup: Setup) -> Trial:
    case, work, size = search.case, search.work, setup.size
    if search.running is None:
        outcome = run(setup, work, search.levers.counts, conditions=conditions_of(case.profile, work))
        got, told = _scored(search, outcome.running.astype(np.float64), size)
        task_seconds = float(outcome.task_seconds)
    else:
        if size.vcpu not in search.scored:
            search.scored[size.vcpu] = _scored(search, search.running, size)
        got, told = search.scored[size.vcpu]
        task_seconds = float(search.running.sum()) * work.tick_seconds
    hourly_usd = usd_per_task_hour(setup, search.prices, region=work.region)
    usd_month = task_seconds / work.seconds * HOURS_PER_MONTH * hourly_usd
    if told is None:
        return Trial(setup=setup, usd_month=usd_month, score=got, breach_probability=None)
    chance = chance_of_breach(told, size.memory, days=case.days_ahead, model=case.tail)
    return Trial(
        setup=setup,
        usd_month=usd_month,
        score=got,
        breach_probability=chance,
        lowest_limit=chance if size.memory < case.today.memory else _lowest_limit(case, told, size, os=setup.os),
    )


def _scored(search: Search, running: Floats, size: TaskSize) -> tuple[Score, Evidence | None]:
    """The score of task counts, and what its daily peaks of memory say; the memory of a task changes neither."""
    profile = search.case.profile
    growth, carried = _growth(search), search.case.carried_by(size)
    got = score(running, search.work, size=size, memory=profile.memory_model, growth=growth, hot=search.hot)
    if carried > 1:  # memory that grows is carried on by its own peaks
        later = score(running, search.work, size=size, memory=profile.memory_model, growth=growth * carried)
        got = replace(got, throttled_share=later.throttled_share, unmet_share=later.unmet_share)
    enough = len(got.memory_daily_mib) >= FEWEST_PEAKS
    return got, evidence(got.memory_daily_mib, profile.memory_typical_gib * MIB_PER_GIB) if enough else None


def _lowest_limit(case: Case, told: Evidence, size: TaskSize, *, os: OperatingSystem) -> float:
    """The lowest limit on the chance of a breach that a size keeps: for less memory than today the chance itself."""
    if size.memory < case.today.memory:
        return chance_of_breach(told, size.memory, days=case.days_ahead, model=case.tail)
    return lowest_limit(told, size, days=case.days_ahead, model=case.tail, os=os)


def _size_trials(search: Search) -> list[Trial]:
    return [trial_of(search, resized(search.setup, size)) for size in sizes(search.setup, search.levers)]


def _scaling_trials(search: Search, below: float) -> list[Trial]:
    """Every size with today's way of scaling; then the sizes that came out cheapest with all other ways.

    What is estimated to cost more than `below` is left out.
    """
    setup, levers, limits, work = search.setup, search.levers, search.case.limits, search.work
    plain = (family for size in _worth_trying(search) for family in families(setup, size, levers, limits, work))
    trials = _tried(search, plain, below)
    holding = sorted((trial for trial in trials if not broken_rules(trial, search.case)), key=_usd)
    best = min(below, holding[0].usd_month) if holding else below
    found = list(dict.fromkeys(trial.setup.size for trial in holding)) or [setup.size]
    other = (
        family
        for size in found[:SIZES_FOR_OTHER_WAYS]
        for family in other_ways(setup, size, levers, limits, work, growth=_growth(search))
    )
    return trials + _tried(search, other, best)


def _tried(search: Search, found: Iterable[Family], best: float) -> list[Trial]:
    """Families in order of their estimated cost, until none can be cheaper than `best` or the best that holds."""
    hourly = _Hourly.of(search.work)
    ordered = sorted(((_estimate(search, family, hourly), family) for family in found), key=_estimated)
    trials: list[Trial] = []
    for estimate, family in ordered:
        if estimate * ESTIMATE_SLACK > best:
            break
        made, holding = _boldest_that_holds(search, family)
        trials += made
        best = min(best, holding.usd_month) if holding else best
    return trials


def _boldest_that_holds(search: Search, family: Family) -> tuple[list[Trial], Trial | None]:
    """The highest target that breaks no rule, by bisection: a lower target only ever adds tasks."""
    made: dict[int, Trial] = {}

    def holds(at: int) -> bool:
        made[at] = trial_of(search, family.setups[at])
        return not broken_rules(made[at], search.case)

    found = bisect_left(range(len(family.setups)), True, key=holds)
    return list(made.values()), made.get(found)


def _worth_trying(search: Search) -> tuple[TaskSize, ...]:
    """Today's size; and of each CPU the memories from the smallest that can hold with the work of a task as it is
    to the smallest that holds with all the work that the CPU can do: tasks do more each when there are fewer."""
    model, most = search.case.profile.memory_model, float(np.max(search.work.hot_vcpu, initial=0.0))
    found = [search.setup.size]
    for _, group in groupby(sizes(search.setup, search.levers), key=lambda size: size.cpu):
        alike = tuple(group)
        full_mib = model.mib_per_vcpu * max(0.0, alike[0].vcpu - most)
        least = [size for size in alike if _holds_memory(search.case, size, 0.0)]
        short = [size for size in least if not _surely_holds(search.case, size, full_mib, os=search.setup.os)]
        found += least[: len(short) + 1]
    return tuple(dict.fromkeys(found))


def _holds_memory(case: Case, size: TaskSize, extra_mib: float) -> bool:
    """Whether memory alone lets a size be tried; the rules decide after the replay."""
    profile = case.profile
    if size.memory < case.floor_mib:
        return False
    if len(profile.memory_daily_peaks) < FEWEST_PEAKS:
        return True
    return size.memory >= (profile.memory_peak_gib * MIB_PER_GIB + extra_mib) * case.margins.memory


def _surely_holds(case: Case, size: TaskSize, extra_mib: float, *, os: OperatingSystem) -> bool:
    """Whether a size holds even where every daily peak grows by `extra_mib`: more memory need not be tried."""
    if not _holds_memory(case, size, extra_mib):
        return False
    profile = case.profile
    few = len(profile.memory_daily_peaks) < FEWEST_PEAKS
    peaks = [peak * MIB_PER_GIB + extra_mib for peak in profile.memory_daily_peaks]
    limit = 0.0 if few else _lowest_limit(case, evidence(peaks, profile.memory_typical_gib * MIB_PER_GIB), size, os=os)
    return limit <= case.limits.memory_breach_probability


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Hourly:
    """Work per hour [vCPU]: short enough for an estimate of cost, long enough to be quick; `starts` are its ticks."""

    starts: npt.NDArray[np.int64]
    vcpu: Floats

    @classmethod
    def of(cls, work: Work) -> Self:
        starts = np.arange(0, len(work.vcpu), max(1, SECONDS_PER_HOUR // work.tick_seconds))
        return cls(starts=starts, vcpu=np.add.reduceat(work.vcpu, starts) / np.diff([*starts, len(work.vcpu)]))


def _estimate(search: Search, family: Family, hourly: _Hourly) -> float:
    """Cost of a family's cheapest member, if it always had the tasks that its target asks for.  [USD/month]"""
    setup = family.setups[0]
    bounds = bounds_by_tick(setup, search.work.load())[:, hourly.starts] if setup.schedule else setup.bounds
    tasks = np.clip(np.ceil(hourly.vcpu / (setup.size.vcpu * target_share(setup, search.work))), *bounds)
    return float(tasks.mean()) * HOURS_PER_MONTH * usd_per_task_hour(setup, search.prices, region=search.work.region)


def _usd(trial: Trial) -> float:
    return trial.usd_month


def _estimated(pair: tuple[float, Family]) -> float:
    return pair[0]
