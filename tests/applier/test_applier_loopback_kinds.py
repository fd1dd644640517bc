"""Every kind of scaling over HTTP against the local AWS: what it validates, what it forgets, what it gives back."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from applier_fleet import REGION, RESOURCE, Fleet, put_alarm, put_policy
from applier_kinds import SURGES
from applier_rich import DAY, FORECAST, NIGHT, PAGER
from applier_world import WRITES, Killed, smaller

from advisor.demo.aws.wire import ACCOUNT, AwsError, Call, LocalAws
from advisor.domain.errors import ApplyFailed
from advisor.domain.inventory import Service
from advisor.domain.plan import Plan
from advisor.domain.policy import PredictiveScaling, StepScaling, TargetTracking
from advisor.domain.service import Setup
from advisor.fargate.rights import actions

_MOVING = {"CreationTime", "PolicyARN", "ScheduledActionARN", "ScalableTargetARN", "Alarms"}


@pytest.fixture
def fleet(local_aws: LocalAws, endpoint: str, tmp_path: Path) -> Fleet:
    assert endpoint
    return Fleet(local_aws, tmp_path)


def scaling(fleet: Fleet) -> dict[str, Any]:
    """All of Application Auto Scaling and its alarms but what AWS makes anew: instants, ARNs and its own alarms."""
    found: dict[str, Any] = {}
    for kind in ("ScalableTargets", "ScalingPolicies", "ScheduledActions"):
        entries = fleet.scaling(f"Describe{kind}", ServiceNamespace="ecs")[kind]
        found[kind] = [{k: v for k, v in entry.items() if k not in _MOVING} for entry in entries]
    arns = [t["ScalableTargetARN"] for t in fleet.scaling("DescribeScalableTargets", ServiceNamespace="ecs")[KEY]]
    found["tags"] = [fleet.scaling("ListTagsForResource", ResourceARN=arn)["Tags"] for arn in arns]
    found["alarms"] = alarms(fleet)
    services = fleet.ecs("DescribeServices", cluster="prod", services=["checkout", "cart"])["services"]
    found["services"] = [(s["taskDefinition"], s["desiredCount"]) for s in services]
    return found


KEY = "ScalableTargets"


def alarms(fleet: Fleet) -> list[dict[str, Any]]:
    """The alarms of step policies with their tags; a policy's ARN by the policy's name."""
    watch = fleet.client(ACCOUNT, "cloudwatch", REGION)
    policies = fleet.scaling("DescribeScalingPolicies", ServiceNamespace="ecs")["ScalingPolicies"]
    names = {p["PolicyARN"]: p["PolicyName"] for p in policies}
    found = [a for a in watch.describe_alarms()["MetricAlarms"] if not a["AlarmName"].startswith("TargetTracking")]
    for alarm in found:
        alarm["AlarmActions"] = [names.get(arn, arn) for arn in alarm["AlarmActions"]]
        alarm["Tags"] = watch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]
    return [{k: v for k, v in alarm.items() if not k.endswith("Timestamp")} for alarm in found]


def put_the_rest(fleet: Fleet) -> None:
    """A forecast, steps out and in with their alarms, two scheduled actions, tags and a suspension."""
    config = {
        "MetricSpecifications": [
            {
                "TargetValue": 60.0,
                "PredefinedMetricPairSpecification": {"PredefinedMetricType": "ECSServiceCPUUtilization"},
            }
        ],
        "MaxCapacityBreachBehavior": "IncreaseMaxCapacity",
        "MaxCapacityBuffer": 9,
    }
    put_policy(fleet, "forecast", "PredictiveScaling", PredictiveScalingPolicyConfiguration=config)
    put_steps(fleet)
    until = {"StartTime": datetime(2026, 1, 1, tzinfo=UTC), "EndTime": datetime(2040, 1, 1, tzinfo=UTC)}
    for name, action, more in (("day", DAY, {"Timezone": DAY.timezone, **until}), ("night", NIGHT, {})):
        bounds = {"ScalableTargetAction": {"MinCapacity": action.minimum}}
        fleet.scaling(
            "PutScheduledAction", **RESOURCE, ScheduledActionName=name, Schedule=action.expression, **bounds, **more
        )
    fleet.scaling("RegisterScalableTarget", **RESOURCE, MinCapacity=3, Tags={"team": "shop"})
    fleet.scaling("RegisterScalableTarget", **RESOURCE, SuspendedState={"DynamicScalingInSuspended": True})


def put_steps(fleet: Fleet) -> None:
    config = {
        "AdjustmentType": "PercentChangeInCapacity",
        "StepAdjustments": [{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 20}],
        "Cooldown": 120,
        "MinAdjustmentMagnitude": 2,
    }
    arn = put_policy(fleet, "burst", "StepScaling", StepScalingPolicyConfiguration=config)["PolicyARN"]
    put_alarm(fleet, arn, threshold=80.0)
    calm = {"AdjustmentType": "ChangeInCapacity"}
    calm |= {"StepAdjustments": [{"MetricIntervalUpperBound": 0.0, "ScalingAdjustment": -1}]}
    arn = put_policy(fleet, "calm", "StepScaling", StepScalingPolicyConfiguration=calm)["PolicyARN"]
    put_alarm(fleet, arn, threshold=20.0, name="cold", comparison="LessThanThreshold", also=PAGER)


def all_numbers(service: Service) -> Setup:
    if service.scaling is None:
        return service.setup
    burst, calm = (p for p in service.setup.policies if isinstance(p, StepScaling))
    steps = replace(burst, adjustment_type="ChangeInCapacity", steps=((0.0, None, 3),), min_adjustment_magnitude=0)
    steps, calm = replace(steps, threshold=65.0, points=1), replace(calm, threshold=25.0)
    forecast = PredictiveScaling(metric="cpu", target=50.0, mode="ForecastAndScale")
    policies = (steps, calm, TargetTracking(metric="cpu", target=55.0), forecast)
    return replace(service.setup, policies=policies, schedule=(replace(DAY, minimum=5), NIGHT))


def the_other_way_round(service: Service) -> Setup:
    """The scaled service gets a fixed count, the fixed one a policy of each kind and a schedule."""
    half = smaller(service)
    if service.scaling is not None:
        return replace(half, desired=3, minimum=None, maximum=None, policies=(), schedule=())
    policies = (
        TargetTracking(metric="cpu", target=55.0),
        TargetTracking(metric="memory", target=65.0, disable_scale_in=True),
        FORECAST,
        *SURGES,
    )
    return replace(half, minimum=1, maximum=12, policies=policies, schedule=(DAY, NIGHT))


def swapped(service: Service) -> Setup:
    if service.scaling is None:
        return service.setup
    return replace(service.setup, maximum=12, policies=(TargetTracking(metric="memory", target=65.0),), schedule=())


def with_surges(service: Service) -> Setup:
    scaled = service.scaling is not None
    return replace(service.setup, policies=(*service.setup.policies, *SURGES)) if scaled else service.setup


PLANS = {"numbers": all_numbers, "round": the_other_way_round, "swap": swapped, "surges": with_surges}


def planned(fleet: Fleet, name: str) -> Plan:
    put_the_rest(fleet)
    plan = fleet.plan(PLANS[name])
    left = [found.reason for found in plan.not_planned]
    assert left in ([], ["the recommended setup is the present one."])
    return plan


@pytest.mark.parametrize("name", PLANS)
def test_the_server_takes_every_kind_and_gives_back_what_it_held(fleet: Fleet, name: str) -> None:
    plan = planned(fleet, name)
    before, asked = scaling(fleet), set[str]()
    fleet.aws.before.append(lambda call: asked.add(f"{call.service}:{call.action}"))
    fleet.apply(plan)
    held = scaling(fleet)
    fleet.undo()
    assert held != before
    assert scaling(fleet) == before
    assert asked <= actions("apply")


def test_a_fixed_service_ends_up_with_the_policies_and_actions_that_were_recommended(fleet: Fleet) -> None:
    fleet.apply(planned(fleet, "round"))
    found = scaling(fleet)
    assert [t["ResourceId"] for t in found[KEY]] == ["service/prod/cart"]
    assert [p["PolicyName"] for p in found["ScalingPolicies"]] == [
        "advisor-cpu-forecast",
        "advisor-cpu-steps-out",
        "advisor-cpu-steps-out-2",
        "advisor-cpu-tracking",
        "advisor-memory-steps-in",
        "advisor-memory-tracking",
    ]
    place = "advisor-service/prod/cart/advisor"
    names = ["cold", *(f"{place}-{name}" for name in ("cpu-steps-out", "cpu-steps-out-2", "memory-steps-in"))]
    assert sorted(a["AlarmName"] for a in found["alarms"]) == sorted(names)
    assert [a["AlarmActions"] for a in found["alarms"] if a["AlarmName"] == f"{place}-cpu-steps-out"] == [
        ["advisor-cpu-steps-out"]
    ]
    assert sorted(a["ScalableTargetAction"]["MinCapacity"] for a in found["ScheduledActions"]) == [3, 6]


@pytest.mark.parametrize(
    ("name", "action"),
    [
        ("round", "DeleteScheduledAction"),
        ("round", "DeregisterScalableTarget"),
        ("round", "PutScheduledAction"),
        ("swap", "DeleteScalingPolicy"),
        ("numbers", "PutScalingPolicy"),
        ("numbers", "PutMetricAlarm"),
        ("round", "PutMetricAlarm"),
        ("swap", "DeleteAlarms"),
    ],
)
def test_a_call_of_any_kind_that_aws_refuses_is_rolled_back_over_http(fleet: Fleet, name: str, action: str) -> None:
    plan = planned(fleet, name)
    before, left = scaling(fleet), [1]

    def deny(call: Call) -> None:
        if call.action == action and left:
            left.pop()
            raise AwsError("AccessDeniedException", "not authorized")

    fleet.aws.before.append(deny)
    with pytest.raises(ApplyFailed, match=r"AccessDeniedException.*Rolled back: it stands as before"):
        fleet.apply(plan)
    if fleet.journal.exists():
        fleet.undo()
    assert scaling(fleet) == before


class Killing:
    """A client whose process ends at the n-th write of `seen`: before it where n is even, else right after it."""

    def __init__(self, client: Any, seen: list[str], *, at: int) -> None:
        self.client, self.seen, self.at = client, seen, at

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**parameters: Any) -> Any:
            last = operation in WRITES and len(self.seen) == self.at
            self.seen += [operation] * (operation in WRITES)
            if not (last and self.at % 2 == 0):
                answer = getattr(self.client, operation)(**parameters)
            if last:
                raise Killed
            return answer

        return call


@pytest.mark.parametrize("name", ["numbers", "swap", "surges"])
def test_an_apply_killed_at_any_write_is_undone_over_http(fleet: Fleet, name: str, tmp_path: Path) -> None:
    plan, client = planned(fleet, name), fleet.client
    before = scaling(fleet)
    for at in range(sum(len(change.steps) for change in plan.changes)):
        seen: list[str] = []
        fleet.journal = tmp_path / f"{at}.journal"
        fleet.client = lambda *scope, seen=seen, at=at: Killing(client(*scope), seen, at=at)
        with pytest.raises(Killed):
            fleet.apply(plan)
        fleet.client = client
        fleet.undo()
        assert scaling(fleet) == before
