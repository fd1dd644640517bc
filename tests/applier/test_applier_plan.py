"""What a plan holds: steps in a safe order, what is not planned and why, patches that hostile names cannot leave."""

import json
from dataclasses import replace

import pytest
from applier_world import NOW, SECRETS, World, advice_for, make_service, review_of, smaller

from advisor.applier import make_plan
from advisor.domain.errors import NoData
from advisor.domain.inventory import NamedPolicy, NamedSchedule, Service
from advisor.domain.plan import Change, NotPlanned, Plan
from advisor.domain.policy import OtherPolicy, ScheduledAction, StepScaling, TargetTracking
from advisor.domain.service import CapacityShare, Setup, TaskSize

STEP = StepScaling(metric="cpu", direction="out", threshold=80.0, steps=((0.0, None, 2),))


def plan_of(service: Service, wanted: Setup | None = None, *, now: Service | None = None) -> Plan:
    advice = advice_for(service, wanted or smaller(service))
    return make_plan(review_of(advice), [now or service], made_at=NOW, made_from="review.json")


def change_of(service: Service, wanted: Setup | None = None) -> Change:
    plan = plan_of(service, wanted)
    assert plan.not_planned == ()
    return plan.changes[0]


def refusal_of(service: Service, wanted: Setup | None = None, *, now: Service | None = None) -> NotPlanned:
    plan = plan_of(service, wanted, now=now)
    assert plan.changes == ()
    return plan.not_planned[0]


@pytest.fixture
def service() -> Service:
    return make_service(World())


@pytest.fixture
def fixed() -> Service:
    return make_service(World(), scaled=False)


def with_policies(service: Service, *policies: NamedPolicy) -> Service:
    assert service.scaling is not None
    setup = replace(service.setup, policies=tuple(p.policy for p in policies))
    return replace(service, setup=setup, scaling=replace(service.scaling, policies=policies))


def test_steps_raise_the_floor_then_change_then_lower_it(service: Service) -> None:
    steps = change_of(service).steps
    assert [step.kind for step in steps] == [
        "register-task-definition",
        "register-scalable-target",
        "update-service",
        "put-scaling-policy",
        "register-scalable-target",
    ]
    assert steps[1].parameters == {"MinCapacity": 2, "MaxCapacity": 10, "KeepCapacityFactor": 2.0}
    assert steps[4].parameters == {"MinCapacity": 1, "MaxCapacity": 10}


def test_a_policy_step_sets_only_what_changes(service: Service) -> None:
    step = change_of(service).steps[3]
    config = step.parameters["TargetTrackingScalingPolicyConfiguration"]
    assert config == {"TargetValue": 55.0, "ScaleOutCooldown": 60}
    assert step.says == "policy 'cpu70': target 70.0 -> 55.0, scale_out_cooldown 300 -> 60"


def test_undo_steps_are_the_inverse_and_take_the_revision_away(service: Service) -> None:
    undo = change_of(service).undo
    assert [step.kind for step in undo] == [
        "register-scalable-target",
        "update-service",
        "put-scaling-policy",
        "deregister-task-definition",
    ]
    assert undo[1].parameters == {"taskDefinition": service.task_definition.arn}  # type: ignore[union-attr]


def test_a_change_of_the_policy_alone_registers_nothing(service: Service) -> None:
    wanted = replace(service.setup, policies=(TargetTracking(metric="cpu", target=60.0),))
    change = change_of(service, wanted)
    assert [step.kind for step in (*change.steps, *change.undo)] == ["put-scaling-policy"] * 2


def test_a_plan_expects_the_whole_description_and_says_the_saving(service: Service) -> None:
    change = change_of(service)
    assert change.expects["scalable_target"] == {
        "minimum": 2,
        "maximum": 10,
        "scale_in_suspended": False,
        "scale_out_suspended": False,
        "scheduled_suspended": False,
    }
    assert change.expects["policies"]["cpu70"]["target"] == 70.0  # type: ignore[index]
    assert change.expects["desired_count"] is None
    assert change.usd_month_saved == "36.05"
    assert change.summary.startswith("1 vCPU / 2 GiB -> 0.5 vCPU / 1 GiB; minimum 2 -> 1; cpu target 70.0 -> 55.0")


