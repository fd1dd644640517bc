"""Account ids hashed, the same way each time, in whatever holds them: ARNs, tags, names, messages."""

import hashlib
import hmac
import re
from typing import TypeVar

from advisor.codec.records import dumps, from_json, to_data

T = TypeVar("T")
_ACCOUNT = re.compile(r"(?<!\d)\d{12}(?!\d)")


class Anonymiser:
    """Puts `x` and 11 hexadecimal digits in the place of every number of 12 digits; without a key, nothing.

    The digits are of HMAC-SHA256 under the key. There are only 10^12 account ids, so that whoever has the key
    can find each by trying: it must not lie beside what it hides.
    """

    def __init__(self, key: bytes | None = None) -> None:
        self._key = key

    @property
    def name(self) -> str:
        """Tells keys apart and gives none away; empty without a key."""
        return self._hash("advisor") if self._key else ""

    def text(self, text: str) -> str:
        """The text without account ids.

        >>> Anonymiser(b"key").text("arn:aws:ecs:eu-west-1:111122223333:cluster/prod")
        'arn:aws:ecs:eu-west-1:x302a3299b29:cluster/prod'
        """
        return _ACCOUNT.sub(lambda found: self._hash(found[0]), text) if self._key else text

    def record(self, record: T) -> T:
        """A domain record, with every text in it without account ids."""
        if not self._key:
            return record
        return from_json(type(record), dumps(self._data(to_data(record))), where="anonymised record")

    def _data(self, data: object) -> object:
        if isinstance(data, str):
            return self.text(data)
        if isinstance(data, dict):
            return {self._data(key): self._data(value) for key, value in data.items()}
        return [self._data(value) for value in data] if isinstance(data, list) else data

    def _hash(self, text: str) -> str:
        return "x" + hmac.new(self._key or b"", text.encode(), hashlib.sha256).hexdigest()[:11]
