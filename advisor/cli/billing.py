"""`advisor reconcile`, which holds a bill against the store, and `advisor prices`."""

from dataclasses import fields
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from advisor.cli import options, screen
from advisor.cli.files import write_text
from advisor.domain.errors import AwsFailed, printable

if TYPE_CHECKING:
    from advisor.codec import Anonymiser
    from advisor.domain.reconciliation import ReconciledOwner, ReconciledTotals, Reconciliation
    from advisor.fargate.prices import Price, PriceBook
    from advisor.store import Store

_MOST_ROWS = 40


@click.command()
@options.store
@click.option("--bill", required=True, metavar="PATH", help="An exported bill: a file, a folder or s3://bucket/prefix.")
@options.prices
@options.anonymise
@click.option("--json", "json_file", required=True, type=options.file, help="Where to write the reconciliation.")
def reconcile(store: str, bill: str, prices_file: Path | None, hide: "Anonymiser", json_file: Path) -> int:
    """Hold a bill (CUR legacy, CUR 2.0 or FOCUS) against the store: what differs, and why.

    The model is what the metrics say ran, at on-demand prices; docs/bill.md tells how each class is known.
    The result is kept in the store too.
    """
    from advisor.codec import to_json
    from advisor.reconciliation import run_reconciliation
    from advisor.store import open_store

    with screen.working("Reading the bill"):
        held = open_store(store, hidden_by=hide.name)
        book, text = book_of(held.prices, prices_file), hide.text if hide.name else None
        result = hide.record(run_reconciliation(held, bill, prices=book, hide=text))
        held.add_reconciliation(result)
    write_text(json_file, to_json(result))
    return _told(result, json_file)


@click.command()
@click.option("--region", "regions", multiple=True, help="Only this region; repeat for several.")
@click.option("--out", "out_file", type=options.file, help="Write a price file, for --prices of other commands.")
@click.option("--store", metavar="DIR", help="Keep the prices in this store, which reviews then reckon with.")
@click.option("--bill", metavar="PATH", help="With --out or --store: also the Spot rates of this exported bill.")
@options.anonymise
@options.credentials
def prices(
    *,
    regions: tuple[str, ...],
    out_file: Path | None,
    store: str | None,
    bill: str | None,
    hide: "Anonymiser",
    profile: str | None,
    roles: tuple[str, ...],
    external_id: str | None,
) -> int:
    """Show the shipped Fargate prices with source, date and certainty; or keep today's prices of AWS.

    AWS is asked only with --out or --store: for the regions given; without any and without a bill, for those in use.
    """
    from advisor.fargate.price_files import prices_to_csv
    from advisor.fargate.prices import PriceBook
    from advisor.store import open_store

    if out_file is None and store is None:
        return screen.price_list([p for p in PriceBook.shipped().prices if not regions or p.region in regions])
    held = None if store is None else open_store(store, hidden_by=hide.name)
    if held is not None and not regions and bill is None:
        regions = regions_of(held)
    found: list[Price] = []
    failures: tuple[AwsFailed, ...] = ()
    if regions:
        from advisor.collector import collect_prices, open_sessions

        sessions = open_sessions(profile=profile, role_arns=roles, external_id=external_id)
        of_aws, failures = collect_prices(sessions[0], regions, now=datetime.now(UTC))
        found += of_aws
    if bill is not None:
        from advisor.importer import read_bill
        from advisor.ledger import spot_prices

        found += spot_prices(read_bill(bill))
    if not found:
        raise click.UsageError("no prices: give --region for AWS's, or --bill with usage on Spot.")
    if held is not None:
        held.add_prices(found)
    if out_file is not None:
        write_text(out_file, prices_to_csv(found))
    screen.price_list(found)
    return screen.refused([hide.text(str(failure)) for failure in failures])


def regions_of(store: "Store") -> tuple[str, ...]:
    """The regions in use: where a store has services, runs of tasks, or what starts them."""
    used = {service.id.region for service in store.services}
    return tuple(sorted(used | {run.region for run in store.task_runs} | {s.region for s in store.schedules}))


def book_of(book: "PriceBook", path: Path | None) -> "PriceBook":
    """A price book with the prices of a file, where one is given."""
    from advisor.fargate.price_files import read_prices

    return book if path is None else book.with_prices(read_prices(path))


def _told(result: "Reconciliation", path: Path) -> int:
    from rich.table import Table

    names = [field.name for field in fields(result.totals.residual)]
    used = [name for name in names if any(getattr(o.residual, name) for o in result.owners)]
    table = Table("account", "region", "service", "modelled", *(name.replace("_", " ") for name in used), "billed")
    for column in table.columns[3:]:
        column.justify = "right"
    for owner in result.owners[:_MOST_ROWS]:
        table.add_row(*map(printable, (owner.account, owner.region, owner.service)), *_money(owner, used))
    table.add_section()
    table.add_row("all", "", "", *_money(result.totals, used))
    screen.console().print(table)
    _told_below(result, path)
    uncompared = any(owner.kind == "service" and owner.start is None for owner in result.owners)
    return screen.DONE_WITH_SKIPPED if uncompared else screen.DONE


def _told_below(result: "Reconciliation", path: Path) -> None:
    bill, totals = result.bill, result.totals
    if len(result.owners) > _MOST_ROWS:
        screen.say(f"{len(result.owners) - _MOST_ROWS} more in {path}.")
    for note in dict.fromkeys((*result.notes, *(note for owner in result.owners for note in owner.notes))):
        screen.say(printable(note))
    share = "unknown" if totals.explained_share is None else f"{totals.explained_share:.2%}"
    screen.say(
        f"USD, {bill.start:%Y-%m-%d %H:%M} to {bill.end:%Y-%m-%d %H:%M} UTC, {bill.rows_kept} charges for Fargate. "
        f"Explained: {share}. Billed where the store holds no usage: {totals.outside_usd:.2f}."
    )
    screen.say(f"Written: {path}")


def _money(row: "ReconciledOwner | ReconciledTotals", used: list[str]) -> list[str]:
    parts: list[Decimal] = [getattr(row.residual, name) for name in used]
    return [f"{round(usd, 2) + 0:.2f}" for usd in (row.modelled_usd, *parts, row.billed_usd)]
