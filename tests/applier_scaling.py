"""Application Auto Scaling in memory, for the applier's small AWS."""

from datetime import datetime
from typing import Any

from applier_watching import AlarmWorld
from botocore.exceptions import ClientError

_NOT_KEPT = ("ServiceNamespace", "ScalableDimension", "ResourceId")
_NOTHING_SUSPENDED = {
    "DynamicScalingInSuspended": False,
    "DynamicScalingOutSuspended": False,
    "ScheduledScalingSuspended": False,
}


def refused(code: str, message: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


class ScalingWorld(AlarmWorld):
    """Scalable targets with their policies, scheduled actions and tags, by resource and name."""

    def __init__(self) -> None:
        super().__init__()
        self.services: dict[str, dict[str, Any]] = {}
        self.targets: dict[str, dict[str, Any]] = {}
        self.policies: dict[str, dict[str, dict[str, Any]]] = {}
        self.actions: dict[str, dict[str, dict[str, Any]]] = {}
        self.tags: dict[str, dict[str, str]] = {}
        self.arns = 0

    def _describe_scalable_targets(self, *, ResourceIds: list[str], **_: Any) -> Any:  # noqa: N803
        return {"ScalableTargets": [t for i, t in self.targets.items() if i in ResourceIds]}

    def _register_scalable_target(self, *, ResourceId: str, Tags: Any = None, **fields: Any) -> Any:  # noqa: N803
        arn = f"arn:target/{ResourceId}"
        held = self.targets.setdefault(ResourceId, {"ResourceId": ResourceId, "ScalableTargetARN": arn})
        held |= {key: fields[key] for key in ("MinCapacity", "MaxCapacity") if key in fields}
        held["SuspendedState"] = {
            **held.get("SuspendedState", _NOTHING_SUSPENDED),
            **fields.get("SuspendedState", {}),
        }
        assert 0 <= held["MinCapacity"] <= held["MaxCapacity"]
        self.tags.setdefault(arn, {}).update(Tags or {})
        if service := self.services.get(ResourceId.removeprefix("service/")):  # documented: moved into the range
            low, high = held["MinCapacity"], held["MaxCapacity"]
            service["desiredCount"] = min(high, max(low, service["desiredCount"]))
        return {}

    def _deregister_scalable_target(self, *, ResourceId: str, **_: Any) -> Any:  # noqa: N803
        self._need(ResourceId)
        self.tags.pop(self.targets.pop(ResourceId)["ScalableTargetARN"])
        self.policies.pop(ResourceId, None)
        self.actions.pop(ResourceId, None)
        return {}

    def _list_tags_for_resource(self, *, ResourceARN: str) -> Any:  # noqa: N803
        if ResourceARN.startswith("arn:alarm:"):
            return {"Tags": self.alarm_tags[ResourceARN.removeprefix("arn:alarm:")]}
        return {"Tags": self.tags[ResourceARN]}

    def _describe_scaling_policies(self, *, ResourceId: str, **_: Any) -> Any:  # noqa: N803
        """A step policy lists the alarms whose actions name it."""
        found = self.policies.get(ResourceId, {}).values()
        return {"ScalingPolicies": [p | {"Alarms": self.alarms_naming(p["PolicyARN"])} for p in found]}

    def _put_scaling_policy(self, *, ResourceId: str, PolicyName: str, **fields: Any) -> Any:  # noqa: N803
        self._need(ResourceId)
        kept = {key: value for key, value in fields.items() if key not in _NOT_KEPT}
        policies = self.policies.setdefault(ResourceId, {})
        arn = policies[PolicyName]["PolicyARN"] if PolicyName in policies else self._new_arn(PolicyName)
        held = {"ResourceId": ResourceId, "PolicyName": PolicyName, "PolicyARN": arn, **kept}
        metrics = [_metric(p) for name, p in policies.items() if name != PolicyName]
        if _metric(held) is not None and _metric(held) in metrics:
            raise refused("ValidationException", "Only one policy for a metric", "PutScalingPolicy")
        policies[PolicyName] = held
        return {"PolicyARN": arn}

    def _new_arn(self, name: str) -> str:
        """AWS chooses another each time that a policy is made."""
        self.arns += 1
        return f"arn:aws:autoscaling:us-east-1:1:scalingPolicy:{self.arns}:policyName/{name}"

    def _delete_scaling_policy(self, *, ResourceId: str, PolicyName: str, **_: Any) -> Any:  # noqa: N803
        if self.policies.get(ResourceId, {}).pop(PolicyName, None) is None:
            raise refused("ObjectNotFoundException", "No scaling policy", "DeleteScalingPolicy")
        return {}

    def _describe_scheduled_actions(self, *, ResourceId: str, **_: Any) -> Any:  # noqa: N803
        return {"ScheduledActions": list(self.actions.get(ResourceId, {}).values())}

    def _put_scheduled_action(self, *, ResourceId: str, ScheduledActionName: str, **fields: Any) -> Any:  # noqa: N803
        """Instants that are not named are taken away; all else that is not named stays."""
        self._need(ResourceId)
        actions = self.actions.setdefault(ResourceId, {})
        held = actions.get(ScheduledActionName, {})
        kept = {key: value for key, value in held.items() if key not in ("StartTime", "EndTime")}
        given = {key: _instant(value) for key, value in fields.items() if key not in _NOT_KEPT}
        named = {"ResourceId": ResourceId, "ScheduledActionName": ScheduledActionName}
        actions[ScheduledActionName] = {**kept, **named, **given}
        return {}

    def _delete_scheduled_action(self, *, ResourceId: str, ScheduledActionName: str, **_: Any) -> Any:  # noqa: N803
        if self.actions.get(ResourceId, {}).pop(ScheduledActionName, None) is None:
            raise refused("ObjectNotFoundException", "No scheduled action", "DeleteScheduledAction")
        return {}

    def _need(self, resource: str) -> None:
        if resource not in self.targets:
            raise refused("ObjectNotFoundException", "No scalable target", "PutScalingPolicy")


def _instant(value: Any) -> Any:
    """As boto3 hands it out, whichever way it was given."""
    return datetime.fromisoformat(value) if isinstance(value, str) and value[:2] == "20" else value


def _metric(policy: dict[str, Any]) -> Any:
    return policy.get("TargetTrackingScalingPolicyConfiguration", {}).get("PredefinedMetricSpecification")
