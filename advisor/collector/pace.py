"""How fast AWS may be asked: a token bucket for each of its own, filled a little slower."""

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

SHARE = 0.8  # chosen: of each bucket of an account and region; the rest is for others
RECENT = timedelta(hours=3)  # documented: points of requests that start within them have a bucket of their own
NOTHING: Mapping[str, Any] = {}
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")

_ECS = {
    "ListClusters": "ecs cluster read",
    "DescribeClusters": "ecs cluster read",
    "ListTasks": "ecs resource read",
    "DescribeTasks": "ecs resource read",
    "ListServices": "ecs service read",
    "DescribeServices": "ecs service read",
    "DescribeTaskDefinition": "ecs definition read",
    "ListServiceDeployments": "ecs deployments",
    "DescribeServiceDeployments": "ecs deployments",
    "DescribeServiceRevisions": "ecs deployments",
}
BUCKETS: Mapping[str, str] = {
    **{f"ecs:{action}": bucket for action, bucket in _ECS.items()},
    "cloudwatch:GetMetricData": "metric data",
    "cloudwatch:DescribeAlarms": "alarms",
    "cloudwatch:ListMetrics": "metric names",
}
RATES: Mapping[str, tuple[float, float]] = {  # bucket -> burst, refill a second: docs/facts.md
    "ecs cluster read": (50, 20),
    "ecs resource read": (100, 20),
    "ecs service read": (100, 20),
    "ecs definition read": (50, 20),
    "ecs deployments": (50, 20),
    "metric data": (50, 50),
    "alarms": (9, 9),
    "metric names": (25, 25),
    "metric points": (396_000, 396_000),
    "recent metric points": (180_000, 180_000),
}


def usual_rates() -> Mapping[str, tuple[float, float]]:
    """The buckets of the AWS that is asked: one on this machine has none."""
    host = urlsplit(os.environ.get("AWS_ENDPOINT_URL", "")).hostname
    return {} if host in _THIS_MACHINE else RATES


def costs_of(action: str, asked: Mapping[str, Any] = NOTHING) -> Iterator[tuple[str, float]]:
    """Which buckets a call with these parameters takes from, and how many tokens; nothing where none is known.

    GetMetricData takes a token for each point that its window has room for, there or not (observed: 2023 quotas). A
    window of no more than three hours is taken for one that starts within them.
    """
    if action in BUCKETS:
        yield BUCKETS[action], 1
    if queries := asked.get("MetricDataQueries"):
        window = asked["EndTime"] - asked["StartTime"]
        points = sum(window / timedelta(seconds=query["MetricStat"]["Period"]) for query in queries)
        yield "recent metric points" if window <= RECENT else "metric points", points


class Pace:
    """Waits before a call until its bucket has room. `rates` may be empty: then nothing waits."""

    def __init__(
        self,
        rates: Mapping[str, tuple[float, float]] = RATES,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._rates, self._clock, self._sleep = rates, clock, sleep
        self._lock = threading.Lock()
        self._held: dict[tuple[str, str], tuple[float, float]] = {}

    def wait(self, region: str, action: str, asked: Mapping[str, Any] = NOTHING) -> None:
        """Take what a call costs from its buckets in a region, as soon as they have it."""
        for bucket, tokens in costs_of(action, asked):
            if bucket in self._rates:
                self._take(region, bucket, tokens)

    def _take(self, region: str, bucket: str, tokens: float) -> None:
        burst, refill = (SHARE * rate for rate in self._rates[bucket])
        with self._lock:
            now = self._clock()
            held, before = self._held.get((region, bucket), (burst, now))
            held = min(burst, held + (now - before) * refill) - tokens
            self._held[region, bucket] = held, now
        if held < 0:
            self._sleep(-held / refill)
