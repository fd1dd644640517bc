"""How likely a task is to outgrow its memory: what its daily peaks foretell, learned from public traces."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from advisor.domain.settings import TailModel

Floats = npt.NDArray[np.float64]

DAYS_AHEAD = 30
FEWEST_PEAKS_STATED = 7  # with fewer daily peaks the size is chosen in the same way, but no probability is told
LEAST_STATED = 0.001  # chosen: so few days cannot rule out more than that, whatever the formula says
LEAST_MOVE = 0.02  # chosen: no series is taken to move less from day to day
FARTHEST = 3.0  # chosen: logarithms beyond it (a twentieth) say no more
FEWEST_TO_GROW, STEADY, MOST_TO_GROW = 5, 0.8, 60  # chosen: peaks that show growth, and Kendall's tau that is steady
WEEK, FEWEST_WEEKS = 7, 3
WEEKLY = 0.5  # chosen: a service keeps to its week where days move so much less from week to week than from day to day


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the daily peaks say; all but `days` and `highest` are natural logarithms of ratios.

    Where a service keeps to its week, the highest peaks of whole weeks speak in the place of the days'.

    `move`: mean change from day to day, plus `LEAST_MOVE`. `scale`: half the geometric mean of that change and of the
    height of the highest peak above what is typical, plus `LEAST_MOVE`: how far a new peak may lie from the highest.
    `apart`: the highest above the second highest. `fallen`: the highest above the latest. `growth`: per day, where
    the peaks grow steadily, else 0.
    """

    days: int
    highest: float
    move: float
    scale: float
    apart: float
    fallen: float
    growth: float


def chance_of_breach(seen: Evidence, memory: float, *, days: int = DAYS_AHEAD, model: TailModel | None = None) -> float:
    """Chance that the highest peak of the next `days` days is above `memory`, in the unit of the peaks.  [0 to 1]

    `model` None = the one that is shipped.
    """
    return float(chance(model or shipped(), seen, np.array([memory], dtype=np.float64), days)[0])


def chance(model: TailModel, seen: Evidence, memory: Floats, days: int) -> Floats:
    """Chance that each of `memory` is outgrown within `days` days.  [0 to 1]

        odds = e^base (1 + x / scale)^headroom days^days_ahead n^days_seen (1 + apart / move)^.. (1 + fallen / move)^..
        x = ln(memory / highest) - growth days

    with n daily peaks. Memory below the highest peak has been outgrown already: 1.

    ================  =====================================================  ==============================
    evidence          what it says                                           what the odds do
    ================  =====================================================  ==============================
    x / scale         headroom, in terms of how much this series moves       fall with a power of it
    days / n          how long the look is against the history               rise, nearly in proportion
    apart             the highest peak stands alone                          fall: it was rare
    fallen            the latest peak is far below the highest               fall
    growth            every day higher than the one before                   headroom is used up by it
    ================  =====================================================  ==============================

    Fitted by logistic regression, cross-validated by source: docs/memory-risk.md. Nothing of it is documented by AWS.
    """
    room = np.log(np.maximum(memory, 1e-9) / seen.highest)
    ahead = np.maximum(room - seen.growth * days, 0.0)
    logit = (
        model.base
        + model.headroom * np.log1p(ahead / seen.scale)
        + model.days_ahead * np.log(days)
        + model.days_seen * np.log(seen.days)
        + model.apart * np.log1p(seen.apart / seen.move)
        + model.fallen * np.log1p(seen.fallen / seen.move)
    )
    stated = np.maximum(1 / (1 + np.exp(-np.clip(logit, -500, 500))), LEAST_STATED)
    return np.asarray(np.where(room < 0, 1.0, stated))


def evidence(peaks: Sequence[float], typical: float = 0.0) -> Evidence:
    """What two daily peaks or more say, oldest first, in one unit.

    `typical` is the median of what a task held, in the same unit; 0 where it is not known.
    """
    found = np.maximum(np.asarray(peaks, dtype=np.float64), 1e-9)
    highest = float(found.max())
    days = np.maximum(np.log(found / highest), -FARTHEST)
    logs = _weeks(days)
    typical = typical if logs is days else highest * math.exp(float(np.median(logs)))
    mean_move = float(np.abs(np.diff(logs)).mean())
    height = min(float(np.log(highest / typical)), FARTHEST) if 0 < typical < highest else mean_move
    return Evidence(
        days=len(found),
        highest=highest,
        move=mean_move + LEAST_MOVE,
        scale=math.sqrt(mean_move * height) / 2 + LEAST_MOVE,
        apart=-float(np.sort(logs)[-2]),
        fallen=-float(logs[-1]),
        growth=_growth(days[-MOST_TO_GROW:]) if logs is days else _growth(logs) / WEEK,
    )


@cache
def shipped(of: Literal["memory", "cpu"] = "memory") -> TailModel:
    """The models in this package; `--ship` of benchmarks/memory_risk.py and benchmarks/cpu_risk.py makes them."""
    text = (files("advisor.advice") / "data" / f"{of}_tail.json").read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    return TailModel(**document["model"])


def _weeks(days: Floats) -> Floats:
    """The highest of each whole week, counted back from the end, where a service keeps to its week; else the days."""
    if len(days) < FEWEST_WEEKS * WEEK:
        return days
    by_week, by_day = np.abs(days[WEEK:] - days[:-WEEK]).mean(), np.abs(np.diff(days)).mean()
    if by_week >= WEEKLY * by_day:
        return days
    return np.asarray(days[len(days) % WEEK :].reshape(-1, WEEK).max(axis=1))


def _growth(logs: Floats) -> float:
    """Median slope over all pairs (Theil-Sen) where Kendall's tau calls the growth steady, else 0.  [per step]"""
    if len(logs) < FEWEST_TO_GROW:
        return 0.0
    early, late = np.triu_indices(len(logs), 1)
    rise = logs[late] - logs[early]
    if float(np.sign(rise).mean()) < STEADY:
        return 0.0
    return float(np.median(rise / (late - early)))
