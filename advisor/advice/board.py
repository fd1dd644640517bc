"""The backtest of one service: every rule is fitted on the days before an origin and scored on the days after it."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from advisor.advice.advise import advise
from advisor.advice.backtest import chosen_on
from advisor.advice.candidates import resized, sizes
from advisor.advice.choose import Search, trial_of
from advisor.advice.guardrails import Trial
from advisor.advice.peers import PEERS, Need, highest_times
from advisor.advice.peers import Rule as PeerRule
from advisor.advice.reliability import FEWEST_AHEAD, ROOMS, Stated
from advisor.advice.replay import usd_per_task_hour
from advisor.advice.rules import NONE, USUAL, Margins
from advisor.advice.seen import seen_of
from advisor.advice.shortage import chance_of_shortage, daily_work, exceeded, shortage_evidence
from advisor.advice.subject import Subject, policy_is_unknown, search_in, subject_of, without_policy
from advisor.advice.tail import FEWEST_PEAKS_STATED, chance, evidence, shipped
from advisor.advice.work import current_stretch, cut, last_size, work_of
from advisor.domain.errors import NoData
from advisor.domain.inventory import Service
from advisor.domain.scoreboard import Mark, Marks, RuleScore
from advisor.domain.service import Setup, TaskSize
from advisor.domain.settings import Config
from advisor.domain.units import DAY_SECONDS, MIB_PER_GIB
from advisor.fargate.prices import PriceBook
from advisor.profile import Demand, fit_profile
from advisor.profile.fit import daily_peaks

MOST_DAYS_FITTED = 14  # before the first origin; half of a history that is shorter than twice that
FACTORS = (1.0, 1.15, 1.3, 1.5, 2.0, 2.5)
SAME = 1e-9
ADVISED, OURS, TODAY = "advised", "ours, size only", "today"

Rule = Callable[[Subject], Setup]
Memories = Callable[["Origin", float], Sequence[float]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Origin:
    """One service at one instant: what was known then, what came next, and what `advise` said (None = not asked)."""

    before: Subject
    after: Search
    advised: Setup | None = None


def rolling(demand: Demand, origins: int) -> Iterator[tuple[Demand, Demand]]:
    """(all days before an origin, the days after it up to the next); the last stretch takes what is left over.

    The first origin is after `MOST_DAYS_FITTED` days, or half of a shorter history; stretches are whole days.
    """
    per_day, steps = DAY_SECONDS // demand.step_seconds, len(demand.frame)
    first = min(MOST_DAYS_FITTED * per_day, steps // 2)
    days = max(1, (steps - first) // per_day)
    starts = [first + number * (days // min(origins, days)) * per_day for number in range(min(origins, days))]
    for start, end in zip(starts, [*starts[1:], steps], strict=True):
        yield cut(demand, 0, start), cut(demand, start, end)


def origin_of(service: Service, before: Demand, after: Demand, prices: PriceBook, config: Config) -> Origin:
    """The service with the size that its tasks had before the origin; only its size may change."""
    spoken = current_stretch(before, last_size(before))
    then = replace(service, setup=replace(service.setup, size=last_size(before)))
    sizes_only = replace(config, levers=tuple(lever for lever in config.levers if lever == "size"))
    subject = subject_of(then, spoken, fit_profile(spoken), prices, sizes_only)
    subject = without_policy(subject) if policy_is_unknown(subject) else subject
    return Origin(before=subject, after=search_in(replace(subject, demand=after, work=work_of(after), known={}), NONE))


def with_advice(origin: Origin, config: Config) -> Origin:
    """The origin with the setup that the whole advice would have led to; raises NoData where there was no advice."""
    before, service = origin.before, origin.before.service
    advice = advise(service, before.demand, before.profile, prices=before.prices, config=config)
    held = [caution for caution in advice.cautions if caution.code != "no-setup-holds"]
    if advice.verdict == "no-advice" and held == list(advice.cautions):
        raise NoData(held[0].text)
    changed = advice.verdict == "change" and advice.recommended is not None
    return replace(origin, advised=advice.recommended if changed else service.setup)


def rules() -> dict[str, Rule]:
    """Every rule that chooses a size, ours first."""
    asked: dict[str, PeerRule] = {**PEERS, **{f"highest x {factor:g}": highest_times(factor) for factor in FACTORS}}
    return {OURS: ours, **{name: by_peer(rule) for name, rule in asked.items()}}


def ours(before: Subject, margins: Margins = USUAL) -> Setup:
    """What the advice chooses; today's setup where it finds none."""
    return chosen_on(before, margins)


