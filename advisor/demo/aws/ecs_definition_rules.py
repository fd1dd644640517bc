"""What ECS refuses in a task definition for Fargate; moto takes nearly all of it (PROBES 1.6).

Rules from [B44:ecs RegisterTaskDefinition, ContainerDefinition, EphemeralStorage] and [FACTS 1].
"""

from collections.abc import Callable
from typing import Any

from advisor.demo.aws.ecs_state import Wire
from advisor.demo.aws.wire import AwsError
from advisor.domain.errors import SizeRefused
from advisor.domain.service import TaskSize
from advisor.fargate.sizes import legal_sizes, parse_cpu, parse_memory

EPHEMERAL_GIB = range(21, 200 + 1)  # [FACTS 1]


def normal_size(params: Wire) -> dict[str, str]:
    """Task cpu and memory as ECS stores them: CPU units and MiB, in digits [B44:ecs]."""
    parsers: dict[str, Callable[[str], int]] = {"cpu": parse_cpu, "memory": parse_memory}
    try:
        return {key: str(parse(params[key])) for key, parse in parsers.items() if params.get(key)}
    except SizeRefused as error:
        raise AwsError("ClientException", f"Invalid 'cpu' or 'memory' setting for task: {error}") from None


def check_fargate(params: Wire, size: dict[str, str]) -> None:
    """Raise ClientException for what Fargate does not run; `size` as `normal_size` gives it."""
    if not size.get("cpu") or not size.get("memory"):
        missing = "cpu" if not size.get("cpu") else "memory"
        raise AwsError("ClientException", f"Fargate requires that '{missing}' be defined at the task level.")
    if params.get("networkMode") != "awsvpc":
        raise AwsError("ClientException", "Fargate only supports network mode ‘awsvpc’.")
    system, architecture = platform_of(params)
    cpu, memory = int(size["cpu"]), int(size["memory"])
    if TaskSize.of(vcpu=cpu / 1024, gib=memory / 1024) not in legal_sizes(system, architecture):
        raise AwsError("ClientException", "No Fargate configuration exists for given values.")
    _check_storage(params)
    check_containers(params["containerDefinitions"], cpu=cpu, memory=memory)


def platform_of(params: Wire) -> tuple[Any, Any]:
    """(operating system, architecture) in the domain's words; ECS assumes Linux on X86_64."""
    platform = params.get("runtimePlatform") or {}
    windows = platform.get("operatingSystemFamily", "LINUX").startswith("WINDOWS")
    return "WINDOWS" if windows else "LINUX", platform.get("cpuArchitecture", "X86_64")


def check_containers(containers: list[Wire], *, cpu: int, memory: int) -> None:
    """Containers' cpu sums to at most the task's, their memory set aside and each limit likewise [B44:ecs]."""
    if sum(c.get("cpu") or 0 for c in containers) > cpu:
        raise AwsError("ClientException", "Total cpu of containers should not be greater than task cpu.")
    for container in containers:
        _check_container(container, memory=memory)
    if sum(c.get("memoryReservation") or c.get("memory") or 0 for c in containers) > memory:
        raise AwsError("ClientException", "Total memory of containers should not be greater than task memory.")


def _check_container(container: Wire, *, memory: int) -> None:
    limit, reserved = container.get("memory"), container.get("memoryReservation")
    said = f"Invalid setting for container '{container['name']}'."
    if limit and limit > memory:
        raise AwsError("ClientException", f"{said} 'memory' must not be greater than task memory.")
    if limit and reserved and reserved >= limit:
        raise AwsError("ClientException", f"{said} 'memory' must be greater than 'memoryReservation'.")


def _check_storage(params: Wire) -> None:
    storage = params.get("ephemeralStorage")
    if storage and storage.get("sizeInGiB") not in EPHEMERAL_GIB:
        raise AwsError("ClientException", "Ephemeral storage size must be between 21 GiB and 200 GiB.")
