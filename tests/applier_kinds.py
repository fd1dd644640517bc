"""A recommended change of each kind, for the applier's tests."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from applier_rich import BURST, CALM, CLOCK, DAY, NIGHT, PAGER, RESOURCE, TRACKING, fixed, rich, stepped
from applier_world import World, advice_for, make_service, review_of

from advisor.applier import make_plan
from advisor.domain.inventory import Service
from advisor.domain.plan import Plan
from advisor.domain.policy import PredictiveScaling, StepScaling, TargetTracking
from advisor.domain.service import Setup, TaskSize


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A service, the setup recommended for it, the steps of the plan, and what must stand afterwards."""

    service: Callable[[World], Service]
    wanted: Callable[[Setup], Setup]
    steps: list[str]
    check: Callable[[World], None]


def plan_of_kind(world: World, kind: Kind) -> Plan:
    service = kind.service(world)
    plan = make_plan(
        review_of(advice_for(service, kind.wanted(service.setup))), [service], made_at=CLOCK, made_from="review.json"
    )
    assert plan.not_planned == ()
    return plan


def _config(world: World, name: str) -> Any:
    policy = world.policies[RESOURCE][name]
    return policy[f"{policy['PolicyType']}PolicyConfiguration"]


def _check_numbers(world: World) -> None:
    assert _config(world, "cpu70")["TargetValue"] == 55.0
    assert _config(world, "burst") == {
        "AdjustmentType": "ChangeInCapacity",
        "StepAdjustments": [{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 3}],
        "Cooldown": 60,
        "MetricAggregationType": "Maximum",
    }
    forecast = _config(world, "forecast")
    pair = {"PredefinedMetricType": "ECSServiceCPUUtilization"}
    assert forecast["MetricSpecifications"] == [{"TargetValue": 50.0, "PredefinedMetricPairSpecification": pair}]
    assert forecast["Mode"] == "ForecastAndScale"
    assert "MaxCapacityBuffer" not in forecast
    day = world.actions[RESOURCE]["day"]
    assert (day["ScalableTargetAction"], day["EndTime"].year) == ({"MinCapacity": 5}, 2030)


def _numbers(setup: Setup) -> Setup:
    return replace(
        setup,
        policies=(
            TargetTracking(metric="cpu", target=55.0),
            replace(
                BURST,
                adjustment_type="ChangeInCapacity",
                steps=((0.0, None, 3),),
                cooldown=60,
                min_adjustment_magnitude=0,
            ),
            PredictiveScaling(metric="cpu", target=50.0, mode="ForecastAndScale"),
        ),
        schedule=(replace(DAY, minimum=5), NIGHT),
    )


def _check_added(world: World) -> None:
    tracked = _config(world, "advisor-memory-tracking")
    assert tracked["PredefinedMetricSpecification"] == {"PredefinedMetricType": "ECSServiceAverageMemoryUtilization"}
    assert _config(world, "advisor-cpu-forecast")["Mode"] == "ForecastAndScale"
    assert [a["ScalableTargetAction"] for a in world.actions[RESOURCE].values()] == [{"MinCapacity": 6}]
    assert "Timezone" in next(iter(world.actions[RESOURCE].values()))


def _added(setup: Setup) -> Setup:
    memory = TargetTracking(metric="memory", target=65.0)
    forecast = PredictiveScaling(metric="cpu", target=50.0, mode="ForecastAndScale")
    return replace(setup, minimum=1, policies=(*setup.policies, memory, forecast), schedule=(DAY,))


def _check_swapped(world: World) -> None:
    assert set(world.policies[RESOURCE]) == {"advisor-memory-tracking"}
    assert RESOURCE not in {i for i, actions in world.actions.items() if actions}
    target = world.targets[RESOURCE]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (1, 12)


def _check_scaled(world: World) -> None:
    assert (world.targets[RESOURCE]["MinCapacity"], world.targets[RESOURCE]["MaxCapacity"]) == (1, 12)
    assert world.services["prod/checkout"]["desiredCount"] == 8  # half the size: twice the tasks to start from
    assert set(world.policies[RESOURCE]) == {"advisor-cpu-tracking"}


def _scaled(setup: Setup) -> Setup:
    return replace(setup, size=TaskSize.of(vcpu=0.5, gib=1), minimum=1, maximum=12, policies=(TRACKING,))


def _check_fixed(world: World) -> None:
    assert (RESOURCE in world.targets, RESOURCE in world.policies) == (False, False)
    assert world.services["prod/checkout"]["desiredCount"] == 3


def _fixed(setup: Setup) -> Setup:
    bare = replace(setup, size=TaskSize.of(vcpu=0.5, gib=1), desired=3)
    return replace(bare, minimum=None, maximum=None, policies=(), schedule=())


def _check_floor(world: World) -> None:
    assert world.targets[RESOURCE]["MinCapacity"] == 3
    assert set(world.actions[RESOURCE]) == {"day", "night"}


def _check_tracked(world: World) -> None:
    assert set(world.policies[RESOURCE]) == {"advisor-cpu-tracking"}
    assert {name: alarm["AlarmActions"] for name, alarm in world.alarms.items()} == {"cold": [PAGER]}


