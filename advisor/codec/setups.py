"""A setup in the flat form that all public files share: `cpu` and `memory` beside the other keys."""

from typing import Any

from advisor.codec.records import from_data, to_data, want_mapping
from advisor.domain.errors import InputRefused
from advisor.domain.service import Setup


def setup_to_dict(setup: Setup) -> dict[str, Any]:
    """A setup as flat JSON data: cpu [CPU units], memory [MiB], then the keys of the record."""
    data = to_data(setup)
    return {**data.pop("size"), **data}


def setup_from_dict(data: object, *, where: str) -> Setup:
    """Flat JSON data as a setup; `desired` falls back to `minimum`."""
    flat = want_mapping(data, where=where)
    for key in ("cpu", "memory"):
        if key not in flat:
            raise InputRefused(
                "missing key", where=where, value=key, rule="cpu [CPU units] and memory [MiB] are required"
            )
    flat["size"] = {"cpu": flat.pop("cpu"), "memory": flat.pop("memory")}
    if "desired" not in flat and flat.get("minimum") is not None:
        flat["desired"] = flat["minimum"]
    setup = from_data(Setup, flat, where=where)
    check_bounds(setup, where=where)
    return setup


def check_bounds(setup: Setup, *, where: str) -> None:
    """Raise InputRefused for counts that are negative or cross, and for one bound without the other."""
    if (setup.minimum is None) != (setup.maximum is None):
        rule = "minimum and maximum are given together, or neither for a fixed count"
        raise InputRefused("one bound alone", where=where, rule=rule)
    low, high = setup.bounds
    if not 0 <= low <= high or setup.desired < 0:
        value = f"minimum {low}, maximum {high}, desired {setup.desired}"
        raise InputRefused("bounds cross", where=where, value=value, rule="0 <= minimum <= maximum, desired >= 0")
