"""The Markdown: for pull requests and chats; short, and with every service in it."""

from collections.abc import Iterable, Sequence

from advisor.domain.finding import Advice, PriceNote, Review, TaskFamily
from advisor.domain.inventory import Skipped
from advisor.domain.reconciliation import ReconciledOwner, Reconciliation
from advisor.report import words
from advisor.report.bill import bill_view
from advisor.report.clean import markdown as safe
from advisor.report.page import VERDICTS, doubtful, headline, notices, scope, why
from advisor.report.view import Row, Summary, limits, rows, summary


def markdown(review: Review) -> str:
    """The review as Markdown."""
    shown = rows(review)
    totals = summary(review, shown)
    parts = [
        f"# Fargate cost review: {safe(headline(totals))}",
        safe(scope(review)),
        _money(totals),
        *(f"> {safe(notice)}" for notice in notices(review, totals, shown)),
        "## Recommendations",
        _recommendations(review, shown, totals),
        *_reasons(shown),
        *listed("Without advice, and why", _unadvised(shown)),
        *listed("Not covered, and why", skipped_lines(review.totals.skipped)),
        *_standalone(review),
        *_bill(review.reconciliation),
        "## Prices used",
        _prices(review),
    ]
    return "\n\n".join(parts) + "\n"


def _money(totals: Summary) -> str:
    return (
        f"**{words.money(totals.now)}** a month now, **{words.money(totals.then)}** as recommended "
        f"(between {words.money(totals.low)} and {words.money(totals.high)}); "
        f"{totals.counts['change']} to change, {totals.counts['keep']} to keep, "
        f"{totals.counts['no-advice']} without advice, {totals.counts['skipped']} not covered."
    )


def _recommendations(review: Review, shown: Sequence[Row], totals: Summary) -> str:
    heads = "Service|Account|Region|Now|Recommended|USD a month, now|USD a month, recommended|Saving, USD a month"
    sums = ["**All with a known price**", "", "", "", ""]
    sums += [f"**{words.money(usd)}**" for usd in (totals.now, totals.then, totals.saving)]
    lines = [*(_cells(row, review) for row in shown), [*sums, "", "", ""]]
    return table([*heads.split("|"), "Risk", "Confidence", "Verdict"], lines, numbers=range(5, 8))


def _cells(row: Row, review: Review) -> list[str]:
    advice = row.advice
    change = advice.verdict == "change" and advice.recommended is not None
    names = (advice.id.service, advice.id.account, advice.id.region, words.brief(advice.current))
    then = (
        words.brief(advice.recommended) if change and advice.recommended else "same" if advice.verdict == "keep" else ""
    )
    confidence = "none" if advice.verdict == "no-advice" else words.confidence_word(advice.confidence)
    return [
        *map(safe, (*names, then)),
        *map(words.money, (row.now, row.then, row.saving)),
        words.risk_word(advice.risk, limits(review)),
        confidence,
        VERDICTS[advice.verdict],
    ]


def _reasons(shown: Sequence[Row]) -> list[str]:
    changes = [row.advice for row in shown if row.advice.verdict == "change"]
    blocks = [block for advice in changes for block in (f"### {safe(advice.id.service)}", _points(advice))]
    return ["## Why", *blocks] if changes else []


def _points(advice: Advice) -> str:
    points = [*map(safe, advice.reasons), *(f"**Caution:** {safe(caution.text)}" for caution in advice.cautions)]
    if advice.owner:
        points.append(f"**Owner:** {safe(advice.owner)}")
    points.append(safe(words.backtest(advice)))
    return "\n".join(f"- {point}" for point in points)


def _unadvised(shown: Sequence[Row]) -> list[list[str]]:
    unadvised = [row.advice for row in shown if row.advice.verdict == "no-advice"]
    return [[safe(a.id.service), safe(a.id.account), safe(a.id.region), safe(why(a))] for a in unadvised]


def skipped_lines(skipped: Iterable[Skipped]) -> list[list[str]]:
    """What was left out, one line each: service, account, region, why."""
    return [[safe(s.service), safe(s.account), safe(s.region), safe(s.reason)] for s in skipped]


def _standalone(review: Review) -> list[str]:
    heads = "Family|Account|Region|Size|Used, of what was billed|Runs seen|USD a month, at least"
    why = "Reckoned from|Started by|No advice, because"
    lines = [_family(family) for family in review.standalone]
    title = ["## Tasks without a service", words.STANDALONE_NOTE]
    return [*title, table(f"{heads}|{why}".split("|"), lines, numbers=(5, 6))] if lines else []


def _family(family: TaskFamily) -> list[str]:
    runs = " ".join(filter(None, (str(family.runs), words.failures(family))))
    used = words.family_use(family) or words.UNKNOWN
    names = (family.service, family.account, family.region, words.family_size(family), used, runs)
    why = "; ".join((family.why, *(caution.text for caution in family.cautions)))
    told = (family.basis, "; ".join(family.started_by) or words.UNKNOWN, why)
    return [*map(safe, names), words.money(family.usd_month), *map(safe, told)]


def _bill(made: Reconciliation | None) -> list[str]:
    if made is None:
        return []
    view = bill_view(made)
    steps = [[what, words.money(usd)] for what, usd in view.steps]
    owners = [_billed(*owner) for owner in view.owners]
    heads = "Who|Account|Region|Modelled, USD|Billed, USD|Differs mostly by|Not explained, USD|Used, of what was billed"
    tables = [
        table(["What", "USD in that time"], steps, numbers=(1,)),
        table(heads.split("|"), owners, numbers=(3, 4, 6)),
    ]
    more = [f"{view.more} more in `review.json`."] if view.more else []
    return ["## The bill against the model", safe(view.lead), *tables, *more]


def _billed(owner: ReconciledOwner, mostly: str, used: str) -> list[str]:
    names = map(safe, (owner.service, owner.account, owner.region))
    modelled, billed, unknown = map(words.money, (owner.modelled_usd, owner.billed_usd, owner.residual.unknown))
    return [*names, modelled, billed, mostly, unknown, used]


def listed(title: str, lines: list[list[str]]) -> list[str]:
    """A heading with a table of such lines; nothing where there are none."""
    return [f"## {title}", table(["Service", "Account", "Region", "Why"], lines)] if lines else []


def _prices(review: Review) -> str:
    lines = [_price(price) for price in review.prices]
    heads = ["Region", "What", "USD", "per", "As of", "Certainty", "Source"]
    return table(heads, lines, numbers=(2,)) if lines else "This review names no prices."


def _price(price: PriceNote) -> list[str]:
    certainty = safe(price.certainty)
    names = (price.region, price.what, price.usd, price.unit, price.as_of)
    return [*map(safe, names), f"**{certainty}**" if doubtful(price) else certainty, safe(price.source)]


def table(heads: Sequence[str], lines: Iterable[Sequence[str]], *, numbers: Iterable[int] = ()) -> str:
    """A Markdown table of cells that are safe already; the columns in `numbers` stand to the right."""
    right = set(numbers)
    rule = ["--:" if place in right else "---" for place in range(len(heads))]
    return "\n".join(f"| {' | '.join(line)} |" for line in (heads, rule, *lines))
