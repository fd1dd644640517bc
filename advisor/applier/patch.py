"""What to change in the template of whoever owns the fields: CloudFormation's properties, or Terraform's.

Names come from AWS and from files, so each is written as a JSON string: quotes, line ends, markup and
direction overrides stay inside it.
"""

import json
import shlex
from collections.abc import Iterator

from advisor.applier.containers import fit_containers
from advisor.applier.patch_scaling import ACTION, ALARM, POLICY, SERVICE, TARGET, Row, quoted, scaling_rows
from advisor.domain.errors import printable
from advisor.domain.finding import Advice
from advisor.domain.inventory import Service
from advisor.domain.service import Setup


def patch_for(advice: Advice, wanted: Setup, service: Service | None) -> str:
    """The properties to set, one a line, for CloudFormation where a stack owns the service, else both ways."""
    rows = list(_rows(advice.current, wanted, service))
    tags = service.tags if service else advice.tags
    stack = tags.get("aws:cloudformation:stack-name")
    if service is not None and service.resource_management == "ECS":
        return _express(wanted, service)
    if stack is not None:
        logical = tags.get("aws:cloudformation:logical-id", "")
        return "\n".join((*_heading(stack, logical), *_cloudformation(rows)))
    name = f"# service {quoted(advice.id.service)}"
    return "\n".join((name, *_cloudformation(rows), "", "# Terraform", *_terraform(rows)))


def _rows(now: Setup, wanted: Setup, service: Service | None) -> Iterator[Row]:
    yield from _task_rows(now, wanted, service)
    yield from scaling_rows(now, wanted, service)


_TASK = "AWS::ECS::TaskDefinition"
_TERRAFORM = {
    _TASK: "aws_ecs_task_definition",
    SERVICE: "aws_ecs_service",
    TARGET: "aws_appautoscaling_target",
    POLICY: "aws_appautoscaling_policy",
    ALARM: "aws_cloudwatch_metric_alarm",
    ACTION: "aws_appautoscaling_scheduled_action",
}


def _task_rows(now: Setup, wanted: Setup, service: Service | None) -> Iterator[Row]:
    if now.size.cpu != wanted.size.cpu:
        yield Row(kind=_TASK, path="Cpu", terraform="cpu", value=str(wanted.size.cpu))
    if now.size.memory != wanted.size.memory:
        yield Row(kind=_TASK, path="Memory", terraform="memory", value=str(wanted.size.memory))
    if now.architecture != wanted.architecture:
        path, name = "RuntimePlatform.CpuArchitecture", "runtime_platform.cpu_architecture"
        yield Row(kind=_TASK, path=path, terraform=name, value=wanted.architecture)
    for name, field, value in _limits(service, wanted):
        place = f"[name={quoted(name)}]"
        path = f"ContainerDefinitions{place}.{field[0].upper()}{field[1:]}"
        yield Row(kind=_TASK, path=path, terraform=f"container_definitions{place}.{field}", value=value)


def _limits(service: Service | None, wanted: Setup) -> Iterator[tuple[str, str, int]]:
    """(container, field, value) of each container limit that follows the size."""
    if service is None or service.task_definition is None:
        return
    try:
        changed = fit_containers(service.task_definition, wanted.size)
    except ValueError:
        return  # the plan's reason says what stands in the way
    for container in changed:
        for field, value in container.items():
            if field != "name":
                yield container["name"], field, value


def _heading(stack: str, logical: str) -> Iterator[str]:
    yield f"# CloudFormation stack {quoted(stack)}: set these properties in its template, then deploy it."
    if logical:
        yield f"# The service is the resource {quoted(logical)}."


def _cloudformation(rows: list[Row]) -> Iterator[str]:
    for row in rows:
        if not row.path:
            yield f"{row.kind}  remove it"
        elif row.value is None:
            yield f"{row.kind}  Properties.{row.path}: remove it"
        else:
            yield f"{row.kind}  Properties.{row.path}: {_value(row)}"


def _terraform(rows: list[Row]) -> Iterator[str]:
    for row in rows:
        kind = next(k for k in sorted(_TERRAFORM, key=len, reverse=True) if row.kind.startswith(k))
        place = f"{_TERRAFORM[kind]}{row.kind.removeprefix(kind)}"
        sets = f"{row.terraform} = {_value(row)}" if row.value is not None else f"{row.terraform} (remove it)"
        line = f"{place}  {sets.strip()}" if row.path else f"{place}  (remove it)"
        yield line.replace("${", "$${").replace("%{", "%%{")  # names are no templates


def _value(row: Row) -> str:
    return quoted(row.value) if isinstance(row.value, str) else json.dumps(row.value)


def _express(wanted: Setup, service: Service) -> str:
    arn = shlex.quote(printable(service.service_arn))
    size = f"--cpu {wanted.size.cpu} --memory {wanted.size.memory}"
    return (
        "# ECS Express Mode: change the service as a whole.\n"
        f"aws ecs update-express-gateway-service --service-arn {arn} {size}"
    )
