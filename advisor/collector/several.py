"""Several reads at once: all results, and all failures beside them."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from advisor.collector.answers import reading
from advisor.collector.credentials import THREADS
from advisor.collector.sessions import AwsSession
from advisor.domain.errors import AwsFailed

A = TypeVar("A")
B = TypeVar("B")


def tried(session: AwsSession, region: str, action: str, work: Callable[[], B]) -> B | AwsFailed:
    """What the work gives, or why it gives nothing; `action` is what it asks AWS for, as failures name it."""
    try:
        with reading(action, account=session.account, region=region):
            return work()
    except AwsFailed as error:
        return error


def each(
    session: AwsSession, region: str, action: str, work: Callable[[A], Iterable[B | AwsFailed]], items: Iterable[A]
) -> tuple[list[B], list[AwsFailed]]:
    """Do the work for each item in parallel; returns all results in order, and all failures.

    The work may give failures among its results; one that it raises takes the results of its item with it.
    """

    def of(item: A) -> list[B | AwsFailed]:
        done = tried(session, region, action, lambda: list(work(item)))
        return [done] if isinstance(done, AwsFailed) else done

    with ThreadPoolExecutor(THREADS) as pool:
        found = [result for results in pool.map(of, items) for result in results]
    return [f for f in found if not isinstance(f, AwsFailed)], [f for f in found if isinstance(f, AwsFailed)]
