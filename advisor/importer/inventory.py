"""The inventory file: what each imported service was given."""

from datetime import datetime
from itertools import pairwise
from pathlib import Path

from advisor.codec import inventory_from_file_json
from advisor.domain.errors import InputRefused, one_line
from advisor.domain.inventory import Inventory, Service
from advisor.domain.service import INCLUDED_EPHEMERAL_GIB, Setup
from advisor.fargate.policies import check_policy
from advisor.fargate.schedule import check_schedule
from advisor.fargate.sizes import check_size
from advisor.importer.tables import read_bytes, shown

MOST_EPHEMERAL_GIB = 200  # documented: botocore 1.44.5, ecs EphemeralStorage
MOST_WEIGHT, MOST_BASE = 1_000, 100_000  # documented: botocore 1.44.5, ecs CapacityProviderStrategyItem


def read_inventory(path: str | Path, *, seen_at: datetime) -> Inventory:
    """Read an inventory file (JSON, docs/interfaces.md).

    Raises InputRefused (SizeRefused for a task size that Fargate does not have) with file, service, key,
    value and rule.
    """
    path = Path(path)
    inventory = inventory_from_file_json(read_bytes(path), where=shown(path), seen_at=seen_at)
    for number, service in enumerate(inventory.services):
        where = f"{shown(path)}: services[{number}] ({one_line(service.id.service)})"
        check_setup(service.setup, where=where)
        _check_schedule(service.setup, where=where)
        _check_sizes(service, where=where)
    return inventory


def check_setup(setup: Setup, *, where: str) -> None:
    """Raise InputRefused for a setup that AWS would not take; an action due at a tick is the replay's to judge."""
    check_size(setup.size, os=setup.os, architecture=setup.architecture, where=where)
    _check_ephemeral(setup, where=where)
    _check_capacity(setup, where=where)
    _check_policies(setup, where=where)
    for action in setup.schedule:
        if action.expression is not None:
            check_schedule(action.expression, action.timezone, where=where)


def _check_sizes(service: Service, *, where: str) -> None:
    """The sizes that tasks had: Fargate's, in order of time, the last of them today's."""
    instants = [change.at for change in service.sizes]
    if any(at.tzinfo is None for at in instants):
        raise InputRefused(
            "bad sizes", where=where, rule="`at` is an instant with an offset, such as 2026-11-16T00:00:00Z"
        )
    if any(later <= earlier for earlier, later in pairwise(instants)):
        raise InputRefused("bad sizes", where=where, rule="each `at` is later than the one before it")
    for change in service.sizes:
        check_size(change.size, where=f"{where}: sizes")
    if service.sizes and service.sizes[-1].size != service.setup.size:
        rule = f"the last is today's size, {service.setup.size}"
        raise InputRefused("bad sizes", where=where, value=service.sizes[-1].size, rule=rule)


def _check_ephemeral(setup: Setup, *, where: str) -> None:
    most = MOST_EPHEMERAL_GIB if setup.os == "LINUX" else INCLUDED_EPHEMERAL_GIB
    if not INCLUDED_EPHEMERAL_GIB <= setup.ephemeral_gib <= most:
        rule = f"{INCLUDED_EPHEMERAL_GIB} to {most} GiB on {setup.os}"
        raise InputRefused("bad ephemeral_gib", where=where, value=setup.ephemeral_gib, rule=rule)


def _check_capacity(setup: Setup, *, where: str) -> None:
    rule = f"weight 0 to {MOST_WEIGHT}, one above 0; base 0 to {MOST_BASE:,}, on one provider; each provider once"
    shares = setup.capacity
    names = [share.provider for share in shares]
    fits = (
        len(set(names)) == len(names)
        and any(share.weight > 0 for share in shares)
        and all(0 <= share.weight <= MOST_WEIGHT and 0 <= share.base <= MOST_BASE for share in shares)
        and sum(share.base > 0 for share in shares) <= 1
    )
    if not fits:
        text = ", ".join(f"{s.provider} base {s.base} weight {s.weight}" for s in shares)
        raise InputRefused("bad capacity", where=where, value=text, rule=rule)
    if setup.os == "WINDOWS" and "FARGATE_SPOT" in names:
        raise InputRefused("bad capacity", where=where, value="FARGATE_SPOT", rule="Windows has no Fargate Spot")


def _check_policies(setup: Setup, *, where: str) -> None:
    if setup.policies and setup.minimum is None:
        rule = "a service with policies has minimum and maximum"
        raise InputRefused("policies without bounds", where=where, rule=rule)
    for policy in setup.policies:
        check_policy(policy, where=where)


def _check_schedule(setup: Setup, *, where: str) -> None:
    for action in setup.schedule:
        if action.expression is None or action.at_tick is not None:
            rule = "a service's schedule has `expression`; `at_tick` is for a replay without instants"
            raise InputRefused("bad schedule", where=where, value=action.at_tick, rule=rule)
        if action.minimum is None and action.maximum is None:
            rule = "a scheduled action sets minimum, maximum or both"
            raise InputRefused("bad schedule", where=where, value=action.expression, rule=rule)
    _check_scheduled_bounds(setup, where=where)


def _check_scheduled_bounds(setup: Setup, *, where: str) -> None:
    """An action that cannot but make the bounds cross, whichever actions came before it, is refused."""
    low, high = setup.bounds
    lowest = min([low, *(action.minimum for action in setup.schedule if action.minimum is not None)])
    highest = max([high, *(action.maximum for action in setup.schedule if action.maximum is not None)])
    for action in setup.schedule:
        low = lowest if action.minimum is None else action.minimum
        high = highest if action.maximum is None else action.maximum
        if not 0 <= low <= high:
            value = f"{action.expression}: minimum {low}, maximum {high}"
            raise InputRefused("bounds cross", where=where, value=value, rule="0 <= minimum <= maximum, at all times")
