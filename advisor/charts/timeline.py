"""The notebook's charts: demand against what each replay would have had, and recorded against replayed tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import cycle
from math import ceil
from typing import TYPE_CHECKING

import altair as alt
import numpy as np
import numpy.typing as npt

from advisor.charts.drawing import Row, amount_axis, data, finish, series_rows, time_axis
from advisor.charts.style import DEMAND, IDEAS, NOW, RECOMMENDED
from advisor.domain.errors import NoData

if TYPE_CHECKING:
    from advisor.profile import Demand
    from advisor.simulation import Outcome

Floats = npt.NDArray[np.float64]
Span = tuple[datetime, datetime]

WIDTH, HEIGHT, MOST_STEPS = 760, 240, 720
RECORDED_LABEL, REPLAYED_LABEL = "recorded", "replayed"


def timeline(demand: Demand, *outcomes: Outcome, names: Sequence[str] = (), span: Span | None = None) -> alt.LayerChart:
    """Work of the service against the running capacity of each replay  [vCPU].

    `names` are those of the replays in the legend, one each; `span`: from one instant up to another, default all.
    Long histories are drawn as means over equal spans, at most 720 of them. Raises NoData where there is no row.
    """
    labels = names or [f"{number}: {outcome.setup.size}" for number, outcome in enumerate(outcomes, start=1)]
    colors = dict(zip(labels, cycle((NOW, *IDEAS, RECOMMENDED)), strict=False))
    area = alt.Chart(data(_recorded(demand, "vcpu", "demand", span))).mark_area(opacity=0.75)
    lines = [
        _steps(_replayed(outcome, outcome.capacity, label, demand, span), 1.5)
        for outcome, label in zip(outcomes, labels, strict=True)
    ]
    return _layered([area, *lines], {"demand": DEMAND, **colors}, unit="vCPU")


def calibration(demand: Demand, outcome: Outcome, *, span: Span | None = None) -> alt.LayerChart:
    """Recorded task counts under those of a replay of the same setup  [tasks]; as `timeline` in all else."""
    recorded = _recorded(demand, "tasks", RECORDED_LABEL, span)
    replayed = _replayed(outcome, outcome.running.astype(np.float64), REPLAYED_LABEL, demand, span)
    colors = {RECORDED_LABEL: DEMAND, REPLAYED_LABEL: NOW}
    return _layered([_steps(recorded, 4.0), _steps(replayed, 1.2)], colors, unit="tasks")


def _recorded(demand: Demand, column: str, name: str, span: Span | None) -> list[Row]:
    frame = demand.frame
    if span is not None:
        frame = frame[(frame.index >= span[0]) & (frame.index < span[1])]
    if frame.empty:
        raise NoData(f"{demand.id}: no demand to draw. Next: collect or import its usage.")
    values = frame[column].to_numpy(dtype=np.float64)
    return _rows(name, values, start=frame.index[0].to_pydatetime(), step_seconds=demand.step_seconds)


def _replayed(outcome: Outcome, values: Floats, name: str, demand: Demand, span: Span | None) -> list[Row]:
    start, tick = outcome.load.start or demand.frame.index[0].to_pydatetime(), outcome.tick_seconds
    low, high = (0, len(values)) if span is None else (max(0, ceil((at - start).total_seconds() / tick)) for at in span)
    return _rows(name, values[low:high], start=start + timedelta(seconds=low * tick), step_seconds=tick)


def _steps(rows: list[Row], width: float) -> alt.Chart:
    mark: alt.Chart = alt.Chart(data(rows)).mark_line(interpolate="step-after", strokeWidth=width)
    return mark


def _layered(marks: Sequence[alt.Chart], colors: Mapping[str, str], *, unit: str) -> alt.LayerChart:
    scale = alt.Scale(domain=list(colors), range=list(colors.values()))
    color = alt.Color("series:N", scale=scale, sort=None)
    drawn = [mark.encode(x=time_axis(), y=amount_axis(unit), color=color) for mark in marks]
    return finish(drawn, width=WIDTH, height=HEIGHT)


def _rows(name: str, values: Floats, *, start: datetime, step_seconds: int) -> list[Row]:
    span = max(1, ceil(len(values) / MOST_STEPS))
    means = [_mean(values[i : i + span]) for i in range(0, len(values), span)]
    return series_rows(name, means, start=start, step_seconds=step_seconds * span)


def _mean(values: Floats) -> float | None:
    known = values[~np.isnan(values)]
    return float(f"{known.mean():.5g}") if len(known) else None
