"""Several reads at once: all results, and all failures beside them."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from advisor.collector.credentials import THREADS
from advisor.domain.errors import AwsFailed

A = TypeVar("A")
B = TypeVar("B")


def each(work: Callable[[A], Iterable[B]], items: Iterable[A]) -> tuple[list[B], list[AwsFailed]]:
    """Do the work for each item in parallel; returns all results in order, and all failures."""

    def safe(item: A) -> list[B] | AwsFailed:
        try:
            return list(work(item))
        except AwsFailed as error:
            return error

    with ThreadPoolExecutor(THREADS) as pool:
        done = list(pool.map(safe, items))
    found = [result for results in done if isinstance(results, list) for result in results]
    return found, [error for error in done if isinstance(error, AwsFailed)]
