"""The files of a report, written whole or not at all."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile

from advisor.charts import reliability, scoreboard, to_svg
from advisor.codec import review_to_json
from advisor.domain.errors import InputRefused
from advisor.domain.finding import Review
from advisor.domain.scoreboard import Scoreboard
from advisor.report.markdown import markdown
from advisor.report.page import html
from advisor.report.scoreboard import markdown as scoreboard_markdown
from advisor.report.table import csv_text, families_text


def write_report(
    review: Review, folder: str | Path, *, progress: Callable[[int, int], None] | None = None
) -> tuple[Path, ...]:
    """Write review.html, .md, .csv and .json and standalone.csv into `folder`; returns their paths in this order.

    All five are rendered before the first is written, and each appears in one step. `progress` is called with
    (services drawn, services). Raises InputRefused where
    the folder cannot be made or written.
    """
    texts = {
        "review.html": html(review, progress=progress),
        "review.md": markdown(review),
        "review.csv": csv_text(review),
        "review.json": review_to_json(review),
        "standalone.csv": families_text(review),
    }
    return _written(texts, folder)


def write_scoreboard(board: Scoreboard, folder: str | Path) -> tuple[Path, ...]:
    """Write scoreboard.md and its drawings into `folder`, as `write_report` does; returns their paths."""
    drawn = {"reliability.svg": board.reliability, "cpu_reliability.svg": board.cpu_reliability}
    texts = {
        "scoreboard.md": scoreboard_markdown(board),
        "scoreboard.svg": to_svg(scoreboard(board.rules)),
        **{name: to_svg(reliability(bands)) for name, bands in drawn.items() if bands},
    }
    return _written(texts, folder)


def _written(texts: Mapping[str, str], folder: str | Path) -> tuple[Path, ...]:
    target = Path(folder)
    try:
        target.mkdir(parents=True, exist_ok=True)
        return _write_all(target, texts)
    except OSError as error:
        raise InputRefused(
            "the report cannot be written",
            where=str(target),
            value=error.strerror,
            rule="a folder that can be made and written",
            next_step="choose another folder",
        ) from error


def _write_all(folder: Path, texts: Mapping[str, str]) -> tuple[Path, ...]:
    waiting: dict[Path, Path] = {}
    try:
        for name, text in texts.items():
            waiting[_waiting_file(folder, text)] = folder / name
        for temporary, final in waiting.items():
            temporary.replace(final)
    finally:
        for temporary in waiting:
            temporary.unlink(missing_ok=True)
    return tuple(waiting.values())


def _waiting_file(folder: Path, text: str) -> Path:
    with NamedTemporaryFile("wb", dir=folder, prefix=".review-", suffix=".tmp", delete=False) as file:
        try:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        except OSError:
            Path(file.name).unlink(missing_ok=True)
            raise
    Path(file.name).chmod(0o644)
    return Path(file.name)
