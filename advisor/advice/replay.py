"""Setups over a history: task counts as set, as replayed by the simulator, or as they were seen."""

import math
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from advisor.advice.levers import Counts, tracked
from advisor.advice.work import Floats, Work
from advisor.domain.policy import PredictiveScaling
from advisor.domain.service import INCLUDED_EPHEMERAL_GIB, Setup
from advisor.domain.units import SECONDS_PER_HOUR, Usd
from advisor.fargate.billing import Bill, bill_task_seconds
from advisor.fargate.prices import PriceBook
from advisor.profile import Profile
from advisor.simulation import Conditions, Outcome, forecast_floor, price, simulate

CENT = Decimal("0.01")
START_SECONDS = 60  # chosen, as the contract of the simulator has it for steps of a minute


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Replay:
    """Running and billed tasks per tick of one setup, and its bill over the history."""

    setup: Setup
    running: Floats
    billed: Floats
    bill: Bill
    usd_month: Usd


def run(setup: Setup, work: Work, counts: Counts, *, conditions: Conditions | None = None) -> Outcome:
    """The outcome of a setup over the work.

    A service that follows its load starts with the tasks that its target asks for at the first tick; a predictive
    policy works on a forecast made from the work itself.
    "seen" takes the recorded counts instead of what the simulator would have decided.
    """
    if counts == "seen":
        tasks = _whole(seen_tasks(work))
        fixed = replace(setup, policies=(), schedule=(), minimum=None, maximum=None, desired=int(tasks[0]))
        plain = simulate(work.load(), fixed)
        return replace(plain, running=tasks, billed=tasks, desired=tasks)
    load = work.load()
    ahead = next((p for p in setup.policies if isinstance(p, PredictiveScaling) and p.mode == "ForecastAndScale"), None)
    floor = None if ahead is None else forecast_floor(load, ahead, task_vcpu=setup.size.vcpu)
    return simulate(load, setup, initial=_first_tasks(setup, work), conditions=conditions, floor=floor)


def conditions_of(profile: Profile, work: Work) -> Conditions:
    """What a replay takes the memory of a task to be, and one minute from a decision to a running task."""
    model = profile.memory_model
    return Conditions(
        startup_ticks=max(1, START_SECONDS // work.tick_seconds),
        memory_base_mib=model.base_mib,
        memory_mib_per_vcpu=model.mib_per_vcpu,
    )


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


def replayed(
    setup: Setup, work: Work, counts: Counts, prices: PriceBook, *, conditions: Conditions | None = None
) -> Replay:
    """A setup over the work as it was, with its exact bill; raises PriceMissing."""
    outcome = run(setup, work, counts, conditions=conditions)
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
    key = (setup.size, setup.os, setup.architecture, setup.capacity, setup.ephemeral_gib, region)
    if key not in prices.task_hours:
        prices.task_hours[key] = _usd_per_task_hour(setup, prices, region=region)
    return prices.task_hours[key]


def _usd_per_task_hour(setup: Setup, prices: PriceBook, *, region: str) -> float:
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


def target_share(setup: Setup, work: Work) -> float:
    """Share of a task's CPU that target tracking keeps in use; 1 without such a policy, or where it cannot be told."""
    policy = tracked(setup)
    if policy is None:
        return 1.0
    if policy.metric == "cpu":
        return policy.target / 100
    return policy.target * vcpu_per_request(work) / setup.size.vcpu or 1.0


def vcpu_per_request(work: Work) -> float:
    """CPU that one request in a minute takes, on average  [vCPU]; 0 without requests."""
    asked = 0.0 if work.requests is None else float(work.requests.sum())
    return float(work.vcpu.sum()) / asked if asked > 0 else 0.0


def _first_tasks(setup: Setup, work: Work) -> int:
    low, high = setup.bounds
    if not setup.policies:
        return min(max(setup.desired, low), high)
    wanted = math.ceil(float(work.vcpu[0]) / (setup.size.vcpu * target_share(setup, work)) - 1e-9)
    return min(max(wanted, low), high)
