"""What to change in the template of whoever owns the fields: CloudFormation's properties, or Terraform's.

Names come from AWS and from files, so each is written as a JSON string: quotes, line ends, markup and
direction overrides stay inside it.
"""

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from advisor.applier.containers import fit_containers
from advisor.domain.finding import Advice
from advisor.domain.inventory import Service
from advisor.domain.policy import TargetTracking
from advisor.domain.service import Setup


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One property with its new value, as CloudFormation and as Terraform name it."""

    kind: str
    path: str
    terraform: str
    value: str | int | float | bool


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
    name = f"# service {_quoted(advice.id.service)}"
    return "\n".join((name, *_cloudformation(rows), "", "# Terraform", *_terraform(rows)))


def _rows(now: Setup, wanted: Setup, service: Service | None) -> Iterator[_Row]:
    yield from _task_rows(now, wanted, service)
    if wanted.desired != now.desired and wanted.minimum is None:
        yield _Row(kind=_SERVICE, path="DesiredCount", terraform="desired_count", value=wanted.desired)
    for field in ("minimum", "maximum"):
        value = getattr(wanted, field)
        if value is not None and value != getattr(now, field):
            short = field[:3]
            yield _Row(kind=_TARGET, path=f"{short.title()}Capacity", terraform=f"{short}_capacity", value=value)
    yield from _policy_rows(now, wanted, service)


_TASK, _SERVICE = "AWS::ECS::TaskDefinition", "AWS::ECS::Service"
_TARGET, _POLICY = (
    "AWS::ApplicationAutoScaling::ScalableTarget",
    "AWS::ApplicationAutoScaling::ScalingPolicy",
)
_TERRAFORM = {
    _TASK: "aws_ecs_task_definition",
    _SERVICE: "aws_ecs_service",
    _TARGET: "aws_appautoscaling_target",
    _POLICY: "aws_appautoscaling_policy",
}
_TRACKING = (
    ("target", "TargetValue", "target_value"),
    ("scale_out_cooldown", "ScaleOutCooldown", "scale_out_cooldown"),
    ("scale_in_cooldown", "ScaleInCooldown", "scale_in_cooldown"),
    ("disable_scale_in", "DisableScaleIn", "disable_scale_in"),
)


def _task_rows(now: Setup, wanted: Setup, service: Service | None) -> Iterator[_Row]:
    if now.size.cpu != wanted.size.cpu:
        yield _Row(kind=_TASK, path="Cpu", terraform="cpu", value=str(wanted.size.cpu))
    if now.size.memory != wanted.size.memory:
        yield _Row(kind=_TASK, path="Memory", terraform="memory", value=str(wanted.size.memory))
    if now.architecture != wanted.architecture:
        path, name = "RuntimePlatform.CpuArchitecture", "runtime_platform.cpu_architecture"
        yield _Row(kind=_TASK, path=path, terraform=name, value=wanted.architecture)
    for name, field, value in _limits(service, wanted):
        place = f"[name={_quoted(name)}]"
        path = f"ContainerDefinitions{place}.{field[0].upper()}{field[1:]}"
        yield _Row(kind=_TASK, path=path, terraform=f"container_definitions{place}.{field}", value=value)


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


def _policy_rows(now: Setup, wanted: Setup, service: Service | None) -> Iterator[_Row]:
    named = service.scaling.policies if service and service.scaling else ()
    held = {p.policy.metric: (p.name, p.policy) for p in named if isinstance(p.policy, TargetTracking)}
    for policy in wanted.policies:
        if not isinstance(policy, TargetTracking) or policy in now.policies:
            continue
        name, old = held.get(policy.metric, ("", None))
        place = f" {_quoted(name)}" if name else ""
        for ours, path, terraform in _TRACKING:
            value = getattr(policy, ours)
            if old is None or getattr(old, ours) != value:
                yield _Row(
                    kind=f"{_POLICY}{place}",
                    path=f"TargetTrackingScalingPolicyConfiguration.{path}",
                    terraform=f"target_tracking_scaling_policy_configuration.{terraform}",
                    value=value,
                )


def _heading(stack: str, logical: str) -> Iterator[str]:
    yield f"# CloudFormation stack {_quoted(stack)}: set these properties in its template, then deploy it."
    if logical:
        yield f"# The service is the resource {_quoted(logical)}."


def _cloudformation(rows: list[_Row]) -> Iterator[str]:
    for row in rows:
        yield f"{row.kind}  Properties.{row.path}: {json.dumps(row.value)}"


def _terraform(rows: list[_Row]) -> Iterator[str]:
    for row in rows:
        kind, _, name = row.kind.partition(" ")
        line = f"{_TERRAFORM[kind]}{' ' + name if name else ''}  {row.terraform} = {json.dumps(row.value)}"
        yield line.replace("${", "$${").replace("%{", "%%{")  # names are no templates


def _express(wanted: Setup, service: Service) -> str:
    arn = shlex.quote("".join(c if c.isprintable() else "?" for c in service.service_arn))
    size = f"--cpu {wanted.size.cpu} --memory {wanted.size.memory}"
    return (
        "# ECS Express Mode: change the service as a whole.\n"
        f"aws ecs update-express-gateway-service --service-arn {arn} {size}"
    )


def _quoted(text: str) -> str:
    return json.dumps(text).replace("<", "\\u003c").replace(">", "\\u003e")
