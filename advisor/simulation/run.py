"""Replays: one load, one setup or many, with every tick or in sums alone."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike

from advisor.domain.service import Setup
from advisor.profile import Demand
from advisor.simulation import alarms, engine, tally
from advisor.simulation.encode import (
    bounds_in_force,
    bounds_table,
    check_load,
    checked_floor,
    checked_growths,
    numbers_of,
    policy_rows,
)
from advisor.simulation.loads import load_of
from advisor.simulation.records import Conditions, Counts, Load, Outcome, Summary
from advisor.simulation.windows import windows_of


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
    outcomes: list[Outcome] = []
    for setup, changes, actions in _replays(asked, setups, initial, conditions, floor):
        running, billed, desired = tally.by_tick(changes, len(asked.vcpu))
        outcomes.append(
            Outcome(setup=setup, load=asked, running=running, billed=billed, desired=desired, actions=actions)
        )
    return tuple(outcomes)


def summarize_many(
    load: Load | Demand,
    setups: Sequence[Setup],
    *,
    growths: Sequence[float] = (),
    initial: int | None = None,
    conditions: Conditions | None = None,
    floor: ArrayLike | None = None,
) -> tuple[Summary, ...]:
    """What `simulate_many` would give, in sums: for a search over many setups, as no tick of any is kept.

    `growths`: times the work (above 0) for which unmet work is also counted, on the tasks of the same replay.
    """
    asked = load if isinstance(load, Load) else load_of(load)
    times, demand = checked_growths(growths), asked.vcpu.astype(np.float64)
    highest = np.maximum.reduceat(demand, np.arange(0, len(demand), alarms.BLOCK)) if len(demand) else demand
    work, summaries = max(float(demand.sum()), np.finfo(float).tiny), list[Summary]()
    for setup, changes, actions in _replays(asked, setups, initial, conditions, floor):
        running, billed, unmet = tally.summed(changes, demand, highest, setup.size.vcpu, times)
        shares = (unmet / work).tolist()
        summaries.append(
            Summary(
                setup=setup,
                load=asked,
                running=running,
                billed=billed,
                actions=actions,
                unmet_share=shares[0],
                unmet_share_with_growth=tuple(shares[1:]),
            )
        )
    return tuple(summaries)


def _replays(
    load: Load,
    setups: Sequence[Setup],
    initial: int | None,
    conditions: Conditions | None,
    floor: ArrayLike | None,
) -> Iterator[tuple[Setup, Counts, int]]:
    """Each setup with the changes of its replay and the number of scaling actions; changes last until the next."""
    check_load(load)
    ticks, given = len(load.vcpu), Conditions() if conditions is None else conditions
    floors = None if floor is None else checked_floor(floor, ticks)
    # Copies, so that the engine meets one layout of array and nothing that belongs to the caller.
    columns = np.array((load.vcpu, np.zeros(ticks) if load.requests is None else load.requests), dtype=np.float64)
    deploying = np.zeros(ticks, np.bool_) if load.deploying is None else load.deploying.astype(np.bool_)
    tables = [policy_rows(setup.policies, load, floored=floors is not None) for setup in setups]
    windows, blocks = windows_of(columns, [policies for policies, _ in tables])
    changes = np.empty((ticks + 2, 4), np.int64)
    for setup, (policies, steps) in zip(setups, tables, strict=True):
        bounds = bounds_in_force(setup, load)
        low, high = bounds[0][1:]
        start = min(max(setup.desired, low), high) if initial is None else initial
        numbers = numbers_of(setup, given, initial=start, ticks=ticks)
        table = bounds_table(bounds, floors)
        count, actions = engine.replay(columns, deploying, table, numbers, policies, steps, windows, blocks, changes)
        yield setup, changes[:count], int(actions)
