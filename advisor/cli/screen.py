"""What a person sees: progress, tables, the last line with what to type next.

Results go to stdout, progress to stderr.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.console import Console

Progress = Callable[[int, int], None]


def clean(text: str) -> str:
    """Text that AWS or a file chose, without control characters and direction overrides, for a terminal."""
    return "".join(c if c.isprintable() else "?" for c in text)


def say(text: str) -> None:
    """One line to stdout."""
    click.echo(text)


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
    """A bar on stderr; the block calls what it gets with (done, total)."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bar(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def working(what: str) -> Iterator[None]:
    """A sign of life on stderr where the length is not known."""
    from rich.console import Console

    with Console(stderr=True).status(what):
        yield
