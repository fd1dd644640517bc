"""What Container Insights measured of services, as a table."""

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from advisor.domain.insights import NUMBERS, InsightsMonth, merge_insights
from advisor.domain.service import ServiceId
from advisor.store.tables import Table


def _where(seen: InsightsMonth) -> tuple[str, str, datetime]:
    return seen.id.account, seen.id.region, datetime.strptime(seen.month, "%Y-%m").replace(tzinfo=UTC)


def _row(seen: InsightsMonth) -> dict[str, Any]:
    kept = {name: getattr(seen, name) for name in ("container", "month", "days", "pending", "restarts", *NUMBERS)}
    return {"service": seen.id.service, **kept}


def _seen(account: str, region: str, row: dict[str, Any]) -> InsightsMonth:
    return InsightsMonth(
        id=ServiceId(account=account, region=region, service=row["service"]),
        container=row["container"],
        month=row["month"],
        days=tuple(row["days"]),
        pending=tuple(row["pending"]),
        restarts=tuple((day, count) for day, count in row["restarts"]),
        **{name: row[name] for name in NUMBERS},
    )


INSIGHTS: Table[InsightsMonth] = Table(
    name="insights",
    schema=pa.schema(
        [
            *((name, pa.string()) for name in ("service", "container", "month")),
            *((name, pa.list_(pa.int32())) for name in ("days", "pending")),
            ("restarts", pa.list_(pa.list_(pa.int32()))),
            *((name, pa.float64()) for name in NUMBERS),
        ]
    ),
    where=_where,
    row=_row,
    record=_seen,
    merge=merge_insights,
)
