"""Each correction of Application Auto Scaling is still needed: moto alone, asked the same, is still wrong.

A test here that fails is good news: moto has learned what AWS does, and the correction may go.
"""

from collections.abc import Callable
from typing import Any

import pytest
from control_tools import NOW, SCALING, TARGET, Control, definition, service, tracking

from advisor.demo.aws.wire import AwsError


class Moto:
    """moto alone, with a service that may be scaled, and a policy of it."""

    def __init__(self) -> None:
        self.control = Control()
        self.control.moto("ecs", "CreateCluster", clusterName="prod")
        self.control.moto("ecs", "RegisterTaskDefinition", **definition(family="web"))
        self.control.moto("ecs", "CreateService", **service(networkConfiguration=None))
        self.register()
        self.first = self.put("cpu")

    def ask(self, _action: str, **params: Any) -> dict[str, Any]:
        return self.control.moto(SCALING, _action, **({"ServiceNamespace": "ecs"} | params))

    def register(self, **changed: Any) -> None:
        self.ask("RegisterScalableTarget", **(TARGET | {"MinCapacity": 1, "MaxCapacity": 9} | changed))

    def put(self, name: str, **params: Any) -> dict[str, Any]:
        return self.ask("PutScalingPolicy", **TARGET, PolicyName=name, **(params or tracking()))

    def policies(self, **params: Any) -> list[str]:
        held = self.ask("DescribeScalingPolicies", **params)["ScalingPolicies"]
        return [policy["PolicyName"] for policy in held]

    def alarms(self) -> list[dict[str, Any]]:
        return list(self.control.moto("cloudwatch", "DescribeAlarms")["MetricAlarms"])

    def takes(self, _action: str, **params: Any) -> bool:
        try:
            self.ask(_action, **params)
        except AwsError:
            return False
        return True

    def has(self, _action: str, **params: Any) -> bool:
        """Whether moto knows the action at all."""
        try:
            self.ask(_action, **params)
        except AwsError as error:
            return error.code != "UnknownOperationException"
        return True


def changes_the_arn(moto: Moto) -> bool:
    return bool(moto.put("cpu")["PolicyARN"] != moto.first["PolicyARN"])


def leaks_alarms(moto: Moto) -> bool:
    before = len(moto.alarms())
    moto.put("cpu")
    return len(moto.alarms()) > before


def keeps_policies_of_a_deregistered_target(moto: Moto) -> bool:
    moto.ask("DeregisterScalableTarget", **TARGET)
    return bool(moto.policies())


def repeats_a_token(moto: Moto) -> bool:
    for number in range(110):
        moto.control.moto("ecs", "CreateService", **service(serviceName=f"s{number}", networkConfiguration=None))
        moto.register(ResourceId=f"service/prod/s{number}")
    first = moto.ask("DescribeScalableTargets")["NextToken"]
    return bool(moto.ask("DescribeScalableTargets", NextToken=first)["NextToken"] == first)


def pages_no_policies(moto: Moto) -> bool:
    for number in range(12):
        moto.put(f"p{number}")
    return len(moto.policies()) > 10


STILL_WRONG: dict[str, Callable[[Moto], bool]] = {
    "takes a minimum above the maximum": lambda moto: moto.takes(
        "RegisterScalableTarget", **TARGET, MinCapacity=9, MaxCapacity=2
    ),
    "takes a policy without a target": lambda moto: moto.takes(
        "PutScalingPolicy", **TARGET | {"ResourceId": "service/prod/gone"}, PolicyName="p", **tracking()
    ),
    "takes two policies of one metric": lambda moto: bool(moto.put("another")),
    "knows no predictive scaling": lambda moto: (
        not moto.takes(
            "PutScalingPolicy",
            **TARGET,
            PolicyName="p",
            PolicyType="PredictiveScaling",
            PredictiveScalingPolicyConfiguration={"MetricSpecifications": [{"TargetValue": 60.0}]},
        )
    ),
    "invents thresholds": lambda moto: {alarm["Threshold"] for alarm in moto.alarms()} != {70.0, 63.0},
    "changes the ARN of a policy": changes_the_arn,
    "leaks alarms": leaks_alarms,
    "ignores policy names": lambda moto: moto.policies(PolicyNames=["gone"]) == ["cpu"],
    "matches parts of a resource": lambda moto: moto.policies(ResourceId="service/prod/api-v2") == ["cpu"],
    "keeps policies of a deregistered target": keeps_policies_of_a_deregistered_target,
    "repeats a token": repeats_a_token,
    "pages no policies": pages_no_policies,
    "takes any schedule": lambda moto: moto.takes(
        "PutScheduledAction",
        **TARGET,
        ScheduledActionName="night",
        Schedule="banana",
        ScalableTargetAction={"MinCapacity": 0},
    ),
    "has no activities": lambda moto: not moto.has("DescribeScalingActivities"),
    "has no tags": lambda moto: not moto.has("ListTagsForResource", ResourceARN="arn"),
    "has no forecasts": lambda moto: (
        not moto.has("GetPredictiveScalingForecast", **TARGET, PolicyName="cpu", StartTime=NOW, EndTime=NOW)
    ),
}


@pytest.mark.parametrize("fault", sorted(STILL_WRONG))
def test_moto_still(fault: str) -> None:
    assert STILL_WRONG[fault](Moto()), f"moto no longer {fault}: the correction may go"
