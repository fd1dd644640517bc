"""Scaling activities as a table: those that started in one month lie together."""

from datetime import datetime
from typing import Any

import pyarrow as pa

from advisor.domain.activities import ScalingActivity, merge_activities
from advisor.domain.service import ServiceId
from advisor.store.tables import Table

SCHEMA = pa.schema(
    [
        ("service", pa.string()),
        ("started", pa.timestamp("us", tz="UTC")),
        *((name, pa.string()) for name in ("activity", "status", "cause")),
        ("tasks", pa.int32()),
        ("not_scaled", pa.list_(pa.string())),
    ]
)


def _where(activity: ScalingActivity) -> tuple[str, str, datetime]:
    return activity.id.account, activity.id.region, activity.started


def _row(activity: ScalingActivity) -> dict[str, Any]:
    told = {name: getattr(activity, name) for name in SCHEMA.names if name != "service"}
    return told | {"service": activity.id.service}


def _activity(account: str, region: str, row: dict[str, Any]) -> ScalingActivity:
    id = ServiceId(account=account, region=region, service=row["service"])
    told = {name: value for name, value in row.items() if name != "service"}
    return ScalingActivity(id=id, **told | {"not_scaled": tuple(row["not_scaled"])})


ACTIVITIES: Table[ScalingActivity] = Table(
    name="activities",
    schema=SCHEMA,
    where=_where,
    row=_row,
    record=_activity,
    merge=merge_activities,
)
