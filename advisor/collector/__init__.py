"""Every AWS read: sessions over accounts and regions, inventory, scaling, metrics. Read-only, counted, redacted."""

from advisor.collector.insights import family_batches, insights_batches, insights_months
from advisor.collector.inventory import Gathered, collect_inventory, gather
from advisor.collector.meter import Asked, Meter, Spent, over_budget
from advisor.collector.metrics import Batch, batches, collect_usage, read_batch, short_batches
from advisor.collector.missing import Missing
from advisor.collector.older import month_peaks, older_batches
from advisor.collector.opening import client_for, open_sessions, regions_of
from advisor.collector.places import Place, gather_all, places_of
from advisor.collector.prices import collect_prices
from advisor.collector.reach import Reaching
from advisor.collector.savings_plans import collect_savings_plans
from advisor.collector.sessions import AwsSession
from advisor.collector.task_definitions import held_of

__all__ = [
    "Asked",
    "AwsSession",
    "Batch",
    "Gathered",
    "Meter",
    "Missing",
    "Place",
    "Reaching",
    "Spent",
    "batches",
    "client_for",
    "collect_inventory",
    "collect_prices",
    "collect_savings_plans",
    "collect_usage",
    "family_batches",
    "gather",
    "gather_all",
    "held_of",
    "insights_batches",
    "insights_months",
    "month_peaks",
    "older_batches",
    "open_sessions",
    "over_budget",
    "places_of",
    "read_batch",
    "regions_of",
    "short_batches",
]
