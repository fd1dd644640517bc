"""A reconciliation: a bill from its files against a store, in one record."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow.compute as pc

from advisor.domain.charges import Charges
from advisor.domain.errors import NoData
from advisor.domain.reconciliation import Reconciliation
from advisor.fargate.prices import PriceBook
from advisor.importer import read_bill
from advisor.ledger import reconcile
from advisor.store import Store

_MEASURED = "Of the use that the bill measured"
_EXPORT = "export hourly with resource ids, and import task events, which name the families of tasks."


def run_reconciliation(
    store: Store, bill: str | Path, *, prices: PriceBook | None = None, hide: Callable[[str], str] | None = None
) -> Reconciliation:
    """The bill in `bill` (a file, a folder, `s3://`) against the services, usage and task runs of a store.

    What the bill measured of tasks is kept in the store. `prices` default to the store's. `hide` takes account ids out
    of the bill, as it did in the store. Raises InputRefused for a bill that cannot be read, NoData for an empty store.
    """
    if not store.services:
        raise NoData(f"{store.url}: the store holds no services. Next: `advisor collect` or `advisor import`.")
    runs = {
        f"{run.region}:{run.account}:task/{run.cluster}/{run.task}": (run.service, run.family)
        for run in store.task_runs
    }
    charges = read_bill(bill, runs=runs, hide=hide)
    made = reconcile(
        charges,
        store.services,
        store.usage,
        prices=prices or store.prices,
        deployments=store.deployments,
        store=store.url,
    )
    store.add_measured(charges.measured)
    return replace(made, notes=(*made.notes, *_of_measured(charges)))


def _of_measured(charges: Charges) -> tuple[str, ...]:
    """What of the measured use is not kept, where the bill has one."""
    if not pc.any(pc.greater(charges.lines["used_of"], 0)).as_py():
        return ()
    days = [day for month in charges.measured for day in month.days]
    if not days:
        return (f"{_MEASURED} nothing is kept: it names no day, or no service or family. Next: {_EXPORT}",)
    if all(day.vcpu_highest is None and day.gb_highest is None for day in days):
        return (f"{_MEASURED} only sums of days are kept: it tells no task's hour. Next: {_EXPORT}",)
    return ()
