"""The rules that no recommendation may break: one small function each.

A rule takes a trial (setup, score, breach probability) and the case (limits, margins, profile, service), and
answers None, or one clause that says what is broken, with numbers and units.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from advisor.advice.rules import Margins
from advisor.advice.score import Score
from advisor.advice.tail import DAYS_AHEAD, FEWEST_PEAKS_STATED
from advisor.domain.service import Architecture, OperatingSystem, Setup, TaskSize
from advisor.domain.settings import Limits, TailModel
from advisor.domain.units import MIB_PER_GIB
from advisor.fargate.sizes import legal_sizes
from advisor.profile import Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """The least memory [MiB] that a size may have, and in one clause what is broken where it has less."""

    mib: int
    broken: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What a trial is held against: everything but the trial itself. `today`: the size that tasks have.

    `leaks`: memory grows without end, so that no chance of a breach can be told: its floor stands for it.
    `tail`: the model of the memory tail, None = the one that is shipped, asked for `days_ahead`. `carried`: how many
    times the work of a fixed count a size with less CPU than today's must bear, where it grows steadily and is carried
    on for so many days.
    """

    limits: Limits
    margins: Margins
    profile: Profile
    today: TaskSize
    floors: tuple[Floor, ...] = ()
    leaks: bool = False
    least_tasks: int
    least_vcpu: float = 0.0
    tail: TailModel | None = None
    days_ahead: int = DAYS_AHEAD
    carried: float = 1.0

    def carried_by(self, size: TaskSize) -> float:
        """How many times the work a size must bear: growth is carried on before CPU gets smaller, and buys none."""
        return self.carried if size.vcpu < self.today.vcpu else 1.0

    @property
    def floor_mib(self) -> int:
        """The highest floor of memory  [MiB]."""
        return max((floor.mib for floor in self.floors), default=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A setup that was replayed: dollars per month (as a float, to compare), score, chance of a breach.

    `breach_probability` is None where memory was not measured well enough to tell; `lowest_limit` is the lowest limit
    on it that the setup keeps, which is less where memory does not shrink and more is not worth its price.
    """

    setup: Setup
    usd_month: float
    score: Score
    breach_probability: float | None
    lowest_limit: float = 0.0


Rule = Callable[[Trial, Case], str | None]


def size_is_legal(trial: Trial, case: Case) -> str | None:  # noqa: ARG001  (every rule is called alike)
    """Fargate has the size for the operating system and architecture."""
    setup = trial.setup
    if setup.size in _legal(setup.os, setup.architecture):
        return None
    return f"Fargate has no {setup.size} for {setup.os} on {setup.architecture}"


@cache
def _legal(os: OperatingSystem, architecture: Architecture) -> frozenset[TaskSize]:
    return frozenset(legal_sizes(os, architecture))


def memory_is_above_its_floors(trial: Trial, case: Case) -> str | None:
    """Memory is not below any of its floors."""
    return next((floor.broken for floor in case.floors if trial.setup.size.memory < floor.mib), None)


def memory_holds_the_peak(trial: Trial, case: Case) -> str | None:
    """Memory is at least the highest observed peak of one task, corrected for its work, times the margin."""
    peak = trial.score.memory_peak_mib
    if peak is None or trial.setup.size.memory >= peak * case.margins.memory:
        return None
    margin = case.margins.memory - 1
    more = f" plus a margin of {margin:.0%}" if margin else ""
    return f"its {gib_words(trial.setup.size.memory)} are less than the peak of {gib_words(peak)}{more}"


def memory_tail_is_within_limits(trial: Trial, case: Case) -> str | None:
    """The chance of outgrowing the memory within 30 days is within the limit, or more memory is not worth its price.

    Less memory than today is held to the limit itself.
    """
    chance, limit = trial.breach_probability, case.limits.memory_breach_probability
    if chance is None or case.leaks or trial.lowest_limit <= limit:
        return None
    if len(case.profile.memory_daily_peaks) < FEWEST_PEAKS_STATED:
        return f"{len(case.profile.memory_daily_peaks)} days of memory do not bear out that it is enough for 30"
    return f"the chance that a task outgrows its memory within 30 days is {chance:.2%}, the limit {limit:.2%}"


def throttling_is_within_limits(trial: Trial, case: Case) -> str | None:
    """The hottest task has CPU left in enough of the ticks."""
    share, limit = trial.score.throttled_share, case.limits.cpu_throttled_share
    if share <= limit:
        return None
    return f"the hottest task has no CPU left in {share:.2%} of the time{_then(trial, case)}, the limit is {limit:.2%}"


def unmet_work_is_within_limits(trial: Trial, case: Case) -> str | None:
    """Nearly all the work is done in its tick."""
    share, limit = trial.score.unmet_share, case.limits.unmet_share
    if share <= limit:
        return None
    return f"{share:.3%} of the work finds no capacity in its minute{_then(trial, case)}, the limit is {limit:.3%}"


def tasks_are_enough(trial: Trial, case: Case) -> str | None:
    """The lowest task count is not below the limit."""
    least = trial.setup.bounds[0]
    if least >= case.least_tasks:
        return None
    return f"it may run {least} tasks, the least allowed is {case.least_tasks}"


def saturated_keeps_its_cpu(trial: Trial, case: Case) -> str | None:
    """A service whose true need is hidden gets no smaller CPU."""
    if trial.setup.size.vcpu >= case.least_vcpu:
        return None
    return f"CPU was at 100 %, so the true need is hidden and {trial.setup.size.vcpu:g} vCPU may be too little"


RULES: tuple[Rule, ...] = (
    size_is_legal,
    memory_is_above_its_floors,
    memory_holds_the_peak,
    memory_tail_is_within_limits,
    throttling_is_within_limits,
    unmet_work_is_within_limits,
    tasks_are_enough,
    saturated_keeps_its_cpu,
)


def broken_rules(trial: Trial, case: Case) -> tuple[str, ...]:
    """What a trial breaks, in words; empty = it may be recommended."""
    return tuple(broken for rule in RULES if (broken := rule(trial, case)))


def _then(trial: Trial, case: Case) -> str:
    grown = case.carried_by(trial.setup.size) > 1
    return f" once it has grown for {case.days_ahead} days more" if grown else ""


def gib_words(mib: float) -> str:
    """Memory in GiB, three digits.

    >>> gib_words(1536)
    '1.5 GiB'
    """
    return f"{mib / MIB_PER_GIB:.3g} GiB"
