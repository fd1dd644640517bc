"""Charts as images inside the page: nothing is loaded, nothing in them can run, none touches another."""

import re
from base64 import b64encode
from collections.abc import Callable

from markupsafe import Markup

from advisor.charts import frontier, history, memory, savings, to_svg
from advisor.domain.finding import Advice, Review
from advisor.report.clean import visible
from advisor.report.view import Row
from advisor.report.words import money

MOST_SERVICES = 100  # chosen: at some 50 kB for each service the page stays near 5 MB

Captioned = tuple[tuple[str, Markup], ...]
Progress = Callable[[int, int], None]

_SIZE = re.compile(r'<svg[^>]*? width="([\d.]+)" height="([\d.]+)"')


def image(svg: str, *, alt: str) -> Markup:
    """An SVG as an `img` element with its size and its text for those who do not see it."""
    found = _SIZE.search(svg)
    width, height = (round(float(side)) for side in found.groups()) if found else (0, 0)
    source = b64encode(svg.encode()).decode()
    element = Markup('<img src="data:image/svg+xml;base64,{}" width="{}" height="{}" alt="{}">')
    return element.format(source, width, height, visible(alt))


def fleet_picture(review: Review) -> Markup | None:
    """The savings chart; None where no change has a known price."""
    chart = savings(review)
    if chart is None:
        return None
    alt = "Bars: cost per month of each service to change, now and as recommended; the table below has the numbers."
    return image(to_svg(chart), alt=alt)


def service_pictures(rows: tuple[Row, ...], progress: Progress) -> dict[int, Captioned]:
    """The captioned images of each row by its number; rows past the first 100 and without history have none."""
    drawn: dict[int, Captioned] = {}
    for row in rows:
        drawn[row.number] = _pictures(row) if row.number <= MOST_SERVICES else ()
        progress(row.number, len(rows))
    return drawn


def _pictures(row: Row) -> Captioned:
    advice = row.advice
    past = advice.history
    if past is None or not past.demand_vcpu:
        return ()
    cpu = image(to_svg(history(advice)), alt=_cpu_alt(row))
    pairs = [("Work of the service and the capacity it had, vCPU", cpu)]
    if any(value is not None for value in past.memory_peak_gib):
        pairs.append(("Memory of the fullest task and the size of a task, GiB", _memory_image(advice)))
    if advice.frontier:
        pairs += [
            ("What each target costs, and what it throttles", image(to_svg(frontier(advice)), alt=_frontier_alt(row))),
            (
                "What each target costs, and what it leaves undone",
                image(to_svg(frontier(advice, "unmet")), alt=_frontier_alt(row)),
            ),
        ]
    return tuple(pairs)


def _frontier_alt(row: Row) -> str:
    points = row.advice.frontier
    least, most = min(p.usd_month for p in points), max(p.usd_month for p in points)
    targets = [p.target for p in points if p.target is not None]
    named = f"targets {min(targets):g} to {max(targets):g}" if targets else "the setup as it is"
    return f"{row.advice.id.service}: {named} cost {money(least)} to {money(most)} a month; higher targets fail more."


def _memory_image(advice: Advice) -> Markup:
    return image(to_svg(memory(advice)), alt=_memory_alt(advice))


def _cpu_alt(row: Row) -> str:
    past = row.advice.history
    peak = max((v for v in (*past.demand_vcpu, *past.demand_peak_vcpu) if v is not None), default=0) if past else 0
    capacity = [v for v in past.current_vcpu if v is not None] if past else []
    most = f", capacity now at most {max(capacity):.3g} vCPU" if capacity else ""
    name = row.advice.id.service
    return f"{name}: highest demand {peak:.3g} vCPU{most}; {money(row.now)} a month now, {money(row.then)} recommended."


def _memory_alt(advice: Advice) -> str:
    peaks = [v for v in advice.history.memory_peak_gib if v is not None] if advice.history else []
    size = f"size now {advice.current.size.gib:g} GiB"
    then = f", recommended {advice.recommended.size.gib:g} GiB" if advice.recommended else ""
    return f"{advice.id.service}: highest memory of one task {max(peaks, default=0):.3g} GiB; {size}{then}."
