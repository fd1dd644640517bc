"""The frontier: what each target costs, and how much it fails."""

from typing import Literal

import altair as alt

from advisor.charts.drawing import Row, data, finish
from advisor.charts.style import INK, NOW, RECOMMENDED
from advisor.domain.errors import NoData
from advisor.domain.finding import Advice, FrontierPoint
from advisor.domain.policy import TargetTracking
from advisor.domain.service import Setup

WIDTH, HEIGHT = 500, 170
NAMES = {"current": "today's setup, by target", "recommended": "recommended, by target"}
COLORS = {"current": NOW, "recommended": RECOMMENDED}
Failing = Literal["unmet", "throttled"]
TITLES = {"unmet": "% of the work unmet", "throttled": "% of the time the hottest task is out of CPU"}


def frontier(advice: Advice, failing: Failing = "throttled") -> alt.LayerChart:
    """Cost per month against the share that a setup fails, for every target that was tried; chosen ones are large.

    Raises NoData for a service without a frontier: one that no target-tracking policy on CPU scales.
    """
    if not advice.frontier:
        raise NoData(f"{advice.id.service!r}: no frontier to draw. Next: choose a service that tracks CPU.")
    rows = [_row(advice, point, failing) for point in advice.frontier]
    marked = [row for row in rows if row["chosen"]]
    kinds = list(dict.fromkeys(point.of for point in advice.frontier))
    scale = alt.Scale(domain=[NAMES[kind] for kind in kinds], range=[COLORS[kind] for kind in kinds])
    color = alt.Color("series:N", scale=scale, sort=None)
    x = alt.X("usd:Q", scale=alt.Scale(zero=False, nice=True), axis=_axis("USD per month", "$,.0f"))
    y = alt.Y("share:Q", scale=alt.Scale(zero=True, nice=True), axis=_title_on_top(TITLES[failing]))
    line = (
        alt.Chart(data(rows))
        .mark_line(strokeWidth=1.6, point=alt.OverlayMarkDef(size=18))
        .encode(x=x, y=y, color=color)
    )
    spots = alt.Chart(data(marked)).mark_point(size=130, filled=True, opacity=1).encode(x=x, y=y, color=color)
    text = alt.Chart(data(marked)).mark_text(dy=-13, color=INK, fontSize=11).encode(x=x, y=y, text="label:N")
    return finish((line, spots, text), width=WIDTH, height=HEIGHT)


def _row(advice: Advice, point: FrontierPoint, failing: Failing) -> Row:
    setup = advice.current if point.of == "current" else advice.recommended
    share = point.unmet_share if failing == "unmet" else point.cpu_throttled_share
    return {
        "series": NAMES[point.of],
        "usd": float(point.usd_month),
        "share": float(f"{100 * share:.4g}"),
        "chosen": point.target == _target(setup),
        "label": f"target {point.target:g} %",
    }


def _target(setup: Setup | None) -> float | None:
    policies = () if setup is None else setup.policies
    return next((p.target for p in policies if isinstance(p, TargetTracking) and p.metric == "cpu"), None)


def _axis(title: str, form: str) -> alt.Axis:
    return alt.Axis(title=title, format=form, tickCount=6, domain=False)


def _title_on_top(title: str) -> alt.Axis:
    return alt.Axis(title=title, titleAngle=0, titleAlign="left", titleX=0, titleY=-8, tickCount=4, domain=False)
