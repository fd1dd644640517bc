"""What stands in AWS now, read anew: the description, and what writing needs beside it.

Reads: DescribeServices with tags, DescribeTaskDefinition with tags, DescribeScalableTargets,
DescribeScalingPolicies, DescribeScheduledActions, and for step policies DescribeAlarms.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from advisor.applier.alarms import live_alarm, put_parameters
from advisor.applier.aws import DIMENSION, Aws
from advisor.applier.description import (
    SUSPENDED,
    action_fields,
    instant_text,
    live_policy_fields,
    settled,
)
from advisor.applier.policies import CONFIGURATIONS
from advisor.domain.errors import ApplyRefused
from advisor.domain.inventory import owner_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """A service as it stands. `definition` and `definition_tags` stay in memory: they may hold secrets.

    `policies`, `actions`, `alarms`: the parameters of PutScalingPolicy, PutScheduledAction and PutMetricAlarm that
    give each one again, by name; `arns`: of policies, by name; `alarm_arns`: of alarms, by name. `target`: the
    parameters of RegisterScalableTarget, None where there is no target, and `target_arn` its ARN.
    `deploying` = a deployment is under way.
    """

    description: Mapping[str, Any]
    policies: Mapping[str, Mapping[str, Any]]
    actions: Mapping[str, Mapping[str, Any]]
    alarms: Mapping[str, Mapping[str, Any]]
    arns: Mapping[str, str]
    alarm_arns: Mapping[str, str]
    target: Mapping[str, Any] | None
    target_arn: str
    desired: int
    deploying: bool
    definition: Mapping[str, Any] = field(repr=False)
    definition_tags: tuple[Mapping[str, str], ...] = field(repr=False)


def read_live(aws: Aws, *, alarms: Collection[str] = ()) -> Live:
    """Read a service, its step policies' alarms and those named in `alarms`, whomever they serve.

    Raises ApplyRefused where the service is not there, AwsFailed where AWS refuses.
    """
    service = read_service(aws)
    answer = aws.ecs("describe_task_definition", taskDefinition=service["taskDefinition"], include=["TAGS"])
    policies, actions, target = _policies(aws), read_actions(aws), read_target(aws)
    found, arns = aws.alarms({*alarms, *_alarm_names(policies)}), _arns(policies)
    description = _description(service, answer["taskDefinition"]["taskDefinitionArn"])
    description |= {
        "scalable_target": _target_fields(target) if target else None,
        "policies": {p["PolicyName"]: live_policy_fields(p) for p in policies},
        "alarms": {name: live_alarm(alarm, arns, aws.id) for name, alarm in found.items()},
        "scheduled_actions": {name: action_fields(action) for name, action in actions.items()},
    }
    return Live(
        description=settled(description),
        policies={policy["PolicyName"]: _put_parameters(policy) for policy in policies},
        actions=actions,
        alarms={name: put_parameters(alarm) for name, alarm in found.items()},
        arns=arns,
        alarm_arns={name: alarm["AlarmArn"] for name, alarm in found.items()},
        target=_register_parameters(target) if target else None,
        target_arn=target.get("ScalableTargetARN", "") if target else "",
        desired=service["desiredCount"],
        deploying=is_deploying(service),
        definition=answer["taskDefinition"],
        definition_tags=tuple(answer.get("tags", ())),
    )


def read_service(aws: Aws) -> Mapping[str, Any]:
    """The service as DescribeServices has it, with tags."""
    answer = aws.ecs("describe_services", cluster=aws.id.cluster, services=[aws.id.name], include=["TAGS"])
    found = [s for s in answer.get("services", ()) if s.get("status", "ACTIVE") == "ACTIVE"]
    if not found:
        raise ApplyRefused(
            f"{aws.id}: the service is not there any more. Rule: apply changes active services. "
            "Nothing was changed. Next: collect, review and plan again."
        )
    service: Mapping[str, Any] = found[0]
    return service


def is_deploying(service: Mapping[str, Any]) -> bool:
    """Whether a deployment is under way: more than one is there, or the only one is in progress."""
    deployments = service.get("deployments", ())
    return len(deployments) > 1 or any(d.get("rolloutState") == "IN_PROGRESS" for d in deployments)


def _description(service: Mapping[str, Any], definition: str) -> dict[str, Any]:
    tags = {t["key"]: t.get("value", "") for t in service.get("tags", ())}
    management = service.get("resourceManagementType", "CUSTOMER")
    return {
        "task_definition": definition,
        "desired_count": service["desiredCount"],
        "capacity": _capacity(service),
        "deployment_controller": service.get("deploymentController", {}).get("type", "ECS"),
        "resource_management": management,
        "owner": owner_of(tags, management),
    }


def _capacity(service: Mapping[str, Any]) -> list[dict[str, Any]]:
    strategy = service.get("capacityProviderStrategy") or [
        {"capacityProvider": service.get("launchType", ""), "weight": 1}
    ]
    return [
        {"provider": s["capacityProvider"], "base": s.get("base", 0), "weight": s.get("weight", 0)} for s in strategy
    ]


def read_target(aws: Aws) -> Mapping[str, Any] | None:
    """The scalable target as DescribeScalableTargets has it."""
    resource = aws.resource["ResourceId"]
    pages = aws.scaling_pages(
        "describe_scalable_targets", "ScalableTargets", ResourceIds=[resource], ScalableDimension=DIMENSION
    )
    return next(iter(list(pages)), None)


def _target_fields(target: Mapping[str, Any]) -> dict[str, Any]:
    suspended = target.get("SuspendedState", {})
    return {
        "minimum": target["MinCapacity"],
        "maximum": target["MaxCapacity"],
        **{ours: suspended.get(theirs, False) for ours, theirs in SUSPENDED.items()},
    }


def _register_parameters(target: Mapping[str, Any]) -> dict[str, Any]:
    suspended = target.get("SuspendedState", {})
    return {
        "MinCapacity": target["MinCapacity"],
        "MaxCapacity": target["MaxCapacity"],
        "SuspendedState": {theirs: suspended.get(theirs, False) for theirs in SUSPENDED.values()},
    }


def read_arns(aws: Aws) -> dict[str, str]:
    """The ARNs of the service's policies, by name."""
    return _arns(_policies(aws))


