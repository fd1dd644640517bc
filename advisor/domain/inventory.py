"""What a collection or an import found: services with their setup, history of sizes, scaling and ownership.

These records hold no value of `environment`, nothing of `secrets`, and no free text of a task definition
beyond what is listed here: fields are taken one by one, never copied whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from advisor.domain.insights import InsightsMode
from advisor.domain.policy import Policy, ScheduledAction
from advisor.domain.rollout import Rollout
from advisor.domain.service import Architecture, OperatingSystem, ServiceId, Setup, TaskSize
from advisor.domain.units import Mib

Runtime = Literal["jvm", "node"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heap:
    """A program that sizes a heap of its own: to `most` [MiB] or `share` [percent of its memory], None = not stated."""

    runtime: Runtime
    most: Mib | None = None
    share: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """One container of a task definition: only what sizing needs.

    `cpu` in CPU units (0 or None = no share stated), memory in MiB (None = not stated). `heap`: what its image's name
    and its command say of one, None = nothing. `restarts`: it has a restart policy, so that ECS starts it again in its
    task.
    """

    name: str
    essential: bool = True
    cpu: int | None = None
    memory: Mib | None = None
    memory_reservation: Mib | None = None
    heap: Heap | None = None
    restarts: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDefinition:
    """A task-definition revision, without environment, secrets, commands and images (see `Container.heap`).

    `reading`: how it was read from AWS, so that another way reads it again; 0 = not from AWS, or not known.
    """

    arn: str
    family: str
    revision: int
    size: TaskSize
    architecture: Architecture = "X86_64"
    os: OperatingSystem = "LINUX"
    ephemeral_gib: int = 20
    containers: tuple[Container, ...] = ()
    reading: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeChange:
    """From `at` on (UTC), tasks had `size`; the first entry of a history speaks for all before it too.

    `architecture` and `ephemeral_gib` None: not known of that time (an import, an inventory of before): today's count.
    """

    at: datetime
    size: TaskSize
    task_definition: str = ""
    architecture: Architecture | None = None
    ephemeral_gib: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """A CloudWatch alarm of a policy: period [s], datapoints, threshold in the metric's unit.

    `missing` is how it treats missing data; `actions` are the ARNs of all that it does, in whichever state.
    """

    name: str
    period: int
    datapoints: int
    threshold: float
    comparison: str
    missing: str = "missing"
    actions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedPolicy:
    """A scaling policy as it stands in AWS, with its name, ARN and alarms."""

    name: str
    arn: str
    policy: Policy
    alarms: tuple[Alarm, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedSchedule:
    """A scheduled action as it stands in AWS, with its name; it acts from `start` to `end` (None = no bound)."""

    name: str
    action: ScheduledAction
    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaling:
    """The scalable target of a service and what hangs on it."""

    minimum: int
    maximum: int
    scale_in_suspended: bool = False
    scale_out_suspended: bool = False
    scheduled_suspended: bool = False
    policies: tuple[NamedPolicy, ...] = ()
    schedule: tuple[NamedSchedule, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One ECS service on Fargate, as collected or imported.

    `running` and `pending` are what ECS said at `seen_at`; None for an import. `step_seconds` is the step of its usage.
    `zone_rebalancing`: ECS may start tasks before it stops others, to balance zones. `propagate_tags`: whose tags its
    tasks get (SERVICE, TASK_DEFINITION, NONE), "" = not known. `public_ip`: its tasks have a public IPv4 address, which
    costs.
    `target_groups` are those whose requests are counted for this service alone, as labels of load balancer and group.
    `resolution_seconds` is the metric resolution that ECS was told to use (60 or 20), None = not known. `insights`: how
    Container Insights measures its cluster, None = not, or not known.
    """

    id: ServiceId
    setup: Setup
    seen_at: datetime
    step_seconds: int = 60
    running: int | None = None
    pending: int | None = None
    resolution_seconds: int | None = None
    task_definition: TaskDefinition | None = None
    sizes: tuple[SizeChange, ...] = ()
    deploying: bool = False
    scaling: Scaling | None = None
    service_arn: str = ""
    cluster_arn: str = ""
    deployment_controller: str = "ECS"
    rollout: Rollout | None = None
    zone_rebalancing: bool = False
    platform_version: str = ""
    public_ip: bool = False
    managed_tags: bool = False
    propagate_tags: str = ""
    resource_management: str = "CUSTOMER"
    load_balanced: bool = False
    target_groups: tuple[str, ...] = ()
    created_at: datetime | None = None
    insights: InsightsMode | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def owner(self) -> str | None:
        """Who owns the fields that advice would change, in words; None where no owner left a mark.

        CloudFormation marks what it owns with `aws:cloudformation:stack-name`; Terraform leaves no mark.
        """
        return owner_of(self.tags, self.resource_management)

    @property
    def named_on_bill(self) -> bool:
        """Whether its tasks carry the names of cluster and service: it takes both settings (documented, botocore)."""
        return self.managed_tags and self.propagate_tags != "NONE"


def with_history(service: Service, before: Service | None) -> Service:
    """The service with the sizes that an earlier collection saw and AWS no longer lists."""
    if before is None or not service.sizes:
        return service
    first = service.sizes[0]
    older = [
        change for change in before.sizes if change.at < first.at and change.task_definition != first.task_definition
    ]
    return replace(service, sizes=(*older, *service.sizes))


def owner_of(tags: Mapping[str, str], resource_management: str) -> str | None:
    """Who owns a service, from its tags and its `resourceManagementType`; None where no owner left a mark."""
    if stack := tags.get("aws:cloudformation:stack-name"):
        return f"CloudFormation stack {stack}"
    return "ECS Express Mode" if resource_management == "ECS" else None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSchedule:
    """What starts tasks without a service: an EventBridge rule, or a schedule of EventBridge Scheduler.

    `expression` in AWS's form (cron, rate, at); None for a rule that waits for events. Each time, `count` tasks of
    `family` start in `cluster`; `revision` None = the newest one. `task_definition`: what that is now, None = not read.
    """

    account: str
    region: str
    kind: Literal["rule", "schedule"]
    name: str
    cluster: str
    family: str
    revision: int | None = None
    count: int = 1
    expression: str | None = None
    timezone: str = "UTC"
    enabled: bool = True
    task_definition: TaskDefinition | None = None

    @property
    def id(self) -> ServiceId:
        """The family that it starts, as `TaskRun.id` has it."""
        return ServiceId(account=self.account, region=self.region, service=f"{self.cluster}/{self.family}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """Something that was seen, is not covered, and is therefore listed with the reason."""

    service: str
    account: str
    region: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """One dated snapshot of everything that a collection or an import found.

    `measured`: families of tasks without a service (`cluster/family`) that Container Insights measures.
    """

    format: int = 1
    taken_at: datetime
    services: tuple[Service, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    schedules: tuple[TaskSchedule, ...] = ()
    measured: tuple[ServiceId, ...] = ()
