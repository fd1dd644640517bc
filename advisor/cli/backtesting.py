"""Commands that hold the advice to what came next: `backtest` and `fit-tails`."""

from pathlib import Path

import click

from advisor.cli import options, screen
from advisor.cli.files import write_text


@click.command()
@options.store
@click.option("--config", "config_file", type=options.file, help="advisor.toml: levers, limits, overrides, model.")
@click.option(
    "--origins",
    default=2,
    show_default=True,
    type=click.IntRange(1, 30),
    help="How often to fit, and score what follows.",
)
@click.option("--json", "json_file", type=options.file, help="Where to write the scoreboard as JSON.")
@click.option("--out", "folder", type=options.file, help="The folder for Markdown and drawings.")
def backtest(store: str, config_file: Path | None, origins: int, json_file: Path | None, folder: Path | None) -> int:
    """Score our sizes and the rules of others on days that they did not see.

    At each origin every rule sees the days before it; the days after it, up to the next origin, score its
    size. The first origin is after 14 days, or after half of a history shorter than 28.
    """
    from advisor.backtesting import run_backtest
    from advisor.codec import scoreboard_to_json
    from advisor.config import load_config
    from advisor.report import write_scoreboard
    from advisor.store import open_store

    config = load_config(config_file)
    with screen.progress("Backtesting (the engine is compiled at first use)") as progress:
        board = run_backtest(open_store(store), config, origins=origins, progress=progress)
    if json_file is not None:
        write_text(json_file, scoreboard_to_json(board))
    code = screen.scored(board)
    screen.wrote([*([json_file] if json_file else []), *(write_scoreboard(board, folder) if folder else [])])
    return code


@click.command("fit-tails")
@options.store
@click.option("--out", "file", required=True, type=options.file, help="Where to write the model.")
def fit_tails(store: str, file: Path) -> int:
    """Fit the memory tail on the services of a store, and say how true its chances are.

    Review and backtest take the file through advisor.toml: [model] memory_tail = "FILE".
    """
    from advisor.backtesting import run_refit
    from advisor.codec import tail_fit_from_json, to_json
    from advisor.store import open_store

    with screen.progress("Fitting") as progress:
        fit, skipped = run_refit(open_store(store), progress=progress)
    text = to_json(fit)
    tail_fit_from_json(text, where="the fit")  # a model that makes no sense is refused before it is written
    write_text(file, text)
    return screen.fitted(fit, skipped, file)