def _arns(policies: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    return {policy["PolicyName"]: policy["PolicyARN"] for policy in policies}


def _alarm_names(policies: Iterable[Mapping[str, Any]]) -> set[str]:
    """Of step policies, whose alarms somebody made; those of target tracking belong to AWS."""
    stepped = (policy for policy in policies if policy["PolicyType"] == "StepScaling")
    return {alarm["AlarmName"] for policy in stepped for alarm in policy.get("Alarms", ())}


def _policies(aws: Aws) -> list[Mapping[str, Any]]:
    resource = aws.resource["ResourceId"]
    pages = aws.scaling_pages(
        "describe_scaling_policies", "ScalingPolicies", ResourceId=resource, ScalableDimension=DIMENSION
    )
    return list(pages)


def _put_parameters(policy: Mapping[str, Any]) -> dict[str, Any]:
    keys = ("PolicyName", "PolicyType", *CONFIGURATIONS.values())
    return {key: policy[key] for key in keys if policy.get(key) is not None}


def read_actions(aws: Aws) -> dict[str, dict[str, Any]]:
    """The scheduled actions by name, each as the parameters of PutScheduledAction that give it again."""
    resource = aws.resource["ResourceId"]
    pages = aws.scaling_pages(
        "describe_scheduled_actions", "ScheduledActions", ResourceId=resource, ScalableDimension=DIMENSION
    )
    return {action["ScheduledActionName"]: _action_parameters(action) for action in pages}


def _action_parameters(action: Mapping[str, Any]) -> dict[str, Any]:
    keys = ("ScheduledActionName", "Schedule", "Timezone", "ScalableTargetAction")
    kept = {key: action[key] for key in keys if action.get(key) is not None}
    instants = {key: instant_text(action[key]) for key in ("StartTime", "EndTime") if action.get(key) is not None}
    return kept | instants
