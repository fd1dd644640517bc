"""What every chart needs: rows from series, a common finish, and the static SVG."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import altair as alt

from advisor.charts.style import CONFIG

Row = dict[str, Any]

_COORDINATES = re.compile(r' (?:d|transform)="[^"]*"')
_LONG_NUMBER = re.compile(r"-?\d+\.\d{2,}(?:e-?\d+)?")
_INVISIBLE_GROUND = re.compile(r'<path class="background"[^>]*/>|<path class="foreground"[^>]*/>')


def series_rows(
    name: str, values: Sequence[float | None], *, start: datetime, step_seconds: int, steps: bool = False
) -> list[Row]:
    """One row per value: t [ms since 1970], v, series. With `steps`, runs of equal values keep their ends only.

    >>> from datetime import UTC
    >>> rows = series_rows("now", (2, 2, 2, 3), start=datetime(1970, 1, 1, tzinfo=UTC), step_seconds=1, steps=True)
    >>> [(row["t"], row["v"]) for row in rows]
    [(0, 2), (2000, 2), (3000, 3), (4000, 3)]
    """
    begin = round(start.timestamp() * 1000)
    kept = _run_ends(values) if steps else range(len(values))
    rows = [{"t": begin + i * step_seconds * 1000, "v": values[i], "series": name} for i in kept]
    if steps and rows:
        rows.append({**rows[-1], "t": begin + len(values) * step_seconds * 1000})
    return rows


def _run_ends(values: Sequence[float | None]) -> list[int]:
    last = len(values) - 1
    return [i for i, value in enumerate(values) if i in (0, last) or value != values[i - 1] or value != values[i + 1]]


def data(rows: Sequence[Row]) -> dict[str, Any]:
    """Rows as data inside the chart: nothing is read from anywhere when it is drawn.

    A plain dictionary: `alt.InlineData` would check every row against its schema, which doubles the time.
    """
    return {"values": list(rows)}


_TIME_LABEL = "utchours(datum.value) ? utcFormat(datum.value, '%H:%M') : utcFormat(datum.value, '%-d %b')"


def time_axis() -> alt.X:
    """The time axis, in UTC: dates, and hours between them where the span is short."""
    axis = alt.Axis(title=None, labelExpr=_TIME_LABEL, tickCount=8, grid=False, labelOverlap=True)
    return alt.X("t:T", scale=alt.Scale(type="utc"), axis=axis)


def amount_axis(title: str) -> alt.Y:
    """The value axis, from zero; `title` names the unit."""
    axis = alt.Axis(title=title, titleAngle=0, titleAlign="left", titleX=0, titleY=-8, tickCount=4, domain=False)
    return alt.Y("v:Q", scale=alt.Scale(zero=True, nice=True), axis=axis)


def finish(layers: Sequence[alt.Chart], *, width: int, height: int) -> alt.LayerChart:
    """The layers as one chart of the common look; size in pixels."""
    return alt.LayerChart(layer=list(layers), width=width, height=height, config=alt.Config(**CONFIG))


def to_svg(chart: alt.LayerChart) -> str:
    """The chart as a static SVG, without network; coordinates to a tenth of a pixel keep it small."""
    import vl_convert

    svg: str = vl_convert.vegalite_to_svg(chart.to_dict(validate=False))
    lean = _INVISIBLE_GROUND.sub("", svg)
    return _COORDINATES.sub(lambda part: _LONG_NUMBER.sub(_tenth, part.group()), lean)


def _tenth(number: re.Match[str]) -> str:
    return f"{float(number.group()):.1f}".removesuffix(".0")
