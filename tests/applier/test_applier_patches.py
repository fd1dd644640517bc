"""Patches of every kind of scaling, for whoever owns the fields."""

from dataclasses import replace

import pytest
from applier_kinds import KINDS
from applier_rich import CLOCK
from applier_world import World, advice_for, review_of

from advisor.applier import make_plan

SCALABLE_TARGET = "AWS::ApplicationAutoScaling::ScalableTarget"
STACK = {"aws:cloudformation:stack-name": "shop"}


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("numbers of every kind", '{policy} "burst"  Properties.StepScalingPolicyConfiguration.Cooldown: 60'),
        (
            "numbers of every kind",
            '{policy} "burst"  Properties.StepScalingPolicyConfiguration.MinAdjustmentMagnitude: remove it',
        ),
        (
            "numbers of every kind",
            '{policy} "forecast"  Properties.PredictiveScalingPolicyConfiguration.MetricSpecifications[0].TargetValue'
            ": 50.0",
        ),
        (
            "numbers of every kind",
            '{target} ScheduledActions "day"  Properties.ScalableTargetAction.MinCapacity: 5',
        ),
        (
            "policies and a schedule added",
            '{policy} "advisor-memory-tracking"  Properties.PolicyType: "TargetTrackingScaling"',
        ),
        (
            "policies and a schedule added",
            '{target} ScheduledActions "advisor-cron-0-8-e82815"  Properties.Timezone: "Asia/Tokyo"',
        ),
        ("schedule taken away", '{target} ScheduledActions "night"  remove it'),
        ("schedule taken away", '{policy} "cpu70"  remove it'),
        ("fixed to scaled", "{target}  Properties.MaxCapacity: 12"),
        ("scaled to fixed", "{target}  remove it"),
        ("scaled to fixed", "AWS::ECS::Service  Properties.DesiredCount: 3"),
    ],
)
def test_an_owned_service_gets_a_patch_with_every_kind(kind: str, line: str) -> None:
    service = replace(KINDS[kind].service(World()), tags=STACK)
    advice = advice_for(service, KINDS[kind].wanted(service.setup))
    plan = make_plan(review_of(advice), [service], made_at=CLOCK, made_from="")
    names = {"policy": "AWS::ApplicationAutoScaling::ScalingPolicy", "target": SCALABLE_TARGET}
    assert plan.changes == ()
    assert line.format(**names) in plan.not_planned[0].patch.splitlines()


def test_terraform_has_its_own_names_for_every_kind() -> None:
    kind = KINDS["numbers of every kind"]
    service = replace(kind.service(World()), deployment_controller="EXTERNAL")
    advice = advice_for(service, kind.wanted(service.setup))
    patch = make_plan(review_of(advice), [service], made_at=CLOCK, made_from="").not_planned[0].patch
    terraform = patch.partition("# Terraform\n")[2].splitlines()
    assert terraform == [
        'aws_appautoscaling_policy "cpu70"  target_tracking_scaling_policy_configuration.target_value = 55.0',
        'aws_appautoscaling_policy "burst"  step_scaling_policy_configuration.adjustment_type = "ChangeInCapacity"',
        'aws_appautoscaling_policy "burst"  step_scaling_policy_configuration.step_adjustment[0]'
        ".metric_interval_lower_bound = 0.0",
        'aws_appautoscaling_policy "burst"  step_scaling_policy_configuration.step_adjustment[0]'
        ".scaling_adjustment = 3",
        'aws_appautoscaling_policy "burst"  step_scaling_policy_configuration.cooldown = 60',
        'aws_appautoscaling_policy "burst"  step_scaling_policy_configuration.min_adjustment_magnitude (remove it)',
        'aws_appautoscaling_policy "forecast"  predictive_scaling_policy_configuration.metric_specification[0]'
        ".target_value = 50.0",
        'aws_appautoscaling_policy "forecast"  predictive_scaling_policy_configuration.mode = "ForecastAndScale"',
        'aws_appautoscaling_policy "forecast"  predictive_scaling_policy_configuration.max_capacity_breach_behavior'
        ' = "HonorMaxCapacity"',
        'aws_appautoscaling_policy "forecast"  predictive_scaling_policy_configuration.max_capacity_buffer (remove it)',
        'aws_appautoscaling_scheduled_action "day"  scalable_target_action.min_capacity = 5',
    ]
