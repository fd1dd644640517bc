"""What a person sees: progress, tables, the last line with what to type next.

Results go to stdout, progress to stderr.
"""

import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import click

from advisor.domain.errors import printable

if TYPE_CHECKING:
    from rich.console import Console

    from advisor.applier import Applied, Done, Undone
    from advisor.demo.run import DemoSummary
    from advisor.domain.finding import Review
    from advisor.domain.inventory import Inventory, Skipped
    from advisor.domain.plan import Plan
    from advisor.domain.runs import TaskRun
    from advisor.domain.scoreboard import Scoreboard, TailFit
    from advisor.fargate.billing import Bill
    from advisor.fargate.prices import Price
    from advisor.simulation import Outcome

DONE, DONE_WITH_SKIPPED, AWS_REFUSED, BUG, INTERRUPTED = 0, 1, 3, 70, 130

Progress = Callable[[int, int], None]


def say(text: str) -> None:
    """One line to stdout."""
    click.echo(text)


def bug(error: Exception) -> int:
    """An error of ours: its kind and place, without its text, which may hold what must not be shown."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    click.echo(
        f"advisor: internal error: {type(error).__name__} at {Path(place.filename).name}:{place.lineno}. "
        "Rule: this must not happen. Next: run it again with ADVISOR_TRACEBACK=1 and report what you see.",
        err=True,
    )
    return BUG


def ask(question: str, *, yes: bool) -> None:
    """Stop unless the user agrees; `--yes` agrees beforehand."""
    if not yes:
        click.confirm(question, abort=True, err=True)


def console() -> "Console":
    """Where tables go; wide enough for a file where there is no terminal."""
    from rich.console import Console

    shown = Console(highlight=False, markup=False)
    return shown if shown.is_terminal else Console(highlight=False, markup=False, width=140)


@contextmanager
def progress(what: str) -> Iterator[Progress]:
    """A bar on stderr, where that is a terminal; the block calls what it gets with (done, total)."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    shown = Console(stderr=True)
    with Bar(*columns, console=shown, disable=not shown.is_terminal) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def working(what: str) -> Iterator[None]:
    """A sign of life on stderr where the length is not known."""
    from rich.console import Console

    with Console(stderr=True).status(what):
        yield


def imported(inventory: "Inventory", new_rows: int, store: str) -> int:
    """What an import added."""
    say(f"Imported {len(inventory.services)} services, {new_rows:,} new rows.")
    return suggest(f"advisor review --store {quote(store)} --json review.json")


def imported_runs(runs: Sequence["TaskRun"], new: int, store: str) -> int:
    """What an import of events added."""
    killed = sum(run.out_of_memory for run in runs)
    alone = sum(run.service is None for run in runs)
    say(f"Read {len(runs):,} task runs ({alone:,} without a service, {killed:,} out of memory), {new:,} of them new.")
    return suggest(f"advisor review --store {quote(store)} --json review.json")


def reviewed(review: "Review", path: Path) -> int:
    """The recommendations as a table, the money, what was skipped."""
    recommendations(review)
    for family in review.standalone:
        place = f"{family.account}/{family.region}/{family.service}"
        cost = "cost not known" if family.usd_month is None else f"at least {family.usd_month:,.2f} USD a month"
        say(f"No advice: tasks of {printable(place)}: {cost} ({printable(family.basis)})")
    list_skipped(review.totals.skipped)
    suggest(f"advisor report --review {quote(str(path))} --out {quote(str(path.parent))}")
    return DONE_WITH_SKIPPED if review.totals.skipped else DONE


def recommendations(review: "Review") -> None:
    """Every service with now, then and saving, and the sums; money in USD per month of 730 hours."""
    from rich.table import Table

    from advisor.report import view, words

    table = Table("service", "region", "verdict", "now", "recommended", "USD now", "USD then", "saving")
    for column in table.columns[-3:]:
        column.justify, column.no_wrap = "right", True
    rows = view.rows(review)
    for row in rows:
        new = row.advice.recommended if row.advice.verdict == "change" else None
        table.add_row(
            printable(row.advice.id.service),
            row.advice.id.region,
            row.advice.verdict,
            words.brief(row.advice.current),
            words.brief(new) if new else "",
            words.money(row.now),
            words.money(row.then),
            words.money(row.saving),
        )
    console().print(table)
    total = view.summary(review, rows)
    say(
        f"{words.money(total.now)} a month now, {words.money(total.then)} as recommended: "
        f"{words.money(total.saving)} saved ({words.percent(total.saving_share)}); "
        f"the recommended cost may turn out between {words.money(total.low)} and {words.money(total.high)}."
    )


def scored(board: "Scoreboard") -> int:
    """Every rule over the fleet, stated chances against what happened, and what was skipped."""
    from advisor.report import scoreboard

    _table(scoreboard.HEADS, map(scoreboard.rule_cells, board.rules))
    if board.reliability:
        say("Chance of a memory breach, stated before an origin for the days after it:")
        _table(scoreboard.BAND_HEADS, map(scoreboard.band_cells, board.reliability))
    say(f"{len(board.services)} services, {board.services_with_memory} with memory.")
    if board.model_saw_days:
        say(scoreboard.SAW_DAYS)
    list_skipped(board.skipped)
    return DONE_WITH_SKIPPED if board.skipped else DONE


