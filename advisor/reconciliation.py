"""A reconciliation: a bill from its files against a store, in one record."""

from collections.abc import Callable
from pathlib import Path

from advisor.domain.errors import NoData
from advisor.domain.reconciliation import Reconciliation
from advisor.fargate.prices import PriceBook
from advisor.importer import read_bill
from advisor.ledger import reconcile
from advisor.store import Store


def run_reconciliation(
    store: Store, bill: str | Path, *, prices: PriceBook | None = None, hide: Callable[[str], str] | None = None
) -> Reconciliation:
    """The bill in `bill` (a file, a folder, `s3://`) against the services, usage and task runs of a store.

    `prices` default to the store's. `hide` takes account ids out of the bill, as it did in the store. Raises
    InputRefused for a bill that cannot be read, NoData for an empty store.
    """
    if not store.services:
        raise NoData(f"{store.url}: the store holds no services. Next: `advisor collect` or `advisor import`.")
    runs = {
        f"{run.region}:{run.account}:task/{run.cluster}/{run.task}": (run.service, run.family)
        for run in store.task_runs
    }
    charges = read_bill(bill, runs=runs, hide=hide)
    return reconcile(
        charges,
        store.services,
        store.usage,
        prices=prices or store.prices,
        deployments=store.deployments,
        store=store.url,
    )
