"""What a bill's split-cost columns measured, as days of services and of families.

Rows are first added up by task and hour, as a Savings Plan may cut one task's hour into several rows, and these may
stand in several files; then by owner and day. Rows longer than a day tell no day, and tasks whose service or family
is not known tell nobody's use: both are left out. Ephemeral storage and licences have no measured use.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from advisor.domain.measured import MeasuredDay, MeasuredMonth, MeasuredOf, merge_measured
from advisor.domain.service import ServiceId
from advisor.domain.units import DAY_SECONDS, SECONDS_PER_HOUR
from advisor.fargate.usage_types import usage_type_of
from advisor.importer.bill_sums import AddedUp

_OWNER = ("account", "region", "cluster", "service", "family")
_TEXTS = (*_OWNER, "task", "unit")
_UNITS = {"vcpu-hour": "vcpu", "gb-hour": "gb"}
_SUMS = {"used": "sum", "used_of": "sum"}


class Measured:
    """The measured use so far."""

    def __init__(self) -> None:
        self._hours = AddedUp((*_TEXTS, "start", "end"), {**_SUMS, "written": "max"})

    def add(self, lines: pa.Table, written: datetime) -> None:
        """More charges, with the column `task` (null where none is named), of a file that was `written` then."""
        units = _units(lines["usage_type"])
        known = pc.or_(pc.is_valid(lines["service"]), pc.is_valid(lines["family"]))
        ours = pc.and_(pc.not_equal(lines["product"], "AmazonEKS"), pc.not_equal(lines["region"], ""))
        counts = pc.and_(pc.and_(known, ours), pc.and_(pc.is_valid(units), pc.greater(lines["used_of"], 0)))
        at = pa.array([written] * lines.num_rows, pa.timestamp("us", tz="UTC"))
        rows = lines.append_column("unit", units).append_column("written", at).filter(counts)
        if rows.num_rows:
            self._hours.add(_coded(rows))

    def months(self) -> tuple[MeasuredMonth, ...]:
        """All of it, by owner and month."""
        hours = self._hours.whole()
        return () if hours is None else merge_measured(_months(_days(hours).to_pylist()))


def _units(usage_types: pa.ChunkedArray) -> pa.Array:
    """vcpu or gb, null for what else is charged."""
    coded = usage_types.combine_chunks().dictionary_encode()
    kinds = map(usage_type_of, coded.dictionary.to_pylist())
    units = [_UNITS.get(kind.unit) if kind else None for kind in kinds]
    return pa.array(units, pa.string()).take(coded.indices)


def _coded(rows: pa.Table) -> pa.Table:
    """Texts as numbers into dictionaries: there are many rows of each task."""
    for name in _TEXTS:
        rows = rows.set_column(rows.column_names.index(name), name, rows[name].dictionary_encode())
    return rows


def _days(hours: pa.Table) -> pa.Table:
    """By owner, day and unit: sums, and the highest share of one task in an hour."""
    start, end = (hours[name].cast(pa.int64()).to_numpy() for name in ("start", "end"))
    day = start // DAY_SECONDS
    alone = pc.and_(pa.array(end - start == SECONDS_PER_HOUR), pc.is_valid(hours["task"]))
    used, reserved = (hours[name].cast(pa.float64()) for name in _SUMS)
    share = pc.if_else(alone, pc.divide(used, reserved), pa.scalar(None, pa.float64()))
    dated = hours.append_column("day", pa.array(day)).append_column("share", share)
    within = dated.filter(pa.array(day == (end - 1) // DAY_SECONDS))
    by = within.group_by([*_OWNER, "unit", "day"], use_threads=False)
    return by.aggregate([*_SUMS.items(), ("share", "max"), ("written", "max")])


def _months(rows: Iterable[dict[str, Any]]) -> Iterator[MeasuredMonth]:
    """A month for each owner and day; the two units of a day are joined."""
    days: dict[tuple[MeasuredOf, ServiceId, datetime], dict[str, Any]] = {}
    for row in rows:
        at = datetime.fromtimestamp(row["day"] * DAY_SECONDS, UTC)
        day = days.setdefault((*_whose(row), at), {"day": at.day, "written": row["written_max"].astimezone(UTC)})
        day["written"] = max(day["written"], row["written_max"].astimezone(UTC))
        day |= _numbers(row)
    for (of, id, at), day in days.items():
        yield MeasuredMonth(of=of, id=id, month=f"{at:%Y-%m}", days=(MeasuredDay(**day),))


def _whose(row: Mapping[str, Any]) -> tuple[MeasuredOf, ServiceId]:
    name, cluster = row["service"] or row["family"], row["cluster"]
    id = ServiceId(account=row["account"], region=row["region"], service=f"{cluster}/{name}" if cluster else name)
    return ("service" if row["service"] else "family"), id


def _numbers(row: Mapping[str, Any]) -> dict[str, float | None]:
    """Hours to a millionth, shares to a ten-thousandth: what is kept, so that reading again says nothing new."""
    unit, highest = row["unit"], row["share_max"]
    return {
        f"{unit}_used": round(float(row["used_sum"]), 6),
        f"{unit}_reserved": round(float(row["used_of_sum"]), 6),
        f"{unit}_highest": None if highest is None else round(highest, 4),
    }
