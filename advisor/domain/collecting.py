"""The log of a collection: what was called, what it cost at most, what could not be read."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from advisor.domain.service import ServiceId

Into = Literal["usage", "peaks", "insights"]
"""What the store makes of metrics: usage of services, peaks of families without a service, Container Insights."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallCount:
    """How often an action was sent in an account and region, retries included."""

    account: str
    region: str
    action: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceRead:
    """An account and region that was to be read; `region` is "*" for all of them.

    `failures` say what is missing. `partly`: services of which not all metrics came, the first by name, and
    `partly_more`, how many others there are.
    """

    account: str
    region: str
    services: int = 0
    new_rows: int = 0
    failures: tuple[str, ...] = ()
    partly: tuple[str, ...] = ()
    partly_more: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """All that there is of a service was read `until` then (exclusive), in the finest steps that there were of it."""

    id: ServiceId
    until: datetime
    of: Into = "usage"


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionRun:
    """One collection. Metrics requested of GetMetricData and their charge [USD]: at least, and at most.

    `hidden_by` names the key that account ids are hidden with, empty where they are not.
    """

    format: int = 1
    started: datetime
    ended: datetime
    places: tuple[PlaceRead, ...] = ()
    calls: tuple[CallCount, ...] = ()
    metrics_least: int = 0
    metrics_most: int = 0
    usd_least: Decimal = Decimal(0)
    usd_most: Decimal = Decimal(0)
    hidden_by: str = ""
