"""The constants of Application Auto Scaling, each with how we know it: the simulator reads them from here.

documented = by AWS; observed = by others, in exported alarms or published measurements; chosen = by us.
"""

from dataclasses import dataclass
from typing import Literal

Certainty = Literal["documented", "observed", "chosen"]

_ECS = "ECS developer guide, service auto scaling, 2026"
_ALARMS = "CloudWatch alarms exported by Terraformer; notes of a third-party emulator on AWS's behaviour"
_NOTES = "notes of a third-party emulator on AWS's behaviour, 2026; Segment's write-up of 2019"
_MODEL = "docs/simulation.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant:
    """A number of the autoscaler: value, unit, meaning, and how we know it."""

    value: float
    unit: str
    meaning: str
    certainty: Certainty
    source: str
    as_of: str


STANDARD_TICK = Constant(
    value=60,
    unit="s",
    meaning="step of standard ECS metrics",
    certainty="documented",
    source=_ECS,
    as_of="2026",
)
HIGH_RESOLUTION_TICK = Constant(
    value=20,
    unit="s",
    meaning="step of high-resolution ECS metrics",
    certainty="documented",
    source=_ECS,
    as_of="2026-06-18",
)
ALARM_HIGH_POINTS = Constant(
    value=3,
    unit="datapoints",
    meaning="all above the target: target tracking asks for more",
    certainty="observed",
    source=_ALARMS,
    as_of="2026",
)
ALARM_LOW_POINTS = Constant(
    value=15,
    unit="datapoints of 60 s",
    meaning="all below the low threshold: target tracking asks for less",
    certainty="observed",
    source=_ALARMS,
    as_of="2026",
)
ALARM_LOW_POINTS_HIGH_RESOLUTION = Constant(
    value=30,
    unit="datapoints of 20 s",
    meaning="as ALARM_LOW_POINTS",
    certainty="observed",
    source=_NOTES,
    as_of="2026",
)
LOW_THRESHOLD = Constant(
    value=0.9,
    unit="share of the target",
    meaning="threshold of AlarmLow",
    certainty="observed",
    source=_ALARMS,
    as_of="2026",
)
CEIL_TOLERANCE = Constant(
    value=1e-9,
    unit="tasks",
    meaning="float noise that rounding up forgives",
    certainty="chosen",
    source=_MODEL,
    as_of="2026-11",
)
DEFAULT_COOLDOWN = Constant(
    value=300,
    unit="s",
    meaning="both cooldowns of ECS, where none is given",
    certainty="documented",
    source="botocore 1.44.5, application-autoscaling",
    as_of="2026-11",
)
STARTUP_TICKS = Constant(
    value=1,
    unit="ticks",
    meaning="from the decision to the first tick served",
    certainty="chosen",
    source=_MODEL,
    as_of="2026-11",
)
METRIC_DELAY_TICKS = Constant(
    value=1,
    unit="ticks",
    meaning="from the end of a tick to its datapoint",
    certainty="chosen",
    source=_MODEL,
    as_of="2026-11",
)
DRAIN_TICKS = Constant(
    value=0,
    unit="ticks",
    meaning="a stopped task is billed this long; an ALB's default is 300 s",
    certainty="chosen",
    source=_MODEL,
    as_of="2026-11",
)
PREDICTIVE_HISTORY_DAYS = Constant(
    value=14,
    unit="days",
    meaning="predictive scaling learns from at most this",
    certainty="documented",
    source="EC2 Auto Scaling user guide, 2023",
    as_of="2023",
)
PREDICTIVE_LEAST_HOURS = Constant(
    value=24,
    unit="hours",
    meaning="predictive scaling learns from at least this",
    certainty="documented",
    source="EC2 Auto Scaling user guide, 2023",
    as_of="2023",
)

CONSTANTS: dict[str, Constant] = {name: value for name, value in list(globals().items()) if isinstance(value, Constant)}
