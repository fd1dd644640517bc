"""The notebook's first look: demand over time against what each replay would have had."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import altair as alt
import numpy as np
import numpy.typing as npt

from advisor.charts.drawing import Row, amount_axis, data, finish, series_rows, time_axis
from advisor.charts.style import DEMAND, OTHERS
from advisor.domain.errors import NoData

if TYPE_CHECKING:
    from advisor.profile import Demand
    from advisor.simulation import Outcome

Floats = npt.NDArray[np.float64]

WIDTH, HEIGHT, MOST_STEPS = 760, 240, 720


def timeline(demand: Demand, *outcomes: Outcome) -> alt.LayerChart:
    """Work of the service against the running capacity of each replay  [vCPU].

    Long histories are drawn as means over equal spans, at most 720 of them.
    Raises NoData for a demand without rows.
    """
    values = demand.frame["vcpu"].to_numpy(dtype=np.float64)
    if not len(values):
        raise NoData(f"{demand.id}: no demand to draw. Next: collect or import its usage.")
    start = demand.frame.index[0].to_pydatetime()
    work = _rows("demand", values, start=start, step_seconds=demand.step_seconds)
    replays = [_replay(outcome, number, start) for number, outcome in enumerate(outcomes, start=1)]
    colors = {rows[0]["series"]: OTHERS[i % len(OTHERS)] for i, rows in enumerate(replays)}
    names = ["demand", *colors]
    scale = alt.Scale(domain=names, range=[DEMAND, *colors.values()])
    color = alt.Color("series:N", scale=scale, sort=None)
    area = alt.Chart(data(work)).mark_area(opacity=0.75)
    lines = [alt.Chart(data(rows)).mark_line(interpolate="step-after", strokeWidth=1.5) for rows in replays]
    y = amount_axis("vCPU")
    layers = [mark.encode(x=time_axis(), y=y, color=color) for mark in (area, *lines)]
    return finish(layers, width=WIDTH, height=HEIGHT)


def _replay(outcome: Outcome, number: int, start: datetime) -> list[Row]:
    size = outcome.setup.size
    capacity = np.asarray(outcome.running, dtype=np.float64) * size.vcpu
    began = outcome.load.start or start
    return _rows(f"{number}: {size}", capacity, start=began, step_seconds=outcome.tick_seconds)


def _rows(name: str, values: Floats, *, start: datetime, step_seconds: int) -> list[Row]:
    span = -(-len(values) // MOST_STEPS)
    means = [_mean(values[i : i + span]) for i in range(0, len(values), span)]
    return series_rows(name, means, start=start, step_seconds=step_seconds * span)


def _mean(values: Floats) -> float | None:
    known = values[~np.isnan(values)]
    return float(f"{known.mean():.5g}") if len(known) else None
