"""Scalable targets: register, describe, deregister, tag.  [B44:application-autoscaling, FACTS 5]"""

from advisor.demo.aws.ecs_rollouts import settled
from advisor.demo.aws.ecs_state import Wire, partition
from advisor.demo.aws.scaling_alarms import delete_alarms
from advisor.demo.aws.scaling_state import (
    DIMENSION,
    SERVICE,
    Scaler,
    invalid,
    is_asked_for,
    of_ecs,
    page,
    scaler,
    target_of,
)
from advisor.demo.aws.wire import AwsError, Call, LocalAws, answers

MOST_TARGETS = 3000  # ECS targets in a region [FACTS 5]
_ROLE = "role/aws-service-role/ecs.application-autoscaling.amazonaws.com"
_NOTHING_SUSPENDED = {
    "DynamicScalingInSuspended": False,
    "DynamicScalingOutSuspended": False,
    "ScheduledScalingSuspended": False,
}


@of_ecs("RegisterScalableTarget")
def register_scalable_target(aws: LocalAws, call: Call) -> Wire:
    """The service must exist, and the minimum be at most the maximum; what is not named stays as it is."""
    params, held = call.params, scaler(aws, call.account, call.region)
    resource = params["ResourceId"]
    _check_service(aws, call)
    if resource not in held.targets and len(held.targets) >= MOST_TARGETS:
        raise AwsError("LimitExceededException", f"At most {MOST_TARGETS} scalable targets.")
    target = held.targets.get(resource) or _new_target(aws, held, resource)
    bounds = {key: params[key] for key in ("MinCapacity", "MaxCapacity") if params.get(key) is not None}
    target = target | bounds
    _check_bounds(target)
    target["SuspendedState"] = target["SuspendedState"] | (params.get("SuspendedState") or {})
    held.targets[resource] = target
    held.tags.setdefault(target["ScalableTargetARN"], {}).update(params.get("Tags") or {})
    return {"ScalableTargetARN": target["ScalableTargetARN"]}


@of_ecs("DescribeScalableTargets")
def describe_scalable_targets(aws: LocalAws, call: Call) -> Wire:
    """Pages of 50, each followed by the next; moto repeats one token for ever above 100 (PROBES 1.2)."""
    names = call.params.get("ResourceIds")
    targets = [
        target
        for resource, target in sorted(scaler(aws, call.account, call.region).targets.items())
        if (not names or resource in names) and is_asked_for(target, call.params)
    ]
    return page(targets, call, "ScalableTargets", most=50)


@of_ecs("DeregisterScalableTarget")
def deregister_scalable_target(aws: LocalAws, call: Call) -> Wire:
    """The target goes with its policies, their alarms, and its scheduled actions (PROBES 1.6)."""
    held = scaler(aws, call.account, call.region)
    target = target_of(held, call.params)
    for key, policy in list(held.policies.items()):
        if key[0] == target["ResourceId"]:
            delete_alarms(aws, call, policy)
            del held.policies[key]
    for key in [key for key in held.schedule if key[0] == target["ResourceId"]]:
        del held.schedule[key]
    held.tags.pop(target["ScalableTargetARN"], None)
    del held.targets[target["ResourceId"]]
    return {}


@answers(SERVICE, "ListTagsForResource")
def list_tags(aws: LocalAws, call: Call) -> Wire:
    """The tags of a scalable target."""
    return {"Tags": dict(_tags(aws, call))}


@answers(SERVICE, "TagResource")
def tag_resource(aws: LocalAws, call: Call) -> Wire:
    """Add tags to a scalable target, 50 at most."""
    tags, given = _tags(aws, call), call.params["Tags"]
    if len(tags | given) > 50:
        raise AwsError("TooManyTagsException", "A scalable target can have at most 50 tags.")
    tags.update(given)
    return {}


@answers(SERVICE, "UntagResource")
def untag_resource(aws: LocalAws, call: Call) -> Wire:
    """Take tags away from a scalable target."""
    tags = _tags(aws, call)
    for key in call.params["TagKeys"]:
        tags.pop(key, None)
    return {}


def _tags(aws: LocalAws, call: Call) -> dict[str, str]:
    tags = scaler(aws, call.account, call.region).tags.get(call.params["ResourceARN"])
    if tags is None:
        raise AwsError("ResourceNotFoundException", "The resource was not found.")
    return tags


def _new_target(aws: LocalAws, held: Scaler, resource: str) -> Wire:
    number = held.new_id().replace("-", "")
    role = f"arn:{partition(held.region)}:iam::{held.account}:{_ROLE}"
    return {
        "ServiceNamespace": "ecs",
        "ResourceId": resource,
        "ScalableDimension": DIMENSION,
        "RoleARN": f"{role}/AWSServiceRoleForApplicationAutoScaling_ECSService",
        "CreationTime": aws.clock(),
        "SuspendedState": _NOTHING_SUSPENDED,
        "ScalableTargetARN": held.arn("application-autoscaling", f"scalable-target/{number}"),
    }


def _check_service(aws: LocalAws, call: Call) -> None:
    kind, _, rest = call.params["ResourceId"].partition("/")
    cluster, _, name = rest.partition("/")
    if call.params["ScalableDimension"] != DIMENSION or kind != "service" or not name:
        raise invalid("Unsupported service namespace, resource type or scalable dimension")
    service = settled(aws, call.account, call.region).services.get((cluster, name))
    if service is None or service.status != "ACTIVE":
        raise invalid(f"ECS service doesn't exist: {call.params['ResourceId']}")


def _check_bounds(target: Wire) -> None:
    low, high = target.get("MinCapacity"), target.get("MaxCapacity")
    if low is None or high is None:
        raise invalid("Both MinCapacity and MaxCapacity must be specified.")
    if low < 0:
        raise invalid("Minimum capacity cannot be less than 0")
    if low > high:
        raise invalid("Maximum capacity cannot be less than minimum capacity")
