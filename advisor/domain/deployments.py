"""Deployments of services: when ECS began to replace a service's tasks, when it was done, and how that ended."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from advisor.domain.service import ServiceId

# In the order in which a deployment goes through them, as far as it does; "other" is none that AWS documents.
DeploymentStatus = Literal[
    "other",
    "PENDING",
    "IN_PROGRESS",
    "STOP_REQUESTED",
    "ROLLBACK_REQUESTED",
    "ROLLBACK_IN_PROGRESS",
    "SUCCESSFUL",
    "STOPPED",
    "ROLLBACK_FAILED",
    "ROLLBACK_SUCCESSFUL",
]
STATUSES: tuple[DeploymentStatus, ...] = get_args(DeploymentStatus)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """One deployment as ECS lists it for about 90 days, whether it came to stay or not. Instants are UTC.

    `deployment` is AWS's id of it, `task_definition` the ARN of what it was to bring, "" where that is not known.
    `started` None: ECS had not begun; `finished` None: it was under way when it was last seen.
    """

    id: ServiceId
    deployment: str
    created: datetime
    started: datetime | None = None
    finished: datetime | None = None
    status: DeploymentStatus
    task_definition: str = ""

    @property
    def begun(self) -> datetime:
        """From when on it may have put tasks beside the others."""
        return self.started or self.created


def merge_deployments(deployments: Iterable[Deployment]) -> tuple[Deployment, ...]:
    """Each deployment once, the one that knows most of it, sorted; in whichever order they come."""
    best: dict[tuple[ServiceId, str], Deployment] = {}
    for deployment in deployments:
        held = best.setdefault((deployment.id, deployment.deployment), deployment)
        if held is not deployment:
            best[deployment.id, deployment.deployment] = max(held, deployment, key=_knowledge)
    return tuple(sorted(best.values(), key=lambda d: (d.id, d.created, d.deployment)))


def _knowledge(deployment: Deployment) -> tuple[bool, int, bool, str]:
    ended, told = deployment.finished is not None, bool(deployment.task_definition)
    return (ended, STATUSES.index(deployment.status), told, repr(deployment))
