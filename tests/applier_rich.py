"""Services with every kind of scaling, for the applier's tests."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

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
    return recorded(service)


def recorded(service: Service) -> Service:
    """What a collection makes of `rich`."""
    assert service.scaling is not None
    alarm = Alarm(name="hot", period=60, datapoints=2, threshold=80.0, comparison="GreaterThanOrEqualToThreshold")
    scaling = replace(
        service.scaling,
        minimum=3,
        scale_in_suspended=True,
        policies=(
            *service.scaling.policies,
            NamedPolicy(name="burst", arn="arn:burst", policy=BURST, alarms=(alarm,)),
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


def without_steps(world: World) -> Service:
    """As `rich`, without the step policy: all of it can go and come back."""
    service = rich(world)
    assert service.scaling is not None
    world.policies[RESOURCE].pop("burst")
    named = tuple(entry for entry in service.scaling.policies if entry.name != "burst")
    setup = replace(service.setup, policies=(TRACKING, FORECAST))
    return replace(service, scaling=replace(service.scaling, policies=named), setup=setup)


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
    world.policies[RESOURCE]["burst"]["Alarms"] = [{"AlarmName": "hot"}]
    world.alarms["hot"] = {
        "AlarmName": "hot",
        "Period": 60,
        "EvaluationPeriods": 2,
        "Threshold": 80.0,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    }
