"""The journal of an apply: JSON lines, on disk before the call that they announce.

=========  =======================================================================================
event      what it holds
=========  =======================================================================================
begin      format, the plan's instant and origin
change     number, service, the description read before, and what gives all of its scaling again: the whole
           configuration of policies, their alarms and scheduled actions, the policies' ARNs, the scalable
           target, the tags of what goes, and the tasks desired at that moment
before     change, step kind, words, the parameters that will be sent, what they set in the description
after      change, step kind, the result
failed     change, step kind, the error
verified   change: everything reads back as wanted
undone     change: everything reads back as it was before
=========  =======================================================================================

Values of environment and secrets are never in it: a task definition is named by its ARN, and only the size
and the containers' own limits are written down.
"""

import json
import os
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from advisor.domain.errors import ApplyFailed, ApplyRefused, InputRefused

FORMAT = 1
_EVENTS = {"begin", "change", "before", "after", "failed", "verified", "undone"}


class Journal:
    """An open journal; every line is on disk when `write` returns."""

    def __init__(self, path: Path, *, now: Callable[[], datetime], new: bool) -> None:
        self.path, self.now = path, now
        flags = os.O_WRONLY | os.O_APPEND | (os.O_CREAT | os.O_EXCL if new else 0)
        try:
            if new:
                path.parent.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(path, flags, 0o600)
        except OSError as error:
            rule = "a journal is a new file in a writable folder" if new else "a writable file"
            raise ApplyRefused(
                f"{path}: the journal cannot be opened ({error.strerror}). Rule: {rule}. "
                "Nothing was changed. Next: give another path with --journal."
            ) from None
        if new:
            _sync_folder(path.parent)
        else:
            _drop_torn_line(path)

    def write(self, event: str, **fields: Any) -> None:
        """Append one line and bring it to disk; raises ApplyFailed where that cannot be."""
        line = json.dumps({"at": self.now().isoformat(), "event": event, **fields}, allow_nan=False)
        data = line.encode() + b"\n"
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
            os.fsync(self._descriptor)
        except OSError as error:
            raise ApplyFailed(
                f"{self.path}: the journal cannot be written ({error.strerror}). Rule: no call without its line. "
                "Next: make room, then run undo with it."
            ) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)


def read_journal(path: Path) -> tuple[Mapping[str, Any], ...]:
    """All whole lines of a journal; raises InputRefused where the file is not one.

    A last line without its end is what a killed run leaves; its call was not made, so it counts for nothing.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        raise InputRefused(
            "cannot be read", where=str(path), rule=f"a journal of `advisor apply` ({error.strerror})"
        ) from None
    entries = tuple(
        _entry(line, where=f"{path}: line {number}") for number, line in enumerate(text.split(b"\n")[:-1], start=1)
    )
    if not entries or entries[0]["event"] != "begin" or entries[0].get("format") != FORMAT:
        raise InputRefused("not a journal", where=str(path), rule=f"a journal of `advisor apply`, format {FORMAT}")
    return entries


def _entry(line: bytes, *, where: str) -> Mapping[str, Any]:
    try:
        entry = json.loads(line)
    except ValueError:
        entry = None
    if not isinstance(entry, dict) or entry.get("event") not in _EVENTS:
        raise InputRefused("not a line of a journal", where=where, rule="one JSON object with a known `event`")
    return entry


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _drop_torn_line(path: Path) -> None:
    whole = path.read_bytes().rpartition(b"\n")
    if whole[2]:
        os.truncate(path, len(whole[0]) + len(whole[1]))
