"""The backtest as Markdown: every rule over the fleet, stated risk against what happened, service by service."""

from collections.abc import Iterator, Sequence

from advisor.domain.scoreboard import Band, Marks, RuleScore, Scoreboard, TailFit
from advisor.domain.service import TaskSize
from advisor.report.clean import markdown as safe
from advisor.report.markdown import listed, skipped_lines, table

HEADS = ("Rule", "Cost", "Throttled", "Over the limit", "Breached", "Against ours")
BAND_HEADS = (
    "Stated",
    "Services",
    "Statements",
    "Stated, mean",
    "Happened",
    "Apart, points",
    "Allowed: 2 or the error",
)
METHOD = """\
At each origin a rule sees the days before it and chooses a size; the days after it, up to the next origin, score that
size, replayed under the service's own way of scaling. All that a service may not change, or that was not measured, is
left as it is by every rule.

* Cost: over that of the cheapest size that would have been enough (known only afterwards), which keeps its limit of
  throttling and never runs out of memory; mean over the services.
* Throttled: share of the time with work in which the hottest task has no CPU left. Over the limit: share of the
  services that are throttled for longer than their limit, 1 % if nothing else is configured.
* Breached: share of the services with memory in which some task needs all that it has, or more.
* Against ours: better or worse than “ours, size only” in one of cost, over the limit and breached, and the other way
  in none.
* Rules of others see what AWS/ECS tells: the average and the hottest task, not each task. Those that take the samples
  of all tasks together get the hottest task's, and the others' as if they were alike. KRR simple takes the highest of
  each task's quantile; here it gets the quantile of whichever task is hottest, which may ask for more. Cast AI takes
  the mean of each task's quantile; here it gets that of the average task.
* KRR, VPA and Crane know which tasks were killed for want of memory. CloudFix leaves a size alone where a peak is not
  below 80 % of it, and the smallest. Of a service that stands still at an origin, a rule says what it said last.
* “advised” is what the whole advice would have led to, scaling and all, which may be to keep what there is; “ours, size
  only” is the size that its search finds; “today” is the size that ran then."""

SAW_DAYS = (
    "The model of memory was fitted on these days: its chances, and the sizes that are chosen by them, look better here"
    " than they will on days to come."
)


def markdown(board: Scoreboard) -> str:
    """The scoreboard as Markdown."""
    origins = f"{board.origins} origin{'' if board.origins == 1 else 's'} at most"
    scope = f"{len(board.services)} services, {board.services_with_memory} with memory; {origins}."
    parts = [
        "# Backtest of task sizes",
        scope,
        *([SAW_DAYS] if board.model_saw_days else []),
        METHOD,
        "![cost and failures of every rule](scoreboard.svg)",
        table(HEADS, map(rule_cells, board.rules), numbers=range(1, 5)),
        *_reliability(board),
        *_cpu_reliability(board),
        "## Services",
        table(("Service", "Account", "Region", "Enough", *_shown(board)), _services(board)),
        *listed("Not scored, and why", skipped_lines(board.skipped)),
    ]
    return "\n\n".join(parts) + "\n"


def rule_cells(rule: RuleScore) -> list[str]:
    """One rule as cells under `HEADS`."""
    memory = "not measured" if rule.breached_share is None else f"{rule.breached_share:.1%}"
    shares = (f"{rule.throttled_share:.2%}", f"{rule.over_limit_share:.1%}", memory)
    return [rule.rule, f"{rule.cost:.3f}", *shares, rule.against_ours or ""]


def band_cells(band: Band) -> list[str]:
    """One band as cells under `BAND_HEADS`."""
    apart, allowed = _apart(band)
    counts = (str(band.services), str(band.statements))
    shares = (f"{band.stated:.1%}", f"{band.happened:.1%}", f"{apart:.1f}", f"{allowed:.1f}")
    return [_stated(band), *counts, *shares]


def fit_lines(fit: TailFit) -> Iterator[str]:
    """What speaks for and against a fitted model, on groups that it did not see."""
    if fit.log_loss is not None and fit.shipped_log_loss is not None:
        yield f"Log loss: {fit.log_loss:.4f}; of the shipped model, {fit.shipped_log_loss:.4f}. Less is better."
    out = [_stated(band) for band in fit.reliability if _apart(band)[0] > _apart(band)[1]]
    if out:
        yield f"Further apart than allowed, so not to be relied on there: {', '.join(out)}."
    if not is_better(fit):
        yield "The shipped model states these chances better, or as well."


def is_better(fit: TailFit) -> bool:
    """Whether a fitted model states chances better than the shipped one, on groups that it did not see."""
    return fit.log_loss is not None and fit.shipped_log_loss is not None and fit.log_loss < fit.shipped_log_loss


def _stated(band: Band) -> str:
    return f"{band.low:.0%} to {band.high:.0%}"


def _apart(band: Band) -> tuple[float, float]:
    """How far what happened is from what was stated, and how far it may be  [points]."""
    return 100 * abs(band.happened - band.stated), max(2.0, 100 * band.error)


def _reliability(board: Scoreboard) -> Iterator[str]:
    yield "## Is the stated chance of a memory breach true?"
    if not board.reliability:
        yield "No chance was stated: it takes seven days with memory before an origin, and three after it."
        return
    yield (
        "Stated before each origin for the days after it, of memory 3 to 82 % above the highest peak; every service"
        " weighs the same. “The error” is two binomial errors of so many services."
    )
    yield "![stated against happened](reliability.svg)"
    yield table(BAND_HEADS, map(band_cells, board.reliability), numbers=range(1, 7))
    if board.sized is not None:
        told = board.sized
        yield (
            f"Of the sizes that “ours, size only” chose, in {told.services} services: {told.stated:.1%} stated,"
            f" {told.happened:.1%} happened."
        )


def _cpu_reliability(board: Scoreboard) -> Iterator[str]:
    if not board.cpu_reliability:
        return
    yield "## Is the stated chance of running short of CPU true?"
    yield (
        "Of fixed counts: stated before each origin for the days after it, of CPU 3 to 82 % above what was exceeded in"
        " the limit's share of the time; every service weighs the same."
    )
    yield "![stated against happened](cpu_reliability.svg)"
    yield table(BAND_HEADS, map(band_cells, board.cpu_reliability), numbers=range(1, 7))


def _shown(board: Scoreboard) -> list[str]:
    """The rules that each service is told of: ours and today's."""
    return [mark.rule for mark in board.services[0].marks[:3]]


def _services(board: Scoreboard) -> Iterator[Sequence[str]]:
    for one in board.services:
        identity = (safe(one.id.service), safe(one.id.account), safe(one.id.region))
        yield [*identity, _sizes(one.enough), *_chosen(one)]


def _chosen(one: Marks) -> Iterator[str]:
    for mark in one.marks[:3]:
        failed = (", over its limit" if mark.over_limit else "") + (", memory breached" if mark.memory_breached else "")
        yield f"{_sizes(mark.sizes)}: {mark.cost:.2f}{failed}"


def _sizes(sizes: Sequence[TaskSize]) -> str:
    return ", then ".join(str(size) for size in dict.fromkeys(sizes))