def fitted(fit: "TailFit", skipped: Iterable["Skipped"], path: Path) -> int:
    """The exponents, what they were fitted on, and how true the chances are on groups that they did not see."""
    from dataclasses import asdict

    from advisor.report import scoreboard

    _table(("exponent", "fitted"), ([name, f"{value:.4f}"] for name, value in asdict(fit.model).items()))
    groups = ([printable(name), str(memory), str(cpu)] for name, (memory, cpu) in fit.series.items())
    _table((fit.groups, "series of memory", "of CPU"), groups)
    say(f"Chances stated by models that never saw the {fit.groups}, against what happened:")
    _table(scoreboard.BAND_HEADS, map(scoreboard.band_cells, fit.reliability))
    for line in scoreboard.fit_lines(fit):
        say(line)
    left = list(skipped)
    list_skipped(left)
    use = f'to use it, in advisor.toml: [model] memory_tail = "{path}"'
    suggest(use if scoreboard.is_better(fit) else "keep the shipped model, or collect more services and days")
    return DONE_WITH_SKIPPED if left else DONE


def _table(heads: Iterable[str], lines: Iterable[Iterable[str]]) -> None:
    """A table of text; all but the first column stand to the right."""
    from rich.table import Table

    table = Table(*heads)
    for column in table.columns[1:]:
        column.justify = "right"
    for line in lines:
        table.add_row(*line)
    console().print(table)


def wrote(paths: Iterable[Path]) -> int:
    """The files that were written."""
    for path in paths:
        say(f"Wrote {path}")
    return DONE


def simulated(outcome: "Outcome", bill: "Bill", path: Path) -> int:
    """The outcome of one replay on one line."""
    say(f"{outcome.task_seconds:,} task-seconds, {bill.total:.2f} USD, {outcome.actions} scaling actions,")
    say(f"{outcome.unmet_share:.4%} of the work unmet. Wrote {path}")
    return DONE


def planned(plan: "Plan", path: Path) -> int:
    """What the plan will do, and what it will not."""
    for change in plan.changes:
        say(f"{printable(str(change.id))}: {printable(change.summary)}")
        for number, step in enumerate(change.steps, start=1):
            say(f"  {number}. {printable(step.says)}")
    for left in plan.not_planned:
        say(f"Not planned: {printable(str(left.id))}: {printable(left.reason)}")
    say(f"Wrote {path}: {len(plan.changes)} changes, {len(plan.not_planned)} left to their owners.")
    suggest(f"read it, then: advisor apply {quote(str(path))}")
    return DONE_WITH_SKIPPED if plan.not_planned else DONE


def applied(done: "Applied", journal: Path, credentials: str) -> int:
    """What was changed and verified, and how to take it back."""
    _list_done(done.changes, "applied and verified")
    if done.changes:
        suggest(f"to take it back: advisor undo {quote(str(journal))}{credentials}")
    return DONE


def undone(done: "Undone") -> int:
    """What was taken back."""
    _list_done(done.changes, "as before")
    for id in done.already:
        say(f"{printable(str(id))}: was already as before")
    return DONE


def refused(failures: Sequence[str]) -> int:
    """What AWS refused while the rest went on, on stderr; the exit code."""
    for failure in failures:
        click.echo(f"AWS refused: {printable(failure)}", err=True)
    return AWS_REFUSED if failures else DONE


def price_list(prices: Iterable["Price"]) -> int:
    """Prices with source, date and certainty."""
    from rich.table import Table

    table = Table("region", "platform", "capacity", "unit", "USD", "as of", "certainty", "source")
    for p in prices:
        table.add_row(
            p.region, f"{p.os} {p.architecture}", p.capacity, p.unit, str(p.usd), p.as_of, p.certainty, p.source
        )
    console().print(table)
    return DONE


def demo(summary: "DemoSummary") -> int:
    """The demo's last screen: recommendations, money, where the report is, what to type next."""
    if summary.failed:
        click.echo(f"The demo stopped (exit code {summary.exit_code}): {summary.failed}", err=True)
        return summary.exit_code
    if summary.review is not None:
        say("")
        recommendations(summary.review)
    say(f"\nDone in {summary.seconds:.0f} s. The report: {summary.report}")
    return suggest(summary.next_command)


def _list_done(changes: Iterable["Done"], how: str) -> None:
    for change in changes:
        end = "still rolling out" if change.rolling else how
        say(f"{printable(str(change.id))}: {printable(change.summary)}: {end}")
        for left in change.left:
            say(f"  left: {printable(left)}")


def list_skipped(skipped: Iterable["Skipped"]) -> None:
    """What is not covered, and why."""
    for one in skipped:
        place = f"{one.account}/{one.region}/{one.service}"
        say(f"Skipped: {printable(place)}: {printable(one.reason)}")


def suggest(command: str) -> int:
    """What to type next."""
    say(f"Next: {command}")
    return DONE
