"""Charts over a whole review."""

from decimal import Decimal

import altair as alt

from advisor.charts.drawing import Row, data, finish
from advisor.charts.style import INK, NOW_FILL, RECOMMENDED
from advisor.domain.errors import printable
from advisor.domain.finding import Advice, Review

WIDTH, ROW_HEIGHT, MOST = 580, 26, 15
NOW_LABEL, THEN_LABEL = "now", "recommended"


def savings(review: Review, *, most: int = MOST) -> alt.LayerChart | None:
    """Cost of the services to change, now and as recommended, largest difference first  [USD per month].

    At most `most` services are drawn. None where no change has a known price.
    """
    known = [(advice, _saving(advice)) for advice in review.services]
    changes = [(advice, saving) for advice, saving in known if saving is not None]
    changes.sort(key=lambda pair: (-abs(pair[1]), str(pair[0].id)))
    rows = [row for place, pair in enumerate(changes[:most]) for row in _bars(place, *pair)]
    return _chart(rows) if rows else None


def _saving(advice: Advice) -> Decimal | None:
    money = advice.usd_month
    if advice.verdict != "change" or money.current is None or money.recommended is None:
        return None
    return money.current - money.recommended


def _bars(place: int, advice: Advice, saving: Decimal) -> list[Row]:
    money = advice.usd_month
    name = f"{place:03d} {_short(advice.id.service)}"
    sign = "−" if saving >= 0 else "+"
    label = f"{sign}${abs(saving):,.2f}"
    highest = max(float(money.current or 0), float(money.recommended or 0))
    common = {"service": name, "end": highest, "label": label}
    return [
        {**common, "what": NOW_LABEL, "usd": float(money.current or 0)},
        {**common, "what": THEN_LABEL, "usd": float(money.recommended or 0)},
    ]


def _short(name: str, most: int = 30) -> str:
    shown = printable(name)
    return shown if len(shown) <= most else f"{shown[: most - 9]}…{shown[-8:]}"


def _chart(rows: list[Row]) -> alt.LayerChart:
    services = len({row["service"] for row in rows})
    color = alt.Color(
        "what:N", scale=alt.Scale(domain=[NOW_LABEL, THEN_LABEL], range=[NOW_FILL, RECOMMENDED]), sort=None
    )
    label = alt.Axis(
        title=None, labelExpr="substring(datum.label, 4)", labelLimit=240, minExtent=225, ticks=False, domain=False
    )
    y = alt.Y("service:N", sort=None, axis=label, scale=alt.Scale(paddingInner=0.35))
    axis = alt.Axis(title="USD per month", format="$,.0f", tickCount=5, domain=False)
    room = alt.Scale(domain=[0, 1.14 * max(row["end"] for row in rows) or 1])
    x = alt.X("usd:Q", stack=None, axis=axis, scale=room)
    now = [row for row in rows if row["what"] == NOW_LABEL]
    then = [row for row in rows if row["what"] == THEN_LABEL]
    wide = alt.Chart(data(now)).mark_bar().encode(x=x, y=y, color=color)
    thin = alt.Chart(data(then)).mark_bar(height=7).encode(x=x, y=y, color=color)
    ends = alt.X("end:Q", axis=axis, scale=room)
    text = alt.Chart(data(now)).mark_text(align="left", dx=6, color=INK, fontSize=11)
    labels = text.encode(x=ends, y=y, text="label:N")
    return finish((wide, thin, labels), width=WIDTH, height=services * ROW_HEIGHT + 10)
