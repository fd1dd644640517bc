"""Collect, plan, apply, undo over HTTP against the local AWS, with botocore's parsers and validators between."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from applier_world import SECRETS, advice_for, definition_request, review_of, smaller

from advisor.applier import apply_plan, make_plan, undo
from advisor.applier.aws import Aws
from advisor.applier.description import describe, differences
from advisor.applier.live import read_live
from advisor.codec import to_json
from advisor.collector import client_for, collect_inventory, open_sessions
from advisor.demo.aws.wire import ACCOUNT, AwsError, Call, LocalAws
from advisor.domain.errors import ApplyFailed, ApplyRefused
from advisor.domain.plan import Plan

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
        self.client: Callable[[str, str, str], Any] = client_for(self.sessions)

    def ecs(self, action: str, **params: Any) -> dict[str, Any]:
        return self.aws.call("ecs", action, account=ACCOUNT, region=REGION, **params)

    def scaling(self, action: str, **params: Any) -> dict[str, Any]:
        return self.aws.call("application-autoscaling", action, account=ACCOUNT, region=REGION, **params)

    def plan(self) -> Plan:
        found = collect_inventory(self.sessions[0], REGION, now=datetime.now(UTC))
        assert found.skipped == ()
        review = review_of(*(advice_for(s, smaller(s)) for s in found.services))
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


@pytest.fixture
def fleet(local_aws: LocalAws, endpoint: str, tmp_path: Path) -> Fleet:
    assert endpoint
    return Fleet(local_aws, tmp_path)


def test_the_server_holds_the_recommended_revision_and_policy_then_what_it_held_before(fleet: Fleet) -> None:
    before, plan = fleet.state(), fleet.plan()
    assert (len(plan.changes), plan.not_planned) == (2, ())
    applied = fleet.apply(plan)
    held = fleet.state()
    assert [arn.rpartition(":")[2] for _, arn in held["services"]] == ["2", "2"]
    assert held["bounds"] == (1, 10)
    assert (held["policy"]["TargetValue"], held["policy"]["ScaleOutCooldown"]) == (55.0, 60)
    assert not any(done.rolling for done in applied.changes)
    fleet.undo()
    assert fleet.state() == before


def test_every_field_but_the_size_is_carried_over_tags_too(fleet: Fleet) -> None:
    old = fleet.definition("checkout")
    fleet.apply(fleet.plan())
    new = fleet.definition("checkout")
    own = {"taskDefinitionArn", "revision", "registeredAt", "cpu", "memory", "containerDefinitions"}
    assert {k: v for k, v in new.items() if k not in own} == {k: v for k, v in old.items() if k not in own}
    assert (new["cpu"], new["memory"]) == ("512", "1024")
    assert new["containerDefinitions"] == [{**old["containerDefinitions"][0], "cpu": 512, "memory": 1024}]


def test_what_was_collected_is_what_apply_reads(fleet: Fleet) -> None:
    for change in fleet.plan().changes:
        assert read_live(Aws(fleet.client, change.id)).description == change.expects


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


def put_alarm(fleet: Fleet, arn: str, *, threshold: float) -> None:
    fleet.client(ACCOUNT, "cloudwatch", REGION).put_metric_alarm(
        AlarmName="hot",
        Namespace="AWS/ECS",
        MetricName="CPUUtilization",
        Dimensions=[{"Name": "ClusterName", "Value": "prod"}, {"Name": "ServiceName", "Value": "checkout"}],
        Statistic="Average",
        Period=60,
        EvaluationPeriods=2,
        Threshold=threshold,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        AlarmActions=[arn],
    )


def test_every_kind_of_policy_reads_as_it_was_collected(fleet: Fleet) -> None:
    put_every_policy(fleet)
    for service in collect_inventory(fleet.sessions[0], REGION, now=datetime.now(UTC)).services:
        live = read_live(Aws(fleet.client, service.id)).description
        assert list(differences(describe(service), live)) == []
        assert len(live["policies"]) == (6 if service.scaling else 0)


def test_a_step_alarm_moved_by_hand_is_named(fleet: Fleet) -> None:
    put_every_policy(fleet)
    found = collect_inventory(fleet.sessions[0], REGION, now=datetime.now(UTC)).services
    scaled = next(service for service in found if service.scaling)
    arn = next(policy.arn for policy in scaled.scaling.policies if policy.name == "burst")  # type: ignore[union-attr]
    put_alarm(fleet, arn, threshold=90.0)
    live = read_live(Aws(fleet.client, scaled.id)).description
    expected = ["policies.burst.alarms.hot.threshold: expected 80.0, live 90.0"]
    assert list(differences(describe(scaled), live)) == expected


def test_a_hand_change_refuses_over_http_too(fleet: Fleet) -> None:
    plan = fleet.plan()
    fleet.scaling("RegisterScalableTarget", **RESOURCE, MinCapacity=3, MaxCapacity=10)
    fleet.ecs("UpdateService", cluster="prod", service="cart", desiredCount=5)
    held = fleet.state()
    with pytest.raises(ApplyRefused) as error:
        fleet.apply(plan)
    assert "desired_count: expected 4, live 5" in str(error.value)
    assert "scalable_target.minimum: expected 2, live 3" in str(error.value)
    assert (fleet.state(), fleet.journal.exists()) == (held, False)


def test_a_rollout_is_waited_for(fleet: Fleet) -> None:
    plan = fleet.plan()
    fleet.aws.state("ecs", ACCOUNT, REGION)["deployment_seconds"] = 0.2
    applied = fleet.apply(plan)
    assert [done.rolling for done in applied.changes] == [False, False]


@pytest.mark.parametrize("action", ["RegisterTaskDefinition", "UpdateService", "PutScalingPolicy"])
def test_a_call_that_aws_refuses_is_rolled_back_over_http(fleet: Fleet, action: str) -> None:
    before, plan = fleet.state(), fleet.plan()
    scaled = replace(plan, changes=tuple(c for c in plan.changes if c.id.name == "checkout"))
    left = [1]

    def deny(call: Call) -> None:
        if call.action == action and left:
            left.pop()
            raise AwsError("AccessDeniedException", f"not authorized: {call.params}")

    fleet.aws.before.append(deny)
    with pytest.raises(ApplyFailed, match=r"AccessDeniedException.*Rolled back: it stands as before"):
        fleet.apply(scaled)
    assert fleet.state() == before


def test_no_secret_leaves_by_file_error_or_log(
    fleet: Fleet, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level("INFO")
    plan = fleet.plan()
    (tmp_path / "plan.json").write_text(to_json(plan), encoding="utf-8")
    fleet.apply(plan)
    fleet.undo()
    fleet.aws.before.append(quote_the_request)
    fleet.journal = tmp_path / "second.journal"
    with pytest.raises(ApplyFailed) as failed:
        fleet.apply(plan)
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    said = str(failed.value) + caplog.text + "".join(capfd.readouterr())
    assert written
    assert not [secret for secret in SECRETS if secret.encode() in written or secret in said]


def quote_the_request(call: Call) -> None:
    if call.action == "RegisterTaskDefinition":
        raise AwsError("ClientException", f"Invalid request: {call.params}")


def test_apply_and_undo_ask_only_for_the_rights_that_the_manual_names(fleet: Fleet) -> None:
    plan, asked = fleet.plan(), set[str]()
    fleet.aws.before.append(lambda call: asked.add(f"{call.service}:{call.action}"))
    fleet.apply(plan)
    fleet.undo()
    manual = (Path(__file__).parents[2] / "docs" / "applying.md").read_text(encoding="utf-8")
    assert not {right for right in asked if f'"{right}"' not in manual}
