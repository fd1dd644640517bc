"""One scaled and one fixed service on the local AWS, over HTTP, for the applier's tests."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from applier_world import advice_for, definition_request, review_of, smaller

from advisor.applier import apply_plan, make_plan, undo
from advisor.collector import client_for, collect_inventory, open_sessions
from advisor.demo.aws.wire import ACCOUNT, LocalAws
from advisor.domain.inventory import Service
from advisor.domain.plan import Plan
from advisor.domain.service import Setup

REGION = "us-east-1"
RESOURCE = {
    "ServiceNamespace": "ecs",
    "ResourceId": "service/prod/checkout",
    "ScalableDimension": "ecs:service:DesiredCount",
}


class Fleet:
    """One scaled and one fixed service on the local AWS, and short words to walk them through the applier."""

    def __init__(self, aws: LocalAws, folder: Path) -> None:
        self.aws, self.journal = aws, folder / "plan.journal"
        self.ecs("CreateCluster", clusterName="prod", capacityProviders=["FARGATE", "FARGATE_SPOT"])
        for name in ("checkout", "cart"):
            self.ecs("RegisterTaskDefinition", **definition_request(family=name))
            self.ecs("CreateService", **service_request(name))
        self.scaling("RegisterScalableTarget", **RESOURCE, MinCapacity=2, MaxCapacity=10)
        self.scaling(
            "PutScalingPolicy",
            **RESOURCE,
            PolicyName="cpu70",
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration={
                "TargetValue": 70.0,
                "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
            },
        )
        self.sessions = open_sessions(profile=None, role_arns=())
        self.client: Callable[[str, str, str], Any] = client_for(
            open_sessions(profile=None, role_arns=(), policy="apply")
        )

    def ecs(self, action: str, **params: Any) -> dict[str, Any]:
        return self.aws.call("ecs", action, account=ACCOUNT, region=REGION, **params)

    def scaling(self, action: str, **params: Any) -> dict[str, Any]:
        return self.aws.call("application-autoscaling", action, account=ACCOUNT, region=REGION, **params)

    def plan(self, wanted: Callable[[Service], Setup] = smaller) -> Plan:
        found = collect_inventory(self.sessions[0], REGION, now=datetime.now(UTC))
        assert found.skipped == ()
        review = review_of(*(advice_for(s, wanted(s)) for s in found.services))
        return make_plan(review, found.services, made_at=datetime.now(UTC), made_from="review.json")

    def apply(self, plan: Plan) -> Any:
        return apply_plan(plan, self.client, journal=self.journal, now=lambda: datetime.now(UTC), poll_seconds=0.01)

    def undo(self) -> Any:
        return undo(self.journal, self.client, now=lambda: datetime.now(UTC), poll_seconds=0.01)

    def state(self) -> dict[str, Any]:
        """What undo must restore: revision and count of each service, latest of each family, scaling."""
        services = self.ecs("DescribeServices", cluster="prod", services=["checkout", "cart"])["services"]
        target = self.scaling("DescribeScalableTargets", ServiceNamespace="ecs")["ScalableTargets"][0]
        policy = self.scaling("DescribeScalingPolicies", ServiceNamespace="ecs")["ScalingPolicies"][0]
        latest = [self.definition(name)["taskDefinitionArn"] for name in ("checkout", "cart")]
        return {
            "services": [(s["serviceName"], s["taskDefinition"]) for s in services],
            "cart": next(s["desiredCount"] for s in services if s["serviceName"] == "cart"),
            "latest": latest,
            "bounds": (target["MinCapacity"], target["MaxCapacity"]),
            "policy": policy["TargetTrackingScalingPolicyConfiguration"],
        }

    def definition(self, name: str) -> dict[str, Any]:
        answer = self.ecs("DescribeTaskDefinition", taskDefinition=name, include=["TAGS"])
        return {**answer["taskDefinition"], "tags": answer["tags"]}


def service_request(name: str) -> dict[str, Any]:
    network = {"subnets": ["subnet-1"], "securityGroups": ["sg-1"]}
    return {
        "cluster": "prod",
        "serviceName": name,
        "taskDefinition": name,
        "desiredCount": 4,
        "launchType": "FARGATE",
        "networkConfiguration": {"awsvpcConfiguration": network},
        "tags": [{"key": "team", "value": "shop"}],
    }


CPU, LABEL = "ECSServiceAverageCPUUtilization", "app/lb/1/targetgroup/tg/2"
TRACKED = (
    {"PredefinedMetricType": "ALBRequestCountPerTarget", "ResourceLabel": LABEL},
    {"PredefinedMetricType": "ECSServiceAverageMemoryUtilizationHighResolution"},
)
STEPS = {
    "AdjustmentType": "PercentChangeInCapacity",
    "StepAdjustments": [
        {"MetricIntervalLowerBound": 0.0, "MetricIntervalUpperBound": 10.0, "ScalingAdjustment": 20},
        {"MetricIntervalLowerBound": 10.0, "ScalingAdjustment": 50},
    ],
    "MinAdjustmentMagnitude": 2,
}
PREDICTIVE = {
    "MetricSpecifications": [
        {
            "TargetValue": 60.0,
            "PredefinedMetricPairSpecification": {"PredefinedMetricType": "ECSServiceCPUUtilization"},
        }
    ],
    "Mode": "ForecastAndScale",
}


def put_every_policy(fleet: Fleet) -> None:
    """A policy of each kind, a schedule and a suspension on one service; an alarm on the step policy."""
    for number, metric in enumerate(TRACKED):
        config = {"TargetValue": 50.5, "PredefinedMetricSpecification": metric, "DisableScaleIn": True}
        put_policy(fleet, f"tracking{number}", "TargetTrackingScaling", TargetTrackingScalingPolicyConfiguration=config)
    custom = {"Namespace": "Shop", "MetricName": "Queue", "Statistic": "Average"}
    config = {"TargetValue": 5.0, "CustomizedMetricSpecification": custom}
    put_policy(fleet, "custom", "TargetTrackingScaling", TargetTrackingScalingPolicyConfiguration=config)
    put_policy(fleet, "forecast", "PredictiveScaling", PredictiveScalingPolicyConfiguration=PREDICTIVE)
    arn = put_policy(fleet, "burst", "StepScaling", StepScalingPolicyConfiguration=STEPS)["PolicyARN"]
    put_alarm(fleet, arn, threshold=80.0)
    bounds = {"ScalableTargetAction": {"MinCapacity": 4}, "Timezone": "Asia/Tokyo"}
    fleet.scaling("PutScheduledAction", **RESOURCE, ScheduledActionName="day", Schedule="cron(0 8 * * ? *)", **bounds)
    fleet.scaling("RegisterScalableTarget", **RESOURCE, SuspendedState={"DynamicScalingInSuspended": True})
    mix = [
        {"capacityProvider": "FARGATE", "base": 1, "weight": 1},
        {"capacityProvider": "FARGATE_SPOT", "weight": 3},
    ]
    fleet.ecs("UpdateService", cluster="prod", service="cart", capacityProviderStrategy=mix)


def put_policy(fleet: Fleet, name: str, kind: str, **config: Any) -> dict[str, Any]:
    return fleet.scaling("PutScalingPolicy", **RESOURCE, PolicyName=name, PolicyType=kind, **config)


def put_alarm(
    fleet: Fleet,
    arn: str,
    *,
    threshold: float,
    name: str = "hot",
    comparison: str = "GreaterThanOrEqualToThreshold",
    also: str | None = None,
) -> None:
    """An alarm of a step policy, with tags; it also tells `also`."""
    others = [also] if also else []
    fleet.client(ACCOUNT, "cloudwatch", REGION).put_metric_alarm(
        AlarmName=name,
        Namespace="AWS/ECS",
        MetricName="CPUUtilization",
        Dimensions=[{"Name": "ClusterName", "Value": "prod"}, {"Name": "ServiceName", "Value": "checkout"}],
        Statistic="Average",
        Period=60,
        EvaluationPeriods=2,
        Threshold=threshold,
        ComparisonOperator=comparison,
        TreatMissingData="notBreaching",
        AlarmActions=[*others, arn],
        OKActions=others,
        Tags=[{"Key": "team", "Value": "shop"}],
    )
