"""Undo: take back what a journal says was applied, newest change first."""

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from advisor.applier.aws import Client
from advisor.applier.back import Return, look, take_back, traces
from advisor.applier.journal import Journal, read_journal
from advisor.applier.results import Done, Undone
from advisor.applier.writer import Patience
from advisor.domain.errors import AdvisorError, ApplyFailed, ApplyRefused


def undo(
    journal: Path,
    client: Client,
    *,
    now: Callable[[], datetime],
    progress: Callable[[int, int], None] | None = None,
    wait_seconds: float = 900.0,
    poll_seconds: float = 5.0,
    sleep: Callable[[float], None] = time.sleep,
) -> Undone:
    """Restore every service of a journal to the description read before; running it again does nothing.

    Works after an apply that was killed between any two calls. Its own calls go into the same journal.

    Raises InputRefused (not a journal), ApplyRefused (somebody changed a service since; nothing was changed),
    AwsFailed (AWS refused to be read; nothing was changed), ApplyFailed (says what is done and what is left).
    """
    found = traces(read_journal(journal), where=str(journal))
    open_ones = [trace for trace in reversed(found) if not trace.undone]
    already = tuple(trace.id for trace in found if trace.undone)
    returns = [look(trace, client) for trace in open_ones]
    _check(returns)
    if not returns:
        return Undone(journal=str(journal), already=already)
    patience = Patience(wait_seconds=wait_seconds, poll_seconds=poll_seconds, sleep=sleep)
    done: list[Done] = []
    with Journal(journal, now=now, new=False) as book:
        for number, back in enumerate(returns):
            if progress:
                progress(number, len(returns))
            done.append(_undo_one(back, client, book, patience, done=done))
    if progress:
        progress(len(returns), len(returns))
    return Undone(journal=str(journal), changes=tuple(done), already=already)


def _check(returns: list[Return]) -> None:
    problems = [f"{back.trace.id}: {problem}" for back in returns for problem in back.problems]
    if problems:
        raise ApplyRefused(
            f"{'; '.join(problems)}. Rule: undo takes back what apply set, and no other change. "
            "Nothing was changed. Next: set these fields back by hand, or leave the service as it is."
        )


def _undo_one(back: Return, client: Client, book: Journal, patience: Patience, *, done: list[Done]) -> Done:
    try:
        rolling = take_back(back, client, book, patience)
    except AdvisorError as error:
        restored = ", ".join(d.id.service for d in done) or "none"
        raise ApplyFailed(f"{error} Restored before: {restored}. Next: run undo again.") from None
    return Done(id=back.trace.id, summary=f"back: {back.trace.summary}", rolling=rolling)
