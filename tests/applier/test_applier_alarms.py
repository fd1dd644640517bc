"""A step policy's alarm comes, changes, goes and comes back with it; no other alarm is ever written."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from applier_kinds import KINDS, SURGES, plan_of_kind
from applier_rich import CLOCK, PAGER, RESOURCE, TRACKING, hot, rich, stepped
from applier_runs import run, take_back
from applier_world import World, advice_for, make_service, review_of
from hypothesis import example, given
from hypothesis import strategies as st

from advisor.applier import make_plan
from advisor.applier.alarms import alarm_name, put_parameters
from advisor.applier.aws import Aws
from advisor.domain.errors import ApplyRefused
from advisor.domain.inventory import NamedPolicy, Service
from advisor.domain.plan import Plan, Step
from advisor.domain.policy import OtherPolicy, Policy, TargetTracking
from advisor.domain.service import ServiceId

ADDED = "advisor-service/prod/checkout/advisor-cpu-steps-out"
FOREIGN = "arn:aws:autoscaling:us-east-1:1:scalingPolicy:77:resource/ecs/service/prod/cart:policyName/x"


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "plan.journal"


def plan_for(service: Service, *policies: Policy) -> Plan:
    wanted = replace(service.setup, policies=policies)
    return make_plan(review_of(advice_for(service, wanted)), [service], made_at=CLOCK, made_from="")


HAND_CHANGES: dict[str, Callable[[World], Any]] = {
    "alarms.hot.threshold: expected 80.0, live 90.0": lambda w: hot(w, Threshold=90.0),
    "alarms.hot.periods: expected 2, live 3": lambda w: hot(w, EvaluationPeriods=3, DatapointsToAlarm=2),
    "alarms.hot.watches: expected 'cpu', live 'memory'": lambda w: hot(w, MetricName="MemoryUtilization"),
    "alarms.hot.watches: expected 'cpu', live 'other'": lambda w: hot(w, Statistic="Maximum"),
    "alarms.hot.missing: expected 'notBreaching', live 'breaching'": lambda w: hot(w, TreatMissingData="breaching"),
    "alarms.hot.enabled: expected True, live False": lambda w: hot(w, ActionsEnabled=False),
    "alarms.hot.actions: expected ()": lambda w: hot(w, OKActions=[PAGER]),
    "alarms.cold.actions: expected": lambda w: w.alarms["cold"].update(OKActions=[FOREIGN]),
    "alarms.hot: expected": lambda w: w._delete_alarms(AlarmNames=["hot"]),
}


@pytest.mark.parametrize("named", HAND_CHANGES)
def test_an_alarm_changed_by_hand_between_plan_and_apply_refuses_by_its_field(named: str, journal: Path) -> None:
    world = World()
    plan = plan_for(stepped(world), TRACKING)
    HAND_CHANGES[named](world)
    with pytest.raises(ApplyRefused) as error:
        run(world, plan, journal)
    assert named in str(error.value).replace("[]", "()")
    assert (world.writes(), journal.exists()) == ([], False)


@pytest.mark.parametrize("name", ["hot", "cold"])
def test_undo_refuses_where_an_alarm_was_changed_by_hand_since(name: str, journal: Path) -> None:
    world = World()
    run(world, plan_for(stepped(world), TRACKING), journal)
    hot(world, name, Threshold=55.0)
    held = world.state()
    with pytest.raises(ApplyRefused, match=rf"alarms\.{name}.* live"):
        take_back(world, journal)
    assert world.state() == held


def test_an_alarm_of_the_same_name_is_never_written_over(journal: Path) -> None:
    world = World()
    plan = plan_for(make_service(world), TRACKING, SURGES[0])
    hot(world, ADDED)
    with pytest.raises(ApplyRefused, match="steps-out: expected absent"):
        run(world, plan, journal)
    assert world.writes() == []


def test_an_alarm_that_policies_share_is_not_planned() -> None:
    world = World()
    service = stepped(world)
    assert service.scaling is not None
    burst, calm = service.scaling.policies
    shared = replace(burst.alarms[0], actions=(*burst.alarms[0].actions, FOREIGN))
    named = (replace(burst, alarms=(shared,)), calm)
    plan = plan_for(replace(service, scaling=replace(service.scaling, policies=named)), TRACKING)
    assert "'hot' of the policy 'burst' also acts on 'arn:aws:auto" in plan.not_planned[0].reason


def test_a_child_of_a_composite_alarm_is_not_deleted(journal: Path) -> None:
    world = World()
    plan = plan_for(stepped(world), TRACKING)
    world.composites["hot"] = ["all of it"]
    with pytest.raises(ApplyRefused, match="'hot' is part of the composite alarm 'all of it'"):
        run(world, plan, journal)
    assert world.writes() == []


@pytest.mark.parametrize(
    ("step", "why"),
    [
        (Step(kind="delete-alarms", says="", parameters={"AlarmNames": ["billing"]}), "of no policy"),
        (Step(kind="put-metric-alarm", says="", parameters={"AlarmName": "billing", "Threshold": 1e9}), "of no policy"),
        (Step(kind="put-metric-alarm", says="", parameters={"AlarmName": "new", "PolicyNames": ["x"]}), "'x', which"),
        (Step(kind="put-metric-alarm", says="", parameters={"AlarmName": "hot", "MetricName": "Errors"}), "'Errors'"),
        (Step(kind="put-metric-alarm", says="", parameters={"AlarmName": "hot", "OKActions": [PAGER]}), "may not set"),
        (Step(kind="delete-alarms", says="", parameters={"AlarmNames": ["hot"], "Region": "x"}), "may not set"),
    ],
)
def test_a_forged_plan_writes_no_other_alarm(step: Step, why: str, journal: Path) -> None:
    world = World()
    plan = plan_for(stepped(world), TRACKING)
    hot(world, "billing", AlarmActions=[PAGER])
    forged = replace(plan.changes[0], steps=(step,))
    with pytest.raises(ApplyRefused, match=why):
        run(world, replace(plan, changes=(forged,)), journal)
    assert world.writes() == []


def test_there_is_no_moment_without_scale_out(journal: Path) -> None:
    for name in ("steps give way to target tracking", "alarms moved", "schedule taken away"):
        world = World()
        plan = plan_of_kind(world, KINDS[name])
        world.before.append(lambda *_, world=world: scales_out(world))
        run(world, plan, journal.with_name(name))
        take_back(world, journal.with_name(name))


def scales_out(world: World) -> None:
    held = world.policies[RESOURCE].values()
    tracks = [p for p in held if p["PolicyType"] == "TargetTrackingScaling"]
    steps = [p for p in held if world.alarms_naming(p["PolicyARN"]) and p["PolicyName"] != "calm"]
    assert tracks or steps


def test_the_alarms_of_a_policy_that_advisor_cannot_describe_are_no_drift(journal: Path) -> None:
    world = World()
    service = rich(world)
    assert service.scaling is not None
    odd = NamedPolicy(name="burst", arn="x", policy=OtherPolicy(why="two alarms"))
    named = tuple(odd if p.name == "burst" else p for p in service.scaling.policies)
    policies = tuple(p.policy for p in named)
    service = replace(
        service,
        scaling=replace(service.scaling, policies=named),
        setup=replace(service.setup, policies=policies),
    )
    before = world.state()
    run(world, plan_for(service, odd.policy, TargetTracking(metric="cpu", target=50.0), *policies[2:]), journal)
    take_back(world, journal)
    assert world.state() == before


def test_a_plan_names_the_alarms_that_come_and_go() -> None:
    says = [step.says for step in plan_for(stepped(World()), TRACKING, SURGES[1]).changes[0].steps]
    assert says == [
        "policy 'burst': adjustment_type PercentChangeInCapacity -> ChangeInCapacity, steps [[0.0, 10.0, 20], "
        "[10.0, None, 50]] -> [[0.0, None, 9]], cooldown 120 -> 300, min_adjustment_magnitude 2 -> 0",
        "policy 'advisor-cpu-tracking': new, cpu at 70.0",
        "alarm 'hot': threshold 80 -> 99, periods 2 -> 1",
        "alarm 'cold': lets go of the policy 'calm'; its other actions stay",
        "delete the policy 'calm'",
    ]
    added = plan_for(make_service(World()), TRACKING, SURGES[0]).changes[0]
    assert [step.says for step in (*added.steps, *added.undo)] == [
        "policy 'advisor-cpu-steps-out': new, ChangeInCapacity [[0.0, 10.0, 2], [10.0, None, 4]]",
        f"alarm '{ADDED}': for the policy 'advisor-cpu-steps-out': cpu >= 69.5 on 1 of 1 datapoints of 60 s",
        f"delete the alarm '{ADDED}'",
        "delete the policy 'advisor-cpu-steps-out'",
    ]


def test_an_alarm_carries_over_every_field_that_putmetricalarm_takes() -> None:
    model = botocore.session.get_session().get_service_model("cloudwatch")
    taken = set(model.operation_model("PutMetricAlarm").input_shape.members) - {"Tags"}
    described: Any = model.shape_for("MetricAlarm")
    assert set(put_parameters(dict.fromkeys(described.members, 1))) == taken


NAMES = st.text("ab-_", min_size=1, max_size=255)


@given(st.tuples(NAMES, NAMES, NAMES), st.tuples(NAMES, NAMES, NAMES))
@example(("a" * 255, "b" * 255, "one"), ("a" * 255, "b" * 255, "other"))
@example(("a-b", "c", "p"), ("a", "b-c", "p"))
def test_two_policies_never_have_the_same_alarm(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    names = [alarm_name(ServiceId(account="1", region="r", service=f"{c}/{s}"), p) for c, s, p in (one, other)]
    assert (names[0] == names[1]) == (one == other)
    assert all(len(name) <= 255 for name in names)


def test_more_alarms_than_one_call_describes_are_all_read() -> None:
    world = World()
    service = make_service(world)
    for number in range(130):
        hot(world, f"a{number}")
    assert len(Aws(world.client, service.id).alarms(list(world.alarms))) == 130


def test_what_is_applied_is_what_was_recommended(journal: Path) -> None:
    world = World()
    run(world, plan_for(stepped(world), *SURGES), journal)
    found: dict[float, Mapping[str, Any]] = {alarm["Threshold"]: alarm for alarm in world.alarms.values()}
    assert {t: (a["EvaluationPeriods"], a["MetricName"]) for t, a in found.items() if a["AlarmActions"] != [PAGER]} == {
        69.5: (1, "CPUUtilization"),
        99.0: (1, "CPUUtilization"),
        30.0: (15, "MemoryUtilization"),
    }
