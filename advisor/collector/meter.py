"""What a run asks of AWS: calls by account, region and action, and the charge for reading metrics."""

import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from advisor.domain.collecting import CallCount, CollectionRun, PlaceRead
from advisor.domain.errors import AwsFailed

USD_PER_METRIC = Decimal("0.00001")  # $0.01 per 1,000 metrics requested by GetMetricData, none free: docs/facts.md
STATISTICS_PER_METRIC = 5  # so many of one metric in one request count as one: docs/moto.md, 2

Key = tuple[str, str, str]
"""(account, region, IAM action)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Metrics requested: at least (statistics of one metric together), and at most (each query, on each page)."""

    least: int = 0
    most: int = 0

    def __add__(self, other: "Asked") -> "Asked":
        return Asked(least=self.least + other.least, most=self.most + other.most)

    def __sub__(self, other: "Asked") -> "Asked":
        return Asked(least=self.least - other.least, most=self.most - other.most)

    @property
    def usd(self) -> tuple[Decimal, Decimal]:
        """The charge, at least and at most [USD]."""
        return self.least * USD_PER_METRIC, self.most * USD_PER_METRIC


def asked_by(queries: Iterable[Mapping[str, Any]], *, page: int = 1) -> Asked:
    """What one request for the page of some MetricDataQueries counts for.

    How AWS counts is known in part (docs/moto.md, section 2): whether a further page counts again is not.
    """
    given = list(queries)
    series = {(_name(q["MetricStat"]["Metric"]), q["MetricStat"]["Stat"]) for q in given if "MetricStat" in q}
    statistics = Counter(name for name, _ in series)
    least = sum(-(-count // STATISTICS_PER_METRIC) for count in statistics.values())
    return Asked(least=least if page == 1 else 0, most=len(given))


def _name(metric: Mapping[str, Any]) -> tuple[Any, ...]:
    dimensions = sorted((d["Name"], d["Value"]) for d in metric.get("Dimensions", ()))
    return metric["Namespace"], metric["MetricName"], tuple(dimensions)


class Meter:
    """Counts what sessions send, from any thread. With `most_usd`, a request that could exceed it is not sent."""

    def __init__(self, *, most_usd: Decimal | None = None) -> None:
        self.most_usd = most_usd
        self._lock = threading.Lock()
        self._calls: Counter[Key] = Counter()
        self._asked = Asked()
        self.logged: tuple[Counter[Key], Asked] = Counter(), Asked()
        """What is in the log of a run already."""

    @property
    def calls(self) -> Counter[Key]:
        """How often each action was sent in each account and region, retries included."""
        with self._lock:
            return Counter(self._calls)

    @property
    def asked(self) -> Asked:
        """The metrics that were requested."""
        with self._lock:
            return self._asked

    def sent(self, account: str, region: str, action: str) -> None:
        """Count one call."""
        with self._lock:
            self._calls[account, region, action] += 1

    def spend(self, asked: Asked) -> None:
        """Count metrics that are about to be requested; raises AwsFailed, and counts nothing, above the limit."""
        with self._lock:
            total = self._asked + asked
            if self.most_usd is not None and total.usd[1] > self.most_usd:
                raise AwsFailed(over_budget(self.most_usd))
            self._asked = total


def over_budget(most_usd: Decimal) -> str:
    """What is said where a limit keeps metrics from being read."""
    return f"reading more metrics could cost more than --max-api-cost {most_usd} USD. Next: run this again to go on."


class Spent:
    """What a meter shows beyond what is logged already: the opening of the sessions is the first run's."""

    def __init__(self, meter: Meter) -> None:
        self.meter = meter
        self._calls, self._asked = meter.logged

    @property
    def asked(self) -> Asked:
        """The metrics that were requested."""
        return self.meter.asked - self._asked

    def by_action(self) -> dict[str, int]:
        """How often each action was sent, all accounts and regions together."""
        actions: Counter[str] = Counter()
        for (_, _, action), count in (self.meter.calls - self._calls).items():
            actions[action] += count
        return dict(sorted(actions.items()))

    def log(self, *, started: datetime, ended: datetime, places: Iterable[PlaceRead]) -> CollectionRun:
        """The log of the collection that spent it."""
        self.meter.logged = self.meter.calls, self.meter.asked
        asked = self.meter.logged[1] - self._asked
        calls = sorted((self.meter.logged[0] - self._calls).items())
        return CollectionRun(
            started=started,
            ended=ended,
            places=tuple(places),
            calls=tuple(CallCount(account=a, region=r, action=action, count=n) for (a, r, action), n in calls),
            metrics_least=asked.least,
            metrics_most=asked.most,
            usd_least=asked.usd[0],
            usd_most=asked.usd[1],
        )
