"""Reconciliations as a table: one per span of a bill, by the month in which the span ends."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import pyarrow as pa

from advisor.codec import from_json, to_json
from advisor.domain.reconciliation import Reconciliation
from advisor.store.tables import Table


def _row(made: Reconciliation) -> dict[str, Any]:
    return {"json": to_json(made)}


def _made(_account: str, _region: str, row: dict[str, Any]) -> Reconciliation:
    return from_json(Reconciliation, row["json"], where="reconciliation of the store")


def _where(made: Reconciliation) -> tuple[str, str, datetime]:
    return "", "", made.bill.end


def _one_per_span(made: Iterable[Reconciliation]) -> tuple[Reconciliation, ...]:
    """Of several for one span, the one of the bill with the most charges: AWS restates a month until it closes."""
    best: dict[tuple[datetime, datetime], Reconciliation] = {}
    for one in made:
        span = (one.bill.end, one.bill.start)
        best[span] = max(best.get(span, one), one, key=lambda r: (r.bill.rows_kept, repr(r)))
    return tuple(best[span] for span in sorted(best))


RECONCILIATIONS: Table[Reconciliation] = Table(
    name="reconciliations",
    schema=pa.schema([("json", pa.string())]),
    where=_where,
    row=_row,
    record=_made,
    merge=_one_per_span,
)
