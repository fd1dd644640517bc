"""Replay of a setup over a demand: the engine (docs/simulation.md), its outcomes, their price, their calibration."""

from advisor.simulation.calibrate import replay_error
from advisor.simulation.forecast import forecast_floor
from advisor.simulation.loads import load_of
from advisor.simulation.pricing import outcome_to_dict, price
from advisor.simulation.records import Conditions, Load, Outcome, Summary
from advisor.simulation.run import simulate, simulate_many, summarize_many

__all__ = [
    "Conditions",
    "Load",
    "Outcome",
    "Summary",
    "forecast_floor",
    "load_of",
    "outcome_to_dict",
    "price",
    "replay_error",
    "simulate",
    "simulate_many",
    "summarize_many",
]
