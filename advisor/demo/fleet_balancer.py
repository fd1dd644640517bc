"""What a load balancer has of the demo fleet's services: requests as the trace counts them, and times made of CPU.

Response times are made up, as those of one queue with one server (M/M/1) that is as busy as the tasks' CPU:

    average = seconds without a queue / (1 - CPU)        p99 = ln(100) x average
"""

from functools import partial
from typing import Any

import numpy as np

from advisor.demo.aws.metrics import put_series
from advisor.demo.aws.wire import LocalAws
from advisor.demo.fleet_control import target_group
from advisor.demo.fleet_history import History, Statistics
from advisor.demo.fleet_spec import DemoService
from advisor.demo.traces import Floats

UNQUEUED_SECONDS = 0.04  # chosen: what a request takes where it waits for none
MOST_BUSY = 0.95  # chosen: a queue at 100 % would have no end
SLOW_SHARE, SLOW = 0.02, float(np.log(100))  # of the requests, and times the average: so that p99 is theirs


def publish_balancer(aws: LocalAws, service: DemoService, history: History) -> None:
    """Put requests and response times where CloudWatch has them, if anybody counts requests."""
    if history.requests is None:
        return
    id = service.id
    put = partial(
        put_series,
        aws,
        account=id.account,
        region=id.region,
        start=history.start,
        step_seconds=60,
        namespace="AWS/ApplicationELB",
        dimensions=dict(zip(("LoadBalancer", "TargetGroup"), target_group(id), strict=True)),
    )
    each, one = history.requests, np.ones(history.requests.size)
    put(name="RequestCount", **_columns(one, each), unit="Count")
    put(name="RequestCountPerTarget", **_columns(one, each / np.maximum(history.running, 1)))
    average = response_seconds(history.cpu)
    slow, fast = SLOW, (1 - SLOW_SHARE * SLOW) / (1 - SLOW_SHARE)
    for share, times in ((SLOW_SHARE, slow), (1 - SLOW_SHARE, fast)):
        put(name="TargetResponseTime", **_columns(share * each, times * average), unit="Seconds")


def response_seconds(cpu: Statistics) -> Floats:
    """The average response time of each minute  [s]; NaN where the CPU is not known."""
    percent = np.divide(cpu.sum, cpu.samples, out=np.full(cpu.sum.size, np.nan), where=cpu.samples > 0)
    seconds: Floats = UNQUEUED_SECONDS / (1 - np.minimum(percent / 100, MOST_BUSY))
    return seconds


def _columns(samples: Floats, values: Floats) -> dict[str, Any]:
    """So many equal samples a minute; none = no datapoint."""
    return {"samples": samples, "sum": samples * values, "minimum": values, "maximum": values}
