"""What one service of the demo fleet is: its setup, the work it replays, and why it is in the fleet."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from advisor.domain.insights import InsightsMode
from advisor.domain.service import ServiceId, Setup, TaskSize

SHOP, DATA = "111122223333", "444455556666"  # the two accounts
VIRGINIA, IRELAND = "us-east-1", "eu-west-1"
INSIGHTS: Mapping[str, InsightsMode] = {"prod": "enhanced", "data": "enabled"}  # clusters with Container Insights
CANARY = "canary-5c1e"  # in every secret of the fleet, so that a search finds them all


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """The demand that a service replays.

    `peak_vcpu` is what the trace's 99.5th percentile becomes [vCPU]; everything else follows in proportion:

        demand = peak_vcpu x load / 99.5th percentile of load

    Memory of one task is `base_mib + mib_per_vcpu x work of the task`, or, where `memory_trace` is named, that
    trace's percent of its own limit times `memory_scale`, as percent of the task's memory (Borg's limits are
    soft and are exceeded; a Fargate task would be killed). `imbalance` is the relative spread of CPU between
    tasks. `requests`: the trace counts requests per minute, and the load balancer reports them.
    `blind_minutes`: the meter was silent for so long, once, half-way.
    """

    trace: str
    peak_vcpu: float
    base_mib: float = 0.0
    mib_per_vcpu: float = 0.0
    memory_trace: str | None = None
    memory_scale: float = 1.0
    imbalance: float = 0.06
    requests: bool = False
    blind_minutes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Resize:
    """The service ran tasks of another size until `ago` before now."""

    before: TaskSize
    ago: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoService:
    """One ECS service on Fargate, with its history.

    `containers` gives explicit limits (name, CPU units, MiB) where the task holds more than one container.
    `resolution_seconds` 20 = the service was told to report three samples a minute.
    """

    id: ServiceId
    why: str
    setup: Setup
    work: Work
    containers: tuple[tuple[str, int, int], ...] = ()
    resize: Resize | None = None
    resolution_seconds: int = 60
    load_balanced: bool = False
    age: timedelta = timedelta(days=200)
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def slug(self) -> str:
        """A name that is legal wherever AWS wants one: `cluster-service`."""
        return self.id.service.replace("/", "-")


def canaries(slug: str) -> dict[str, str]:
    """The values of a service that must never leave AWS, by kind."""
    kinds = ("environment", "secret", "command", "log", "label")
    return {kind: f"{CANARY}-{kind}-{slug}" for kind in kinds}


def container(name: str, slug: str, *, cpu: int = 0, memory: int | None = None) -> dict[str, Any]:
    """A container definition as teams write them: with secrets in every place where secrets end up."""
    kept = canaries(slug)
    limits: dict[str, Any] = {} if memory is None else {"cpu": cpu, "memory": memory}
    return limits | {
        "name": name,
        "image": f"registry.example.com/{slug}:{len(slug)}.4.1",
        "essential": True,
        "command": ["serve", f"--token={kept['command']}"],
        "environment": [
            {"name": "DATABASE_URL", "value": f"postgres://app:{kept['environment']}@db.internal/app"},
            {"name": "LOG_LEVEL", "value": "info"},
        ],
        "secrets": [{"name": "API_KEY", "valueFrom": f"arn:aws:ssm:us-east-1:{SHOP}:parameter/{kept['secret']}"}],
        "dockerLabels": {"deploy-hook": kept["label"]},
        "logConfiguration": {"logDriver": "splunk", "options": {"splunk-token": kept["log"]}},
        "portMappings": [{"containerPort": 8080, "protocol": "tcp"}] if name != "envoy" else [],
        "restartPolicy": {"enabled": name == "envoy"},
    }
