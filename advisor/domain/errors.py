"""Every error that advisor raises, and the exit code that the command line gives it.

    AdvisorError                    anything below
    ├── InputRefused          (2)   a file, option or value that breaks a stated rule; nothing was written
    │   ├── ConfigRefused     (2)   advisor.toml
    │   ├── SizeRefused       (2)   a task size that Fargate does not have
    │   └── SetupRefused      (2)   a simulation that cannot be: gaps, crossing bounds, steps with holes
    ├── NoData                (2)   an empty store, an unknown service, a window without data
    ├── PriceMissing          (2)   no price is known; it is never taken as zero
    ├── StoreDamaged          (2)   a file of the store is missing or is not what the manifest says
    ├── AwsFailed             (3)   AWS refused, throttled or could not be reached
    ├── ApplyRefused          (4)   drift, ownership or limits: nothing was changed
    └── ApplyFailed           (5)   a change failed; says what was rolled back and what is left

A message is one line and answers five questions: what, where, which value, which rule, what to do next.
"""

from typing import ClassVar


class AdvisorError(Exception):
    """The base: `str(error)` is one line for the operator."""

    exit_code: ClassVar[int] = 2


class InputRefused(AdvisorError):
    """Input that breaks a stated rule."""

    def __init__(self, what: str, *, where: str, value: object = None, rule: str, next_step: str = "") -> None:
        self.what, self.where, self.value, self.rule, self.next_step = what, where, value, rule, next_step
        shown = "" if value is None else f": {_short(value)}"
        after = f" Next: {next_step}" if next_step else ""
        super().__init__(f"{where}: {what}{shown}. Rule: {rule}.{after}")


class ConfigRefused(InputRefused):
    """The configuration file breaks a rule."""


class SizeRefused(InputRefused):
    """A task size that Fargate does not have."""


class SetupRefused(InputRefused):
    """A simulation that cannot be run as described."""


class NoData(AdvisorError):
    """There is nothing to work on."""


class PriceMissing(AdvisorError):
    """No price is known for what was asked; it is never taken as zero."""


class StoreDamaged(AdvisorError):
    """The store is not what its manifest says."""


class AwsFailed(AdvisorError):
    """AWS refused, throttled, or could not be reached."""

    exit_code = 3


class ApplyRefused(AdvisorError):
    """Nothing was changed, because the plan does not fit what is live."""

    exit_code = 4


class ApplyFailed(AdvisorError):
    """A change failed on the way; the message says what was rolled back and what is left."""

    exit_code = 5


def _short(value: object, most: int = 80) -> str:
    """The value on one line, without control characters, for a terminal."""
    text = repr(value) if isinstance(value, str) else str(value)
    clean = printable(text)
    return clean if len(clean) <= most else clean[: most - 1] + "…"


def printable(text: str) -> str:
    """Foreign text with a question mark for each control character and direction override.

    >>> printable("prod/web\\x1b[31m")
    'prod/web?[31m'
    """
    return "".join(c if c.isprintable() else "?" for c in text)


def one_line(value: object, most: int = 80) -> str:
    """Foreign text for a message: on one line, printable, at most `most` characters; text is quoted."""
    return _short(value, most)
