"""Scaling policies of Application Auto Scaling, as frozen records.

Field names and defaults are those of the AWS API in the field's short form; times are in seconds,
targets and thresholds in percent (cpu, memory) or requests per minute and task (requests).
The JSON form is the one of the setup file (see docs/interfaces.md).
"""

from dataclasses import dataclass
from typing import Literal

Metric = Literal["cpu", "memory", "requests"]
Direction = Literal["out", "in"]
AdjustmentType = Literal["ChangeInCapacity", "PercentChangeInCapacity", "ExactCapacity"]

DEFAULT_COOLDOWN_SECONDS = 300  # documented: Application Auto Scaling's default for ECS, both directions


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetTracking:
    """A target-tracking policy on the service average of one metric."""

    type: Literal["TargetTracking"] = "TargetTracking"
    metric: Metric
    target: float
    scale_out_cooldown: int = DEFAULT_COOLDOWN_SECONDS
    scale_in_cooldown: int = DEFAULT_COOLDOWN_SECONDS
    disable_scale_in: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StepScaling:
    """A step-scaling policy with its own alarm.

    `steps` are (lower bound, upper bound, adjustment), bounds relative to `threshold`, None = unbounded.
    """

    type: Literal["StepScaling"] = "StepScaling"
    metric: Metric
    direction: Direction
    threshold: float
    points: int = 3
    adjustment_type: AdjustmentType = "ChangeInCapacity"
    steps: tuple[tuple[float | None, float | None, int], ...]
    cooldown: int = DEFAULT_COOLDOWN_SECONDS
    min_adjustment_magnitude: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictiveScaling:
    """A predictive-scaling policy: an hourly forecast that only ever raises the floor."""

    type: Literal["PredictiveScaling"] = "PredictiveScaling"
    metric: Metric
    target: float
    mode: Literal["ForecastOnly", "ForecastAndScale"] = "ForecastOnly"
    scheduling_buffer: int = 300
    max_capacity_breach: Literal["HonorMaxCapacity", "IncreaseMaxCapacity"] = "HonorMaxCapacity"
    max_capacity_buffer: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherPolicy:
    """A policy that the simulator cannot replay (a custom metric, say); `why` says so in words."""

    type: Literal["Other"] = "Other"
    why: str


Policy = TargetTracking | StepScaling | PredictiveScaling | OtherPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledAction:
    """Sets the minimum and/or maximum at a time; in force until the next action.

    Either `expression` (AWS cron/at/rate, in `timezone`) or `at_tick` (for a replay without instants).
    """

    expression: str | None = None
    timezone: str = "UTC"
    at_tick: int | None = None
    minimum: int | None = None
    maximum: int | None = None
