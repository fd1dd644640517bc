"""Laws of a reconciliation, on random bills: it adds up, prices scale it, and what is apart stays apart."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.domain.charges import KEYS, Charges
from advisor.domain.inventory import Service, SizeChange
from advisor.domain.reconciliation import Reconciliation, Residual
from advisor.domain.service import ServiceId, Setup, TaskSize
from advisor.fargate.prices import PriceBook
from advisor.importer.bill_cells import DECIMAL, INSTANTS
from advisor.ledger import reconcile

START, HOURS = datetime(2026, 10, 5, tzinfo=UTC), 6
PLACE = {"account": "111122223333", "region": "eu-west-1", "product": "AmazonECS", "cluster": "prod"}
TYPES = (
    *("EU-Fargate-vCPU-Hours:perCPU", "EU-Fargate-GB-Hours", "EU-Fargate-ARM-vCPU-Hours:perCPU"),
    *("EU-Fargate-EphemeralStorage-GB-Hours", "EU-Fargate-Windows-OS-Hours:perCPU", "EU-Fargate-Something-New"),
)
BOOK = PriceBook.shipped()
CENTS = st.decimals(0, 100, places=6)


@st.composite
def lines(draw: st.DrawFn) -> list[dict[str, Any]]:
    def one() -> dict[str, Any]:
        purchase = draw(st.sampled_from(["on-demand", "spot", "savings-plan", "adjustment"]))
        counted, listed = purchase != "adjustment", purchase in ("on-demand", "savings-plan")
        start = START + timedelta(hours=draw(st.integers(-2, HOURS + 1)))
        service = draw(st.sampled_from(["web", "web", "gone", None]))
        cost, on_demand, usage_type = draw(CENTS), draw(CENTS), draw(st.sampled_from(TYPES))
        return PLACE | {
            "service": service,
            "family": draw(st.sampled_from(["job", None])) if service is None else None,
            "start": start,
            "end": start + timedelta(hours=1),
            "usage_type": usage_type.replace("-Fargate", "-SpotUsage-Fargate") if purchase == "spot" else usage_type,
            "purchase": purchase,
            "quantity": draw(CENTS) if counted else Decimal(0),
            "cost": cost if counted else -cost,
            "on_demand_cost": cost if purchase == "on-demand" else on_demand if listed else Decimal(0),
            "used": Decimal(0),
            "used_of": Decimal(0),
        }

    return [one() for _ in range(draw(st.integers(1, 12)))]


def charges(rows: list[dict[str, Any]]) -> Charges:
    columns = {name: pa.array([row[name] for row in rows], _type(name)) for name in rows[0]}
    table = pa.table(columns).sort_by([(name, "ascending") for name in KEYS])
    span = {"start": min(row["start"] for row in rows), "end": max(row["end"] for row in rows), "period": 3600}
    told = {"source": "bill", "formats": ("focus",), "files": 1, "rows_read": len(rows), "rows_kept": len(rows)}
    return Charges(**told, **span, lines=table, tagged=frozenset({(PLACE["account"], PLACE["region"])}))


def _type(name: str) -> pa.DataType:
    return INSTANTS if name in ("start", "end") else pa.string() if name in KEYS else DECIMAL


def web(*, ephemeral_gib: int = 20) -> Service:
    size = TaskSize.of(vcpu=1, gib=2)
    return Service(
        id=ServiceId(account=PLACE["account"], region=PLACE["region"], service="prod/web"),
        setup=Setup(size=size, desired=2, ephemeral_gib=ephemeral_gib),
        seen_at=START,
        sizes=(SizeChange(at=START, size=size), SizeChange(at=START + timedelta(hours=2), size=size)),
    )


def usage(tasks: list[int]) -> pd.DataFrame:
    index = pd.date_range(START, periods=HOURS * 60, freq="60s", name="ts")
    values = {"tasks": np.repeat(tasks, 60), "cpu_avg": 10.0, "memory_avg": 10.0}
    return pd.DataFrame(values, index=index).astype("float32")


def reconciled(rows: list[dict[str, Any]], tasks: list[int], *, factor: int = 1, **setup: Any) -> Reconciliation:
    return reconcile(charges(rows), [web(**setup)], lambda _: usage(tasks), prices=BOOK.scaled(Decimal(factor)))


TASKS = st.lists(st.integers(0, 9), min_size=HOURS, max_size=HOURS)


@given(rows=lines(), tasks=TASKS, gib=st.sampled_from([20, 50]))
@settings(max_examples=60, deadline=None)
def test_every_line_every_owner_and_the_whole_add_up_exactly(rows: list[Any], tasks: list[int], gib: int) -> None:
    result = reconciled(rows, tasks, ephemeral_gib=gib)
    for owner in result.owners:
        assert owner.billed_usd - owner.modelled_usd == owner.residual.total
        assert owner.residual == Residual.sum(line.residual for line in owner.lines)
        assert all(line.billed_usd - line.modelled_usd == line.residual.total for line in owner.lines)
    whole = result.totals
    assert whole.residual == Residual.sum(owner.residual for owner in result.owners)
    assert whole.billed_usd + whole.outside_usd == sum(row["cost"] for row in rows)


@given(rows=lines(), tasks=TASKS)
@settings(max_examples=20, deadline=None)
def test_doubling_every_price_doubles_what_is_modelled_and_leaves_what_was_billed(
    rows: list[Any], tasks: list[int]
) -> None:
    once, twice = reconciled(rows, tasks), reconciled(rows, tasks, factor=2)
    lines_of = [{(o.service, line.unit): line for o in r.owners for line in o.lines} for r in (once, twice)]
    for key, line in lines_of[0].items():
        other = lines_of[1][key]
        assert other.billed_usd == line.billed_usd
        if line.unit != "os-licence-vcpu-hour":  # a Linux service has no price for it: the bill's own rate counts
            assert abs(other.modelled_usd - 2 * line.modelled_usd) <= Decimal("0.000001")


@given(rows=lines(), tasks=TASKS)
@settings(max_examples=20, deadline=None)
def test_what_others_were_billed_changes_nothing_for_a_service(rows: list[Any], tasks: list[int]) -> None:
    mine = [row for row in rows if row["service"] == "web"]
    edge = [
        PLACE | rows[0] | {"service": "gone", "family": None, "start": row["start"], "end": row["end"]} for row in rows
    ]
    if mine:
        both = [reconciled([*some, *edge], tasks) for some in (rows, mine)]
        first, second = (next(o for o in r.owners if o.service == "prod/web") for r in both)
        assert first == second
