"""The CSVs: a row per service or per family, units in the header, no cell that a spreadsheet takes for a formula."""

import csv
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from io import StringIO
from typing import TypeVar

from advisor.domain.finding import Review, TaskFamily
from advisor.domain.service import Setup
from advisor.report import words
from advisor.report.clean import cell
from advisor.report.view import Row, rows

T = TypeVar("T")
Field = Callable[[Row], object]


def csv_text(review: Review) -> str:
    """The review as CSV: a header, then one line per service in the order of the report."""
    return _written(COLUMNS, rows(review))


def families_text(review: Review) -> str:
    """The tasks without a service as CSV: a header, then one line per family."""
    return _written(FAMILY_COLUMNS, review.standalone)


def _written(columns: Mapping[str, Callable[[T], object]], lines: Iterable[T]) -> str:
    out = StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_MINIMAL, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([_cell(field(line)) for field in columns.values()] for line in lines)
    return out.getvalue()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    return f"{value:.12g}" if isinstance(value, int | float) else cell(value)


def _recommended(field: Callable[[Setup], object]) -> Field:
    return lambda row: None if row.advice.recommended is None else field(row.advice.recommended)


def _current(field: Callable[[Setup], object]) -> Field:
    return lambda row: field(row.advice.current)


def _score(name: str) -> Field:
    return lambda row: None if row.advice.backtest is None else getattr(row.advice.backtest, name)


def _setup_columns(prefix: str, of: Callable[[Callable[[Setup], object]], Field]) -> dict[str, Field]:
    return {
        f"{prefix}_cpu_units": of(lambda setup: setup.size.cpu),
        f"{prefix}_memory_mib": of(lambda setup: setup.size.memory),
        f"{prefix}_minimum_tasks": of(lambda setup: setup.bounds[0]),
        f"{prefix}_maximum_tasks": of(lambda setup: setup.bounds[1]),
        f"{prefix}_setup": of(words.brief),
    }


COLUMNS: dict[str, Field] = {
    "service": lambda row: row.advice.id.service,
    "account": lambda row: row.advice.id.account,
    "region": lambda row: row.advice.id.region,
    "verdict": lambda row: row.advice.verdict,
    "current_usd_per_month": lambda row: row.now,
    "recommended_usd_per_month": lambda row: row.then,
    "low_usd_per_month": lambda row: row.low,
    "high_usd_per_month": lambda row: row.high,
    "saving_usd_per_month": lambda row: row.saving,
    **_setup_columns("current", _current),
    **_setup_columns("recommended", _recommended),
    "os": lambda row: row.advice.current.os,
    "current_architecture": _current(lambda setup: setup.architecture),
    "recommended_architecture": _recommended(lambda setup: setup.architecture),
    "current_purchase": _current(lambda setup: words.capacity(setup.capacity)),
    "recommended_purchase": _recommended(lambda setup: words.capacity(setup.capacity)),
    "cpu_throttled_share_of_time": lambda row: row.advice.risk.cpu_throttled_share,
    "cpu_over_limit_probability_per_month": lambda row: row.advice.risk.cpu_over_limit_probability,
    "memory_breach_probability_per_month": lambda row: row.advice.risk.memory_breach_probability,
    "unmet_share_of_work": lambda row: row.advice.risk.unmet_share,
    "confidence_0_to_1": lambda row: row.advice.confidence,
    "replay_error_share_of_task_seconds": lambda row: row.advice.replay_error,
    "held_out_days": _score("days_held_out"),
    "held_out_usd_per_month": _score("cost_usd"),
    "held_out_cpu_throttled_share_of_time": _score("cpu_throttled_share"),
    "held_out_memory_breached": lambda row: _yes(_score("memory_breached")(row)),
    "held_out_unmet_share_of_work": _score("unmet_share"),
    "owner": lambda row: row.advice.owner,
    "reasons": lambda row: " ".join(row.advice.reasons),
    "cautions": lambda row: " ".join(map(str, row.advice.cautions)),
}


def _yes(value: object) -> str | None:
    return None if value is None else "yes" if value else "no"


def _size(name: str) -> Callable[[TaskFamily], object]:
    return lambda family: None if family.size is None else getattr(family.size, name)


def _measured(name: str) -> Callable[[TaskFamily], object]:
    return lambda family: None if family.measured is None else getattr(family.measured, name)


FAMILY_COLUMNS: dict[str, Callable[[TaskFamily], object]] = {
    "family": lambda family: family.service,
    "account": lambda family: family.account,
    "region": lambda family: family.region,
    "cpu_units": _size("cpu"),
    "memory_mib": _size("memory"),
    "runs_seen": lambda family: family.runs,
    "failed_runs": lambda family: family.failed,
    "out_of_memory_runs": lambda family: family.out_of_memory,
    "least_usd_per_month": lambda family: family.usd_month,
    "reckoned_from": lambda family: family.basis,
    "started_by": lambda family: "; ".join(family.started_by),
    "peak_vcpu": lambda family: family.peak_vcpu,
    "peak_gib": lambda family: family.peak_gib,
    "measured_first_day": _measured("start"),
    "measured_last_day": _measured("end"),
    "measured_days": _measured("days"),
    "cpu_used_share_of_billed": _measured("vcpu_share"),
    "memory_used_share_of_billed": _measured("gb_share"),
    "highest_hour_of_a_task_cpu_share": _measured("vcpu_highest"),
    "highest_hour_of_a_task_memory_share": _measured("gb_highest"),
    "cautions": lambda family: " ".join(map(str, family.cautions)),
    "no_advice_because": lambda family: family.why,
}
