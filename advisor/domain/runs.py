"""Runs of tasks: when each one ran, with which size, and how it ended.

A run comes from what ECS lists (running tasks, and a stopped one for about an hour) or from archived task events.
Nothing of a task's overrides is held but its size: no command, no value of `environment`. Of the free text of a stop,
only its class is.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from advisor.domain.service import (
    INCLUDED_EPHEMERAL_GIB,
    Architecture,
    OperatingSystem,
    Provider,
    ServiceId,
    TaskSize,
)

StopReason = Literal[
    "out-of-memory", "failed-to-start", "spot", "user", "scheduler", "unhealthy", "exited", "platform", "other"
]

KILLED = 137  # 128 + SIGKILL: the kernel's out-of-memory killer, or a stop that outlasted `stopTimeout`


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class ContainerEnd:
    """How one container of a task ended; `out_of_memory`: ECS itself said so. `exit_code` None = it said none."""

    name: str
    exit_code: int | None = None
    out_of_memory: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRun:
    """One task on Fargate, from its making to its end. Instants are UTC.

    `service` is the service's name, None for a task that no service owns. `pulled` is the start of the image pull,
    from which on it is billed; `seen` the last instant at which it was known to be as told here: its end, once it
    has `stopped`; what last happened to it, where it is a running one of a service. `stop_code` is ECS's own word,
    `reason` the class of the stop.
    """

    account: str
    region: str
    cluster: str
    task: str
    family: str
    revision: int
    service: str | None = None
    size: TaskSize
    architecture: Architecture = "X86_64"
    os: OperatingSystem = "LINUX"
    provider: Provider = "FARGATE"
    ephemeral_gib: int = INCLUDED_EPHEMERAL_GIB
    created: datetime
    pulled: datetime | None = None
    started: datetime | None = None
    stopped: datetime | None = None
    seen: datetime
    stop_code: str | None = None
    reason: StopReason | None = None
    containers: tuple[ContainerEnd, ...] = ()

    @property
    def id(self) -> ServiceId:
        """Whose run it is: `cluster/service`, or `cluster/family` for a task without a service."""
        name = f"{self.cluster}/{self.service or self.family}"
        return ServiceId(account=self.account, region=self.region, service=name)

    @property
    def out_of_memory(self) -> bool:
        """Whether ECS said that memory ran out, of the task or of one of its containers."""
        return self.reason == "out-of-memory" or any(end.out_of_memory for end in self.containers)

    @property
    def killed(self) -> bool:
        """Whether a container ended with 137: out of memory, or a stop that outlasted its `stopTimeout`."""
        return any(end.exit_code == KILLED for end in self.containers)


def merge_runs(runs: Iterable[TaskRun]) -> tuple[TaskRun, ...]:
    """One run per task, the one that knows most: an end before none, then the latest. Sorted, in whichever order."""
    best: dict[tuple[str, str, str, str], TaskRun] = {}
    for run in runs:
        key = (run.account, run.region, run.cluster, run.task)
        held = best.setdefault(key, run)
        if held is not run:
            best[key] = max(held, run, key=_knowledge)
    return tuple(best[key] for key in sorted(best))


def _knowledge(run: TaskRun) -> tuple[bool, datetime, str]:
    return (run.stopped is not None, run.seen, repr(run))
