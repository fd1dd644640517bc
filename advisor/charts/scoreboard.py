"""The backtest drawn: what each rule costs and fails, and stated chances against what happened."""

from collections.abc import Sequence

import altair as alt

from advisor.charts.drawing import Row, data, finish
from advisor.charts.style import INK, MUTED, NOW, RECOMMENDED
from advisor.domain.scoreboard import Band, RuleScore

WIDTH, ROW_HEIGHT, SIDE = 420, 22, 300
FROM, TO = 0.3, 100.0  # percent: the reliability's axes


def scoreboard(rules: Sequence[RuleScore], *, own: Sequence[str] = ("advised", "ours, size only")) -> alt.LayerChart:
    """Cost of every rule over the cheapest size that would have been enough, cheapest first, with what it fails.

    `own`: the rules that are drawn as ours.
    """
    rows = [_rule_row(rule, own) for rule in sorted(rules, key=lambda rule: rule.cost)]
    scale = alt.Scale(domain=["ours", "today", "others"], range=[RECOMMENDED, NOW, MUTED])
    color = alt.Color("kind:N", scale=scale, legend=None)
    y = alt.Y("rule:N", sort=None, axis=alt.Axis(title=None, labelLimit=220))
    x = alt.X("cost:Q", axis=alt.Axis(title="cost over the cheapest size that would have been enough"))
    bars = alt.Chart(data(rows)).mark_bar(height=12).encode(x=x, y=y, color=color)
    text = alt.Chart(data(rows)).mark_text(align="left", dx=6, color=INK, fontSize=10).encode(x=x, y=y, text="fails:N")
    return finish((bars, text), width=WIDTH, height=ROW_HEIGHT * len(rows))


def reliability(bands: Sequence[Band]) -> alt.LayerChart:
    """Stated chances against the share that happened, on logarithms; lines are two binomial errors."""
    rows = [_band_row(band) for band in bands]
    scale = alt.Scale(type="log", domain=[FROM, TO])
    x = alt.X("stated:Q", scale=scale, title="stated chance, %")
    y = alt.Y("happened:Q", scale=scale, title="happened, %")
    even = alt.Chart(data([{"stated": at, "happened": at} for at in (FROM, TO)]))
    line = even.mark_line(strokeDash=[4, 4], color=MUTED).encode(x=x, y=y)
    range_ = alt.Chart(data(rows)).mark_rule(color=MUTED).encode(x=x, y=alt.Y("low:Q", scale=scale), y2="high:Q")
    spots = alt.Chart(data(rows)).mark_circle(size=90, opacity=1, color=RECOMMENDED).encode(x=x, y=y)
    return finish((line, range_, spots), width=SIDE, height=SIDE)


def _rule_row(rule: RuleScore, own: Sequence[str]) -> Row:
    kind = "ours" if rule.rule in own else "today" if rule.rule == "today" else "others"
    memory = "" if rule.breached_share is None else f", {rule.breached_share:.1%} breached"
    fails = f"{rule.over_limit_share:.1%} over the limit{memory}"
    return {"rule": rule.rule, "cost": round(rule.cost, 3), "kind": kind, "fails": fails}


def _band_row(band: Band) -> Row:
    low, high = band.stated - band.error, band.stated + band.error
    shares = {"stated": band.stated, "happened": band.happened, "low": low, "high": high}
    return {name: min(max(100 * share, FROM), TO) for name, share in shares.items()}
