"""Peaks of months as a table."""

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from advisor.domain.peaks import NUMBERS, MonthPeak, merge_peaks
from advisor.domain.service import ServiceId
from advisor.store.tables import Table


def _where(peak: MonthPeak) -> tuple[str, str, datetime]:
    return peak.id.account, peak.id.region, datetime.strptime(peak.month, "%Y-%m").replace(tzinfo=UTC)


def _row(peak: MonthPeak) -> dict[str, Any]:
    return {"service": peak.id.service, "month": peak.month, **{name: getattr(peak, name) for name in NUMBERS}}


def _peak(account: str, region: str, row: dict[str, Any]) -> MonthPeak:
    id = ServiceId(account=account, region=region, service=row["service"])
    return MonthPeak(id=id, month=row["month"], **{name: row[name] for name in NUMBERS})


PEAKS: Table[MonthPeak] = Table(
    name="peaks",
    schema=pa.schema([("service", pa.string()), ("month", pa.string()), *((name, pa.float64()) for name in NUMBERS)]),
    where=_where,
    row=_row,
    record=_peak,
    merge=merge_peaks,
)
