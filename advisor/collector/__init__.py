"""Every AWS read: sessions over accounts and regions, inventory, scaling, metrics. Read-only, counted, redacted."""

from advisor.collector.inventory import Gathered, collect_inventory, gather
from advisor.collector.metrics import collect_usage
from advisor.collector.prices import collect_prices
from advisor.collector.savings_plans import collect_savings_plans
from advisor.collector.sessions import AwsSession, client_for, open_sessions

__all__ = [
    "AwsSession",
    "Gathered",
    "client_for",
    "collect_inventory",
    "collect_prices",
    "collect_savings_plans",
    "collect_usage",
    "gather",
    "open_sessions",
]
