"""How fast AWS may be asked: a token bucket for each of its own, filled a little slower."""

import threading
import time
from collections.abc import Callable, Mapping

SHARE = 0.8  # chosen: of each bucket of an account and region; the rest is for others

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
}


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

    def wait(self, region: str, action: str) -> None:
        """Take one token of the action's bucket in a region, as soon as there is one."""
        bucket = BUCKETS.get(action, "")
        if bucket not in self._rates:
            return
        burst, refill = (SHARE * rate for rate in self._rates[bucket])
        with self._lock:
            now = self._clock()
            held, before = self._held.get((region, bucket), (burst, now))
            held = min(burst, held + (now - before) * refill) - 1
            self._held[region, bucket] = held, now
        if held < 0:
            self._sleep(-held / refill)
