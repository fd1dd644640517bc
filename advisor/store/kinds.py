"""Every table of records that a store holds."""

from typing import Any

from advisor.store.activities import ACTIVITIES
from advisor.store.deployments import DEPLOYMENTS
from advisor.store.insights import INSIGHTS
from advisor.store.measured import MEASURED
from advisor.store.peaks import PEAKS
from advisor.store.prices import PRICES
from advisor.store.reach import REACH
from advisor.store.reconciliations import RECONCILIATIONS
from advisor.store.runs import RUNS
from advisor.store.savings_plans import SAVINGS_PLANS
from advisor.store.tables import Table

EVERY: tuple[Table[Any], ...] = (
    *(REACH, RUNS, DEPLOYMENTS, PEAKS, INSIGHTS, ACTIVITIES),
    *(PRICES, RECONCILIATIONS, MEASURED, SAVINGS_PLANS),
)
__all__ = [
    "ACTIVITIES",
    "DEPLOYMENTS",
    "EVERY",
    "INSIGHTS",
    "MEASURED",
    "PEAKS",
    "PRICES",
    "REACH",
    "RECONCILIATIONS",
    "RUNS",
    "SAVINGS_PLANS",
]
