"""What predictive scaling or 20-second metrics would make of the setup: told beside the advice, never advised.

Neither can be proved from the history: AWS's forecast was not seen, so another stands in for it, and AWS does not
publish what 20-second metrics cost.
"""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import numpy as np

from advisor.advice.candidates import least_tasks, replaced, targets_of
from advisor.advice.choose import Search, trial_of
from advisor.advice.decide import Decision
from advisor.advice.guardrails import Trial, broken_rules
from advisor.advice.levers import tracked
from advisor.advice.replay import CENT
from advisor.advice.rules import LEAST_SAVING_SHARE
from advisor.advice.subject import search_in
from advisor.advice.work import Work
from advisor.domain.finding import Alternative
from advisor.domain.policy import PredictiveScaling
from advisor.domain.service import Setup
from advisor.fargate.scaling import HIGH_RESOLUTION_TICK

PREDICTIVE = (
    "with predictive scaling; not advised, because AWS's forecast was not seen: the mean of the same hour on the days"
    " before stood in for it. Put the policy in ForecastOnly for two days and compare"
)
FINER = (
    "with 20-second metrics; not advised, because AWS does not publish their charge: it is not in this price."
    " Switching them on deploys the service again"
)


def what_ifs(decision: Decision) -> Iterator[Alternative]:
    """Ways that would allow a higher CPU target within the limits, where the tasks would cost clearly less."""
    then, policy = decision.then.setup, tracked(decision.then.setup)
    if policy is None or policy.metric != "cpu" or not decision.subject.levers.scaling:
        return
    search = search_in(decision.subject, decision.margins)
    finer = replace(search, work=_finer(search.work), known={}, scored={})
    low = replace(then, minimum=min(max(least_tasks(then, search.case.limits), 1), then.bounds[0]), schedule=())
    bolder = [target for target in targets_of(policy, then.size, search.work) if target >= policy.target]
    plain = [[replaced(base, policy, replace(policy, target=t)) for t in bolder] for base in dict.fromkeys((low, then))]
    ahead = [[_ahead(setup, target) for setup, target in zip(setups, bolder, strict=True)] for setups in plain]
    for why, where, families in ((PREDICTIVE, search, ahead), (FINER, finer, plain)):
        found = filter(None, (_boldest_that_holds(where, setups) for setups in families))
        best = min(found, key=lambda trial: trial.usd_month, default=None)
        if best is not None and best.usd_month < float(decision.then.usd_month) * (1 - LEAST_SAVING_SHARE):
            usd = Decimal(repr(best.usd_month)).quantize(CENT)
            yield Alternative(setup=best.setup, usd_month=usd, why_not=why)


def _boldest_that_holds(search: Search, setups: list[Setup]) -> Trial | None:
    trials = (trial_of(search, setup) for setup in setups)
    return next((trial for trial in trials if not broken_rules(trial, search.case)), None)


def _ahead(setup: Setup, target: float) -> Setup:
    """The setup with a predictive policy beside its own."""
    ahead = PredictiveScaling(metric="cpu", target=target, mode="ForecastAndScale")
    return replace(setup, policies=(*setup.policies, ahead))


def _finer(work: Work) -> Work:
    """The same work in steps of 20 s, steady within each step of before: shorter peaks were not measured."""
    times = work.tick_seconds // int(HIGH_RESOLUTION_TICK.value)
    return replace(
        work,
        vcpu=np.repeat(work.vcpu, times),
        requests=None if work.requests is None else np.repeat(work.requests, times),
        tasks=np.repeat(work.tasks, times),
        hot_ratio=np.repeat(work.hot_ratio, times),
        hot_vcpu=np.repeat(work.hot_vcpu, times),
        hot_mib=np.repeat(work.hot_mib, times),
        known=np.repeat(work.known, times),
        starting=np.repeat(work.starting, times),
        censored=np.repeat(work.censored, times),
        tick_seconds=work.tick_seconds // times,
    )
