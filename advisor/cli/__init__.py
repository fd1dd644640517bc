"""The command line: each command is a few lines of wiring over the rooms below.

Rooms are imported inside the commands, so that `advisor --help` loads none of them.
"""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import click

from advisor.cli import options, screen
from advisor.cli.backtesting import backtest, fit_tails
from advisor.cli.billing import book_of, prices, reconcile
from advisor.cli.collecting import collect
from advisor.cli.files import read_text, write_text
from advisor.cli.importing import import_events
from advisor.cli.rights import iam_policy
from advisor.cli.savings_plans import savings_plans
from advisor.domain.errors import AdvisorError, printable

if TYPE_CHECKING:
    from advisor.codec import Anonymiser

_review = click.option(
    "--review", "review_file", required=True, type=options.file, help="review.json of `advisor review`."
)
_yes = click.option("--yes", is_flag=True, help="Do not ask before writing to AWS.")


def _typed(profile: str | None, roles: tuple[str, ...], external_id: str | None) -> str:
    """The same credentials as they are typed, for the next command."""
    given = [("--profile", profile), *(("--role-arn", role) for role in roles), ("--external-id", external_id)]
    return "".join(f" {name} {quote(value)}" for name, value in given if value)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="advisor")
def cli() -> None:
    """Make Amazon ECS on AWS Fargate cost what it should, and prove it.

    A usual month: collect, review, report; then plan, apply and, if need be, undo.
    Everything but collect, apply and undo works from files, with no network and no credentials.

    Exit codes: 0 done; 1 done, with services skipped (listed); 2 wrong usage or refused input, nothing
    written; 3 AWS refused or unreachable; 4 apply refused; 5 apply failed.
    """


cli.add_command(collect)
cli.add_command(iam_policy)
cli.add_command(reconcile)
cli.add_command(import_events)
cli.add_command(backtest)
cli.add_command(fit_tails)
cli.add_command(prices)
cli.add_command(savings_plans)


@cli.command("import")
@click.argument("usage", type=options.file)
@click.option("--services", required=True, type=options.file, help="The inventory file (JSON).")
@options.store
@click.option("--ignore-extra", is_flag=True, help="Leave out unknown columns instead of refusing them.")
@options.anonymise
def import_(*, usage: Path, services: Path, store: str, ignore_extra: bool, hide: "Anonymiser") -> int:
    """Import a usage file (CSV or Parquet) with its inventory file."""
    from advisor.importer import import_files, with_sizes
    from advisor.store import open_store

    target = open_store(store, create=True, hidden_by=hide.name)
    inventory, frames = import_files(usage, services, seen_at=datetime.now(UTC), ignore_extra=ignore_extra)
    hidden = {hide.record(id): frame for id, frame in frames.items()}
    sized = with_sizes(hide.record(inventory), hidden, before=target.services, held=target.usage)
    new_rows = target.add_import(sized, hidden)
    return screen.imported(inventory, new_rows, store)


@cli.command()
@options.store
@click.option("--config", "config_file", type=options.file, help="advisor.toml: levers, limits, overrides.")
@options.prices
@click.option("--json", "json_file", required=True, type=options.file, help="Where to write review.json.")
def review(store: str, config_file: Path | None, prices_file: Path | None, json_file: Path) -> int:
    """Work out what each service needs, and what to change."""
    from advisor.codec import review_to_json
    from advisor.config import load_config
    from advisor.review import run_review
    from advisor.store import open_store

    config = load_config(config_file)
    with screen.progress("Reviewing (the engine is compiled at first use)") as progress:
        held = open_store(store)
        result = run_review(held, config, prices=book_of(held.prices, prices_file), progress=progress)
    write_text(json_file, review_to_json(result))
    return screen.reviewed(result, json_file)


@cli.command()
@_review
@click.option("--out", "folder", required=True, type=options.file, help="The folder for HTML, Markdown, CSV and JSON.")
def report(review_file: Path, folder: Path) -> int:
    """Write the report of a review: one offline HTML page, Markdown, CSV, JSON."""
    from advisor.codec import review_from_json
    from advisor.report import write_report

    result = review_from_json(read_text(review_file), where=str(review_file))
    with screen.progress("Drawing") as progress:
        written = write_report(result, folder, progress=progress)
    return screen.wrote(written)