SURGES = (
    StepScaling(metric="cpu", direction="out", threshold=69.5, points=1, steps=((0.0, 10.0, 2), (10.0, None, 4))),
    StepScaling(metric="cpu", direction="out", threshold=99.0, points=1, steps=((0.0, None, 9),)),
    StepScaling(metric="memory", direction="in", threshold=30.0, points=15, steps=((None, 0.0, -1),)),
)


def _check_surges(world: World) -> None:
    policies = {f"{metric}-steps-{way}" for metric, way in (("cpu", "out"), ("cpu", "out-2"), ("memory", "in"))}
    assert set(world.policies[RESOURCE]) == {"cpu70", *(f"advisor-{name}" for name in policies)}
    assert set(world.alarms) == {f"advisor-service/prod/checkout/advisor-{name}" for name in policies}
    alarm = world.alarms["advisor-service/prod/checkout/advisor-memory-steps-in"]
    expected = {
        "Namespace": "AWS/ECS",
        "MetricName": "MemoryUtilization",
        "Dimensions": [{"Name": "ClusterName", "Value": "prod"}, {"Name": "ServiceName", "Value": "checkout"}],
        "Statistic": "Average",
        "Period": 60,
        "EvaluationPeriods": 15,
        "DatapointsToAlarm": 15,
        "Threshold": 30.0,
        "ComparisonOperator": "LessThanOrEqualToThreshold",
        "TreatMissingData": "missing",
        "AlarmActions": [world.policies[RESOURCE]["advisor-memory-steps-in"]["PolicyARN"]],
    }
    assert expected.items() <= alarm.items()


def _check_moved(world: World) -> None:
    hot, cold = world.alarms["hot"], world.alarms["cold"]
    assert (hot["Threshold"], hot["EvaluationPeriods"], hot["DatapointsToAlarm"]) == (65.0, 1, 1)
    kept = {"Unit": "Percent", "TreatMissingData": "notBreaching", "AlarmDescription": "paged at night"}
    assert kept.items() <= hot.items()
    assert (cold["Threshold"], cold["OKActions"], len(cold["AlarmActions"])) == (25.0, [PAGER], 2)


KINDS: dict[str, Kind] = {
    "numbers of every kind": Kind(
        service=rich,
        wanted=_numbers,
        steps=[
            "put-scheduled-action",
            "register-scalable-target",
            "put-scaling-policy",
            "put-scaling-policy",
            "put-scaling-policy",
            "register-scalable-target",
        ],
        check=_check_numbers,
    ),
    "policies and a schedule added": Kind(
        service=make_service,
        wanted=_added,
        steps=[
            "put-scheduled-action",
            "register-scalable-target",
            "put-scaling-policy",
            "put-scaling-policy",
            "register-scalable-target",
        ],
        check=_check_added,
    ),
    "schedule taken away": Kind(
        service=rich,
        wanted=lambda setup: replace(
            setup, minimum=1, maximum=12, policies=(TargetTracking(metric="memory", target=65.0),), schedule=()
        ),
        steps=[
            "delete-scheduled-action",
            "delete-scheduled-action",
            "register-scalable-target",
            "put-scaling-policy",
            "delete-alarms",
            "delete-scaling-policy",
            "delete-scaling-policy",
            "delete-scaling-policy",
            "register-scalable-target",
        ],
        check=_check_swapped,
    ),
    "fixed to scaled": Kind(
        service=fixed,
        wanted=_scaled,
        steps=[
            "register-task-definition",
            "register-scalable-target",
            "update-service",
            "put-scaling-policy",
            "register-scalable-target",
        ],
        check=_check_scaled,
    ),
    "scaled to fixed": Kind(
        service=rich,
        wanted=_fixed,
        steps=[
            "register-task-definition",
            "delete-scheduled-action",
            "delete-scheduled-action",
            "register-scalable-target",
            "update-service",
            "delete-alarms",
            "delete-scaling-policy",
            "delete-scaling-policy",
            "delete-scaling-policy",
            "deregister-scalable-target",
            "update-service",
        ],
        check=_check_fixed,
    ),
    "a new size under a schedule": Kind(
        service=rich,
        wanted=lambda setup: replace(setup, size=TaskSize.of(vcpu=0.5, gib=1)),
        steps=["register-task-definition", "update-service"],
        check=_check_floor,
    ),
    "steps give way to target tracking": Kind(
        service=stepped,
        wanted=lambda setup: replace(setup, policies=(TRACKING,)),
        steps=[
            "put-scaling-policy",
            "put-metric-alarm",
            "delete-alarms",
            "delete-scaling-policy",
            "delete-scaling-policy",
        ],
        check=_check_tracked,
    ),
    "steps added for surges": Kind(
        service=make_service,
        wanted=lambda setup: replace(setup, policies=(*setup.policies, *SURGES)),
        steps=["put-scaling-policy"] * 3 + ["put-metric-alarm"] * 3,
        check=_check_surges,
    ),
    "alarms moved": Kind(
        service=stepped,
        wanted=lambda setup: replace(
            setup, policies=(replace(BURST, threshold=65.0, points=1), replace(CALM, threshold=25.0))
        ),
        steps=["put-metric-alarm", "put-metric-alarm"],
        check=_check_moved,
    ),
}
