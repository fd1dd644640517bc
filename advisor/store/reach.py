"""Until when the metrics of each service were read, as a table: of each service and kind the latest instant."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from advisor.domain.collecting import Into, Reach
from advisor.domain.service import ServiceId
from advisor.store.tables import Table

_ONCE = datetime(1970, 1, 1, tzinfo=UTC)  # one file per place, whenever it was


def _where(reach: Reach) -> tuple[str, str, datetime]:
    return reach.id.account, reach.id.region, _ONCE


def _row(reach: Reach) -> dict[str, Any]:
    return {"service": reach.id.service, "until": reach.until, "of": reach.of}


def _reach(account: str, region: str, row: dict[str, Any]) -> Reach:
    id = ServiceId(account=account, region=region, service=row["service"])
    return Reach(id=id, until=row["until"], of=row["of"] or "usage")  # files of before told of nothing else


def _latest(given: Iterable[Reach]) -> tuple[Reach, ...]:
    best: dict[tuple[ServiceId, Into], Reach] = {}
    for reach in given:
        key = (reach.id, reach.of)
        best[key] = max(best.get(key, reach), reach, key=lambda one: one.until)
    return tuple(best[key] for key in sorted(best))


REACH: Table[Reach] = Table(
    name="reach",
    schema=pa.schema([("service", pa.string()), ("until", pa.timestamp("us", tz="UTC")), ("of", pa.string())]),
    where=_where,
    row=_row,
    record=_reach,
    merge=_latest,
)
