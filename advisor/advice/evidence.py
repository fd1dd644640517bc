"""What stands beside a recommendation: its risk, what lost against it, and the series that the report draws."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from math import expm1, log
from typing import Literal

import numpy as np

from advisor.advice.candidates import replaced, targets_of
from advisor.advice.choose import Search, trial_of
from advisor.advice.decide import Decision
from advisor.advice.guardrails import Trial, broken_rules
from advisor.advice.levers import tracked
from advisor.advice.replay import Replay
from advisor.advice.rules import FAR_DAYS, NONE
from advisor.advice.score import THROTTLED
from advisor.advice.shortage import chance_of_shortage, daily_work, shortage_evidence, work_growth
from advisor.advice.subject import Subject, replayed_in, search_in
from advisor.advice.tail import FEWEST_PEAKS_STATED
from advisor.advice.what_ifs import what_ifs
from advisor.advice.words import share, shares_apart
from advisor.advice.work import Floats, Work, hourly
from advisor.domain.finding import Alternative, Caution, FrontierPoint, History, Risk
from advisor.domain.service import Setup
from advisor.domain.units import MIB_PER_GIB, SECONDS_PER_HOUR
from advisor.fargate.billing import Bill

_DOUBTFUL = ("STALE", "UNCONFIRMED", "DERIVED", "SINGLE 2021", "TWO 2020")


def risk(decision: Decision) -> tuple[Risk, tuple[Caution, ...]]:
    """The stated risk of the recommended setup over the days that speak, and what could not be stated.

    No chance is stated of a leak: it reaches every size in the end, and its caution says when.
    """
    subject = decision.subject
    search = search_in(subject, NONE)
    trial = trial_of(search, decision.then.setup)
    stated = Risk(
        cpu_throttled_share=trial.score.throttled_share,
        cpu_over_limit_probability=_cpu_chance(search, trial),
        memory_breach_probability=trial.breach_probability,
        unmet_share=trial.score.unmet_share,
    )
    days, grows = len(subject.profile.memory_daily_peaks), _growing(search, decision)
    if subject.leak is not None:
        return replace(stated, memory_breach_probability=None), grows
    if days >= FEWEST_PEAKS_STATED:
        return stated, (*grows, *_above_limit(trial, subject))
    text = (
        f"Memory was measured on {days} days: too few to state how likely a breach is; it takes {FEWEST_PEAKS_STATED}."
    )
    return replace(stated, memory_breach_probability=None), (*grows, Caution(code="memory-risk-unknown", text=text))


def _cpu_chance(search: Search, trial: Trial) -> float | None:
    """Chance of more throttling than the limit; None where counts follow the load, or too few days are known."""
    hot = search.held_to_limit
    if hot is None:
        return None
    seen = shortage_evidence(hot, search.work.tick_seconds, search.case.limits.cpu_throttled_share)
    if seen is None or seen.days < FEWEST_PEAKS_STATED:
        return None
    return chance_of_shortage(seen, THROTTLED * trial.setup.size.vcpu)


def _growing(search: Search, decision: Decision) -> tuple[Caution, ...]:
    """How soon work that grows steadily takes all the CPU of a size, of a fixed count, where it does in `FAR_DAYS`."""
    hot, tick_seconds = search.held_to_limit, search.work.tick_seconds
    growth = 0.0 if hot is None else work_growth(hot, tick_seconds)
    if hot is None or growth <= 0:
        return ()
    latest = daily_work(hot, tick_seconds, search.case.limits.cpu_throttled_share)[-1]
    sizes = dict.fromkeys((decision.today.setup.size.vcpu, decision.then.setup.size.vcpu))
    days = {vcpu: log(THROTTLED * vcpu / latest) / growth for vcpu in sizes}
    near = [f"{vcpu:g} vCPU in {max(0.0, left):.0f} days" for vcpu, left in days.items() if left <= FAR_DAYS]
    if not near:
        return ()
    pace, reached = share(expm1(growth)), ", ".join(near)
    text = f"The work of a day grows by {pace} a day: going on like that, the hottest task takes all of {reached}."
    return (Caution(code="work-grows", text=text),)


def alternatives(decision: Decision) -> tuple[Alternative, ...]:
    """Setups that lost: the next cheaper one, which breaks a rule, the runner-up, today's, and what-ifs."""
    case = decision.case
    chosen, today = decision.then.setup, decision.today.setup
    trials = sorted(decision.choice.trials, key=lambda trial: trial.usd_month)
    losers: dict[Setup, str] = {}
    cheaper = [t for t in reversed(trials) if t.usd_month < float(decision.then.usd_month)]
    for trial in _first(cheaper, lambda t: bool(broken_rules(t, case)) and t.setup not in (chosen, today)):
        losers[trial.setup] = f"breaks a rule: {broken_rules(trial, case)[0]}"
    for trial in _first(trials, lambda t: not broken_rules(t, case) and t.setup not in (chosen, today)):
        losers[trial.setup] = "keeps the limits; " + _why_second(decision, trial)
    if decision.verdict == "change":
        losers[today] = f"today's setup: {decision.broken[0]}" if decision.broken else "today's setup: costs more"
    return (*(_alternative(decision, setup, why) for setup, why in losers.items()), *what_ifs(decision))