def test_a_fixed_count_is_a_precondition_and_a_higher_one_goes_with_the_rollout(fixed: Service) -> None:
    change = change_of(fixed, replace(smaller(fixed), desired=6))
    assert change.expects["desired_count"] == 4
    assert [dict(s.parameters) for s in change.steps[1:]] == [
        {"taskDefinition": "(the revision registered by this plan)", "desiredCount": 6}
    ]


def test_keep_and_no_advice_are_not_in_a_plan(service: Service) -> None:
    advice = replace(advice_for(service, smaller(service)), verdict="keep")
    plan = make_plan(review_of(advice), [service], made_at=NOW, made_from="")
    assert (plan.changes, plan.not_planned) == ((), ())


def test_only_takes_a_pattern_and_refuses_one_that_matches_nothing(service: Service) -> None:
    other = make_service(World(), "cart")
    review = review_of(*(advice_for(s, smaller(s)) for s in (service, other)))
    plan = make_plan(review, [service, other], made_at=NOW, made_from="", only="*/ca*")
    assert [c.id.name for c in plan.changes] == ["cart"]
    with pytest.raises(NoData, match="'prod/checkout'"):
        make_plan(review, [service], made_at=NOW, made_from="", only="prod/chekout")


def test_a_service_that_a_stack_owns_gets_a_patch_instead(service: Service) -> None:
    tags = {"aws:cloudformation:stack-name": "shop", "aws:cloudformation:logical-id": "Checkout"}
    found = refusal_of(replace(service, tags=tags))
    assert "owned by CloudFormation stack shop" in found.reason
    assert found.patch.splitlines() == [
        '# CloudFormation stack "shop": set these properties in its template, then deploy it.',
        '# The service is the resource "Checkout".',
        'AWS::ECS::TaskDefinition  Properties.Cpu: "512"',
        'AWS::ECS::TaskDefinition  Properties.Memory: "1024"',
        'AWS::ECS::TaskDefinition  Properties.ContainerDefinitions[name="app"].Cpu: 512',
        'AWS::ECS::TaskDefinition  Properties.ContainerDefinitions[name="app"].Memory: 1024',
        "AWS::ApplicationAutoScaling::ScalableTarget  Properties.MinCapacity: 1",
        'AWS::ApplicationAutoScaling::ScalingPolicy "cpu70"  '
        "Properties.TargetTrackingScalingPolicyConfiguration.TargetValue: 55.0",
        'AWS::ApplicationAutoScaling::ScalingPolicy "cpu70"  '
        "Properties.TargetTrackingScalingPolicyConfiguration.ScaleOutCooldown: 60",
    ]


def test_an_express_service_gets_the_call_that_changes_it_as_a_whole(service: Service) -> None:
    found = refusal_of(replace(service, resource_management="ECS"))
    assert "ECS Express Mode" in found.reason
    assert "--cpu 512 --memory 1024" in found.patch


@pytest.mark.parametrize("controller", ["CODE_DEPLOY", "EXTERNAL"])
def test_another_deployment_controller_is_not_planned(service: Service, controller: str) -> None:
    found = refusal_of(replace(service, deployment_controller=controller))
    assert controller in found.reason
    assert 'aws_ecs_task_definition  cpu = "512"' in found.patch


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"architecture": "ARM64"}, "architecture"),
        ({"capacity": (CapacityShare(provider="FARGATE_SPOT"),)}, "capacity"),
        ({"ephemeral_gib": 40}, "ephemeral gib"),
        ({"policies": (replace(STEP, metric="requests"),)}, "label is not known"),
        ({"policies": (TargetTracking(metric="requests", target=900.0),)}, "label is not known"),
        ({"policies": (OtherPolicy(why="x"),)}, "cannot describe"),
        ({"schedule": (ScheduledAction(at_tick=60, minimum=2),)}, "no expression"),
        ({"schedule": (ScheduledAction(expression="cron(0 8 * * *)", minimum=2),)}, "Rule: cron"),
        ({"schedule": (ScheduledAction(expression="rate(1 day)", minimum=4, maximum=2),)}, "cross"),
        ({"minimum": None, "maximum": None}, "need a minimum"),
        ({"size": TaskSize.of(vcpu=1, gib=9)}, "not a Fargate size"),
    ],
)
def test_what_no_step_expresses_is_listed_with_the_reason(
    service: Service, change: dict[str, object], reason: str
) -> None:
    wanted = replace(service.setup, **change)  # type: ignore[arg-type]
    assert reason in refusal_of(service, wanted).reason


