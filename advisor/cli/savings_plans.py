"""`advisor savings-plans`: what Compute Savings Plans charge for Fargate, and which are owned."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from advisor.cli import options, screen
from advisor.cli.billing import book_of, regions_of
from advisor.cli.files import write_text
from advisor.domain.errors import printable

if TYPE_CHECKING:
    from advisor.codec import Anonymiser
    from advisor.fargate.prices import PriceBook
    from advisor.fargate.savings_plans import SavingsPlans


@click.command("savings-plans")
@click.option("--region", "regions", multiple=True, help="Only this region; repeat for several.")
@click.option("--store", metavar="PLACE", help="Keep them in this store, whose reviews then tell them.")
@click.option("--json", "json_file", type=options.file, help="Where to write them.")
@options.prices
@options.anonymise
@options.credentials
@options.organisation_role
def savings_plans(
    *,
    regions: tuple[str, ...],
    store: str | None,
    json_file: Path | None,
    prices_file: Path | None,
    hide: "Anonymiser",
    profile: str | None,
    roles: tuple[str, ...],
    external_id: str | None,
    organisation_role: str | None,
) -> int:
    """Read what Compute Savings Plans charge for Fargate, and which plans are owned.

    For the regions given; without any, for those in use in the store. AWS's own advice: size first, buy then. A
    plan's commitment is in discounted dollars.
    """
    from advisor.codec import to_json
    from advisor.collector import collect_savings_plans, open_sessions
    from advisor.fargate.prices import PriceBook
    from advisor.store import open_store

    options.one_kind_of_role(roles, organisation_role)
    held = None if store is None else open_store(store, hidden_by=hide.name)
    wanted = regions or (regions_of(held) if held else ())
    if not wanted or (held is None and json_file is None):
        raise click.UsageError("give --region, or a --store with regions in use; and --store or --json to keep them.")
    sessions = open_sessions(
        profile=profile, role_arns=roles, external_id=external_id, organisation_role=organisation_role
    )
    found = hide.record(collect_savings_plans(sessions, wanted, now=datetime.now(UTC)))
    if held is not None:
        held.add_savings_plans(found)
    if json_file is not None:
        write_text(json_file, to_json(found))
    return _told(found, book_of(held.prices if held else PriceBook.shipped(), prices_file), json_file)


def _told(found: "SavingsPlans", book: "PriceBook", path: Path | None) -> int:
    from rich.table import Table

    table = Table("region", "platform", "unit", "years", "payment", "USD", "off on-demand")
    for offer in found.offers:
        for rate in offer.rates:
            off = rate.discount(book)
            said = "unknown" if off is None else f"{off:.1%}"
            platform = f"{rate.os} {rate.architecture}"
            table.add_row(rate.region, platform, rate.unit, str(offer.years), offer.payment, str(rate.usd), said)
    screen.console().print(table)
    for plan in found.owned:
        screen.say(printable(f"Owned: {plan.arn}, {plan.commitment_usd} USD/h until {plan.end:%Y-%m-%d}"))
    if path is not None:
        screen.say(f"Written: {path}")
    return screen.refused(found.failures)
