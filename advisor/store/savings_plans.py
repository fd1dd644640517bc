"""Savings Plans as a table: what AWS told last counts, as a whole."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import pyarrow as pa

from advisor.codec import from_json, to_json
from advisor.fargate.savings_plans import SavingsPlans
from advisor.store.tables import Table


def _row(told: SavingsPlans) -> dict[str, Any]:
    return {"json": to_json(told)}


def _told(_account: str, _region: str, row: dict[str, Any]) -> SavingsPlans:
    return from_json(SavingsPlans, row["json"], where="Savings Plans of the store")


def _where(told: SavingsPlans) -> tuple[str, str, datetime]:
    return "", "", told.taken_at


def _newest(told: Iterable[SavingsPlans]) -> tuple[SavingsPlans, ...]:
    return tuple(sorted(told, key=lambda one: (one.taken_at, repr(one)))[-1:])


SAVINGS_PLANS: Table[SavingsPlans] = Table(
    name="savings-plans",
    schema=pa.schema([("json", pa.string())]),
    where=_where,
    row=_row,
    record=_told,
    merge=_newest,
)
