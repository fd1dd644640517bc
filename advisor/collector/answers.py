"""What AWS answers, made safe to read: text that can be kept, and a failure where an answer lacks what is read."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from advisor.codec import checked
from advisor.domain.errors import AwsFailed, InputRefused

T = TypeVar("T")

NOT_AS_DOCUMENTED = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)
"""What reading an answer raises that lacks a field, or has another type, number or depth than AWS documents."""


def harmless(answer: Any) -> Any:
    """The answer with each lone surrogate written out, as no file can hold one; the same text always gives the same.

    JSON may carry them, as half of an emoji. A list that starts with a number, of points, stays as it is.

    >>> harmless({"name": "half \\ud83d", "count": 2})
    {'name': 'half \\\\ud83d', 'count': 2}
    """
    if isinstance(answer, str):
        return answer.encode(errors="backslashreplace").decode()
    if isinstance(answer, dict):
        return {harmless(key): harmless(value) for key, value in answer.items()}
    if isinstance(answer, list) and answer and not isinstance(answer[0], int | float):
        return [harmless(value) for value in answer]
    return answer


def storable(record: T) -> T:
    """The record as a store will give it back; raises TypeError where AWS gave a field of it another type."""
    try:
        return checked(record)
    except InputRefused as error:
        raise TypeError from error


@contextmanager
def reading(action: str, *, account: str = "", region: str = "") -> Iterator[None]:
    """Within it, an answer that is not as documented raises AwsFailed.

    It says what was asked, where, and which error came in which line of code; never what the answer holds.
    """
    try:
        yield
    except NOT_AS_DOCUMENTED as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        seen = f"{type(error).__name__}, {Path(last.filename).name}:{last.lineno}"
        place = f" in {account}/{region}" if account else ""
        why = f"an answer is not as documented ({seen}). Next: run this again; if it stays, report this line."
        raise AwsFailed(f"AWS{place}: {action}: {why}") from error
