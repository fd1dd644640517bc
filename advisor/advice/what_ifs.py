"""What predictive scaling or 20-second metrics would make of the setup: told beside the advice, never advised.

Neither can be proved from the history: AWS's forecast was not seen, so another stands in for it, and AWS does not
publish what 20-second metrics cost.
"""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import numpy as np

from advisor.advice.candidates import replaced, targets_of
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
    targets = [target for target in targets_of(policy, then.size, search.work) if target >= policy.target]
    tuned = [(replaced(then, policy, replace(policy, target=target)), target) for target in targets]
    ahead = [replace(s, policies=(*s.policies, _predictive(target))) for s, target in tuned]
    finer = replace(search, work=_finer(search.work), known={})
    for why, where, setups in ((PREDICTIVE, search, ahead), (FINER, finer, [setup for setup, _ in tuned])):
        found = _boldest_that_holds(where, setups)
        if found is not None and found.usd_month < float(decision.then.usd_month) * (1 - LEAST_SAVING_SHARE):
            usd = Decimal(repr(found.usd_month)).quantize(CENT)
            yield Alternative(setup=found.setup, usd_month=usd, why_not=why)


def _boldest_that_holds(search: Search, setups: list[Setup]) -> Trial | None:
    trials = (trial_of(search, setup) for setup in setups)
    return next((trial for trial in trials if not broken_rules(trial, search.case)), None)


def _predictive(target: float) -> PredictiveScaling:
    return PredictiveScaling(metric="cpu", target=target, mode="ForecastAndScale")


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
        censored=np.repeat(work.censored, times),
        tick_seconds=work.tick_seconds // times,
    )
