"""Which key hides the accounts of a store: a mark in `keys/`, put before the first thing that is stored.

A mark is a file whose name tells the key's (`Anonymiser.name`) or `clear`. It is no part of the manifest. Stores of
before have none: what their last log says counts, else that they hold an account id in the clear.
"""

import json
import re
from collections.abc import Iterable
from typing import BinaryIO

from advisor.domain.errors import InputRefused
from advisor.store import log
from advisor.store.manifest import Manifest
from advisor.store.place import SHA_CHARACTERS, Place

FOLDER = "keys"
_CLEAR = "clear"
_ACCOUNT = re.compile(r"\d{12}")


class Hiding:
    """How one who writes hides account ids, held against how the store does. The empty name: not at all."""

    def __init__(self, place: Place) -> None:
        self._place, self._name, self._claimed = place, "", False

    def by(self, name: str, held: Manifest) -> bool:
        """From now on by the key of this name; whether that is marked.

        Raises InputRefused where the store's are hidden in another way.
        """
        marked = _marks(self._place)
        if others := (marked or _before(self._place, held)) - {name}:
            raise _refused(name, others)
        self._name, self._claimed = name, False
        return bool(marked)

    def claim(self, held: Manifest) -> None:
        """Before each write: the store is marked; raises InputRefused, and leaves nothing, where by another key.

        Of two that start at once with different keys at most one goes on: each looks again once its own mark is
        there, and takes it back where it is not alone.
        """
        if self._claimed:
            return
        if not self.by(self._name, held):
            path = self._place.write(lambda sink: _write(sink, self._name), lambda sha: _path(self._name, sha))
            if others := _marks(self._place) - {self._name}:
                self._place.delete(str(path))
                raise _refused(self._name, others)
        self._claimed = True


def _marks(place: Place) -> set[str]:
    names = (path.rpartition("/")[2].rpartition("-")[0] for path in place.list(FOLDER))
    return {"" if name == _CLEAR else name for name in names}


def _before(place: Place, held: Manifest) -> set[str]:
    """What a store without a mark says; nothing where it may be either."""
    if newest := log.runs(place, most=1):
        return {newest[0].hidden_by}
    return {""} if any(_ACCOUNT.fullmatch(file.account) for file in held.files) else set()


def _path(name: str, sha: str) -> str:
    return f"{FOLDER}/{name or _CLEAR}-{sha[:SHA_CHARACTERS]}.json"


def _write(sink: BinaryIO, name: str) -> None:
    sink.write(json.dumps({"hidden_by": name}).encode())


def _refused(name: str, others: Iterable[str]) -> InputRefused:
    if "" in others:
        step = "leave --anonymise out, or use another store"
    else:
        which = "the key file" if name else "--anonymise and the key file"
        step = f"give {which} that this store was begun with, or use another store"
    return InputRefused(
        "account ids are hidden in another way than before",
        where="--anonymise",
        rule="one store, one key, or none",
        next_step=step,
    )
