"""One service under advice: its history, levers and limits put together once."""

from dataclasses import dataclass, field, replace
from math import exp

import numpy as np

from advisor.advice.candidates import least_tasks
from advisor.advice.choose import Search
from advisor.advice.guardrails import Case, Trial
from advisor.advice.levers import Counts, Levers, find_levers, recorded_only
from advisor.advice.memory import floors
from advisor.advice.replay import Replay, conditions_of, replayed, run
from advisor.advice.rules import HELD_OUT_SHARE, MOST_REPLAY_ERROR, NONE, Margins, limits_of
from advisor.advice.score import hottest, judged
from advisor.advice.shortage import work_growth
from advisor.advice.symptoms import symptoms
from advisor.advice.tail import DAYS_AHEAD
from advisor.advice.work import Work, last_size, origins, work_of
from advisor.domain.errors import SetupRefused
from advisor.domain.finding import Caution
from advisor.domain.inventory import Service
from advisor.domain.service import Setup
from advisor.domain.settings import Config, Limits, TailModel
from advisor.fargate.prices import PriceBook
from advisor.profile import Demand, Leak, Profile, find_leak, fit_profile
from advisor.simulation import replay_error


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Subject:
    """What every step of the advice needs to know about one service.

    `demand`, `work` and `profile` are those of the days that speak; `error` is the replay error of today's
    setup, None where it cannot be replayed or the counts were recorded with tasks of another size. `config`: by which
    levers and limits were found. `known`: trials
    over `work` that were made already, by setup, growth and where counts come from. `tail` and `days_ahead`: by which
    model, and for how many days, the memory tail is reckoned.
    """

    service: Service
    demand: Demand
    work: Work
    profile: Profile
    levers: Levers
    limits: Limits
    prices: PriceBook
    config: Config
    error: float | None
    tail: TailModel | None = None
    days_ahead: int = DAYS_AHEAD
    leak: Leak | None = None
    stretches: tuple["Stretch", ...] = ()
    known: dict[tuple[Setup, float, Counts], Trial] = field(default_factory=dict)

    @property
    def saturated(self) -> bool:
        """Whether so much of the history is saturated that the true need of CPU is hidden."""
        return self.profile.saturated_share > self.limits.cpu_throttled_share


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stretch:
    """Held-out days: the work in them, and the subject as it was known before."""

    before: Subject
    work: Work


def subject_of(service: Service, demand: Demand, profile: Profile, prices: PriceBook, config: Config) -> Subject:
    """Put a subject together, with today's setup replayed against the recorded counts."""
    leak = find_leak(demand)
    work, profile = work_of(demand), _without(leak, profile)
    levers = find_levers(service, profile, config, requests=work.requests is not None)
    ran_as_now = last_size(demand) == service.setup.size
    error = _replay_error(service, work, levers, profile) if ran_as_now else None
    if levers.counts == "set" and error is not None and error > MOST_REPLAY_ERROR:
        levers = recorded_only(levers, service.setup, error=error)
    return Subject(
        service=service,
        demand=demand,
        work=work,
        profile=profile,
        levers=levers,
        limits=_limits(limits_of(config, service), levers),
        prices=prices,
        config=config,
        error=error,
        tail=config.memory_tail,
        leak=leak,
    )


def _without(leak: Leak | None, profile: Profile) -> Profile:
    """The profile with the memory per work that is left once a leak is told apart from load."""
    model = profile.memory_model
    if leak is None or leak.mib_per_vcpu >= model.mib_per_vcpu:
        return profile
    return replace(profile, memory_model=replace(model, mib_per_vcpu=leak.mib_per_vcpu))


def _limits(limits: Limits, levers: Levers) -> Limits:
    """What must hold; a batch may use all the CPU that it has."""
    return replace(limits, cpu_throttled_share=1.0, unmet_share=1.0) if levers.batch else limits


def without_policy(subject: Subject) -> Subject:
    """The subject with its policy left alone, because its replay does not match what was recorded."""
    error = subject.error or 0.0
    return replace(subject, levers=recorded_only(subject.levers, subject.service.setup, error=error))


