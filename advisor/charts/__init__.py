"""The drawings: Altair charts made once, used by the report (as SVG) and by notebooks (as they are).

Charts are drawn on the UTC clock; every axis names its unit. A missing value breaks the line, it is never zero.
"""

from advisor.charts.drawing import to_svg
from advisor.charts.fleet import savings
from advisor.charts.frontier import frontier
from advisor.charts.scoreboard import reliability, scoreboard
from advisor.charts.service import history, memory
from advisor.charts.timeline import calibration, timeline

__all__ = [
    "calibration",
    "frontier",
    "history",
    "memory",
    "reliability",
    "savings",
    "scoreboard",
    "timeline",
    "to_svg",
]
