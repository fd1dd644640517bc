"""What apply and undo refuse, and that they then change nothing."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from applier_runs import plan_for, run, take_back
from applier_world import (
    World,
    make_service,
    refused,
)

from advisor.domain.errors import ApplyRefused, AwsFailed, InputRefused
from advisor.domain.plan import Step

RESOURCE = "service/prod/checkout"


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "plan.journal"


def _service(world: World) -> dict[str, Any]:
    return world.services["prod/checkout"]


def _tracking(world: World) -> dict[str, Any]:
    config: dict[str, Any] = world.policies[RESOURCE]["cpu70"]["TargetTrackingScalingPolicyConfiguration"]
    return config


def _other_definition(world: World) -> None:
    answer = world._register_task_definition(family="other", containerDefinitions=[{"name": "app"}])
    _service(world)["taskDefinition"] = answer["taskDefinition"]["taskDefinitionArn"]


def _add_policy(world: World) -> None:
    config = {"AdjustmentType": "ChangeInCapacity"}
    world._put_scaling_policy(
        ResourceId=RESOURCE, PolicyName="burst", PolicyType="StepScaling", StepScalingPolicyConfiguration=config
    )


def _add_schedule(world: World) -> None:
    world._put_scheduled_action(ResourceId=RESOURCE, ScheduledActionName="night", Schedule="rate(1 day)")


def _deploy(world: World) -> None:
    _service(world)["polls"] = 9
    _service(world)["deployments"][0]["rolloutState"] = "IN_PROGRESS"


HAND_CHANGES: dict[str, Callable[[World], Any]] = {
    "task_definition: expected": _other_definition,
    "scalable_target.minimum: expected 2, live 3": lambda w: w.targets[RESOURCE].update(MinCapacity=3),
    "scalable_target.scale_in_suspended: expected False, live True": lambda w: w.targets[RESOURCE].update(
        SuspendedState={"DynamicScalingInSuspended": True}
    ),
    "policies.cpu70.target: expected 70.0, live 60.0": lambda w: _tracking(w).update(TargetValue=60.0),
    "policies.cpu70.disable_scale_in: expected False, live True": lambda w: _tracking(w).update(DisableScaleIn=True),
    "policies.cpu70: expected": lambda w: w.policies[RESOURCE].pop("cpu70"),
    "policies.burst: expected absent": _add_policy,
    "scheduled_actions.night: expected absent": _add_schedule,
    "owner: expected None": lambda w: _service(w)["tags"].append(
        {"key": "aws:cloudformation:stack-name", "value": "shop"}
    ),
    "deployment_controller: expected": lambda w: _service(w).update(deploymentController={"type": "CODE_DEPLOY"}),
    "capacity: expected": lambda w: _service(w).update(
        capacityProviderStrategy=[{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
    ),
    "a deployment is under way": _deploy,
    "not there any more": lambda w: w.services.pop("prod/checkout"),
}


@pytest.mark.parametrize("named", HAND_CHANGES)
def test_a_hand_change_between_plan_and_apply_refuses_and_names_the_field(
    world: World, journal: Path, named: str
) -> None:
    plan = plan_for(make_service(world, "cart", scaled=False), make_service(world))
    HAND_CHANGES[named](world)
    with pytest.raises(ApplyRefused) as error:
        run(world, plan, journal)
    assert named in str(error.value)
    assert "prod/checkout" in str(error.value)
    assert "\n" not in str(error.value)
    assert world.writes() == []
    assert not journal.exists()


def test_a_fixed_count_changed_by_hand_refuses(world: World, journal: Path) -> None:
    plan = plan_for(make_service(world, scaled=False))
    world.services["prod/checkout"]["desiredCount"] = 5
    with pytest.raises(ApplyRefused, match="desired_count: expected 4, live 5"):
        run(world, plan, journal)


def test_the_count_that_scaling_moves_is_no_drift(world: World, journal: Path) -> None:
    plan = plan_for(make_service(world))
    world.services["prod/checkout"]["desiredCount"] = 7
    run(world, plan, journal)


def test_a_deregistered_revision_refuses_because_undo_could_not_return_to_it(world: World, journal: Path) -> None:
    service = make_service(world)
    world._deregister_task_definition(taskDefinition=service.task_definition.arn)  # type: ignore[union-attr]
    with pytest.raises(ApplyRefused, match="deregistered"):
        run(world, plan_for(service), journal)


def test_a_journal_is_never_written_over(world: World, journal: Path) -> None:
    journal.write_text("mine")
    with pytest.raises(ApplyRefused, match="journal cannot be opened"):
        run(world, plan_for(make_service(world)), journal)
    assert (journal.read_text(), world.writes()) == ("mine", [])


def test_undo_refuses_where_somebody_changed_the_service_since(world: World, journal: Path) -> None:
    run(world, plan_for(make_service(world), make_service(world, "cart")), journal)
    world.targets["service/prod/cart"]["MaxCapacity"] = 40
    held = world.state()
    with pytest.raises(ApplyRefused, match=r"prod/cart: scalable_target.maximum: expected 10, live 40"):
        take_back(world, journal)
    assert world.state() == held


def test_undo_refuses_where_a_newer_revision_was_rolled_out(world: World, journal: Path) -> None:
    run(world, plan_for(make_service(world)), journal)
    newer = world._register_task_definition(family="checkout", cpu="512", memory="1024", containerDefinitions=[])
    world._update_service(
        cluster="prod", service="checkout", taskDefinition=newer["taskDefinition"]["taskDefinitionArn"]
    )
    with pytest.raises(ApplyRefused, match="task_definition: expected"):
        take_back(world, journal)


def test_an_aws_that_cannot_be_read_changes_nothing(world: World, journal: Path) -> None:
    plan = plan_for(make_service(world))

    def deny(operation: str, _: Mapping[str, Any]) -> None:
        raise refused("AccessDeniedException", "is not authorized\x1b[31m", operation)

    world.before.append(deny)
    with pytest.raises(AwsFailed, match=r"describe_services failed: AccessDeniedException, 'is not authorized\\x1b"):
        run(world, plan, journal)


@pytest.mark.parametrize(
    "step",
    [
        Step(kind="update-service", says="", parameters={"networkConfiguration": {}}),
        Step(kind="deregister-task-definition", says="", parameters={"taskDefinition": "x"}),
        Step(kind="update-service", says="", parameters={"taskDefinition": "(the revision registered by this plan)"}),
        Step(kind="register-task-definition", says="", parameters={"containers": [{"name": "app", "image": "evil"}]}),
        Step(kind="register-task-definition", says="", parameters={"taskRoleArn": "admin"}),
    ],
)
def test_a_plan_file_cannot_make_apply_set_other_fields(world: World, journal: Path, step: Step) -> None:
    plan = plan_for(make_service(world))
    forged = replace(plan, changes=(replace(plan.changes[0], steps=(step,)),))
    with pytest.raises(ApplyRefused):
        run(world, forged, journal)
    assert world.writes() == []


def test_a_plan_file_with_a_size_that_fargate_does_not_have_is_refused(world: World, journal: Path) -> None:
    plan = plan_for(make_service(world))
    first = plan.changes[0].steps[0]
    forged = replace(first, parameters={**first.parameters, "cpu": "300"})
    steps = (forged, *plan.changes[0].steps[1:])
    with pytest.raises(ApplyRefused, match=r"(?i)size|cpu"):
        run(world, replace(plan, changes=(replace(plan.changes[0], steps=steps),)), journal)
    assert world.writes() == []


@pytest.mark.parametrize("text", ["", "{}\n", "no json\n", '{"event": "begin", "format": 2}\n'])
def test_what_is_no_journal_is_refused(world: World, journal: Path, text: str) -> None:
    journal.write_text(text)
    with pytest.raises(InputRefused):
        take_back(world, journal)