def policy_is_unknown(subject: Subject) -> bool:
    """Whether the replay of a policy that would be changed misses the recorded counts by too much."""
    replayed = subject.levers.counts == "replayed"
    return replayed and subject.error is not None and subject.error > MOST_REPLAY_ERROR


def with_stretches(subject: Subject) -> Subject:
    """The subject with its held-out days; nothing of them is in what was known before, levers and limits included."""
    made = origins(subject.demand, HELD_OUT_SHARE)
    return replace(subject, stretches=tuple(_stretch(subject, before, after) for before, after in made))


def _stretch(subject: Subject, before: Demand, after: Demand) -> Stretch:
    known = subject_of(subject.service, before, fit_profile(before), subject.prices, subject.config)
    return Stretch(before=known, work=work_of(after))


def known_by(subject: Subject, days: Demand) -> Subject:
    """The subject with the work and the profile of these days alone; what may change, and within what, is as it was."""
    leak = find_leak(days)
    profile = _without(leak, fit_profile(days))
    return replace(subject, demand=days, work=work_of(days), profile=profile, leak=leak, known={})


def replayed_in(subject: Subject, setup: Setup) -> Replay:
    """A setup over all the days that speak, with its bill; raises PriceMissing."""
    conditions = conditions_of(subject.profile, subject.work)
    return replayed(setup, subject.work, subject.levers.counts, subject.prices, conditions=conditions)


def search_in(subject: Subject, margins: Margins) -> Search:
    """A search over all the days that speak, with the task counts worked out where they do not follow the load.

    For these, work that grows steadily is carried on for as many days as chances are stated for; not where margins are
    `NONE`, which judge what happened.
    """
    setup, work, counts = subject.service.setup, subject.work, subject.levers.counts
    running = None if counts == "replayed" else run(setup, work, counts).running.astype(np.float64)
    hot = None if running is None else hottest(running, work, margins.steady_growth)
    growth = 0.0 if hot is None or margins == NONE else work_growth(judged(hot, work), work.tick_seconds)
    return Search(
        setup=setup,
        work=work,
        levers=subject.levers,
        case=replace(case_of(subject, margins), carried=exp(growth * subject.days_ahead)),
        prices=subject.prices,
        running=running,
        hot=hot,
        known=subject.known,
    )


def case_of(subject: Subject, margins: Margins) -> Case:
    """What trials are held against."""
    setup, leak = subject.service.setup, subject.leak
    return Case(
        limits=subject.limits,
        margins=margins,
        profile=subject.profile,
        today=setup.size,
        floors=floors(subject.demand, subject.service.task_definition, setup.size, leak),
        leaks=leak is not None,
        least_tasks=least_tasks(setup, subject.limits) if setup.minimum is not None else 0,
        least_vcpu=float(subject.demand.frame["task_vcpu"].iloc[-1]) if subject.saturated else 0.0,
        tail=subject.tail,
        days_ahead=subject.days_ahead,
    )


def history_cautions(subject: Subject) -> tuple[Caution, ...]:
    """What to know of the history before acting on it."""
    found = [*subject.levers.cautions, *symptoms(subject.service.setup, subject.work)]
    if subject.service.deploying:
        text = "A deployment was under way when the inventory was taken: its tasks may behave differently."
        found.append(Caution(code="deploying", text=text))
    if subject.saturated:
        text = (
            f"CPU was saturated in {subject.profile.saturated_share:.1%} of the time it ran:"
            " the work seen is a lower bound, and the true need is not known."
        )
        found.append(Caution(code="saturated", text=text))
    return (*subject.profile.cautions, *found)


def _replay_error(service: Service, work: Work, levers: Levers, profile: Profile) -> float | None:
    """Share of the recorded task-seconds that the replay of today's setup misses; None where it cannot be told."""
    counts = "set" if levers.counts == "seen" else levers.counts
    recorded = np.where(work.known, work.tasks, np.nan)
    if not np.nansum(recorded) > 0:
        return None
    try:
        return float(replay_error(run(service.setup, work, counts, conditions=conditions_of(profile, work)), recorded))
    except SetupRefused:
        return None