def frontier(decision: Decision) -> tuple[FrontierPoint, ...]:
    """Cost against what fails, over the work as it was: what was tried and not beaten, and today's and the recommended
    setup, under every target where one policy is all that scales them.

    Empty for a service whose scaling may not change.
    """
    subject = decision.subject
    if not subject.levers.scaling:
        return ()
    search = search_in(subject, NONE)
    found = [_frontier_point(subject, search, setup, "tried") for setup in _unbeaten(decision.choice.trials)]
    today, then = decision.today.setup, decision.then.setup
    found += [_frontier_point(subject, search, one, "current") for one in _by_target(today, subject.work)]
    if then != today:
        found += [_frontier_point(subject, search, one, "recommended") for one in _by_target(then, subject.work)]
    return tuple(found)


def _unbeaten(trials: Sequence[Trial]) -> tuple[Setup, ...]:
    """Setups that no cheaper one beats in unmet work, or in throttled time."""
    found: dict[Setup, None] = {}
    unmet = throttled = float("inf")
    for trial in sorted(trials, key=lambda trial: trial.usd_month):
        got = trial.score
        if got.unmet_share < unmet or got.throttled_share < throttled:
            found[trial.setup] = None
        unmet, throttled = min(unmet, got.unmet_share), min(throttled, got.throttled_share)
    return tuple(found)


def _by_target(setup: Setup, work: Work) -> Iterator[Setup]:
    """The setup with each target that is tried; alone where other policies were made for its own target."""
    policy = tracked(setup)
    if policy is None or len(setup.policies) > 1:
        yield setup
        return
    for target in sorted({*targets_of(policy, setup.size, work), policy.target}):
        yield replaced(setup, policy, replace(policy, target=target))


def _frontier_point(
    subject: Subject, search: Search, setup: Setup, of: Literal["current", "recommended", "tried"]
) -> FrontierPoint:
    got, policy = trial_of(search, setup).score, tracked(setup)
    return FrontierPoint(
        of=of,
        target=None if policy is None else policy.target,
        usd_month=replayed_in(subject, setup).usd_month,
        unmet_share=got.unmet_share,
        cpu_throttled_share=got.throttled_share,
    )


def schedule_cautions(today: Setup, then: Setup) -> tuple[Caution, ...]:
    """What to know of a schedule that is new: whose hours it keeps."""
    zones = sorted({action.timezone for action in then.schedule})
    if then.schedule == today.schedule or zones != ["UTC"]:
        return ()
    text = "The hours of the schedule are UTC: where the work follows a local clock, put its time zone before applying."
    return (Caution(code="schedule-utc", text=text),)


def price_cautions(bill: Bill) -> tuple[Caution, ...]:
    """What to know of the prices of a bill; nothing where each is confirmed."""
    doubtful = {price for price in bill.prices if price.certainty.upper().startswith(_DOUBTFUL)}
    return tuple(
        Caution(
            code="price-doubtful",
            text=f"{p.region} {p.os} {p.architecture} {p.capacity} {p.unit}, {p.usd} USD of {p.as_of}: {p.certainty}",
        )
        for p in sorted(doubtful, key=lambda p: (p.region, p.unit))
    )


def history(subject: Subject, today: Replay | None, then: Replay | None) -> History:
    """The series of the report, one value per hour of the clock."""
    work = subject.work
    first = work.start.replace(minute=0, second=0, microsecond=0)
    demand = np.where(work.known, work.vcpu, np.nan)
    counted = np.where(work.known, work.tasks, np.nan) * subject.service.setup.size.vcpu
    current = hourly(counted if today is None else _capacity(today), work, "mean")
    return History(
        start=first,
        step_seconds=SECONDS_PER_HOUR,
        demand_vcpu=hourly(demand, work, "mean"),
        demand_peak_vcpu=hourly(demand, work, "max"),
        current_vcpu=current,
        recommended_vcpu=() if then is None else current if then is today else hourly(_capacity(then), work, "mean"),
        memory_peak_gib=hourly(work.hot_mib / MIB_PER_GIB, work, "max"),
    )


def _above_limit(trial: Trial, subject: Subject) -> tuple[Caution, ...]:
    chance, limit = trial.breach_probability, subject.limits.memory_breach_probability
    if chance is None or chance <= limit:
        return ()
    why = "but not so far that dearer tasks are advised for it"
    if trial.lowest_limit <= limit:
        why = "but more memory would cost more than the risk that it takes away"
    stated, most = shares_apart(chance, limit)
    text = (
        f"The chance that a task outgrows its memory within 30 days is {stated}, above the limit of {most}, {why}."
        " Watch the memory."
    )
    return (Caution(code="memory-risk", text=text),)


def _capacity(replay: Replay) -> Floats:
    return replay.running * replay.setup.size.vcpu


def _first(trials: list[Trial], wanted: Callable[[Trial], bool]) -> list[Trial]:
    return [trial for trial in trials if wanted(trial)][:1]


def _why_second(decision: Decision, trial: Trial) -> str:
    if trial.usd_month >= float(decision.then.usd_month):
        return "does not cost less"
    if decision.choice.best is not None and trial.setup == decision.choice.best.setup:
        return decision.why[:1].lower() + decision.why[1:]
    return "costs less, but not by enough for what it changes or adds"


def _alternative(decision: Decision, setup: Setup, why: str) -> Alternative:
    return Alternative(setup=setup, usd_month=replayed_in(decision.subject, setup).usd_month, why_not=why)
