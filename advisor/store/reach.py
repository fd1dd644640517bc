"""Until when the usage of each service was asked for, as a table: of each service the latest instant."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from advisor.domain.collecting import Reach
from advisor.domain.service import ServiceId
from advisor.store.tables import Table

_ONCE = datetime(1970, 1, 1, tzinfo=UTC)  # one file per place, whenever it was


def _where(reach: Reach) -> tuple[str, str, datetime]:
    return reach.id.account, reach.id.region, _ONCE


def _row(reach: Reach) -> dict[str, Any]:
    return {"service": reach.id.service, "until": reach.until}


def _reach(account: str, region: str, row: dict[str, Any]) -> Reach:
    return Reach(id=ServiceId(account=account, region=region, service=row["service"]), until=row["until"])


def _latest(given: Iterable[Reach]) -> tuple[Reach, ...]:
    best: dict[ServiceId, Reach] = {}
    for reach in given:
        best[reach.id] = max(best.get(reach.id, reach), reach, key=lambda one: one.until)
    return tuple(best[id] for id in sorted(best))


REACH: Table[Reach] = Table(
    name="reach",
    schema=pa.schema([("service", pa.string()), ("until", pa.timestamp("us", tz="UTC"))]),
    where=_where,
    row=_row,
    record=_reach,
    merge=_latest,
)
