"""Patches of every kind of scaling, for whoever owns the fields."""

from dataclasses import replace

import pytest
from applier_kinds import KINDS
from applier_rich import CLOCK
from applier_world import World, advice_for, review_of

from advisor.applier import make_plan

SCALABLE_TARGET = "AWS::ApplicationAutoScaling::ScalableTarget"
ALARM = "AWS::CloudWatch::Alarm"
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
        ("alarms moved", '{alarm} "hot"  Properties.Threshold: 65.0'),
        ("steps give way to target tracking", '{alarm} "hot"  remove it'),
        (
            "steps give way to target tracking",
            '{alarm} "cold"  Properties.AlarmActions: "(without the ARN of the policy calm)"',
        ),
        (
            "steps added for surges",
            '{alarm} "advisor-service/prod/checkout/advisor-cpu-steps-out"  Properties.AlarmActions[0]: '
            '"(the ARN of the policy advisor-cpu-steps-out)"',
        ),
        (
            "steps added for surges",
            '{alarm} "advisor-service/prod/checkout/advisor-memory-steps-in"  '
            'Properties.Dimensions[Name="ServiceName"].Value: "checkout"',
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
    names = {"policy": "AWS::ApplicationAutoScaling::ScalingPolicy", "target": SCALABLE_TARGET, "alarm": ALARM}
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


def test_terraform_has_its_own_names_for_an_alarm() -> None:
    kind = KINDS["steps added for surges"]
    service = replace(kind.service(World()), deployment_controller="EXTERNAL")
    advice = advice_for(service, kind.wanted(service.setup))
    patch = make_plan(review_of(advice), [service], made_at=CLOCK, made_from="").not_planned[0].patch
    name = "advisor-service/prod/checkout/advisor-memory-steps-in"
    lines = [line for line in patch.partition("# Terraform\n")[2].splitlines() if name in line]
    assert [line.partition('"  ')[2] for line in lines] == [
        'alarm_description = "Made by advisor for the scaling policy advisor-memory-steps-in of prod/checkout."',
        'namespace = "AWS/ECS"',
        'statistic = "Average"',
        "period = 60",
        'treat_missing_data = "missing"',
        f'alarm_name = "{name}"',
        'metric_name = "MemoryUtilization"',
        "threshold = 30.0",
        'comparison_operator = "LessThanOrEqualToThreshold"',
        "evaluation_periods = 15",
        "datapoints_to_alarm = 15",
        'alarm_actions[0] = "(the ARN of the policy advisor-memory-steps-in)"',
        'dimensions.ClusterName = "prod"',
        'dimensions.ServiceName = "checkout"',
    ]
