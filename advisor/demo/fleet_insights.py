"""What Container Insights has of the demo fleet: made of each service's history, in the clusters where it is on.

Tasks wait for a minute before they run. A sidecar holds more the more CPU there is, and is killed at its own limit on
some days; what the task held besides is the other container's.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from advisor.demo.aws.metrics import put_series
from advisor.demo.aws.wire import LocalAws
from advisor.demo.fleet_history import History
from advisor.demo.fleet_spec import INSIGHTS, DemoService
from advisor.demo.traces import Floats

SIDECAR_MIB, SIDECAR_MIB_AT_FULL_CPU = 370.0, 120.0  # chosen
SIDECAR_CPU = 0.15  # chosen: of what the task uses
IMAGE_GIB, STORAGE_GIB_AT_FULL_CPU = 1.6, 6.0  # chosen
RESTARTS = ((-9, 1), (-4, 2))  # chosen: (day before the end, how often), counted for an hour
_MINUTES_PER_DAY, _HOUR = 1440, 60


def publish_insights(aws: LocalAws, service: DemoService, history: History) -> None:
    """Put what Container Insights would have into the local AWS; nothing where it is off."""
    id, mode = service.id, INSIGHTS.get(service.id.cluster)
    if mode is None:
        return
    place = {"ClusterName": id.cluster, "ServiceName": id.name}
    put = partial(put_series, aws, account=id.account, region=id.region, start=history.start, step_seconds=60)
    for more, name, samples, values in _series(service, history, containers=mode == "enhanced"):
        dimensions = {**place, **more}
        put(namespace="ECS/ContainerInsights", name=name, dimensions=dimensions, **_columns(samples, values))


def _series(
    service: DemoService, history: History, *, containers: bool
) -> Iterator[tuple[dict[str, str], str, Any, Floats]]:
    """(more dimensions, metric, samples, the highest value of each minute)."""
    tasks, busy = history.cpu.samples, history.cpu.maximum / 100
    started = np.maximum(np.diff(history.running, prepend=history.running[:1]), 0)
    yield {}, "PendingTaskCount", np.ones(started.size), started.astype(np.float64)
    yield {}, "EphemeralStorageUtilized", tasks, IMAGE_GIB + STORAGE_GIB_AT_FULL_CPU * busy
    if not containers or len(service.containers) != 2:
        return
    mib = history.memory.maximum / 100 * service.setup.size.memory
    (main, _, _), (sidecar, _, _) = service.containers
    aside = np.minimum(SIDECAR_MIB + SIDECAR_MIB_AT_FULL_CPU * busy, mib)
    units = busy * service.setup.size.cpu
    for name, held, used in (
        (main, mib - aside, (1 - SIDECAR_CPU) * units),
        (sidecar, aside, SIDECAR_CPU * units),
    ):
        yield {"ContainerName": name}, "ContainerMemoryUtilized", tasks, held
        yield {"ContainerName": name}, "ContainerCpuUtilized", tasks, used
    yield {"ContainerName": sidecar}, "RestartCount", tasks, _restarts(started.size)


def _restarts(minutes: int) -> Floats:
    counts = np.zeros(minutes)
    for day, often in RESTARTS:
        first = minutes + day * _MINUTES_PER_DAY
        if first >= 0:
            counts[first : first + _HOUR] = often
    return counts


def _columns(samples: Any, values: Floats) -> dict[str, Any]:
    return {"samples": samples, "sum": samples * values, "minimum": values, "maximum": values}
