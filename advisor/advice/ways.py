"""Ways of scaling: target tracking with floors that the history asks for, and step policies for surges."""

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
FLOOR_SHARE = 0.99  # chosen: of a task's CPU that a floor counts on for the work with its margin
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

    `least`, `most`: lowest minimum and highest maximum [tasks]. `steps`: step policies on CPU may be added.
    `schedule`: scheduled floors may be set, on the clock of `timezone`. `growth`: times the work seen that floors
    are made for.
    """

    least: int = 1
    most: int = 1000
    steps: bool = True
    schedule: bool = True
    timezone: str = "UTC"
    growth: float = 1.0

    @property
    def share(self) -> float:
        """Of a task's CPU that a floor counts on for the work that was seen."""
        return FLOOR_SHARE / self.growth


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A way of scaling on CPU or requests, for any target.

    `scale_in` "default" and "slow" leave it to target tracking, "gradual" to a step policy that takes a tenth
    at a time. `surge`: what a step policy on one datapoint of CPU adds when target tracking would still be waiting
    for its third: tasks in proportion, and "to-peak" all that the peak of the history needed once CPU is at its end.
    The floor is that of `shape` (None: the same at all hours) at a `quantile` of the work.
    """

    scale_in: ScaleIn
    surge: Surge
    shape: Shape | None
    quantile: float


def ways(scope: Scope) -> Iterator[Way]:
    """All ways that a scope allows."""
    for (scale_in, surge), (shape, quantile) in product(WAYS, FLOORS):
        if (scope.steps or surge == "none") and (scope.schedule or shape is None):
            yield Way(scale_in=scale_in, surge=surge, shape=shape, quantile=quantile)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What ways take from a history: floors by (shape, quantile), None where there are none; `peak` tasks."""

    floors: Mapping[tuple[Shape | None, float], Floors | None]
    peak: int


def seen_in(load: Load, task_vcpu: float, scope: Scope) -> Seen:
    """The floors and the peak of a load, for tasks of `task_vcpu`."""
    work = float(np.quantile(load.vcpu, PEAK_QUANTILE))
    floors = {(shape, quantile): _floors(load, shape, quantile, task_vcpu, scope) for shape, quantile in FLOORS}
    return Seen(floors=floors, peak=_within(work / (task_vcpu * scope.share), scope))


def setup_of(way: Way, tracking: TargetTracking, base: Setup, seen: Seen, *, percent: float) -> Setup | None:
    """A way after a history: `base` with its policies and floors; None where the history has no such floor.

    `tracking` gives metric and target, `percent` the CPU of a task that the target stands for.
    """
    floors = seen.floors[way.shape, way.quantile]
    if floors is None:
        return None
    return replace(
        base,
        desired=max(floors.minimum, base.desired),
        minimum=floors.minimum,
        policies=(_tracking(way, tracking), *_surge(way, percent, seen.peak), *_gradual(way, percent)),
        schedule=floors.actions,
    )


def _floors(load: Load, shape: Shape | None, quantile: float, task_vcpu: float, scope: Scope) -> Floors | None:
    if shape is None:
        work = float(np.quantile(load.vcpu, quantile)) if quantile else 0.0
        return Floors(actions=(), minimum=_within(work / (task_vcpu * scope.share), scope))
    if not scope.schedule:
        return None
    return scheduled_floors(
        load,
        task_vcpu=task_vcpu,
        share=scope.share,
        quantile=quantile,
        shape=shape,
        timezone=scope.timezone,
        least=scope.least,
        most=scope.most,
    )


def _tracking(way: Way, tracking: TargetTracking) -> TargetTracking:
    return replace(
        tracking,
        scale_out_cooldown=OUT_COOLDOWN_SECONDS,
        scale_in_cooldown=IN_COOLDOWN_SECONDS[way.scale_in],
        disable_scale_in=way.scale_in == "gradual",
    )


def _surge(way: Way, percent: float, peak: int) -> Iterator[StepScaling]:
    if way.surge == "none":
        return
    threshold = percent + SURGE_DEPTH * (100 - percent)
    yield _out(threshold, "PercentChangeInCapacity", tuple(_bands(percent, threshold)), magnitude=1)
    if way.surge == "to-peak":
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


def _bands(percent: float, threshold: float) -> Iterator[tuple[float, float | None, int]]:
    """Steps of ten percent of CPU; each adds what brings the middle of its band back to the target."""
    count = max(1, math.ceil((100 - threshold) / BAND_PERCENT - 1e-9))
    for band in range(count):
        low, high = band * BAND_PERCENT, (band + 1) * BAND_PERCENT
        middle = threshold + (low + min(high, 100 - threshold)) / 2
        yield low, None if band + 1 == count else high, max(1, math.ceil((middle / percent - 1) * 100))


def _gradual(way: Way, percent: float) -> Iterator[StepScaling]:
    if way.scale_in == "gradual":
        yield StepScaling(
            metric="cpu",
            direction="in",
            threshold=GRADUAL_SHARE * percent,
            points=ALARM_LOW_POINTS,
            adjustment_type="PercentChangeInCapacity",
            steps=((None, 0.0, -GRADUAL_PERCENT),),
            cooldown=IN_COOLDOWN_SECONDS["gradual"],
            min_adjustment_magnitude=1,
        )


def _within(tasks: float, scope: Scope) -> int:
    return min(max(math.ceil(tasks - 1e-9), scope.least), scope.most)
