"""The HTML page: one file that loads nothing, is complete without JavaScript, and escapes all foreign text."""

from base64 import b64encode
from decimal import Decimal
from functools import cache
from hashlib import sha256
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from advisor.domain.finding import Advice, PriceNote, Review
from advisor.report import words
from advisor.report.bill import bill_view
from advisor.report.clean import visible
from advisor.report.pictures import MOST_SERVICES, Progress, fleet_picture, service_pictures
from advisor.report.plans import plans_line
from advisor.report.view import Row, Summary, breaks, history_days, limits, places, rows, summary

VERDICTS = {"change": "Change", "keep": "Keep", "no-advice": "No advice"}


def html(review: Review, *, progress: Progress | None = None) -> str:
    """The review as one HTML page; `progress` is called with (services drawn, services)."""
    shown = rows(review)
    totals = summary(review, shown)
    page = _environment().get_template("page.html.j2")
    style, script = _asset("style.css"), _asset("page.js")
    return page.render(
        review=review,
        rows=shown,
        sum=totals,
        limits=limits(review),
        headline=headline(totals),
        scope=scope(review),
        notices=notices(review, totals, shown),
        bill=bill_view(review.reconciliation) if review.reconciliation else None,
        unadvised=[row for row in shown if row.advice.verdict == "no-advice"],
        savings=fleet_picture(review),
        charts=service_pictures(shown, progress or (lambda _done, _total: None)),
        style=Markup(style),  # noqa: S704 (our own file)
        script=Markup(script),  # noqa: S704 (our own file)
        policy=_policy(style, script),
    )


def headline(totals: Summary) -> str:
    """The one sentence that a manager reads."""
    if totals.saving > 0:
        return f"{words.money(totals.saving)} a month can be saved: {words.percent(totals.saving_share)}"
    if totals.saving < 0:
        return f"This fleet needs {words.money(-totals.saving)} a month more"
    return f"Nothing to save: {words.money(totals.now)} a month"


def scope(review: Review) -> str:
    """What was looked at: services, places, days."""
    accounts, regions = places(review)
    count = len(review.services)
    what = f"{count} {'service' if count == 1 else 'services'}"
    where = f"{_several(len(accounts), 'account')} and {_several(len(regions), 'region')} ({', '.join(regions)})"
    window = review.window
    if window is None:
        return f"{what} in {where}; no history was read."
    length = words.days(history_days(window.start, window.end))
    span = words.span(window.start, window.end)
    return f"{what} in {where}, judged by {length} of history, {span}."


def notices(review: Review, totals: Summary, shown: tuple[Row, ...]) -> tuple[str, ...]:
    """What a reader must know before trusting the sums."""
    unsure = sum(map(doubtful, review.prices))
    told = []
    if totals.unpriced:
        told.append(
            f"{_several(totals.unpriced, 'service')} without a known price: not in the sums, never taken as zero."
        )
    if unsure:
        told.append(f"{unsure} of the {len(review.prices)} prices used are not confirmed: see “Prices used”.")
    if review.savings_plans is not None:
        told.append(plans_line(review.savings_plans))
    if breaks(totals, shown):
        told.append(
            f"The totals of this review differ from its rows by {words.money(totals.unexplained)}: do not use it."
        )
    if len(shown) > MOST_SERVICES:
        told.append(f"Charts are drawn for the first {MOST_SERVICES} of {len(shown)} services.")
    return tuple(told)


def doubtful(price: PriceNote) -> bool:
    """Whether a price is anything but confirmed."""
    return not price.certainty.strip().upper().startswith("CONFIRMED")


def flag(price: PriceNote) -> str:
    """A word for a doubtful price: STALE, DERIVED, UNCONFIRMED."""
    word = price.certainty.strip().split(" ")[0].strip(";,()-").upper()
    return word if word in {"STALE", "DERIVED", "UNCONFIRMED"} else "UNCONFIRMED"


def why(advice: Advice) -> str:
    """Why there is no advice, in words."""
    told = " ".join(advice.reasons)
    more = (caution.text for caution in advice.cautions if caution.text not in told)
    return " ".join([*advice.reasons, *more]) or "No reason was recorded."


def _several(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _plain(usd: Decimal | None) -> str:
    return "" if usd is None else f"{usd:.2f}"


def _tone(saving: Decimal | None) -> str:
    return " no-number" if not saving else " good-number" if saving > 0 else " more-number"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("advisor.report"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    own = {"doubtful": doubtful, "flag": flag, "why": why, "plain": _plain, "tone": _tone, "verdicts": VERDICTS}
    own["standalone_note"] = words.STANDALONE_NOTE
    names = (
        "money percent brief side_by_side risk_word risk_numbers confidence_word backtest replay failures family_size "
        "family_use"
    )
    environment.globals.update(own, **{name: getattr(words, name) for name in names.split()})
    return environment


def _shown(value: Any) -> Any:
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _asset(name: str) -> str:
    environment = _environment()
    assert environment.loader is not None  # noqa: S101 (set four lines above)
    return environment.loader.get_source(environment, name)[0]


def _policy(style: str, script: str) -> str:
    allowed = f"style-src {_hash(style)}; script-src {_hash(script)}; img-src data:"
    return f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