def test_other_policies_stay_as_they_are(service: Service) -> None:
    others = NamedPolicy(name="odd", arn="", policy=OtherPolicy(why="x")), NamedPolicy(name="s", arn="", policy=STEP)
    mixed = with_policies(service, others[0], *service.scaling.policies, others[1])  # type: ignore[union-attr]
    wanted = replace(mixed.setup, policies=(others[0].policy, TargetTracking(metric="cpu", target=60), STEP))
    steps = change_of(mixed, wanted).steps
    assert [step.parameters.get("PolicyName") for step in steps] == ["cpu70"]


def test_a_service_changed_since_the_review_is_not_planned(service: Service) -> None:
    newer = replace(service, setup=replace(service.setup, maximum=20))
    assert "review again" in refusal_of(service, now=newer).reason


def test_the_count_that_scaling_moves_does_not_outdate_a_review(service: Service) -> None:
    newer = replace(service, setup=replace(service.setup, desired=9))
    assert len(plan_of(service, now=newer).changes) == 1


def test_a_service_that_is_gone_or_imported_or_half_read_is_not_planned(service: Service, fixed: Service) -> None:
    gone = make_plan(review_of(advice_for(service, smaller(service))), [], made_at=NOW, made_from="")
    imported = replace(service, task_definition=None, service_arn="")
    half = replace(fixed, setup=replace(fixed.setup, policies=(OtherPolicy(why="denied"),)))
    assert "does not hold" in gone.not_planned[0].reason
    assert "imported" in refusal_of(imported).reason
    assert "could not be read" in refusal_of(half).reason


def scheduled(service: Service) -> Service:
    action = ScheduledAction(expression="cron(0 8 * * ? *)", minimum=4)
    assert service.scaling is not None
    scaling = replace(service.scaling, schedule=(NamedSchedule(name="day", action=action),))
    return replace(service, scaling=scaling, setup=replace(service.setup, schedule=(action,)))


def test_bounds_that_a_schedule_moves_are_left_to_it(service: Service) -> None:
    by_clock = scheduled(service)
    wanted = replace(smaller(by_clock), minimum=2)
    later = replace(by_clock, setup=replace(by_clock.setup, minimum=4))
    plan = plan_of(by_clock, wanted, now=later)
    kinds = [step.kind for step in plan.changes[0].steps]
    assert kinds == ["register-task-definition", "update-service", "put-scaling-policy"]
    assert plan.changes[0].expects["scalable_target"]["minimum"] == "set by scheduled actions"  # type: ignore[index]
    assert "scheduled actions set the minimum" in refusal_of(by_clock, replace(wanted, minimum=1)).reason


HOSTILE = 'x"\n${file("/etc/passwd")}\u202e<script>%{ for }=1+1\x1b[31m'


def test_hostile_names_stay_inside_their_quotes(service: Service) -> None:
    tags = {"aws:cloudformation:stack-name": HOSTILE, "aws:cloudformation:logical-id": HOSTILE}
    named = with_policies(service, NamedPolicy(name=HOSTILE, arn="", policy=service.setup.policies[0]))
    owned = refusal_of(replace(named, tags=tags))
    other = refusal_of(replace(named, deployment_controller=HOSTILE))
    for found in (owned, other):
        assert found.patch.isascii()
        assert "<script>" not in found.patch
        assert all(c.isprintable() for c in found.reason + found.patch.replace("\n", ""))
    assert "\n" not in owned.reason + other.reason
    assert '"' + "x" in owned.patch
    terraform = other.patch.partition("# Terraform")[2]
    assert "${" not in terraform.replace("$${", "")
    assert json.loads(owned.patch.splitlines()[1].partition("resource ")[2].rstrip(".")) == HOSTILE


def test_a_plan_holds_no_value_of_a_task_definition(service: Service) -> None:
    from advisor.codec import to_json

    assert not [secret for secret in SECRETS if secret in to_json(plan_of(service))]


def test_making_a_plan_changes_none_of_its_arguments(service: Service) -> None:
    from advisor.codec import to_json

    review, services = review_of(advice_for(service, smaller(service))), [service]
    held = to_json(review), to_json(service)
    make_plan(review, services, made_at=NOW, made_from="")
    assert (to_json(review), to_json(services[0])) == held
