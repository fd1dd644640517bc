"""One service under advice: its history, levers and limits put together once."""

from dataclasses import dataclass, replace

import numpy as np

from advisor.advice.candidates import least_tasks
from advisor.advice.choose import Search, search_of
from advisor.advice.guardrails import Case, container_floor
from advisor.advice.levers import Levers, find_levers, recorded_only
from advisor.advice.replay import run
from advisor.advice.rules import MOST_REPLAY_ERROR, Margins, limits_of
from advisor.advice.symptoms import symptoms
from advisor.advice.work import Work, last_size, work_of
from advisor.domain.errors import SetupRefused
from advisor.domain.finding import Caution
from advisor.domain.inventory import Service
from advisor.domain.settings import Config, Limits
from advisor.fargate.prices import PriceBook
from advisor.profile import Demand, MemoryModel, Profile
from advisor.simulation import Conditions, replay_error


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Subject:
    """What every step of the advice needs to know about one service.

    `demand`, `work` and `profile` are those of the days that speak; `error` is the replay error of today's
    setup, None where it cannot be replayed or the counts were recorded with tasks of another size.
    """

    service: Service
    demand: Demand
    work: Work
    profile: Profile
    levers: Levers
    limits: Limits
    prices: PriceBook
    error: float | None

    @property
    def saturated(self) -> bool:
        """Whether so much of the history is saturated that the true need of CPU is hidden."""
        return self.profile.saturated_share > self.limits.cpu_throttled_share


def subject_of(service: Service, demand: Demand, profile: Profile, prices: PriceBook, config: Config) -> Subject:
    """Put a subject together, with today's setup replayed against the recorded counts."""
    work, levers = work_of(demand), find_levers(service, profile, config)
    ran_as_now = last_size(demand) == service.setup.size
    error = _replay_error(service, work, levers, profile.memory_model) if ran_as_now else None
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
        error=error,
    )


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


def search_in(
    subject: Subject, margins: Margins, *, work: Work | None = None, profile: Profile | None = None
) -> Search:
    """A search over all the days that speak, or over those given."""
    profile = profile or subject.profile
    case = case_of(subject, margins, profile)
    return search_of(subject.service.setup, work or subject.work, subject.levers, case, subject.prices)


def case_of(subject: Subject, margins: Margins, profile: Profile) -> Case:
    """What trials are held against. Where memory was never measured, it does not shrink."""
    setup = subject.service.setup
    floor = container_floor(subject.service.task_definition)
    if not profile.memory_daily_peaks:
        floor = max(floor, setup.size.memory)
    return Case(
        limits=subject.limits,
        margins=margins,
        profile=profile,
        floor_mib=floor,
        least_tasks=least_tasks(setup, subject.limits) if setup.minimum is not None else 0,
        least_vcpu=float(subject.demand.frame["task_vcpu"].iloc[-1]) if subject.saturated else 0.0,
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


def _replay_error(service: Service, work: Work, levers: Levers, memory: MemoryModel) -> float | None:
    """Share of the recorded task-seconds that the replay of today's setup misses; None where it cannot be told."""
    counts = "set" if levers.counts == "seen" else levers.counts
    recorded = np.where(work.known, work.tasks, np.nan)
    if not np.nansum(recorded) > 0:
        return None
    model = Conditions(memory_base_mib=memory.base_mib, memory_mib_per_vcpu=memory.mib_per_vcpu)
    try:
        return float(replay_error(run(service.setup, work, counts, conditions=model), recorded))
    except SetupRefused:
        return None
