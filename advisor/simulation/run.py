"""Replays: one load, one setup or many."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from advisor.domain.service import Setup
from advisor.profile import Demand
from advisor.simulation import engine
from advisor.simulation.encode import bounds_by_tick, changes, check_load, checked_floor, numbers_of, policy_rows
from advisor.simulation.loads import load_of
from advisor.simulation.records import Conditions, Load, Outcome


def simulate(
    load: Load | Demand,
    setup: Setup,
    *,
    initial: int | None = None,
    conditions: Conditions | None = None,
    floor: ArrayLike | None = None,
) -> Outcome:
    """Replay a setup over a load, tick by tick (docs/simulation.md).

    `initial`: running tasks at tick 0, default `setup.desired` within the bounds. `floor`: a predictive floor
    [tasks], one per tick. Raises SetupRefused where load or setup break a rule of the contract.
    """
    return simulate_many(load, (setup,), initial=initial, conditions=conditions, floor=floor)[0]


def simulate_many(
    load: Load | Demand,
    setups: Sequence[Setup],
    *,
    initial: int | None = None,
    conditions: Conditions | None = None,
    floor: ArrayLike | None = None,
) -> tuple[Outcome, ...]:
    """Replay several setups over the same load; the outcomes stand in the order of the setups."""
    asked = load if isinstance(load, Load) else load_of(load)
    check_load(asked)
    ticks = len(asked.vcpu)
    given = Conditions() if conditions is None else conditions
    requests = np.zeros(ticks) if asked.requests is None else asked.requests
    deploying = np.zeros(ticks) if asked.deploying is None else asked.deploying
    floors = np.zeros(ticks, np.int64) if floor is None else checked_floor(floor, ticks)
    # Copies, so that the engine meets one layout of array and nothing that belongs to the caller.
    columns = (asked.vcpu.astype(np.float64), requests.astype(np.float64), deploying.astype(np.bool_), floors)
    floored = floor is not None
    return tuple(_replay(asked, s, columns, initial=initial, conditions=given, floored=floored) for s in setups)


def _replay(
    load: Load,
    setup: Setup,
    columns: tuple[np.ndarray, ...],
    *,
    initial: int | None,
    conditions: Conditions,
    floored: bool,
) -> Outcome:
    ticks = len(load.vcpu)
    bounds = bounds_by_tick(setup, load)
    start = _within(setup.desired, bounds) if initial is None else initial
    policies, steps = policy_rows(setup.policies, load, floored=floored)
    running, billed, desired = (np.empty(ticks, np.int64) for _ in range(3))
    numbers = numbers_of(setup, conditions, initial=start, ticks=ticks)
    events = changes(bounds, columns[3])
    actions = engine.replay(*columns, bounds, events, numbers, policies, steps, running, billed, desired)
    return Outcome(
        setup=setup,
        load=load,
        running=running,
        billed=billed,
        desired=desired,
        actions=int(actions),
    )


def _within(desired: int, bounds: np.ndarray) -> int:
    """The desired count within the bounds of the first tick."""
    if not bounds.size:
        return desired
    low, high = bounds[:, 0]
    return int(min(max(desired, low), high))