def by_peer(rule: PeerRule) -> Rule:
    """The cheapest size that has what a rule asks for; a part that may not change, or was not measured, stays."""

    def chosen(before: Subject) -> Setup:
        return _sized(before, rule(seen_of(before.demand)))

    return chosen


def marks_of(service: Service, origins: Sequence[Origin], asked: Mapping[str, Rule]) -> Marks:
    """Every rule on all the origins of one service together."""
    best = [enough(origin.after) for origin in origins]
    chosen = {name: [rule(origin.before) for origin in origins] for name, rule in asked.items()}
    advised = [origin.advised for origin in origins if origin.advised is not None]
    own = {ADVISED: advised, TODAY: [origin.before.service.setup for origin in origins]} if advised else {}
    return Marks(
        id=service.id,
        days_fitted=round(origins[0].before.work.days, 2),
        days_scored=round(sum(origin.after.work.days for origin in origins), 2),
        enough=tuple(trial.setup.size for trial in best),
        marks=tuple(_mark(name, origins, setups, best) for name, setups in {**own, **chosen}.items()),
    )


def enough(after: Search) -> Trial:
    """The cheapest size that keeps its limit of throttling and its memory on these days; else the dearest."""
    case = after.case
    trials = [trial_of(after, resized(after.setup, size)) for size in sizes(after.setup, after.levers)]
    holding = [
        trial
        for trial in trials
        if trial.score.throttled_share <= case.limits.cpu_throttled_share
        and not breached(trial)
        and trial.setup.size.memory >= case.floor_mib
    ]
    return min(holding, key=_usd) if holding else max(trials, key=_usd)


def breached(trial: Trial) -> bool:
    """Whether a task needed all the memory that it had, or more."""
    peak = trial.score.memory_peak_mib
    return peak is not None and peak >= trial.setup.size.memory


def stated_of(number: int, origins: Sequence[Origin], memories: Memories) -> list[Stated]:
    """Chances stated before each origin for the days after it, of `memories(origin, highest peak)`  [MiB]."""
    found = []
    for origin in origins:
        profile, hot = origin.before.profile, origin.after.work.hot_mib
        days = len(daily_peaks(hot, origin.after.work.tick_seconds))
        peaks = [peak * MIB_PER_GIB for peak in profile.memory_daily_peaks]
        if len(peaks) < FEWEST_PEAKS_STATED or days < FEWEST_AHEAD:
            continue
        told = evidence(peaks, profile.memory_typical_gib * MIB_PER_GIB)
        memory, later = np.array(memories(origin, told.highest)), float(np.nanmax(hot))
        said = chance(origin.before.tail or shipped(), told, memory, days)
        found += [(float(p), later > mib) for p, mib in zip(said, memory, strict=True)]
    return [Stated(service=number, chance=p, happened=late, weight=1 / len(found)) for p, late in found]


def shortages_of(number: int, origins: Sequence[Origin]) -> list[Stated]:
    """Chances stated before each origin that CPU runs short in the days after it, of sizes above what was exceeded."""
    found = []
    for origin in origins:
        before, after, share = search_in(origin.before, NONE), origin.after, origin.before.limits.cpu_throttled_share
        earlier, later = before.held_to_limit, after.held_to_limit
        if earlier is None or later is None:
            continue
        seen = shortage_evidence(earlier, before.work.tick_seconds, share)
        days = len(daily_work(later, after.work.tick_seconds, share))
        if seen is None or seen.days < FEWEST_PEAKS_STATED or days < FEWEST_AHEAD:
            continue
        for vcpu in rooms(origin, seen.highest):
            said = chance_of_shortage(seen, vcpu, days=days)
            found += [] if said is None else [(said, exceeded(later, share) > vcpu)]
    return [Stated(service=number, chance=p, happened=late, weight=1 / len(found)) for p, late in found]


