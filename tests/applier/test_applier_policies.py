"""Step, predictive, scheduled and new policies: planned in the safe order, applied, and taken back exactly."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from applier_kinds import KINDS, Kind, plan_of_kind
from applier_rich import CLOCK, rich
from applier_runs import run, take_back
from applier_world import WRITES, Faults, Killed, World, advice_for, make_service, refused, review_of

from advisor.applier import make_plan
from advisor.applier.aws import Aws
from advisor.applier.description import describe, differences
from advisor.applier.live import read_live
from advisor.codec import from_json, to_json
from advisor.domain.errors import ApplyFailed, ApplyRefused
from advisor.domain.plan import Plan, Step
from advisor.domain.policy import ScheduledAction, TargetTracking

RESOURCE = "service/prod/checkout"
EVERY_KIND = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "plan.journal"


def writes_of(kind: Kind) -> int:
    world = World()
    return len(plan_of_kind(world, kind).changes[0].steps)


def each_write() -> list[Any]:
    return [pytest.param(kind, at, id=f"{name}-{at}") for name, kind in KINDS.items() for at in range(writes_of(kind))]


@EVERY_KIND
def test_a_plan_of_each_kind_is_applied_and_taken_back_exactly(kind: Kind, journal: Path) -> None:
    world = World()
    plan = plan_of_kind(world, kind)
    before = world.state()
    assert [step.kind for step in plan.changes[0].steps] == kind.steps
    run(world, from_json(Plan, to_json(plan), where="plan.json"), journal)
    assert world.state() != before
    kind.check(world)
    take_back(world, journal)
    assert world.state() == before


@EVERY_KIND
def test_what_a_collection_records_is_what_apply_reads(kind: Kind) -> None:
    world = World()
    service = kind.service(world)
    assert list(differences(describe(service), read_live(Aws(world.client, service.id)).description)) == []


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("kind", "at"), each_write())
def test_a_refused_call_of_any_kind_rolls_back(kind: Kind, at: int, when: str, journal: Path) -> None:
    world = World()
    plan = plan_of_kind(world, kind)
    before = world.state()
    Faults(world, at=at, when=when, error=lambda op: refused("ThrottlingException", "Rate exceeded", op))
    with pytest.raises(ApplyFailed, match=r"Rolled back: it stands as before"):
        run(world, plan, journal)
    assert world.state() == before


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("kind", "at"), each_write())
def test_a_kill_at_any_call_of_any_kind_is_undone(kind: Kind, at: int, when: str, journal: Path) -> None:
    world = World()
    plan = plan_of_kind(world, kind)
    before = world.state()
    Faults(world, at=at, when=when, error=lambda _: Killed())
    with pytest.raises(Killed):
        run(world, plan, journal)
    take_back(world, journal)
    assert world.state() == before


@pytest.mark.parametrize("when", ["before", "after"])
@EVERY_KIND
def test_an_undo_of_any_kind_killed_at_any_call_is_finished_by_the_next(kind: Kind, when: str, tmp_path: Path) -> None:
    for at in range(20):
        world, journal = World(), tmp_path / f"{at}.journal"
        plan = plan_of_kind(world, kind)
        before = world.state()
        run(world, plan, journal)
        Faults(world, at=at, when=when, error=lambda _: Killed())
        try:
            take_back(world, journal)
            assert at
            return
        except Killed:
            take_back(world, journal)
        assert world.state() == before
    pytest.fail("undo made more than 20 writes")


HAND_CHANGES: dict[str, Callable[[World], Any]] = {
    "policies.burst.cooldown: expected 120, live 7": lambda w: config(w, "burst", "StepScaling").update(Cooldown=7),
    "alarms.hot.threshold: expected 80.0, live 90.0": lambda w: w.alarms["hot"].update(Threshold=90.0),
    "policies.forecast.mode: expected 'ForecastOnly', live 'ForecastAndScale'": lambda w: config(
        w, "forecast", "PredictiveScaling"
    ).update(Mode="ForecastAndScale"),
    "scheduled_actions.day.minimum: expected 6, live 1": lambda w: w.actions[RESOURCE]["day"].update(
        ScalableTargetAction={"MinCapacity": 1}
    ),
    "scheduled_actions.day.end: expected '2030-01-01T00:00:00+00:00', live absent": lambda w: w.actions[RESOURCE][
        "day"
    ].pop("EndTime"),
    "scheduled_actions.night: expected": lambda w: w.actions[RESOURCE].pop("night"),
}


def config(world: World, name: str, kind: str) -> dict[str, Any]:
    held: dict[str, Any] = world.policies[RESOURCE][name][f"{kind}PolicyConfiguration"]
    return held


@pytest.mark.parametrize("named", HAND_CHANGES)
def test_a_hand_change_of_any_kind_refuses_by_its_field(named: str, journal: Path) -> None:
    world = World()
    plan = plan_of_kind(world, KINDS["numbers of every kind"])
    HAND_CHANGES[named](world)
    with pytest.raises(ApplyRefused) as error:
        run(world, plan, journal)
    assert named.replace("live absent", "live None") in str(error.value)
    assert (world.writes(), journal.exists()) == ([], False)


@EVERY_KIND
def test_undo_refuses_where_a_count_or_an_action_was_changed_by_hand_since(kind: Kind, journal: Path) -> None:
    world = World()
    run(world, plan_of_kind(world, kind), journal)
    if RESOURCE in world.targets:
        world._put_scheduled_action(
            ResourceId=RESOURCE,
            ScheduledActionName="somebody's",
            Schedule="cron(0 3 * * ? *)",
            ScalableTargetAction={"MinCapacity": 1},
        )
        named = "scheduled_actions.somebody's: expected absent"
    else:
        world.services["prod/checkout"]["desiredCount"] = 17
        named = "live 17"
    held = world.state()
    with pytest.raises(ApplyRefused, match=named):
        take_back(world, journal)
    assert world.state() == held


def test_actions_of_others_are_not_touched_and_advisors_names_are_stable(journal: Path) -> None:
    world = World()
    service = rich(world)
    lunch = ScheduledAction(expression="cron(30 11 ? * MON-FRI *)", timezone="Europe/Berlin", minimum=9)
    wanted = replace(service.setup, schedule=(*service.setup.schedule, lunch))
    plan = make_plan(review_of(advice_for(service, wanted)), [service], made_at=CLOCK, made_from="")
    step = plan.changes[0].steps[0]
    assert step.parameters == {
        "ScheduledActionName": "advisor-cron-30-11-MON-FRI-8994ba",
        "Schedule": "cron(30 11 ? * MON-FRI *)",
        "Timezone": "Europe/Berlin",
        "ScalableTargetAction": {"MinCapacity": 9},
    }
    held = {name: dict(action) for name, action in world.actions[RESOURCE].items()}
    run(world, plan, journal)
    assert {name: a for name, a in world.actions[RESOURCE].items() if name in held} == held


def test_new_actions_leave_the_bounds_that_they_would_have_put_in_force_by_now(journal: Path) -> None:
    world = World()
    service = make_service(world)  # 2 to 10, applied on Monday 23 November at 12:00 UTC
    day = ScheduledAction(expression="cron(0 8 * * ? *)", minimum=6)
    night = ScheduledAction(expression="cron(0 20 * * ? *)", minimum=1)
    weekend = ScheduledAction(expression="cron(0 0 ? * SAT *)", maximum=4)
    week = ScheduledAction(expression="cron(0 0 ? * MON *)", maximum=30)
    wanted = replace(service.setup, minimum=1, maximum=20, schedule=(day, night, weekend, week))
    run(world, make_plan(review_of(advice_for(service, wanted)), [service], made_at=CLOCK, made_from=""), journal)
    assert (world.targets[RESOURCE]["MinCapacity"], world.targets[RESOURCE]["MaxCapacity"]) == (6, 30)


def test_undo_gives_the_bounds_that_the_old_actions_would_have_put_in_force_since(journal: Path) -> None:
    world = World()
    plan = plan_of_kind(world, KINDS["schedule taken away"])
    run(world, plan, journal)
    evening = datetime(2026, 11, 23, 22, tzinfo=UTC)
    take_back(world, journal, now=lambda: evening)
    assert (world.targets[RESOURCE]["MinCapacity"], world.targets[RESOURCE]["MaxCapacity"]) == (3, 10)


def test_a_target_never_takes_along_what_a_forged_plan_does_not_name(journal: Path) -> None:
    world = World()
    plan = plan_of_kind(world, KINDS["numbers of every kind"])
    steps = (
        Step(kind="delete-scaling-policy", says="", parameters={"PolicyName": "burst"}),
        Step(kind="deregister-scalable-target", says=""),
    )
    with pytest.raises(ApplyRefused, match=r"policies that the plan does not name: 'cpu70'.*'burst', which is gone"):
        run(world, replace(plan, changes=(replace(plan.changes[0], steps=steps),)), journal)
    assert world.writes() == []


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        ("put-scaling-policy", {"TargetTrackingScalingPolicyConfiguration": {"CustomizedMetricSpecification": {}}}),
        (
            "put-scaling-policy",
            {"PredictiveScalingPolicyConfiguration": {"MetricSpecifications": [{"CustomizedLoadMetric": 1}]}},
        ),
        ("put-scheduled-action", {"ScalableTargetAction": {"Role": 1}}),
        ("put-scheduled-action", {"StartTime": "2030-01-01T00:00:00Z"}),
        ("register-scalable-target", {"SuspendedState": {"DynamicScalingInSuspended": True}}),
        ("register-scalable-target", {"RoleARN": "admin"}),
        ("deregister-scalable-target", {"ResourceId": "service/prod/other"}),
        ("delete-scaling-policy", {"ResourceId": "service/prod/other"}),
    ],
)
def test_a_forged_step_of_a_new_kind_sets_no_other_field(kind: Any, parameters: dict[str, Any], journal: Path) -> None:
    world = World()
    plan = plan_of_kind(world, KINDS["numbers of every kind"])
    forged = replace(plan.changes[0], steps=(Step(kind=kind, says="", parameters=parameters),))
    with pytest.raises(ApplyRefused, match="may not"):
        run(world, replace(plan, changes=(forged,)), journal)
    assert world.writes() == []


def test_an_action_that_has_ended_is_no_drift(journal: Path) -> None:
    world = World()
    plan = plan_of_kind(world, KINDS["numbers of every kind"])
    world._put_scheduled_action(
        ResourceId=RESOURCE,
        ScheduledActionName="sale",
        Schedule="at(2024-11-29T00:00:00)",
        EndTime=datetime(2024, 12, 1, tzinfo=UTC),
        ScalableTargetAction={"MinCapacity": 9},
    )
    before = world.state()
    run(world, plan, journal)
    take_back(world, journal)
    assert world.state() == before


def test_a_count_stays_where_a_rollout_that_is_not_over_needs_it(journal: Path) -> None:
    world = World()
    plan = plan_of_kind(world, KINDS["scaled to fixed"])
    world.services["prod/checkout"]["desiredCount"] = 9
    world.polls_until_steady = 50
    done = run(world, plan, journal, wait_seconds=10, poll_seconds=5)
    assert (done.changes[0].rolling, done.changes[0].left) == (True, ("tasks: 3",))
    assert world.services["prod/checkout"]["desiredCount"] == 10  # twice 9 smaller ones, at most the maximum


def test_two_policies_of_one_kind_take_their_own_numbers() -> None:
    world = World()
    service = make_service(world)
    memory = TargetTracking(metric="memory", target=70.0)
    wanted = replace(service.setup, policies=(memory, TargetTracking(metric="cpu", target=50.0)))
    plan = make_plan(review_of(advice_for(service, wanted)), [service], made_at=CLOCK, made_from="")
    assert [s.parameters["PolicyName"] for s in plan.changes[0].steps] == ["cpu70", "advisor-memory-tracking"]
    assert plan.changes[0].summary == "cpu target 70.0 -> 50.0; new: tracking of memory at 70"
    assert {s.kind.replace("-", "_") for s in plan.changes[0].steps} <= WRITES
