"""A task as ECS tells it, in DescribeTasks and in the detail of its events, as a run.

Fields are taken one by one: overrides but for the size, commands, images and free text are not.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

from advisor.domain.errors import InputRefused, one_line
from advisor.domain.runs import ContainerEnd, StopReason, TaskRun
from advisor.domain.service import INCLUDED_EPHEMERAL_GIB, Provider, TaskSize
from advisor.fargate.sizes import parse_cpu, parse_memory

_PROVIDERS = ("FARGATE", "FARGATE_SPOT")
_OUT_OF_MEMORY = "OutOfMemory"  # "OutOfMemoryError: Container killed due to memory usage": seen, no published list
_REASONS: dict[str, StopReason] = {
    "TaskFailedToStart": "failed-to-start",
    "EssentialContainerExited": "exited",
    "UserInitiated": "user",
    "ServiceSchedulerInitiated": "scheduler",
    "SpotInterruption": "spot",
    "TerminationNotice": "platform",
    "InfrastructureHealth": "platform",
}


def task_run_from_aws(task: Mapping[str, Any], *, account: str, region: str, seen: datetime) -> TaskRun | None:
    """The task as a run, known as it was at `seen`; None for a task that is not on Fargate.

    Instants may be datetimes or ISO 8601 text. Raises InputRefused where a field of every Fargate task is missing.
    """
    provider = str(task.get("capacityProviderName") or task.get("launchType"))
    if provider not in _PROVIDERS:
        return None
    try:
        return _run(task, cast("Provider", provider), account=account, region=region, seen=seen)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        arn = one_line(str(task.get("taskArn")), 200)
        rule = f"a task as ECS describes it ({type(error).__name__}: {one_line(str(error), 100)})"
        raise InputRefused("unreadable task", where="ECS task", value=arn, rule=rule) from None


def _run(task: Mapping[str, Any], provider: Provider, *, account: str, region: str, seen: datetime) -> TaskRun:
    family, _, revision = str(task["taskDefinitionArn"]).rpartition("/")[2].rpartition(":")
    stopped = _instant(task.get("stoppedAt"))
    kind, _, owner = str(task.get("group", "")).partition(":")
    overrides = task.get("overrides") or {}
    return TaskRun(
        account=account,
        region=region,
        cluster=str(task["clusterArn"]).rpartition("/")[2],
        task=str(task["taskArn"]).rpartition("/")[2],
        family=family,
        revision=_whole(revision),
        service=owner if kind == "service" else None,
        size=TaskSize(
            cpu=parse_cpu(overrides.get("cpu") or task["cpu"]),
            memory=parse_memory(overrides.get("memory") or task["memory"]),
        ),
        architecture="ARM64" if _architecture(task) == "arm64" else "X86_64",
        os="WINDOWS" if str(task.get("platformFamily", "")).upper().startswith("WINDOWS") else "LINUX",
        provider=provider,
        ephemeral_gib=_whole((task.get("ephemeralStorage") or {}).get("sizeInGiB", INCLUDED_EPHEMERAL_GIB)),
        created=_instant_of(task["createdAt"]),
        pulled=_instant(task.get("pullStartedAt")),
        started=_instant(task.get("startedAt")),
        stopped=stopped,
        seen=stopped or seen.astimezone(UTC),
        stop_code=_text(task.get("stopCode")) if stopped else None,
        reason=_reason(task, provider) if stopped else None,
        containers=tuple(sorted(_end(container) for container in task.get("containers", ()))) if stopped else (),
    )


def _architecture(task: Mapping[str, Any]) -> str:
    held = {str(each.get("name")): str(each.get("value")) for each in task.get("attributes", ())}
    return held.get("ecs.cpu-architecture", "x86_64")


def _reason(task: Mapping[str, Any], provider: Provider) -> StopReason:
    """The class of a stop; a notice of termination on Spot is an interruption, as older events have it."""
    code, said = str(task.get("stopCode", "")), str(task.get("stoppedReason", ""))
    if said.startswith(_OUT_OF_MEMORY) or any(_end(each).out_of_memory for each in task.get("containers", ())):
        return "out-of-memory"
    if code == "ServiceSchedulerInitiated" and "health checks" in said:
        return "unhealthy"
    if code == "TerminationNotice" and provider == "FARGATE_SPOT":
        return "spot"
    return _REASONS.get(code, "other")


def _end(container: Mapping[str, Any]) -> ContainerEnd:
    code = container.get("exitCode")
    return ContainerEnd(
        name=str(container.get("name", "")),
        exit_code=None if code is None else _whole(code),
        out_of_memory=str(container.get("reason", "")).startswith(_OUT_OF_MEMORY),
    )


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _whole(value: str | int) -> int:
    """A whole number of 32 bits, as AWS's are; raises ValueError."""
    number = int(value)
    if number.bit_length() > 31:
        raise ValueError("more than 32 bits")
    return number


def _instant(value: datetime | str | None) -> datetime | None:
    return None if value is None else _instant_of(value)


def _instant_of(value: datetime | str) -> datetime:
    instant = datetime.fromisoformat(value) if isinstance(value, str) else value
    if instant.tzinfo is None:
        raise ValueError(f"no offset in {value}")
    return instant.astimezone(UTC)
