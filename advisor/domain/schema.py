"""Every frame's columns in one table, which code, checks and manual all read.

Frames are pandas; the index is UTC, sorted, unique, at a fixed step; NaN is a
missing step and nothing else.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: dtype, unit, bounds (inclusive), whether it must be there, and what it means.

    `in_files`: whether a file that is imported may have it (docs/interfaces.md).
    """

    name: str
    dtype: Literal["float32", "float64", "bool", "int8"]
    unit: str
    low: float | None = 0.0
    high: float | None = None
    required: bool = True
    in_files: bool = True
    meaning: str


USAGE: tuple[Column, ...] = (
    Column(name="tasks", dtype="float32", unit="tasks", meaning="running tasks, average over the step"),
    Column(
        name="cpu_avg",
        dtype="float32",
        unit="percent",
        meaning="CPU, share of the reservation, service average",
    ),
    Column(name="cpu_max", dtype="float32", unit="percent", required=False, meaning="CPU of the hottest task"),
    Column(
        name="memory_avg",
        dtype="float32",
        unit="percent",
        meaning="memory, share of the reservation, service average",
    ),
    Column(
        name="memory_max",
        dtype="float32",
        unit="percent",
        required=False,
        meaning="memory of the fullest task",
    ),
    Column(
        name="requests",
        dtype="float32",
        unit="requests per minute",
        required=False,
        meaning="requests to the whole service",
    ),
    Column(
        name="response_avg",
        dtype="float32",
        unit="s",
        required=False,
        in_files=False,
        meaning="time until a target answered, average of the requests",
    ),
    Column(
        name="response_p99",
        dtype="float32",
        unit="s",
        required=False,
        in_files=False,
        meaning="time in which 99 of 100 requests were answered, at most",
    ),
)

# Steps in which usage is held beside a service's own: shorter ones of its last hours, longer ones of older days  [s].
SHORT_STEP, LONG_STEPS = 20, (300, 3600)

# What happened in a step of a demand frame.
OBSERVED, GAP, SATURATED, NO_TASK, STARTING = 0, 1, 2, 3, 4

DEMAND: tuple[Column, ...] = (
    Column(
        name="vcpu",
        dtype="float64",
        unit="vCPU",
        meaning="work of the whole service; a lower bound where saturated",
    ),
    Column(name="gib", dtype="float64", unit="GiB", meaning="memory in use, whole service"),
    Column(name="requests", dtype="float64", unit="requests per minute", meaning="requests to the whole service"),
    Column(name="tasks", dtype="float64", unit="tasks", meaning="running tasks, average over the step"),
    Column(name="task_vcpu", dtype="float64", unit="vCPU", meaning="reservation of one task at that time"),
    Column(name="task_gib", dtype="float64", unit="GiB", meaning="memory reservation of one task at that time"),
    Column(name="hot_vcpu", dtype="float64", unit="vCPU", meaning="work of the hottest task"),
    Column(name="hot_gib", dtype="float64", unit="GiB", meaning="memory of the fullest task"),
    Column(
        name="response_p99",
        dtype="float64",
        unit="s",
        meaning="time in which 99 of 100 requests were answered, at most",
    ),
    Column(
        name="state",
        dtype="int8",
        unit="code",
        high=4,
        meaning="0 observed, 1 gap, 2 saturated, 3 no task running, 4 a task was starting",
    ),
)
