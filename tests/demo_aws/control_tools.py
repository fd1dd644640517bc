"""A local control plane whose clock is turned by hand, with one cluster and two sizes of one task definition."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from shapes import assert_shape

from advisor.demo.aws.wire import ACCOUNT, AwsError, Call, LocalAws

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
REGION = "us-east-1"
NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"], "assignPublicIp": "DISABLED"}}
TARGET = {
    "ServiceNamespace": "ecs",
    "ResourceId": "service/prod/api",
    "ScalableDimension": "ecs:service:DesiredCount",
}
SCALING = "application-autoscaling"


class Control:
    """The local AWS; every answer of `ecs`, `scaling` and `cloudwatch` fits botocore's model."""

    def __init__(self) -> None:
        self.now = NOW
        self.aws = LocalAws(clock=lambda: self.now)

    def ask(self, _service: str, _action: str, **params: Any) -> dict[str, Any]:
        answer = self.aws.call(_service, _action, account=ACCOUNT, region=REGION, **params)
        assert_shape(_service, _action, answer)
        return answer

    def ecs(self, _action: str, **params: Any) -> dict[str, Any]:
        return self.ask("ecs", _action, **params)

    def scaling(self, _action: str, **params: Any) -> dict[str, Any]:
        return self.ask(SCALING, _action, **({"ServiceNamespace": "ecs"} | params))

    def moto(self, _service: str, _action: str, **params: Any) -> dict[str, Any]:
        """What moto alone answers."""
        return self.aws.moto(Call(service=_service, action=_action, account=ACCOUNT, region=REGION, params=params))

    def later(self, **duration: float) -> None:
        self.now += timedelta(**duration)

    @property
    def state(self) -> dict[str, Any]:
        return self.aws.state("ecs", ACCOUNT, REGION)

    def cluster(self, name: str = "prod", **params: Any) -> None:
        self.ecs("CreateCluster", clusterName=name, **({"capacityProviders": ["FARGATE", "FARGATE_SPOT"]} | params))

    def define(self, family: str = "web", **params: Any) -> str:
        """Register a revision; its ARN."""
        answer = self.ecs("RegisterTaskDefinition", **definition(family=family, **params))
        return str(answer["taskDefinition"]["taskDefinitionArn"])

    def create(self, name: str = "api", **params: Any) -> dict[str, Any]:
        """Create a service on Fargate, two tasks of `web`, unless changed."""
        return dict(self.ecs("CreateService", **service(serviceName=name, **params))["service"])

    def update(self, name: str = "api", **params: Any) -> dict[str, Any]:
        return dict(self.ecs("UpdateService", cluster="prod", service=name, **params)["service"])

    def service(self, name: str = "api") -> dict[str, Any]:
        return dict(self.ecs("DescribeServices", cluster="prod", services=[name], include=["TAGS"])["services"][0])

    def tasks(self, **params: Any) -> list[dict[str, Any]]:
        arns = self.ecs("ListTasks", cluster="prod", **params)["taskArns"]
        if not arns:
            return []
        return list(self.ecs("DescribeTasks", cluster="prod", tasks=arns, include=["TAGS"])["tasks"])

    def alarms(self) -> list[dict[str, Any]]:
        return list(self.ask("cloudwatch", "DescribeAlarms")["MetricAlarms"])


def definition(**changed: Any) -> dict[str, Any]:
    """A RegisterTaskDefinition request for 0.25 vCPU and 512 MiB."""
    whole = {
        "cpu": "256",
        "memory": "512",
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "containerDefinitions": [{"name": "app", "image": "app:1"}],
        **changed,
    }
    return {key: value for key, value in whole.items() if value is not None}


def service(**changed: Any) -> dict[str, Any]:
    """A CreateService request."""
    placed = {} if "capacityProviderStrategy" in changed else {"launchType": "FARGATE"}
    whole = {"cluster": "prod", "taskDefinition": "web", "desiredCount": 2, "networkConfiguration": NETWORK}
    whole |= placed | {"serviceName": "api"} | changed
    return {key: value for key, value in whole.items() if value is not None}


def tracking(target: float = 70.0, kind: str = "ECSServiceAverageCPUUtilization", **changed: Any) -> dict[str, Any]:
    """The parameters of a target tracking policy."""
    label = {"ResourceLabel": changed.pop("label")} if "label" in changed else {}
    metric = {"PredefinedMetricSpecification": {"PredefinedMetricType": kind} | label}
    configuration = {"TargetValue": target, **({} if "CustomizedMetricSpecification" in changed else metric), **changed}
    return {"PolicyType": "TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration": configuration}


def refused(code: str, match: str | None = None) -> Any:
    """Expect an AWS error of this code."""
    return pytest.raises(AwsError, match=match, check=lambda error: error.code == code)
