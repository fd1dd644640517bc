"""A reconciliation as a report shows it: a service, a hostile name, an unknown rest."""

from datetime import UTC, datetime
from decimal import Decimal

from advisor.domain.reconciliation import (
    BillNote,
    ReconciledLine,
    ReconciledOwner,
    ReconciledTotals,
    Reconciliation,
    Residual,
)

START, END = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)


def line(unit: str, share: float) -> ReconciledLine:
    none = Decimal("0.00")
    return ReconciledLine(
        unit=unit, usage_types=(), modelled_quantity=none, billed_quantity=none, rate_usd=None,
        modelled_usd=none, billed_usd=none, residual=Residual(), measured_share=share,
    )  # fmt: skip


def reconciliation(name: str) -> Reconciliation:
    """Two owners: `prod/api` under a plan, and `name`, which no service owns."""
    api = Residual(savings_plan=Decimal("-20.50"), unknown=Decimal("0.25"))
    jobs = Residual(standalone=Decimal("7.125"))
    place = {"account": "000111122223", "region": "us-east-1", "start": START, "end": END}
    owners = (
        ReconciledOwner(
            **place, service="prod/api", kind="service", residual=api,
            modelled_usd=Decimal("100.00"), billed_usd=Decimal("79.75"), outside_usd=Decimal("3.00"),
            lines=(line("vcpu-hour", 0.4), line("gb-hour", 0.61)),
        ),
        ReconciledOwner(**place, service=name, kind="standalone", residual=jobs, billed_usd=Decimal("7.125")),
    )  # fmt: skip
    totals = ReconciledTotals(
        modelled_usd=Decimal("100.00"),
        billed_usd=Decimal("86.875"),
        outside_usd=Decimal("3.00"),
        residual=Residual.sum((api, jobs)),
        explained_share=0.9971,
    )
    bill = BillNote(source="bill", formats=("focus",), files=1, rows_read=9, rows_kept=8, start=START, end=END)
    return Reconciliation(store="store", bill=bill, totals=totals, owners=owners)
