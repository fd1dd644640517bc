"""The cheapest setup that breaks no rule, found by replay; arithmetic only decides what is worth a replay."""

from bisect import bisect_left
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np

from advisor.advice.candidates import Family, families, resized, sizes
from advisor.advice.guardrails import Case, Trial, broken_rules
from advisor.advice.levers import Levers, tracked
from advisor.advice.replay import run, usd_per_task_hour
from advisor.advice.rules import ESTIMATE_SLACK, NEAR_COST_SHARE, NONE
from advisor.advice.score import score
from advisor.advice.tail import DAYS_AHEAD, chance_of_breach, memory_breach_probability
from advisor.advice.work import Floats, Work
from advisor.domain.service import Setup, TaskSize
from advisor.domain.units import HOURS_PER_MONTH, MIB_PER_GIB, SECONDS_PER_HOUR
from advisor.fargate.prices import PriceBook

FEWEST_PEAKS = 2  # a spread needs two daily peaks


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Search:
    """Everything that trials are made from: the work, today's setup, what may change, what must hold.

    `running` are the task counts where no size changes them; None where they follow the load.
    """

    setup: Setup
    work: Work
    levers: Levers
    case: Case
    prices: PriceBook
    running: Floats | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The cheapest trial that breaks no rule (None = there is none), and all that were made."""

    best: Trial | None
    trials: tuple[Trial, ...]


def search_of(setup: Setup, work: Work, levers: Levers, case: Case, prices: PriceBook) -> Search:
    """A search, with the task counts worked out where they do not follow the load."""
    running = None
    if levers.counts != "replayed" or tracked(setup) is None:
        running = run(setup, work, levers.counts).running.astype(np.float64)
    return Search(setup=setup, work=work, levers=levers, case=case, prices=prices, running=running)


def choose(search: Search) -> Choice:
    """Try what the levers allow, cheapest first; of those that cost about the same, the one that changes least."""
    trials = _tracking_trials(search) if search.running is None else _size_trials(search)
    allowed = [trial for trial in trials if not broken_rules(trial, search.case)]
    while allowed:
        best = _cheapest(search.setup, allowed)
        if _held_as_it_was(search, best):
            return Choice(best=best, trials=tuple(trials))
        allowed.remove(best)
    return Choice(best=None, trials=tuple(trials))


def _cheapest(today: Setup, trials: list[Trial]) -> Trial:
    least = min(map(_usd, trials))
    near = [trial for trial in trials if trial.usd_month <= least * (1 + NEAR_COST_SHARE)]
    return min(near, key=lambda trial: (changes(today, trial.setup), trial.usd_month))


def _held_as_it_was(search: Search, best: Trial) -> bool:
    """Whether a setup that holds for more work holds for the work as it was: more work can start tasks sooner."""
    case = replace(search.case, margins=NONE)
    return not broken_rules(trial_of(replace(search, case=case), best.setup), case)


def changes(today: Setup, then: Setup) -> int:
    """How much has to be changed: a size costs a deployment, so it weighs more than bounds and policy together."""
    return 4 * (then.size != today.size) + (then.bounds != today.bounds) + (then.policies != today.policies)


def trial_of(search: Search, setup: Setup) -> Trial:
    """One setup, replayed and scored under the margins of the search."""
    growth, profile, work = search.case.margins.growth, search.case.profile, search.work
    if search.running is None:
        outcome = run(setup, work, search.levers.counts, growth=growth)
        running, task_seconds = outcome.running.astype(np.float64), float(outcome.task_seconds)
    else:
        running = search.running
        task_seconds = float(running.sum()) * work.tick_seconds
    got = score(running, work, size=setup.size, memory=profile.memory_model, growth=growth)
    hourly_usd = usd_per_task_hour(setup, search.prices, region=work.region)
    measured = got.memory_peak_mib is not None and len(profile.memory_daily_peaks) >= FEWEST_PEAKS
    chance = chance_of_breach(got.memory_daily_mib, setup.size.memory, days=DAYS_AHEAD) if measured else None
    return Trial(
        setup=setup,
        usd_month=task_seconds / work.seconds * HOURS_PER_MONTH * hourly_usd,
        score=got,
        breach_probability=chance,
    )


def _size_trials(search: Search) -> list[Trial]:
    return [trial_of(search, resized(search.setup, size)) for size in sizes(search.setup, search.levers)]


def _tracking_trials(search: Search) -> list[Trial]:
    """Families in order of their estimated cost, until none can be cheaper than the best that holds."""
    found = [
        family
        for size in _worth_trying(search)
        for family in families(search.setup, size, search.levers, search.case.limits)
    ]
    work = _hourly_means(search.work) * search.case.margins.growth
    ordered = sorted(((_estimate(search, family, work), family) for family in found), key=_estimated)
    trials: list[Trial] = []
    best = float("inf")
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
        short = [size for size in least if not _surely_holds(search.case, size, full_mib)]
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


def _surely_holds(case: Case, size: TaskSize, extra_mib: float) -> bool:
    """Whether a size holds even where every daily peak grows by `extra_mib`: more memory need not be tried."""
    few = len(case.profile.memory_daily_peaks) < FEWEST_PEAKS
    chance = 0.0 if few else memory_breach_probability(case.profile, size, extra_mib=extra_mib)
    return _holds_memory(case, size, extra_mib) and chance <= case.limits.memory_breach_probability


def _hourly_means(work: Work) -> Floats:
    """Work per hour: short enough for an estimate of cost, long enough to be quick.  [vCPU]"""
    per_hour = SECONDS_PER_HOUR // work.tick_seconds
    starts = np.arange(0, len(work.vcpu), per_hour)
    return np.add.reduceat(work.vcpu, starts) / np.diff([*starts, len(work.vcpu)])


def _estimate(search: Search, family: Family, work: Floats) -> float:
    """Cost of a family's cheapest member, if it always had the tasks that its target asks for.  [USD/month]"""
    setup = family.setups[0]
    policy, (low, high) = tracked(setup), setup.bounds
    target = 100.0 if policy is None else policy.target
    tasks = np.clip(np.ceil(work / (setup.size.vcpu * target / 100)), low, high)
    return float(tasks.mean()) * HOURS_PER_MONTH * usd_per_task_hour(setup, search.prices, region=search.work.region)


def _usd(trial: Trial) -> float:
    return trial.usd_month


def _estimated(pair: tuple[float, Family]) -> float:
    return pair[0]