@cli.command()
@click.option(
    "--demand", required=True, type=options.file, help="CSV: demand_vcpu, optionally timestamp, requests, deploying."
)
@click.option("--setup", "setup_file", required=True, type=options.file, help="JSON: the setup to replay.")
@click.option("--json", "json_file", required=True, type=options.file, help="Where to write the outcome.")
@click.option("--region", default="us-east-1", show_default=True, help="The region whose prices count.")
def simulate(demand: Path, setup_file: Path, json_file: Path, region: str) -> int:
    """Replay one setup over a demand, tick by tick."""
    import json

    from advisor.codec import simulation_from_json
    from advisor.fargate.prices import PriceBook
    from advisor.importer import check_setup, read_demand
    from advisor.simulation import Conditions, outcome_to_dict, price
    from advisor.simulation import simulate as run

    setup, initial, tick, delays, floor = simulation_from_json(read_text(setup_file), where=str(setup_file))
    check_setup(setup, where=str(setup_file))
    load = read_demand(demand, tick_seconds=tick, region=region)
    with screen.working("Simulating (compiling the engine at first use)"):
        outcome = run(load, setup, initial=initial, conditions=Conditions(**delays), floor=floor)
    bill = price(outcome, PriceBook.shipped())
    write_text(json_file, json.dumps(outcome_to_dict(outcome, bill)) + "\n")
    return screen.simulated(outcome, bill, json_file)


@cli.command()
@_review
@options.store
@click.option("--out", "plan_file", required=True, type=options.file, help="Where to write the plan.")
@click.option("--service", "only", help="Only services that match this pattern, as in a shell.")
def plan(review_file: Path, store: str, plan_file: Path, only: str | None) -> int:
    """Turn the recommendations of a review into a plan file to read, keep and apply."""
    from advisor.applier import make_plan
    from advisor.codec import review_from_json, to_json
    from advisor.store import open_store

    result = review_from_json(read_text(review_file), where=str(review_file))
    services, now = open_store(store).services, datetime.now(UTC)
    made = make_plan(result, services, made_at=now, made_from=str(review_file), only=only)
    write_text(plan_file, to_json(made))
    return screen.planned(made, plan_file)


@cli.command()
@click.argument("plan_file", type=options.file)
@click.option("--journal", type=options.file, help="The journal to write; default: beside the plan, named by the time.")
@_yes
@options.credentials
def apply(
    *,
    plan_file: Path,
    journal: Path | None,
    yes: bool,
    profile: str | None,
    roles: tuple[str, ...],
    external_id: str | None,
) -> int:
    """Apply a plan: check that nothing drifted, journal, change, verify."""
    from advisor.applier import apply_plan
    from advisor.codec import from_json
    from advisor.collector import client_for, open_sessions
    from advisor.domain.plan import Plan

    made = from_json(Plan, read_text(plan_file), where=str(plan_file))
    screen.ask(f"Apply {len(made.changes)} changes to AWS?", yes=yes)
    now = datetime.now(UTC)
    path = journal or plan_file.with_suffix(f".{now:%Y%m%dT%H%M%SZ}.journal")
    client = client_for(open_sessions(profile=profile, role_arns=roles, external_id=external_id, policy="apply"))
    with screen.progress("Applying") as progress:
        done = apply_plan(made, client, journal=path, now=lambda: datetime.now(UTC), progress=progress)
    return screen.applied(done, path, _typed(profile, roles, external_id))


@cli.command()
@click.argument("journal", type=options.file)
@_yes
@options.credentials
def undo(journal: Path, yes: bool, profile: str | None, roles: tuple[str, ...], external_id: str | None) -> int:
    """Take back what a journal says was applied."""
    from advisor.applier import undo as take_back
    from advisor.collector import client_for, open_sessions

    read_text(journal)  # a journal that cannot be read is refused before anybody is asked
    screen.ask(f"Undo the changes of {journal}?", yes=yes)
    client = client_for(open_sessions(profile=profile, role_arns=roles, external_id=external_id, policy="apply"))
    with screen.progress("Undoing") as progress:
        done = take_back(journal, client, now=lambda: datetime.now(UTC), progress=progress)
    return screen.undone(done)


@cli.command()
@click.option("--folder", default="reports/demo", show_default=True, type=options.file, help="Where everything lands.")
def demo(folder: Path) -> int:
    """Walk a fleet replayed from public traces through all of it, on a local AWS."""
    from advisor.demo.run import run_demo

    return screen.demo(run_demo(folder, say=screen.say, bar=screen.progress))


def main() -> None:
    """Run the command line; an AdvisorError becomes one line on stderr and its exit code."""
    try:
        code = cli.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        code = screen.INTERRUPTED
    except AdvisorError as error:
        click.echo(f"advisor: {printable(str(error))}", err=True)
        code = error.exit_code
    except Exception as error:
        if os.environ.get("ADVISOR_TRACEBACK"):
            raise
        code = screen.bug(error)
    sys.exit(code or screen.DONE)
