"""The notebook surface: `import advisor as ad`. Nothing that is reachable from here can call AWS.

=====================================  ==============================================================
`open_store(url)`, `open_demo()`       a store: `.services`, `.service(name)`, `.usage(service)`, `.prices`,
                                       `.insights` (ephemeral storage and containers, by month)
`infer_demand(usage, service)`         work in vCPU, GiB and requests per step (schema `DEMAND`)
`fit_profile(demand)`                  peaks, shape, memory model, regimes
`simulate(demand, setup)`              a setup replayed over the demand, tick by tick
`price(outcome, prices)`               the bill of a replay
`score(outcome, demand, profile)`      what a replay failed: work unmet, time out of CPU, memory of one task
`replay_error(outcome, tasks)`         how far replayed task counts are from the recorded ones
`advise(service, demand, profile, …)`  what to change, with evidence; `explain(advice)` in words
`run_review(store, config)`            advice for the whole store; `write_report(review, folder)`
`replace(record, **changes)`           a record with some fields changed (records are frozen)
=====================================  ==============================================================
"""

from dataclasses import replace
from pathlib import Path

from advisor import charts
from advisor.advice import advise, explain
from advisor.advice.score import Score
from advisor.advice.score import score as score_of
from advisor.advice.work import work_of
from advisor.config import load_config
from advisor.domain.errors import NoData
from advisor.domain.policy import PredictiveScaling, ScheduledAction, StepScaling, TargetTracking
from advisor.domain.schema import DEMAND, USAGE
from advisor.domain.service import ServiceId, Setup, TaskSize
from advisor.profile import Demand, Profile, fit_profile, infer_demand
from advisor.report import write_report
from advisor.review import run_review
from advisor.simulation import Conditions, Load, Outcome, price, replay_error, simulate
from advisor.store import Store, open_store

__all__ = [
    "DEMAND",
    "USAGE",
    "Conditions",
    "Load",
    "PredictiveScaling",
    "ScheduledAction",
    "ServiceId",
    "Setup",
    "StepScaling",
    "TargetTracking",
    "TaskSize",
    "advise",
    "charts",
    "explain",
    "fit_profile",
    "infer_demand",
    "load_config",
    "open_demo",
    "open_store",
    "price",
    "replace",
    "replay_error",
    "run_review",
    "score",
    "simulate",
    "write_report",
]


def open_demo(folder: str | Path = "reports/demo") -> Store:
    """The store that `advisor demo` left in `folder`, here or further up; raises NoData where there is none."""
    store = Path(folder) / "store"
    for above in (Path(), *Path.cwd().parents):  # a notebook begins in its own folder
        if (above / store).is_dir():
            return open_store(above / store)
    raise NoData(f"{store}: no demo store. Next: run `advisor demo` (or `make demo`) first.")


def score(outcome: Outcome, demand: Demand, profile: Profile) -> Score:
    """What a replay of a demand failed, as the advice counts it: shares of work and time 0 to 1, memory in MiB."""
    running = outcome.running.astype("float64")
    return score_of(running, work_of(demand), size=outcome.setup.size, memory=profile.memory_model)
