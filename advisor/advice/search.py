"""Ways of scaling, found by replay: the cheapest within a limit on unmet work, chosen as it was proved.

    prepared = prepare(load, base, scope)             # replays every candidate, on the whole history and inside it
    found = choose(prepared, unmet_share=0.001)       # for as many limits as wanted: nothing is replayed any more

Days that score never choose. At each of `ORIGINS` the recipes meet the history before it and are replayed there; the
setup chosen by that is scored over the stretch after it. Where the stretches after all origins together miss the
limit, the choices are made again under a stricter one (`CAUTIONS`), and the first that held is the one used on the
whole history, in the same way.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise

import numpy as np

from advisor.advice.floors import ticked
from advisor.advice.recipes import FLOOR_SHARE, Recipe, Scope, recipes, seen_in, setup_of
from advisor.domain.errors import NoData
from advisor.domain.policy import TargetTracking
from advisor.domain.service import Setup
from advisor.domain.units import SECONDS_PER_HOUR
from advisor.simulation import Conditions, Load, simulate_many
from advisor.simulation.encode import bounds_by_tick

ORIGINS = (0.5, 0.75)  # chosen, shares of the history
CAUTIONS = (1.0, 0.5, 0.25)  # times the limit
GROWTH = 1.1  # times the work seen: what a choice must bear, as for the other advice
UNMET_WORTH = 20.0  # chosen: work that goes unmet counts as this many times what serving it would cost
ESTIMATE_SLACK = 0.85  # a replay may cost this much less than its arithmetic estimate
_BATCH = 32  # outcomes kept at a time: memory stays small
_FEWEST_TICKS = 240  # of the shortest stretch, else nothing can be proved on it
_FIRST_SHARE = 0.7  # of a task's CPU that the tasks at the start of a replay are taken to use


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A recipe's setup, replayed: `tasks` billed on average, share of the work that went unmet (0 to 1)."""

    recipe: Recipe
    setup: Setup
    tasks: float
    unmet_share: float


Trials = tuple[Trial, ...]


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
    history was too short to hold any out. `held`: it was within the limit, and so is the choice. `caution`: the
    part of the limit that the choice was made under. `frontier`: trials that no other beats in cost and unmet work.
    """

    trial: Trial
    caution: float
    held_out_unmet: float | None
    held: bool
    frontier: Trials

    @property
    def setup(self) -> Setup:
        """The setup that was chosen."""
        return self.trial.setup


def prepare(
    load: Load, base: Setup, scope: Scope, *, growth: float = GROWTH, conditions: Conditions | None = None
) -> Prepared:
    """Replay all candidates over the load times `growth`, whole and up to each origin.

    `base` gives size, platform and capacity; its bounds, policies and schedule are what is searched for.
    Raises NoData for a load without ticks.
    """
    if not len(load.vcpu):
        raise NoData("search: a load without ticks. Next: give at least one day of history.")
    given = Conditions() if conditions is None else conditions
    return Prepared(
        trials=_trials(load, base, scope, growth, given),
        folds=tuple(
            _fold(before, after, base, scope, growth=growth, conditions=given) for before, after in _origins(load)
        ),
        needed=_needed(load, base),
    )


def choose(prepared: Prepared, *, unmet_share: float) -> Found:
    """The cheapest setup within a limit that the procedure kept on held-out days; see `Found.held` where none is."""
    held_out, caution = None, 1.0
    for caution in CAUTIONS:
        held_out = _held_out(prepared, unmet_share * caution)
        if held_out is None or held_out <= unmet_share:
            break
    trial = best(prepared.trials, unmet_share * caution, needed=prepared.needed)
    kept = held_out is None or held_out <= unmet_share
    return Found(
        trial=trial,
        caution=caution,
        held_out_unmet=held_out,
        held=kept and trial.unmet_share <= unmet_share,
        frontier=frontier(prepared.trials),
    )


def best(trials: Sequence[Trial], unmet_share: float, *, needed: float) -> Trial:
    """The cheapest trial within a limit; where none is, the cheapest of those that leave least unmet.

    Unmet work counts `UNMET_WORTH` times what serving it would cost, so that a wide limit is not used up where
    keeping under it costs next to nothing. `needed`: the work of the history in tasks, on average.
    """
    limit = max(unmet_share, min(trial.unmet_share for trial in trials))
    within = (trial for trial in trials if trial.unmet_share <= limit)
    return min(within, key=lambda trial: (trial.tasks + UNMET_WORTH * trial.unmet_share * needed, trial.unmet_share))


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


def _fold(before: Load, after: Load, base: Setup, scope: Scope, *, growth: float, conditions: Conditions) -> Fold:
    trials = _trials(before, base, scope, growth, conditions)
    return Fold(
        trials=trials,
        needed=_needed(before, base),
        unmet_after=_after(after, trials, conditions),
        work_after=float(after.vcpu.sum()),
    )


def _needed(load: Load, base: Setup) -> float:
    return float(load.vcpu.mean()) / base.size.vcpu


def _held_out(prepared: Prepared, unmet_share: float) -> float | None:
    """Share of the work after the origins that the choices made before them left unmet."""
    unmet, work = 0.0, 0.0
    for fold in prepared.folds:
        chosen = best(fold.trials, unmet_share, needed=fold.needed)
        unmet, work = unmet + fold.unmet_after[chosen.recipe], work + fold.work_after
    return unmet / work if work > 0 else None


def _trials(load: Load, base: Setup, scope: Scope, growth: float, conditions: Conditions) -> Trials:
    requests = None if load.requests is None else load.requests * growth
    grown = replace(load, vcpu=load.vcpu * growth, requests=requests)
    seen = seen_in(grown, base.size.vcpu, scope)
    made = {recipe: setup_of(recipe, base, seen, scope) for recipe in recipes(scope)}
    distinct = tuple(dict.fromkeys(setup for setup in made.values() if setup))
    scores = _replayed(grown, tuple(_worth_a_replay(grown, distinct, scope)), conditions)
    return tuple(
        Trial(recipe=recipe, setup=setup, tasks=scores[setup][0], unmet_share=scores[setup][1])
        for recipe, setup in made.items()
        if setup in scores
    )


def _after(load: Load, trials: Trials, conditions: Conditions) -> dict[Recipe, float]:
    scores = _replayed(load, tuple(dict.fromkeys(trial.setup for trial in trials)), conditions)
    work = float(load.vcpu.sum())
    return {trial.recipe: scores[trial.setup][1] * work for trial in trials}


def _replayed(load: Load, setups: Sequence[Setup], conditions: Conditions) -> dict[Setup, tuple[float, float]]:
    """(tasks on average, share of the work unmet) of each setup."""
    schedules = {schedule: ticked(schedule, load) for schedule in {setup.schedule for setup in setups}}
    found: dict[Setup, tuple[float, float]] = {}
    for first in range(0, len(setups), _BATCH):
        batch = setups[first : first + _BATCH]
        twins = [replace(setup, schedule=schedules[setup.schedule]) for setup in batch]
        initial = max(1, math.ceil(float(load.vcpu[0]) / (batch[0].size.vcpu * _FIRST_SHARE)))
        outcomes = simulate_many(load, twins, initial=initial, conditions=conditions)
        scores = ((float(outcome.billed.mean()), outcome.unmet_share) for outcome in outcomes)
        found |= zip(batch, scores, strict=True)
    return found


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
