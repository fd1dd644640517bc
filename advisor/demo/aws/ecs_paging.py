"""Pages of a list, as ECS and Application Auto Scaling cut them: size limits, and tokens for one query only."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from advisor.demo.aws.wire import AwsError, Call

_PAGING = {"nextToken", "maxResults", "NextToken", "MaxResults"}


class BadToken(Exception):
    """A token that was not given out for this query."""


class BadSize(Exception):
    """A page size outside AWS's limits."""


def cut(entries: Sequence[Any], call: Call, *, most: int, default: int) -> tuple[list[Any], str | None]:
    """One page of `entries`, and the token of the next page, None at the end; raises BadToken, BadSize.

    `most` is AWS's largest page, `default` the page when no size is asked for.
    """
    named = {key.lower(): value for key, value in call.params.items()}
    size = named.get("maxresults")
    size = default if size is None else size
    if not 1 <= size <= most:
        raise BadSize(f"maxResults must be between 1 and {most}")
    query = _fingerprint(call)
    start = _offset(named.get("nexttoken"), query)
    end = start + size
    return list(entries[start:end]), _token(end, query) if end < len(entries) else None


def page(entries: Sequence[Any], call: Call, key: str, *, most: int = 100, default: int = 100) -> dict[str, Any]:
    """One page of an ECS list under its key; ECS refuses bad sizes and tokens as InvalidParameterException.

    List calls give at most 100 entries a page; ListServices gives 10 when no size is asked for [B44:ecs].
    """
    try:
        entries, token = cut(entries, call, most=most, default=default)
    except BadToken:
        raise AwsError("InvalidParameterException", "Invalid token") from None
    except BadSize as error:
        raise AwsError("InvalidParameterException", str(error)) from None
    return {key: entries} | ({"nextToken": token} if token else {})


def _fingerprint(call: Call) -> str:
    asked = {key: value for key, value in call.params.items() if key not in _PAGING}
    text = json.dumps([call.action, call.account, call.region, asked], sort_keys=True, default=str)
    return sha256(text.encode()).hexdigest()[:16]


def _token(offset: int, query: str) -> str:
    return urlsafe_b64encode(f"{query}:{offset}".encode()).decode()


def _offset(token: str | None, query: str) -> int:
    if not token:
        return 0
    try:
        held, _, offset = urlsafe_b64decode(token.encode()).decode().partition(":")
        if held != query:
            raise BadToken
        return int(offset)
    except (NotBase64, ValueError):
        raise BadToken from None
