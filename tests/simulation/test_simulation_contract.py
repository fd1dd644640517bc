"""The engine against the contract: cases of an independent implementation, and the plain oracle on random ones."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from advisor.codec import simulation_from_json
from advisor.domain.service import Setup
from advisor.simulation import Conditions, Load, Outcome, simulate
from tests.oracles import simulator
from tests.oracles.random_cases import random_case

VECTORS = json.loads((Path(__file__).parent / "vectors.json").read_text())["cases"]
CASES = int(os.environ.get("ADVISOR_ORACLE_CASES", "2000"))


def asked_of(case: dict[str, Any]) -> tuple[Load, Setup, dict[str, Any]]:
    """A case as what `simulate` takes: load, setup, options."""
    setup, initial, tick, delays, floor = simulation_from_json(json.dumps(case["setup"]), where="case")
    load = Load(
        vcpu=np.array(case["demand_vcpu"], dtype=float),
        requests=np.array(case["requests"], dtype=float) if "requests" in case else None,
        deploying=np.array(case["deploying"], dtype=bool) if "deploying" in case else None,
        tick_seconds=tick,
    )
    return load, setup, {"initial": initial, "conditions": Conditions(**delays), "floor": floor}  # type: ignore[arg-type]


def replayed(case: dict[str, Any]) -> Outcome:
    load, setup, options = asked_of(case)
    return simulate(load, setup, **options)


@pytest.mark.parametrize("number", range(len(VECTORS)))
def test_the_engine_gives_what_an_independent_implementation_gives(number: int) -> None:
    outcome = replayed(VECTORS[number])
    for key, expected in VECTORS[number]["expect"].items():
        assert getattr(outcome, key).tolist() == expected, key


def test_engine_and_oracle_agree_tick_for_tick() -> None:
    scaled = 0
    for seed in range(CASES):
        case = random_case(seed)
        outcome, expected = replayed(case), simulator.simulate(case)
        for key in ("running", "billed", "desired"):
            assert getattr(outcome, key).tolist() == expected[key], (seed, key)
        scaled += outcome.actions > 1
    assert scaled > CASES / 3, "most cases must scale, or agreement means nothing"
