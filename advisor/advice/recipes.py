"""Scaling recipes: ways of scaling that become a setup once they meet a history."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Literal

import numpy as np

from advisor.advice.floors import Floors, Shape, scheduled_floors
from advisor.domain.policy import AdjustmentType, StepScaling, TargetTracking
from advisor.domain.service import Setup
from advisor.simulation import Load

ScaleIn = Literal["default", "slow", "gradual"]
Surge = Literal["none", "proportional", "to-peak"]
Steps = tuple[tuple[float | None, float | None, int], ...]

TARGETS = (30, 50, 70, 90)  # percent; with floors that the history asks for
FINER_TARGETS = (40, 60, 80)  # tried beside them where the minimum is the least allowed
FLOORS: tuple[tuple[Shape | None, float], ...] = (
    *((None, quantile) for quantile in (0.0, 0.5, 0.9, 0.99, 1.0)),
    *(("day", quantile) for quantile in (0.9, 0.99, 1.0)),
    ("week", 0.99),
)
WAYS: tuple[tuple[ScaleIn, Surge], ...] = (
    ("default", "none"),
    ("slow", "none"),
    ("default", "proportional"),
    ("slow", "proportional"),
    ("gradual", "proportional"),
    ("default", "to-peak"),
    ("slow", "to-peak"),
)
FLOOR_SHARE = 0.9  # chosen: of a task's CPU that a floor counts on
OUT_COOLDOWN_SECONDS = 60
IN_COOLDOWN_SECONDS: dict[ScaleIn, int] = {"default": 300, "slow": 1800, "gradual": 300}
GRADUAL_PERCENT, GRADUAL_SHARE = 10, 0.85  # a tenth of the tasks at a time, while CPU is under 85 % of the target
ALARM_LOW_POINTS = 15  # as target tracking's own alarm
SURGE_DEPTH = 0.3  # of the way from the target to 100 %: where a surge begins
BAND_PERCENT = 10.0
SATURATED_PERCENT = 99.0  # beyond it CPU no longer says how much more is wanted
PEAK_QUANTILE = 0.999


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What may change, and within which counts.

    `least`, `most`: lowest minimum and highest maximum [tasks]. `steps`: step policies may be added.
    `schedule`: scheduled floors may be set, on the clock of `timezone`.
    """

    least: int = 1
    most: int = 1000
    steps: bool = True
    schedule: bool = True
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A way of scaling on CPU.

    `scale_in` "default" and "slow" leave it to target tracking, "gradual" to a step policy that takes a tenth
    at a time. `surge`: what a step policy on one datapoint adds when target tracking would still be waiting for
    its third: tasks in proportion, and "to-peak" all that the peak of the history needed once CPU is at its end.
    """

    target: int
    scale_in: ScaleIn
    surge: Surge
    shape: Shape | None
    quantile: float


def recipes(scope: Scope) -> Iterator[Recipe]:
    """All recipes that a scope allows."""
    finer = product(FINER_TARGETS, WAYS, FLOORS[:1])
    for target, (scale_in, surge), (shape, quantile) in (*product(TARGETS, WAYS, FLOORS), *finer):
        if (scope.steps or surge == "none") and (scope.schedule or shape is None):
            yield Recipe(target=target, scale_in=scale_in, surge=surge, shape=shape, quantile=quantile)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What recipes take from a history: floors by (shape, quantile), None where there are none; `peak` tasks."""

    floors: Mapping[tuple[Shape | None, float], Floors | None]
    peak: int


def seen_in(load: Load, task_vcpu: float, scope: Scope) -> Seen:
    """The floors and the peak of a load, for tasks of `task_vcpu`."""
    work = float(np.quantile(load.vcpu, PEAK_QUANTILE))
    floors = {(shape, quantile): _floors(load, shape, quantile, task_vcpu, scope) for shape, quantile in FLOORS}
    return Seen(floors=floors, peak=_within(work / (task_vcpu * FLOOR_SHARE), scope))


def setup_of(recipe: Recipe, base: Setup, seen: Seen, scope: Scope) -> Setup | None:
    """A recipe after a history: `base` with the recipe's policies and floors; None where it has no such floor."""
    floors = seen.floors[recipe.shape, recipe.quantile]
    if floors is None:
        return None
    return replace(
        base,
        desired=max(floors.minimum, min(base.desired, scope.most)),
        minimum=floors.minimum,
        maximum=scope.most,
        policies=(_tracking(recipe), *_surge(recipe, seen.peak), *_gradual(recipe)),
        schedule=floors.actions,
    )


def _floors(load: Load, shape: Shape | None, quantile: float, task_vcpu: float, scope: Scope) -> Floors | None:
    if shape is None:
        work = float(np.quantile(load.vcpu, quantile)) if quantile else 0.0
        return Floors(actions=(), minimum=_within(work / (task_vcpu * FLOOR_SHARE), scope))
    if not scope.schedule:
        return None
    return scheduled_floors(
        load,
        task_vcpu=task_vcpu,
        share=FLOOR_SHARE,
        quantile=quantile,
        shape=shape,
        timezone=scope.timezone,
        least=scope.least,
        most=scope.most,
    )


def _tracking(recipe: Recipe) -> TargetTracking:
    return TargetTracking(
        metric="cpu",
        target=float(recipe.target),
        scale_out_cooldown=OUT_COOLDOWN_SECONDS,
        scale_in_cooldown=IN_COOLDOWN_SECONDS[recipe.scale_in],
        disable_scale_in=recipe.scale_in == "gradual",
    )


def _surge(recipe: Recipe, peak: int) -> Iterator[StepScaling]:
    if recipe.surge == "none":
        return
    threshold = recipe.target + SURGE_DEPTH * (100 - recipe.target)
    yield _out(threshold, "PercentChangeInCapacity", tuple(_bands(recipe.target, threshold)), magnitude=1)
    if recipe.surge == "to-peak":
        yield _out(SATURATED_PERCENT, "ExactCapacity", ((0.0, None, peak),), magnitude=0)


def _out(threshold: float, kind: AdjustmentType, steps: Steps, *, magnitude: int) -> StepScaling:
    """A step policy that acts on one datapoint."""
    return StepScaling(
        metric="cpu",
        direction="out",
        threshold=threshold,
        points=1,
        adjustment_type=kind,
        steps=steps,
        cooldown=OUT_COOLDOWN_SECONDS,
        min_adjustment_magnitude=magnitude,
    )


def _bands(target: float, threshold: float) -> Iterator[tuple[float, float | None, int]]:
    """Steps of ten percent of CPU; each adds what brings the middle of its band back to the target."""
    count = max(1, math.ceil((100 - threshold) / BAND_PERCENT - 1e-9))
    for band in range(count):
        low, high = band * BAND_PERCENT, (band + 1) * BAND_PERCENT
        middle = threshold + (low + min(high, 100 - threshold)) / 2
        yield low, None if band + 1 == count else high, max(1, math.ceil((middle / target - 1) * 100))


def _gradual(recipe: Recipe) -> Iterator[StepScaling]:
    if recipe.scale_in == "gradual":
        yield StepScaling(
            metric="cpu",
            direction="in",
            threshold=GRADUAL_SHARE * recipe.target,
            points=ALARM_LOW_POINTS,
            adjustment_type="PercentChangeInCapacity",
            steps=((None, 0.0, -GRADUAL_PERCENT),),
            cooldown=IN_COOLDOWN_SECONDS["gradual"],
            min_adjustment_magnitude=1,
        )


def _within(tasks: float, scope: Scope) -> int:
    return min(max(math.ceil(tasks - 1e-9), scope.least), scope.most)
