"""Setups over a history: task counts as set, as replayed by the simulator, or as they were seen."""

import math
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from advisor.advice.levers import Counts, tracked
from advisor.advice.work import Floats, Work
from advisor.domain.service import INCLUDED_EPHEMERAL_GIB, Setup
from advisor.domain.units import SECONDS_PER_HOUR, Usd
from advisor.fargate.billing import Bill, bill_task_seconds
from advisor.fargate.prices import PriceBook
from advisor.simulation import Conditions, Outcome, price, simulate

CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Replay:
    """Running and billed tasks per tick of one setup, and its bill over the history."""

    setup: Setup
    running: Floats
    billed: Floats
    bill: Bill
    usd_month: Usd


def run(
    setup: Setup, work: Work, counts: Counts, *, growth: float = 1.0, conditions: Conditions | None = None
) -> Outcome:
    """The outcome of a setup over the work times `growth`.

    A service that follows its load starts with the tasks that its target asks for at the first tick.
    "seen" takes the recorded counts instead of what the simulator would have decided.
    """
    if counts == "seen":
        tasks = _whole(seen_tasks(work))
        fixed = replace(setup, policies=(), schedule=(), minimum=None, maximum=None, desired=int(tasks[0]))
        plain = simulate(work.load(growth), fixed)
        return replace(plain, running=tasks, billed=tasks, desired=tasks)
    return simulate(work.load(growth), setup, initial=_first_tasks(setup, work, growth), conditions=conditions)


def seen_tasks(work: Work) -> Floats:
    """Recorded task counts; in a gap the count before it holds (at the start: the first one known)."""
    known = np.isfinite(work.tasks)
    if not known.any():
        return np.zeros(len(work.tasks))
    last = np.maximum.accumulate(np.where(known, np.arange(len(known)), -1))
    return work.tasks[np.where(last < 0, int(np.argmax(known)), last)]


def _whole(tasks: Floats) -> npt.NDArray[np.int64]:
    """Average counts as whole tasks; a step in which a task ran for a part has one."""
    return np.where(tasks > 0, np.maximum(np.rint(tasks), 1), 0).astype(np.int64)


def replayed(setup: Setup, work: Work, counts: Counts, prices: PriceBook) -> Replay:
    """A setup over the work as it was, with its exact bill; raises PriceMissing."""
    outcome = run(setup, work, counts)
    bill = price(outcome, prices, region=work.region)
    return Replay(
        setup=setup,
        running=np.asarray(outcome.running, dtype=np.float64),
        billed=np.asarray(outcome.billed, dtype=np.float64),
        bill=bill,
        usd_month=bill.per_month(work.seconds).quantize(CENT),
    )


def usd_per_task_hour(setup: Setup, prices: PriceBook, *, region: str) -> float:
    """What one task costs for an hour; a float, to compare setups by.  [USD]

    Providers are mixed by weight, evenly where none has one; the base is left out.
    """
    bases_only = all(share.weight == 0 for share in setup.capacity)
    weights = {share.provider: 1 if bases_only else share.weight for share in setup.capacity}
    total = sum(weights.values())
    parts = (
        weight
        / total
        * float(
            bill_task_seconds(
                {provider: SECONDS_PER_HOUR},
                size=setup.size,
                region=region,
                prices=prices,
                os=setup.os,
                architecture=setup.architecture,
                ephemeral_gib=max(setup.ephemeral_gib, INCLUDED_EPHEMERAL_GIB),
            ).total
        )
        for provider, weight in weights.items()
    )
    return sum(parts)


def _first_tasks(setup: Setup, work: Work, growth: float) -> int:
    low, high = setup.bounds
    policy = tracked(setup)
    if policy is None:
        return min(max(setup.desired, low), high)
    wanted = math.ceil(float(work.vcpu[0]) * growth / (setup.size.vcpu * policy.target / 100) - 1e-9)
    return min(max(wanted, low), high)
