"""Ways of scaling, found by replay: the cheapest within a limit on unmet work, chosen as it was proved.

    prepared = prepare(load, base, scope)             # replays every candidate, on the whole history and inside it
    found = choose(prepared, unmet_share=0.001)       # for as many limits as wanted: nothing is replayed any more

A choice must keep the limit with a margin: with more work than was seen, coming so fast that the tasks of the replay
have to serve it. Days that score never choose: at each of `ORIGINS` the recipes meet the history before it and are
replayed there, and the setup chosen by that is scored over the stretch after it. Where the stretches after all
origins together miss the limit, the choice is made with the next of `MARGINS`.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from itertools import pairwise

import numpy as np

from advisor.advice.floors import ticked
from advisor.advice.recipes import FLOOR_SHARE, Recipe, Scope, recipes, seen_in, setup_of
from advisor.advice.rules import CAUTIOUS, USUAL
from advisor.domain.errors import NoData
from advisor.domain.policy import TargetTracking
from advisor.domain.service import Setup
from advisor.domain.units import SECONDS_PER_HOUR
from advisor.simulation import Conditions, Load, Outcome, simulate_many
from advisor.simulation.encode import bounds_by_tick

ORIGINS = (0.5, 0.75)  # chosen, shares of the history
MARGINS = (USUAL.growth, CAUTIOUS.growth)  # times the work seen, as for the other advice
WORTH_AT_LIMIT = 2.0  # chosen: unmet work at the limit counts as this many times the whole work
LEAST_LIMIT = 1e-6  # a limit of nothing counts as this one
ESTIMATE_SLACK = 0.85  # a replay may cost this much less than its arithmetic estimate
_BATCH = 32  # outcomes kept at a time: memory stays small
_FEWEST_TICKS = 240  # of the shortest stretch, else nothing can be proved on it
_FIRST_SHARE = 0.7  # of a task's CPU that the tasks at the start of a replay are taken to use


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A recipe's setup, replayed: `tasks` billed on average, share of the work that went unmet (0 to 1).

    `unmet_with_margin`: the share that the tasks of the same replay would leave of each of `MARGINS` times the work.
    """

    recipe: Recipe
    setup: Setup
    tasks: float
    unmet_share: float
    unmet_with_margin: tuple[float, ...]


Trials = tuple[Trial, ...]


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """What a replay says of a setup; the fields are those of `Trial`."""

    tasks: float
    unmet_share: float
    unmet_with_margin: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fold:
    """The trials before an origin, and what each recipe's setup left unmet of the work after it  [vCPU x ticks].

    `needed` is the work before the origin in tasks, on average.
    """

    trials: Trials
    needed: float
    unmet_after: Mapping[Recipe, float]
    work_after: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prepared:
    """All replays that choices are made from; `needed` is the work of the history in tasks, on average."""

    trials: Trials
    folds: tuple[Fold, ...]
    needed: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The choice under a limit.

    `held_out_unmet`: the procedure's share of unmet work on days that it did not choose on, None where the
    history was too short to hold any out. `held`: it was within the limit, and so is the choice with its margin.
    `margin`: how many times the work seen the choice was made for. `frontier`: trials that no other beats in cost
    and unmet work.
    """

    trial: Trial
    margin: float
    held_out_unmet: float | None
    held: bool
    frontier: Trials

    @property
    def setup(self) -> Setup:
        """The setup that was chosen."""
        return self.trial.setup


def prepare(load: Load, base: Setup, scope: Scope, *, conditions: Conditions | None = None) -> Prepared:
    """Replay all candidates over the load, whole and up to each origin.

    `base` gives size, platform and capacity; its bounds, policies and schedule are what is searched for.
    Raises NoData for a load without ticks.
    """
    if not len(load.vcpu):
        raise NoData("search: a load without ticks. Next: give at least one day of history.")
    given = Conditions() if conditions is None else conditions
    return Prepared(
        trials=_trials(load, base, scope, given),
        folds=tuple(_fold(before, after, base, scope, given) for before, after in _origins(load)),
        needed=_needed(load, base),
    )


def choose(prepared: Prepared, *, unmet_share: float) -> Found:
    """The cheapest setup within a limit that the procedure kept on held-out days; see `Found.held` where none is."""
    held_out, level = None, 0
    for level in range(len(MARGINS)):
        held_out = _held_out(prepared, unmet_share, level)
        if held_out is None or held_out <= unmet_share:
            break
    trial = best(prepared.trials, unmet_share, level=level, needed=prepared.needed)
    kept = held_out is None or held_out <= unmet_share
    return Found(
        trial=trial,
        margin=MARGINS[level],
        held_out_unmet=held_out,
        held=kept and trial.unmet_with_margin[level] <= unmet_share,
        frontier=frontier(prepared.trials),
    )


def best(trials: Sequence[Trial], unmet_share: float, *, level: int, needed: float) -> Trial:
    """The cheapest trial within a limit at a level of `MARGINS`; where none is, of those that leave least unmet.

        cost = tasks + WORTH_AT_LIMIT x unmet / limit x needed         [tasks]

    The second part is what unmet work is taken to be worth, so that a limit is not used up where keeping under it
    costs next to nothing. `needed`: the work of the history in tasks, on average.
    """
    limit = max(unmet_share, min(trial.unmet_with_margin[level] for trial in trials))
    within = [trial for trial in trials if trial.unmet_with_margin[level] <= limit]
    worth = WORTH_AT_LIMIT * needed / max(unmet_share, LEAST_LIMIT)
    return min(within, key=lambda trial: (trial.tasks + worth * trial.unmet_with_margin[level], trial.tasks))


def frontier(trials: Sequence[Trial]) -> Trials:
    """Trials that are not beaten in both cost and unmet work, cheapest first."""
    found: list[Trial] = []
    for trial in sorted(trials, key=lambda trial: (trial.tasks, trial.unmet_share)):
        if not found or trial.unmet_share < found[-1].unmet_share:
            found.append(trial)
    return tuple(found)


def part(load: Load, low: int, high: int) -> Load:
    """The ticks from `low` up to `high` of a load, as a load of its own; `filled` is the whole load's."""
    start = None if load.start is None else load.start + timedelta(seconds=low * load.tick_seconds)
    requests, deploying = load.requests, load.deploying
    return replace(
        load,
        vcpu=load.vcpu[low:high],
        requests=None if requests is None else requests[low:high],
        deploying=None if deploying is None else deploying[low:high],
        start=start,
    )


