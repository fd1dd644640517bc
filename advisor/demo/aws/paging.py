"""Page tokens that belong to one request: opaque to the client, refused with any other request."""

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from advisor.demo.aws.wire import AwsError

Position = tuple[int, ...]


def write_token(params: Mapping[str, Any], position: Position) -> str:
    """A token for the page that begins at `position`."""
    return base64.urlsafe_b64encode(json.dumps([_mark(params), *position]).encode()).decode()


def read_token(params: Mapping[str, Any], error_code: str, *, default: Position) -> Position:
    """The position in the request's NextToken, or `default` without one; raises AwsError(`error_code`)."""
    token = params.get("NextToken")
    if not token:
        return default
    try:
        mark, *position = json.loads(base64.urlsafe_b64decode(str(token)))
    except (binascii.Error, ValueError, TypeError):
        mark, position = None, []
    if mark != _mark(params) or len(position) != len(default):
        raise AwsError(error_code, "The NextToken is not valid, or belongs to another request.")
    return tuple(int(number) for number in position)


def page_of(
    items: list[Any], params: Mapping[str, Any], *, size: int, error_code: str
) -> tuple[list[Any], dict[str, str]]:
    """One page of a list, and `{"NextToken": ...}` while there is more.

    >>> page_of([1, 2, 3], {"NextToken": write_token({}, (2,))}, size=2, error_code="InvalidNextToken")
    ([3], {})
    """
    (start,) = read_token(params, error_code, default=(0,))
    more = start + size < len(items)
    return items[start : start + size], {"NextToken": write_token(params, (start + size,))} if more else {}


def _mark(params: Mapping[str, Any]) -> str:
    """What tells one request from another: all of it but the token and the page size."""
    asked = {key: value for key, value in params.items() if key not in ("NextToken", "MaxResults", "MaxRecords")}
    text = json.dumps(asked, sort_keys=True, default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _plain(value: object) -> object:
    return value.timestamp() if isinstance(value, datetime) else str(value)
