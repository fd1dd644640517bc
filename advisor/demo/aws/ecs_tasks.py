"""Tasks as ECS shows them: how one comes to be, and how it ends.

In the local AWS a task starts at once, or when its deployment is through; in a backdated history it took as
long as a small image takes [FACTS 5.6].
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from advisor.demo.aws.ecs_state import HeldService, Wire, World

START_UP = {"pullStartedAt": 12, "connectivityAt": 8, "pullStoppedAt": 30, "startedAt": 34}  # s after creation; chosen
_ARCHITECTURE = {"ARM64": "arm64", "X86_64": "x86_64"}
_LATEST = {"Linux": "1.4.0"}  # platform version behind LATEST; Windows has 1.0.0 [B44:ecs]


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """What a task is started with; `definition` as DescribeTaskDefinition shows it."""

    cluster_arn: str
    definition: Wire
    spec: Wire
    group: str
    started_by: str = ""
    tags: list[dict[str, str]] = field(default_factory=list)
    overrides: Wire = field(default_factory=dict)
    execute_command: bool = False


def start_task(world: World, launch: Launch, *, provider: str | None, created: datetime) -> Wire:
    """A new task, kept in the world; PENDING until `run`."""
    cluster = launch.cluster_arn.rpartition("/")[2]
    number = world.new_id()
    arn = world.arn("task", f"{cluster}/{number}")
    on_fargate = (provider or launch.spec.get("launchType", "EC2")).startswith("FARGATE")
    task = {
        "taskArn": arn,
        "clusterArn": launch.cluster_arn,
        "taskDefinitionArn": launch.definition["taskDefinitionArn"],
        "group": launch.group,
        "startedBy": launch.started_by,
        "availabilityZone": f"{world.region}{'abc'[world.made % 3]}",
        "createdAt": created,
        "desiredStatus": "RUNNING",
        "lastStatus": "PENDING",
        "healthStatus": "UNKNOWN",
        "version": 1,
        "enableExecuteCommand": launch.execute_command,
        "overrides": {"containerOverrides": [], "inferenceAcceleratorOverrides": []} | launch.overrides,
        "tags": launch.tags,
        "containers": [_container(world, arn, c) for c in launch.definition["containerDefinitions"]],
        **_size(launch),
        **(_on_fargate(world, launch, provider) if on_fargate else {"launchType": "EC2"}),
    }
    kept = {key: value for key, value in task.items() if value not in ("", None)}
    world.add_task(kept)
    return kept


def run(task: Wire, *, now: datetime) -> None:
    """The task came up: its statuses, and its instants, none of which lies after `now`."""
    for name, seconds in START_UP.items():
        task[name] = min(task["createdAt"] + timedelta(seconds=seconds), now)
    task |= {"lastStatus": "RUNNING", "connectivity": "CONNECTED", "version": task["version"] + 1}
    for container in task["containers"]:
        container["lastStatus"] = "RUNNING"


def stop(tasks: Iterable[Wire], *, now: datetime, code: str, reason: str) -> None:
    """The tasks end now; ECS keeps showing a stopped task for an hour at least [FACTS 8]."""
    for task in tasks:
        task |= {"desiredStatus": "STOPPED", "lastStatus": "STOPPED", "stopCode": code, "stoppedReason": reason}
        task |= {"stoppingAt": now, "executionStoppedAt": now, "stoppedAt": now, "version": task["version"] + 1}
        for container in task["containers"]:
            container |= {"lastStatus": "STOPPED", "exitCode": 0}


def next_provider(spec: Wire, running: Iterable[Wire]) -> str | None:
    """The capacity provider of the next task: bases first, then in proportion to the weights [B44:ecs].

    None = the service has a launch type instead of a strategy.
    """
    strategy = spec.get("capacityProviderStrategy")
    if not strategy:
        return None
    counts = Counter(task.get("capacityProviderName") for task in running)
    for item in strategy:
        if counts[item["capacityProvider"]] < item.get("base", 0):
            return str(item["capacityProvider"])

    def filled(item: Wire) -> float:
        return float((counts[item["capacityProvider"]] - item.get("base", 0) + 1) / item["weight"])

    return str(min((item for item in strategy if item.get("weight", 0) > 0), key=filled)["capacityProvider"])


def platform(definition: Wire, version: str | None) -> Wire:
    """`platformVersion` and `platformFamily` of Fargate tasks, LATEST resolved."""
    system = definition.get("runtimePlatform", {}).get("operatingSystemFamily", "LINUX")
    family = system.replace("_", " ").title()
    if version in (None, "LATEST"):
        version = _LATEST.get(family, "1.0.0")
    return {"platformVersion": version, "platformFamily": family}


def service_launch(service: HeldService, rollout_id: str, definition: Wire, spec: Wire) -> Launch:
    """How a service starts its tasks, with the tags that it was told to pass on."""
    settings = service.settings
    source = {"SERVICE": service.tags, "TASK_DEFINITION": definition.get("tags", [])}
    tags = list(source.get(settings["propagateTags"], []))
    if settings["enableECSManagedTags"]:
        names = {"aws:ecs:clusterName": service.cluster, "aws:ecs:serviceName": service.name}
        tags += [{"key": key, "value": value} for key, value in names.items()]
    return Launch(
        cluster_arn=service.cluster_arn,
        definition=definition,
        spec=spec,
        group=f"service:{service.name}",
        started_by=rollout_id,
        tags=tags,
        execute_command=settings["enableExecuteCommand"],
    )


def _size(launch: Launch) -> dict[str, Any]:
    held = {key: launch.definition.get(key) for key in ("cpu", "memory")}
    return held | {key: launch.overrides[key] for key in held if key in launch.overrides}


def _on_fargate(world: World, launch: Launch, provider: str | None) -> Wire:
    definition = launch.definition
    architecture = definition.get("runtimePlatform", {}).get("cpuArchitecture", "X86_64")
    storage = definition.get("ephemeralStorage", {"sizeInGiB": 20})
    subnets = launch.spec.get("networkConfiguration", {}).get("awsvpcConfiguration", {}).get("subnets", ["subnet-0"])
    details = {"subnetId": subnets[0], "networkInterfaceId": f"eni-0{world.new_id()[:16]}"}
    interface = {
        "id": world.new_id(),
        "type": "ElasticNetworkInterface",
        "status": "ATTACHED",
        "details": [{"name": name, "value": value} for name, value in details.items()],
    }
    return {
        "launchType": "FARGATE",
        "capacityProviderName": provider,
        "attributes": [{"name": "ecs.cpu-architecture", "value": _ARCHITECTURE[architecture]}],
        "attachments": [interface],
        "ephemeralStorage": storage,
        "fargateEphemeralStorage": storage,
        **platform(definition, launch.spec.get("platformVersion")),
    }


def _container(world: World, task_arn: str, definition: Wire) -> Wire:
    number = world.new_id()
    container: Wire = {
        "containerArn": f"{task_arn.replace(':task/', ':container/')}/{number}",
        "taskArn": task_arn,
        "name": definition["name"],
        "image": definition["image"],
        "imageDigest": f"sha256:{number}{number}",
        "runtimeId": f"{task_arn.rpartition('/')[2]}-{number[:10]}",
        "lastStatus": "PENDING",
        "networkBindings": [],
        "networkInterfaces": [],
        "healthStatus": "UNKNOWN",
        "cpu": str(definition.get("cpu", 0)),
    }
    limits = {key: str(definition[key]) for key in ("memory", "memoryReservation") if key in definition}
    return container | limits