def rooms(_: Origin, highest: float) -> Sequence[float]:
    """Memories or CPUs above the highest that was seen, from a little to nearly twice of it, in its unit."""
    return [highest * math.exp(room) for room in ROOMS]


def scores(found: Sequence[Marks]) -> tuple[RuleScore, ...]:
    """Every rule over all services: each service weighs the same; how each stands to `OURS`, where that is there."""
    names = dict.fromkeys(mark.rule for marks in found for mark in marks.marks)
    by_rule = {name: [mark for marks in found for mark in marks.marks if mark.rule == name] for name in names}
    plain = [_score(name, marks) for name, marks in by_rule.items()]
    own = next((score for score in plain if score.rule == OURS), None)
    return tuple(score if own is None else replace(score, against_ours=_standing(score, own)) for score in plain)


def _standing(one: RuleScore, own: RuleScore) -> Literal["better", "worse"] | None:
    pairs = (
        (one.cost, own.cost),
        (one.over_limit_share, own.over_limit_share),
        (one.breached_share or 0.0, own.breached_share or 0.0),
    )
    less, more = any(a < b - SAME for a, b in pairs), any(a > b + SAME for a, b in pairs)
    return None if less == more else "better" if less else "worse"


def _score(name: str, marks: Sequence[Mark]) -> RuleScore:
    memory = [mark.memory_breached for mark in marks if mark.memory_breached is not None]
    return RuleScore(
        rule=name,
        cost=float(np.mean([mark.cost for mark in marks])),
        throttled_share=float(np.mean([mark.throttled_share for mark in marks])),
        over_limit_share=float(np.mean([mark.over_limit for mark in marks])),
        breached_share=float(np.mean(memory)) if memory else None,
    )


def _mark(name: str, origins: Sequence[Origin], setups: Sequence[Setup], best: Sequence[Trial]) -> Mark:
    trials = [trial_of(origin.after, setup) for origin, setup in zip(origins, setups, strict=True)]
    works = [origin.after.work for origin in origins]
    seconds, active = [work.seconds for work in works], [max(1, int(work.active.sum())) for work in works]
    usd = float(np.average([trial.usd_month for trial in trials], weights=seconds))
    throttled = float(np.average([trial.score.throttled_share for trial in trials], weights=active))
    measured = any(trial.score.memory_peak_mib is not None for trial in trials)
    return Mark(
        rule=name,
        sizes=tuple(setup.size for setup in setups),
        usd_month=round(usd, 4),
        cost=round(usd / max(float(np.average([_usd(trial) for trial in best], weights=seconds)), 1e-9), 4),
        throttled_share=round(throttled, 6),
        over_limit=throttled > origins[0].before.limits.cpu_throttled_share,
        memory_breached=any(map(breached, trials)) if measured else None,
    )


def _sized(before: Subject, need: Need) -> Setup:
    setup, levers = before.service.setup, before.levers
    least_mib = need.mib or float(setup.size.memory)

    def has(size: TaskSize) -> bool:
        vcpu = not levers.cpu or size.vcpu >= need.vcpu - 1e-9
        return vcpu and (not levers.memory or size.memory >= least_mib - 1e-9)

    def price(size: TaskSize) -> float:
        return usd_per_task_hour(resized(setup, size), before.prices, region=before.work.region)

    legal = sizes(setup, levers)
    fitting = [size for size in legal if has(size)]
    return resized(setup, min(fitting, key=price) if fitting else max(legal, key=price))


def _usd(trial: Trial) -> float:
    return trial.usd_month
