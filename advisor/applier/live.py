"""What stands in AWS now, read anew: the description, and what writing needs beside it.

Reads: DescribeServices with tags, DescribeTaskDefinition with tags, DescribeScalableTargets,
DescribeScalingPolicies, DescribeScheduledActions, and for step policies DescribeAlarms.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from advisor.applier.aws import DIMENSION, Aws
from advisor.applier.description import alarm_fields, by_schedule, live_policy_fields
from advisor.domain.errors import ApplyRefused
from advisor.domain.inventory import owner_of

CONFIGURATIONS = {
    "TargetTrackingScaling": "TargetTrackingScalingPolicyConfiguration",
    "StepScaling": "StepScalingPolicyConfiguration",
    "PredictiveScaling": "PredictiveScalingPolicyConfiguration",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """A service as it stands. `definition` and `definition_tags` stay in memory: they may hold secrets.

    `policies`: the parameters of PutScalingPolicy that give each policy again, by name.
    `deploying` = a deployment is under way.
    """

    description: Mapping[str, Any]
    policies: Mapping[str, Mapping[str, Any]]
    desired: int
    deploying: bool
    definition: Mapping[str, Any] = field(repr=False)
    definition_tags: tuple[Mapping[str, str], ...] = field(repr=False)


def read_live(aws: Aws) -> Live:
    """Read a service; raises ApplyRefused where it is not there, AwsFailed where AWS refuses."""
    service = read_service(aws)
    answer = aws.ecs("describe_task_definition", taskDefinition=service["taskDefinition"], include=["TAGS"])
    policies = _policies(aws)
    return Live(
        description=_description(aws, service, answer["taskDefinition"]["taskDefinitionArn"], policies),
        policies={policy["PolicyName"]: _put_parameters(policy) for policy in policies},
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


def _description(
    aws: Aws, service: Mapping[str, Any], definition: str, policies: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    target, schedule = _scalable_target(aws), _scheduled_actions(aws)
    tags = {t["key"]: t.get("value", "") for t in service.get("tags", ())}
    management = service.get("resourceManagementType", "CUSTOMER")
    return {
        "task_definition": definition,
        "desired_count": None if target else service["desiredCount"],
        "capacity": _capacity(service),
        "scalable_target": by_schedule(target, bool(schedule)) if target else None,
        "policies": {p["PolicyName"]: live_policy_fields(p) | _alarms(aws, p) for p in policies},
        "scheduled_actions": schedule,
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


def _scalable_target(aws: Aws) -> dict[str, Any] | None:
    resource = aws.resource["ResourceId"]
    pages = aws.scaling_pages(
        "describe_scalable_targets", "ScalableTargets", ResourceIds=[resource], ScalableDimension=DIMENSION
    )
    for target in pages:
        suspended = target.get("SuspendedState", {})
        return {
            "minimum": target["MinCapacity"],
            "maximum": target["MaxCapacity"],
            "scale_in_suspended": suspended.get("DynamicScalingInSuspended", False),
            "scale_out_suspended": suspended.get("DynamicScalingOutSuspended", False),
            "scheduled_suspended": suspended.get("ScheduledScalingSuspended", False),
        }
    return None


def _policies(aws: Aws) -> list[Mapping[str, Any]]:
    resource = aws.resource["ResourceId"]
    pages = aws.scaling_pages(
        "describe_scaling_policies", "ScalingPolicies", ResourceId=resource, ScalableDimension=DIMENSION
    )
    return list(pages)


def _put_parameters(policy: Mapping[str, Any]) -> dict[str, Any]:
    keys = ("PolicyName", "PolicyType", *CONFIGURATIONS.values())
    return {key: policy[key] for key in keys if policy.get(key) is not None}


def _alarms(aws: Aws, policy: Mapping[str, Any]) -> dict[str, Any]:
    """The alarms of a step policy; those with a moving threshold hold no number and are left out."""
    if policy["PolicyType"] != "StepScaling":
        return {}
    names = [alarm["AlarmName"] for alarm in policy.get("Alarms", ())]
    found = aws.alarms(names) if names else ()
    return {
        "alarms": {
            a["AlarmName"]: alarm_fields(
                period=a.get("Period", 60),
                datapoints=a.get("DatapointsToAlarm", a.get("EvaluationPeriods", 1)),
                threshold=float(a["Threshold"]),
                comparison=a.get("ComparisonOperator", ""),
            )
            for a in found
            if "Threshold" in a
        }
    }


def _scheduled_actions(aws: Aws) -> dict[str, dict[str, Any]]:
    resource = aws.resource["ResourceId"]
    pages = aws.scaling_pages(
        "describe_scheduled_actions", "ScheduledActions", ResourceId=resource, ScalableDimension=DIMENSION
    )
    found = {}
    for action in pages:
        bounds = action.get("ScalableTargetAction", {})
        found[action["ScheduledActionName"]] = {
            "expression": action["Schedule"],
            "timezone": action.get("Timezone", "UTC"),
            "minimum": bounds.get("MinCapacity"),
            "maximum": bounds.get("MaxCapacity"),
        }
    return found
