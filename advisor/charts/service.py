"""The two charts of one service: work against capacity, and memory peaks against memory size."""

import altair as alt

from advisor.charts.drawing import Row, amount_axis, data, finish, series_rows, time_axis
from advisor.charts.style import DEMAND, NOW, PEAK, RECOMMENDED
from advisor.domain.errors import NoData
from advisor.domain.finding import Advice, History

WIDTH, HEIGHT = 500, 170

DEMAND_LABEL, PEAK_LABEL = "demand, mean", "demand, peak"
NOW_LABEL, RECOMMENDED_LABEL = "capacity now", "capacity recommended"
MEMORY_LABEL = "highest memory of one task"
MEMORY_NOW_LABEL, MEMORY_RECOMMENDED_LABEL = "size now", "size recommended"

COLORS = {
    DEMAND_LABEL: DEMAND,
    PEAK_LABEL: PEAK,
    NOW_LABEL: NOW,
    RECOMMENDED_LABEL: RECOMMENDED,
    MEMORY_LABEL: PEAK,
    MEMORY_NOW_LABEL: NOW,
    MEMORY_RECOMMENDED_LABEL: RECOMMENDED,
}


Series = list[Row]


def history(advice: Advice) -> alt.LayerChart:
    """CPU demand of the whole service against the replayed capacity, now and recommended  [vCPU].

    Raises NoData where the advice carries no history.
    """
    past = _history(advice)
    areas = [_rows(past, DEMAND_LABEL, past.demand_vcpu)]
    lines = [_rows(past, PEAK_LABEL, past.demand_peak_vcpu)]
    steps = [_rows(past, NOW_LABEL, past.current_vcpu, steps=True)]
    if advice.recommended is not None and advice.recommended != advice.current:
        steps.append(_rows(past, RECOMMENDED_LABEL, past.recommended_vcpu, steps=True))
    return _layered(areas=areas, lines=lines, steps=steps, unit="vCPU")


def memory(advice: Advice) -> alt.LayerChart:
    """Highest memory of one task against the memory size, now and recommended  [GiB].

    Raises NoData where the advice carries no history.
    """
    past = _history(advice)
    count = len(past.memory_peak_gib)
    steps = [_rows(past, MEMORY_NOW_LABEL, (advice.current.size.gib,) * count, steps=True)]
    if advice.recommended is not None and advice.recommended.size.memory != advice.current.size.memory:
        size = (advice.recommended.size.gib,) * count
        steps.append(_rows(past, MEMORY_RECOMMENDED_LABEL, size, steps=True))
    return _layered(areas=[], lines=[_rows(past, MEMORY_LABEL, past.memory_peak_gib)], steps=steps, unit="GiB")


def _history(advice: Advice) -> History:
    if advice.history is None or not advice.history.demand_vcpu:
        raise NoData(f"{advice.id.service!r}: no history to draw. Next: collect or import its usage.")
    return advice.history


def _rows(past: History, name: str, values: tuple[float | None, ...], *, steps: bool = False) -> Series:
    return series_rows(name, values, start=past.start, step_seconds=past.step_seconds, steps=steps)


def _steps(rows: Series, width: float) -> alt.Chart:
    mark: alt.Chart = alt.Chart(data(rows)).mark_line(strokeWidth=width, interpolate="step-after")
    return mark


def _layered(*, areas: list[Series], lines: list[Series], steps: list[Series], unit: str) -> alt.LayerChart:
    names = [rows[0]["series"] for rows in (*areas, *lines, *steps) if rows]
    scale = alt.Scale(domain=names, range=[COLORS[name] for name in names])
    color = alt.Color("series:N", scale=scale, sort=None)
    marks = [
        *(alt.Chart(data(rows)).mark_area(opacity=0.75) for rows in areas if rows),
        *(alt.Chart(data(rows)).mark_line(strokeWidth=1) for rows in lines if rows),
        *(_steps(rows, width) for rows, width in zip(steps, (3.2, 1.6), strict=False) if rows),
    ]
    drawn = [mark.encode(x=time_axis(), y=amount_axis(unit), color=color) for mark in marks]
    return finish(drawn, width=WIDTH, height=HEIGHT)
