"""Services with every kind of scaling, for the applier's tests."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from applier_watching import STATES
from applier_world import NOW, World, make_service

from advisor.domain.inventory import Alarm, NamedPolicy, NamedSchedule, Service
from advisor.domain.policy import PredictiveScaling, ScheduledAction, StepScaling, TargetTracking

CLOCK = NOW
RESOURCE = "service/prod/checkout"
TRACKING = TargetTracking(metric="cpu", target=70.0)
BURST = StepScaling(
    metric="cpu",
    direction="out",
    threshold=80.0,
    points=2,
    adjustment_type="PercentChangeInCapacity",
    steps=((0.0, 10.0, 20), (10.0, None, 50)),
    cooldown=120,
    min_adjustment_magnitude=2,
)
CALM = StepScaling(metric="cpu", direction="in", threshold=20.0, points=2, steps=((None, 0.0, -1),))
PAGER = "arn:aws:sns:us-east-1:111122223333:pager"
FORECAST = PredictiveScaling(
    metric="cpu", target=60.0, max_capacity_breach="IncreaseMaxCapacity", max_capacity_buffer=9
)
DAY = ScheduledAction(expression="cron(0 8 * * ? *)", timezone="Asia/Tokyo", minimum=6)
NIGHT = ScheduledAction(expression="cron(0 21 * * ? *)", minimum=3)


def rich(world: World) -> Service:
    """Target tracking, steps on an alarm, a forecast and two scheduled actions with what no record holds."""
    service = make_service(world)
    world.targets[RESOURCE]["MinCapacity"] = 3
    world.targets[RESOURCE]["SuspendedState"] |= {"DynamicScalingInSuspended": True}
    world.tags["arn:target/service/prod/checkout"] = {"team": "shop"}
    _put_policies(world)
    world._put_scheduled_action(
        ResourceId=RESOURCE,
        ScheduledActionName="day",
        Schedule=DAY.expression,
        Timezone=DAY.timezone,
        StartTime=datetime(2026, 1, 1, tzinfo=UTC),
        EndTime=datetime(2030, 1, 1, tzinfo=UTC),
        ScalableTargetAction={"MinCapacity": 6},
    )
    world._put_scheduled_action(
        ResourceId=RESOURCE,
        ScheduledActionName="night",
        Schedule=NIGHT.expression,
        ScalableTargetAction={"MinCapacity": 3},
    )
    return recorded(world, service)


def recorded(world: World, service: Service) -> Service:
    """What a collection makes of `rich`."""
    assert service.scaling is not None
    actions = (world.policies[RESOURCE]["burst"]["PolicyARN"],)
    alarm = Alarm(
        name="hot",
        period=60,
        datapoints=2,
        threshold=80.0,
        comparison="GreaterThanOrEqualToThreshold",
        missing="notBreaching",
        actions=actions,
    )
    scaling = replace(
        service.scaling,
        minimum=3,
        scale_in_suspended=True,
        policies=(
            *service.scaling.policies,
            NamedPolicy(name="burst", arn=actions[0], policy=BURST, alarms=(alarm,)),
            NamedPolicy(name="forecast", arn="arn:forecast", policy=FORECAST),
        ),
        schedule=(
            NamedSchedule(
                name="day", action=DAY, start=datetime(2026, 1, 1, tzinfo=UTC), end=datetime(2030, 1, 1, tzinfo=UTC)
            ),
            NamedSchedule(name="night", action=NIGHT),
        ),
    )
    setup = replace(service.setup, minimum=3, policies=(TRACKING, BURST, FORECAST), schedule=(DAY, NIGHT))
    return replace(service, scaling=scaling, setup=setup)


def stepped(world: World) -> Service:
    """Steps out on `hot` and in on `cold`, which also tells somebody; no target tracking."""
    service = rich(world)
    assert service.scaling is not None
    world.policies[RESOURCE] = {"burst": world.policies[RESOURCE]["burst"]}
    world.actions.clear()
    out = service.scaling.policies[1]
    config = {"AdjustmentType": "ChangeInCapacity", "StepAdjustments": [{"MetricIntervalUpperBound": 0.0}]}
    config["StepAdjustments"][0] |= {"ScalingAdjustment": -1}  # type: ignore[index]
    kind = {"PolicyType": "StepScaling", "StepScalingPolicyConfiguration": config}
    arn = world._put_scaling_policy(ResourceId=RESOURCE, PolicyName="calm", **kind)["PolicyARN"]
    changed = {"Threshold": 20.0, "ComparisonOperator": "LessThanThreshold"}
    hot(world, name="cold", **changed, AlarmActions=[PAGER, arn], OKActions=[PAGER])
    alarm = replace(
        out.alarms[0], name="cold", threshold=20.0, comparison="LessThanThreshold", actions=tuple(sorted((arn, PAGER)))
    )
    calm = NamedPolicy(name="calm", arn=arn, policy=CALM, alarms=(alarm,))
    setup = replace(service.setup, policies=(BURST, CALM), schedule=())
    return replace(service, setup=setup, scaling=replace(service.scaling, policies=(out, calm), schedule=()))


def fixed(world: World) -> Service:
    return make_service(world, scaled=False)


def _put_policies(world: World) -> None:
    steps = {
        "AdjustmentType": "PercentChangeInCapacity",
        "StepAdjustments": [
            {"MetricIntervalLowerBound": 0.0, "MetricIntervalUpperBound": 10.0, "ScalingAdjustment": 20},
            {"MetricIntervalLowerBound": 10.0, "ScalingAdjustment": 50},
        ],
        "Cooldown": 120,
        "MinAdjustmentMagnitude": 2,
        "MetricAggregationType": "Maximum",
    }
    forecast = {
        "MetricSpecifications": [
            {
                "TargetValue": 60.0,
                "PredefinedMetricPairSpecification": {"PredefinedMetricType": "ECSServiceCPUUtilization"},
            }
        ],
        "MaxCapacityBreachBehavior": "IncreaseMaxCapacity",
        "MaxCapacityBuffer": 9,
    }
    for name, kind, config in (("burst", "StepScaling", steps), ("forecast", "PredictiveScaling", forecast)):
        own: dict[str, Any] = {f"{kind}PolicyConfiguration": config}
        world._put_scaling_policy(ResourceId=RESOURCE, PolicyName=name, PolicyType=kind, **own)
    hot(world, AlarmActions=[world.policies[RESOURCE]["burst"]["PolicyARN"]])


def hot(world: World, name: str = "hot", **changed: Any) -> None:
    """The alarm that a team made for a step policy, with what no record holds."""
    held = world.alarms.get(name, {})
    fields = {
        "AlarmDescription": "paged at night",
        "Namespace": "AWS/ECS",
        "MetricName": "CPUUtilization",
        "Dimensions": [{"Name": "ServiceName", "Value": "checkout"}, {"Name": "ClusterName", "Value": "prod"}],
        "Statistic": "Average",
        "Unit": "Percent",
        "Period": 60,
        "EvaluationPeriods": 2,
        "Threshold": 80.0,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "notBreaching",
        **{key: held[key] for key in STATES if key in held},
    }
    world._put_metric_alarm(AlarmName=name, Tags=[{"Key": "team", "Value": "shop"}], **fields | changed)
