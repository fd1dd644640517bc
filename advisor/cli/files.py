"""Files that a user names: read with a plain refusal, written whole or not at all."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from advisor.domain.errors import AdvisorError, InputRefused

if TYPE_CHECKING:
    from advisor.codec import Anonymiser

LEAST_KEY = 32  # characters


def read_text(path: Path) -> str:
    """The file's text; raises InputRefused where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise InputRefused("cannot be read", where=str(path), rule=f"a readable UTF-8 file ({reason})") from None


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.part")
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise InputRefused("cannot be written", where=str(path), rule=f"a writable path ({error.strerror})") from None


def anonymiser(key_file: Path | None) -> "Anonymiser":
    """What hides account ids by the key in a file; without one, nothing is hidden."""
    from advisor.codec import Anonymiser

    return Anonymiser(_secret_of(key_file) if key_file else None)


@contextmanager
def refusals_hidden(hide: "Anonymiser") -> Iterator[None]:
    """Errors of ours leave the block without account ids."""
    try:
        yield
    except AdvisorError as error:
        error.args = (hide.text(str(error)),)
        raise


def _secret_of(path: Path) -> bytes:
    """The key in a file that only its owner may read; a new one is made where there is no file."""
    path = path.expanduser()
    if not path.exists():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as sink:
                sink.write(secrets.token_hex(32) + "\n")
        except OSError as error:
            raise InputRefused(
                "cannot be written", where=str(path), rule=f"a path for a key ({error.strerror})"
            ) from None
    key = read_text(path).strip()
    if len(key) < LEAST_KEY:
        raise InputRefused("too short for a key", where=str(path), rule=f"at least {LEAST_KEY} characters")
    return key.encode()
