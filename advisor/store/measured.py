"""What bills measured of services and families, as a table."""

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from advisor.domain.measured import MeasuredDay, MeasuredMonth, merge_measured
from advisor.domain.service import ServiceId
from advisor.store.tables import Table

_NUMBERS = ("vcpu_used", "vcpu_reserved", "vcpu_highest", "gb_used", "gb_reserved", "gb_highest")
_DAY = pa.struct(
    [
        ("day", pa.int8()),
        ("written", pa.timestamp("us", tz="UTC")),
        *((name, pa.float64()) for name in _NUMBERS),
    ]
)


def _where(seen: MeasuredMonth) -> tuple[str, str, datetime]:
    return seen.id.account, seen.id.region, datetime.strptime(seen.month, "%Y-%m").replace(tzinfo=UTC)


def _row(seen: MeasuredMonth) -> dict[str, Any]:
    days = [{name: getattr(day, name) for name in ("day", "written", *_NUMBERS)} for day in seen.days]
    return {"of": seen.of, "service": seen.id.service, "month": seen.month, "days": days}


def _seen(account: str, region: str, row: dict[str, Any]) -> MeasuredMonth:
    id = ServiceId(account=account, region=region, service=row["service"])
    days = (MeasuredDay(**{**day, "written": day["written"].astimezone(UTC)}) for day in row["days"])
    return MeasuredMonth(of=row["of"], id=id, month=row["month"], days=tuple(days))


MEASURED: Table[MeasuredMonth] = Table(
    name="measured",
    schema=pa.schema([*((name, pa.string()) for name in ("of", "service", "month")), ("days", pa.list_(_DAY))]),
    where=_where,
    row=_row,
    record=_seen,
    merge=merge_measured,
)