def _origins(load: Load) -> Iterator[tuple[Load, Load]]:
    """The load before each origin, and after it up to the next; none where either would be too short."""
    ticks = len(load.vcpu)
    for at, end in pairwise([*(int(ticks * share) for share in ORIGINS), ticks]):
        if min(at, end - at) >= _FEWEST_TICKS:
            yield part(load, 0, at), part(load, at, end)


def _fold(before: Load, after: Load, base: Setup, scope: Scope, conditions: Conditions) -> Fold:
    trials = _trials(before, base, scope, conditions)
    scores = _replayed(after, tuple(dict.fromkeys(trial.setup for trial in trials)), conditions)
    work = float(after.vcpu.sum())
    return Fold(
        trials=trials,
        needed=_needed(before, base),
        unmet_after={trial.recipe: scores[trial.setup].unmet_share * work for trial in trials},
        work_after=work,
    )


def _needed(load: Load, base: Setup) -> float:
    return float(load.vcpu.mean()) / base.size.vcpu


def _held_out(prepared: Prepared, unmet_share: float, level: int) -> float | None:
    """Share of the work after the origins that the choices made before them left unmet."""
    unmet, work = 0.0, 0.0
    for fold in prepared.folds:
        chosen = best(fold.trials, unmet_share, level=level, needed=fold.needed)
        unmet, work = unmet + fold.unmet_after[chosen.recipe], work + fold.work_after
    return unmet / work if work > 0 else None


def _trials(load: Load, base: Setup, scope: Scope, conditions: Conditions) -> Trials:
    seen = seen_in(load, base.size.vcpu, scope)
    made = {recipe: setup_of(recipe, base, seen, scope) for recipe in recipes(scope)}
    distinct = tuple(dict.fromkeys(setup for setup in made.values() if setup))
    scores = _replayed(load, tuple(_worth_a_replay(load, distinct, scope)), conditions)
    return tuple(
        Trial(recipe=recipe, setup=setup, **asdict(scores[setup])) for recipe, setup in made.items() if setup in scores
    )


def _replayed(load: Load, setups: Sequence[Setup], conditions: Conditions) -> dict[Setup, Replayed]:
    """Each setup over a load; schedules are looked up once for all that share one."""
    schedules = {schedule: ticked(schedule, load) for schedule in {setup.schedule for setup in setups}}
    found: dict[Setup, Replayed] = {}
    for first in range(0, len(setups), _BATCH):
        batch = setups[first : first + _BATCH]
        twins = [replace(setup, schedule=schedules[setup.schedule]) for setup in batch]
        initial = max(1, math.ceil(float(load.vcpu[0]) / (batch[0].size.vcpu * _FIRST_SHARE)))
        outcomes = simulate_many(load, twins, initial=initial, conditions=conditions)
        found |= zip(batch, map(_scored, outcomes), strict=True)
    return found


def _scored(outcome: Outcome) -> Replayed:
    work, capacity = outcome.load.vcpu, outcome.capacity
    asked = max(float(work.sum()), np.finfo(float).tiny)
    return Replayed(
        tasks=float(outcome.billed.mean()),
        unmet_share=outcome.unmet_share,
        unmet_with_margin=tuple(float(np.maximum(0.0, work - capacity / margin).sum()) / asked for margin in MARGINS),
    )


def _worth_a_replay(load: Load, setups: Sequence[Setup], scope: Scope) -> Iterator[Setup]:
    """Setups that arithmetic does not rule out: those that may cost less than the peak, held all the time."""
    hour = max(1, SECONDS_PER_HOUR // load.tick_seconds)
    starts = np.arange(0, len(load.vcpu), hour)
    work = np.add.reduceat(load.vcpu, starts) / np.diff([*starts, len(load.vcpu)])
    highest = float(load.vcpu.max())
    floors: dict[tuple[object, ...], np.ndarray] = {}
    for setup in setups:
        key = (setup.minimum, setup.maximum, setup.schedule)
        if key not in floors:
            floors[key] = bounds_by_tick(setup, load)[:, starts]
        tasks = np.clip(work / setup.size.vcpu / _share(setup), *floors[key])
        peak = max(scope.least, math.ceil(highest / setup.size.vcpu / FLOOR_SHARE))
        if float(tasks.mean()) * ESTIMATE_SLACK <= peak:
            yield setup


def _share(setup: Setup) -> float:
    """Share of a task's CPU that target tracking aims at."""
    policy = setup.policies[0]
    return policy.target / 100 if isinstance(policy, TargetTracking) else 1.0
