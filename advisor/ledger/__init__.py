"""Billed against modelled: what the metrics and the price list say a service costs, and why the bill differs."""

from advisor.ledger.reconcile import reconcile
from advisor.ledger.spot import spot_prices

__all__ = ["reconcile", "spot_prices"]
