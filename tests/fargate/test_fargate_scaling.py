"""Scaling constants: each says how it is known, and the engine runs on these and no others."""

from advisor.domain.policy import DEFAULT_COOLDOWN_SECONDS, TargetTracking
from advisor.fargate import scaling
from advisor.fargate.scaling import CONSTANTS
from advisor.simulation import Conditions, engine

# docs/simulation.md, with its labels.
PAGE = {
    "STANDARD_TICK": (60, "documented"),
    "HIGH_RESOLUTION_TICK": (20, "documented"),
    "ALARM_HIGH_POINTS": (3, "observed"),
    "ALARM_LOW_POINTS": (15, "observed"),
    "ALARM_LOW_POINTS_HIGH_RESOLUTION": (30, "observed"),
    "LOW_THRESHOLD": (0.9, "observed"),
    "CEIL_TOLERANCE": (1e-9, "chosen"),
    "DEFAULT_COOLDOWN": (300, "documented"),
    "STARTUP_TICKS": (1, "chosen"),
    "METRIC_DELAY_TICKS": (1, "chosen"),
    "DRAIN_TICKS": (0, "chosen"),
    "PREDICTIVE_HISTORY_DAYS": (14, "documented"),
    "PREDICTIVE_LEAST_HOURS": (24, "documented"),
}


def test_the_constants_are_those_of_the_contract_with_their_labels() -> None:
    assert {name: (c.value, c.certainty) for name, c in CONSTANTS.items()} == PAGE


def test_every_constant_has_a_unit_a_meaning_a_source_and_a_date() -> None:
    for name, constant in CONSTANTS.items():
        assert all((constant.unit, constant.meaning, constant.source, constant.as_of)), name


def test_defaults_elsewhere_are_the_constants() -> None:
    conditions, policy = Conditions(), TargetTracking(metric="cpu", target=70)
    assert conditions.startup_ticks == scaling.STARTUP_TICKS.value
    assert conditions.metric_delay_ticks == scaling.METRIC_DELAY_TICKS.value
    assert conditions.drain_ticks == scaling.DRAIN_TICKS.value
    assert policy.scale_out_cooldown == policy.scale_in_cooldown == scaling.DEFAULT_COOLDOWN.value
    assert scaling.DEFAULT_COOLDOWN.value == DEFAULT_COOLDOWN_SECONDS
    assert scaling.CEIL_TOLERANCE.value == engine.TOLERANCE
