"""What the local ECS holds per account and region beside moto's clusters and task definitions.

moto's services and tasks are too far from AWS to be mended (PROBES 1.2), so both are held here entirely.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from advisor.demo.aws.wire import ANSWERS, AwsError, Call, LocalAws

Wire = dict[str, Any]


@dataclass(slots=True, kw_only=True)
class Revision:
    """One service revision: what a deployment brings out."""

    arn: str
    created_at: datetime
    spec: Wire


@dataclass(slots=True, kw_only=True)
class Rollout:
    """One service deployment; `finished_at` None = in progress."""

    arn: str
    id: str
    revision: Revision
    sources: list[Revision]
    started_at: datetime
    status: str = "IN_PROGRESS"
    reason: str = ""
    finished_at: datetime | None = None


@dataclass(slots=True, kw_only=True)
class HeldService:
    """One ECS service; `settings` are fields of the wire's Service that deployments do not change."""

    arn: str
    name: str
    cluster_arn: str
    created_at: datetime
    created_by: str
    desired: int
    settings: Wire
    spec: Wire
    status: str = "ACTIVE"
    tags: list[dict[str, str]] = field(default_factory=list)
    rollouts: list[Rollout] = field(default_factory=list)
    events: list[Wire] = field(default_factory=list)

    @property
    def cluster(self) -> str:
        """The cluster's name."""
        return self.cluster_arn.rpartition("/")[2]

    @property
    def primary(self) -> Rollout:
        """The newest deployment."""
        return self.rollouts[-1]

    def say(self, now: datetime, message: str, *, number: str) -> None:
        """Add a service event; the newest 100 are kept, newest first [FACTS 8]."""
        self.events.insert(0, {"id": number, "createdAt": now, "message": f"(service {self.name}) {message}"})
        del self.events[100:]


@dataclass(slots=True, kw_only=True)
class World:
    """One account's ECS in one region."""

    account: str
    region: str
    services: dict[tuple[str, str], HeldService] = field(default_factory=dict)
    tasks: dict[str, Wire] = field(default_factory=dict)
    groups: dict[tuple[str, str], dict[str, Wire]] = field(default_factory=dict)  # tasks by cluster ARN and group
    definitions: dict[str, Wire] = field(default_factory=dict)
    rolling: set[tuple[str, str]] = field(default_factory=set)
    made: int = 0

    def arn(self, kind: str, path: str) -> str:
        """An ARN of ECS in this account and region."""
        return f"arn:{partition(self.region)}:ecs:{self.region}:{self.account}:{kind}/{path}"

    def new_id(self) -> str:
        """32 hexadecimal digits, unique here; the same calls give the same ones."""
        self.made += 1
        return sha256(f"{self.account} {self.region} {self.made}".encode()).hexdigest()[:32]

    def add_task(self, task: Wire) -> None:
        """Hold a task, where `tasks_of` finds it."""
        self.tasks[task["taskArn"]] = task
        self.groups.setdefault((task["clusterArn"], task["group"]), {})[task["taskArn"]] = task

    def drop_task(self, task: Wire) -> None:
        """Forget a task, as if it had never been."""
        del self.tasks[task["taskArn"]]
        del self.groups[task["clusterArn"], task["group"]][task["taskArn"]]

    def tasks_of(self, service: HeldService) -> list[Wire]:
        """The tasks of a service that ECS wants to run."""
        tasks = self.groups.get((service.cluster_arn, f"service:{service.name}"), {})
        return [task for task in tasks.values() if is_wanted(task)]


def is_wanted(task: Wire) -> bool:
    """Whether ECS wants the task to run."""
    return bool(task["desiredStatus"] == "RUNNING")


def partition(region: str) -> str:
    """The partition of a region, as ARNs begin with it."""
    prefixes = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}
    return next((name for prefix, name in prefixes.items() if region.startswith(prefix)), "aws")


def held(aws: LocalAws, account: str, region: str) -> World:
    """The world of an account and region, as it was last settled."""
    state = aws.state("ecs", account, region)
    world: World = state.setdefault("world", World(account=account, region=region))
    return world


def inner(aws: LocalAws, call: Call, service: str, action: str, /, **params: Any) -> Wire:
    """What the layer answers to a call that AWS makes itself; no fault hook sees it."""
    asked = Call(service=service, action=action, account=call.account, region=call.region, params=params)
    correction = ANSWERS.get((service, action))
    return correction(aws, asked) if correction else aws.moto(asked)


def cluster_of(aws: LocalAws, call: Call) -> str:
    """The name of the cluster that a call is about, matched exactly; raises ClusterNotFoundException."""
    name = short(call.params.get("cluster") or "default")
    described = inner(aws, call, "ecs", "DescribeClusters", clusters=[name])["clusters"]
    if not described or described[0]["status"] != "ACTIVE":
        raise AwsError("ClusterNotFoundException", "Cluster not found.")
    return name


def short(name_or_arn: str) -> str:
    """The last part of an ARN, or the name itself."""
    return name_or_arn.rpartition("/")[2]


def find_service(world: World, cluster: str, name_or_arn: str) -> HeldService:
    """A service that is not INACTIVE; raises ServiceNotFoundException, ServiceNotActiveException."""
    service = world.services.get((cluster, short(name_or_arn)))
    if service is None:
        raise AwsError("ServiceNotFoundException", "Service not found.")
    if service.status != "ACTIVE":
        raise AwsError("ServiceNotActiveException", "Service was not ACTIVE.")
    return service


def missing(world: World, kind: str, names: Iterable[str]) -> list[dict[str, str]]:
    """Failures with reason MISSING, each with a full ARN."""
    arns = (name if name.startswith("arn:") else world.arn(kind, name) for name in names)
    return [{"arn": arn, "reason": "MISSING"} for arn in arns]


def refuse_more_than(most: int, given: Iterable[Any], what: str) -> None:
    """Describe calls take so many names at once: services 10, tasks and clusters 100 [FACTS 8]."""
    if len(list(given)) > most:
        raise AwsError("InvalidParameterException", f"{what} cannot have more than {most} elements")
