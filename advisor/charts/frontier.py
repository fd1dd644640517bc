"""The frontier: what each target costs, and how much it fails."""

from collections.abc import Mapping
from itertools import cycle
from typing import Literal

import altair as alt

from advisor.advice.levers import tracked
from advisor.charts.drawing import Row, data, finish
from advisor.charts.style import IDEAS, INK, MUTED, NOW, RECOMMENDED
from advisor.domain.errors import NoData
from advisor.domain.finding import Advice, FrontierPoint
from advisor.domain.policy import TargetTracking

WIDTH, HEIGHT = 500, 170
NAMES = {"tried": "best that was tried", "current": "today's setup, by target", "recommended": "recommended, by target"}
COLORS = {"tried": MUTED, "current": NOW, "recommended": RECOMMENDED}
Failing = Literal["unmet", "throttled"]
TITLES = {"unmet": "% of the work unmet", "throttled": "% of the time the hottest task is out of CPU"}
SHOWN = {"unmet": 0.1, "throttled": 1.0}  # percent; what was tried is drawn up to here, or to twice what else is drawn


def frontier(
    advice: Advice, failing: Failing = "throttled", *, trials: Mapping[str, tuple[float, float]] | None = None
) -> alt.LayerChart:
    """Cost per month against the share that a setup fails: what was tried and not beaten, today's setup and the
    recommended one with other targets; chosen ones are large.

    `trials` are setups of your own, marked beside them: name -> (USD per month, share that it fails, 0 to 1).
    Raises NoData for a service without a frontier: one whose scaling may not change.
    """
    if not advice.frontier:
        raise NoData(
            f"{advice.id.service!r}: no frontier to draw. Next: choose a service that scales on CPU or requests."
        )
    others = [_row(advice, point, failing) for point in advice.frontier if point.of != "tried"]
    tried = [_row(advice, point, failing) for point in advice.frontier if point.of == "tried"]
    rows = [*_unbeaten(tried, SHOWN[failing], others), *others]
    marked = [row for row in rows if row["chosen"]]
    own = [_trial(name, *where) for name, where in (trials or {}).items()]
    drawn = {row["series"] for row in rows}
    colors = {NAMES[kind]: color for kind, color in COLORS.items() if NAMES[kind] in drawn}
    colors |= dict(zip((row["series"] for row in own), cycle(IDEAS), strict=False))
    scale = alt.Scale(domain=list(colors), range=list(colors.values()))
    color = alt.Color("series:N", scale=scale, sort=None, legend=alt.Legend(columns=3 if own else 0))
    x = alt.X("usd:Q", scale=alt.Scale(zero=False, nice=True), axis=_axis("USD per month", "$,.0f"))
    y = alt.Y("share:Q", scale=alt.Scale(zero=True, nice=True), axis=_title_on_top(TITLES[failing]))
    line = (
        alt.Chart(data(rows))
        .mark_line(strokeWidth=1.6, point=alt.OverlayMarkDef(size=18))
        .encode(x=x, y=y, color=color)
    )
    spots = alt.Chart(data(marked + own)).mark_point(size=130, filled=True, opacity=1).encode(x=x, y=y, color=color)
    text = alt.Chart(data(marked)).mark_text(dy=-13, color=INK, fontSize=11).encode(x=x, y=y, text="label:N")
    return finish((line, spots, text), width=WIDTH, height=HEIGHT)


def _row(advice: Advice, point: FrontierPoint, failing: Failing) -> Row:
    setup = advice.current if point.of == "current" else advice.recommended
    share = point.unmet_share if failing == "unmet" else point.cpu_throttled_share
    policy = tracked(setup) if setup else None
    return {
        "series": NAMES[point.of],
        "usd": float(point.usd_month),
        "share": _percent(share),
        "chosen": point.of != "tried" and point.target == (policy.target if policy else None),
        "label": _label(point.target, policy),
    }


def _unbeaten(tried: list[Row], shown: float, others: list[Row]) -> list[Row]:
    """The rows that no cheaper one beats, as far up as is of use beside the others."""
    ceiling = max([shown, *(2 * row["share"] for row in others)])
    found: list[Row] = []
    for row in sorted(tried, key=lambda row: (row["usd"], row["share"])):
        if row["share"] <= ceiling and (not found or row["share"] < found[-1]["share"]):
            found.append(row)
    return found


def _label(target: float | None, policy: TargetTracking | None) -> str:
    if target is None or policy is None:
        return "as it is"
    return f"target {target:g}" + (" %" if policy.metric == "cpu" else " requests a minute")


def _trial(name: str, usd: float, share: float) -> Row:
    return {"series": name, "usd": usd, "share": _percent(share)}


def _percent(share: float) -> float:
    return float(f"{100 * share:.4g}")


def _axis(title: str, form: str) -> alt.Axis:
    return alt.Axis(title=title, format=form, tickCount=6, domain=False)


def _title_on_top(title: str) -> alt.Axis:
    return alt.Axis(title=title, titleAngle=0, titleAlign="left", titleX=0, titleY=-8, tickCount=4, domain=False)
