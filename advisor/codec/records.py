"""Any domain record as JSON, and back, exactly: `from_json(type(x), to_json(x)) == x`."""

import inspect
import json
from collections.abc import Hashable, Mapping
from dataclasses import is_dataclass
from functools import cache
from typing import Any, TypeVar, cast

from pydantic import ConfigDict, TypeAdapter, ValidationError

from advisor.domain import (
    collecting,
    finding,
    inventory,
    plan,
    policy,
    reconciliation,
    runs,
    scoreboard,
    service,
    settings,
)
from advisor.domain.errors import InputRefused

T = TypeVar("T")

_STRICT = ConfigDict(extra="forbid", allow_inf_nan=False)
for _room in (collecting, finding, inventory, plan, policy, reconciliation, runs, scoreboard, service, settings):
    for _name, _record in inspect.getmembers(_room, inspect.isclass):
        if is_dataclass(_record):
            setattr(_record, "__pydantic_config__", _STRICT)  # noqa: B010  (a name that only pydantic knows)


@cache
def adapter(kind: Hashable) -> TypeAdapter[Any]:
    """Pydantic's view of a type, made once."""
    return TypeAdapter(cast("Any", kind))


def to_data(record: object) -> Any:
    """A record as plain JSON data: money and instants as text, tuples as lists."""
    return adapter(cast("Hashable", type(record))).dump_python(record, mode="json")


def from_data(kind: type[T], data: object, *, where: str) -> T:
    """Plain JSON data as a record; raises InputRefused naming the key, the value and the rule."""
    return from_json(kind, json.dumps(data), where=where)


def to_json(record: object) -> str:
    """A record as JSON text, indented, with a final newline."""
    return dumps(to_data(record))


def from_json(kind: type[T], text: str | bytes, *, where: str) -> T:
    """JSON text as a record; raises InputRefused naming the key, the value and the rule.

    Types are strict: "3" is not a number. Money and instants are text, as JSON has neither.
    """
    try:
        record: T = adapter(cast("Hashable", kind)).validate_json(text, strict=True)
    except ValidationError as error:
        raise refusal(error, where=where) from None
    return record


def checked(record: T) -> T:
    """The record as JSON gives it back; raises InputRefused where a field holds what its type does not say."""
    text = adapter(cast("Hashable", type(record))).dump_json(record, warnings=False)
    return from_json(type(record), text, where=type(record).__name__)


def dumps(data: object) -> str:
    """JSON text as every file of ours has it."""
    return json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def loads(text: str | bytes, *, where: str) -> Any:
    """JSON text as data; raises InputRefused with line and column, also for NaN and repeated keys."""
    try:
        return json.loads(text, object_pairs_hook=_no_twins, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise InputRefused(f"not JSON at {place}", where=where, rule=error.msg) from None
    except (UnicodeDecodeError, ValueError) as error:
        raise InputRefused("not JSON", where=where, rule=str(error)) from None


def want_mapping(data: object, *, where: str) -> dict[str, Any]:
    """The data as a JSON object, in a copy that may be taken apart."""
    if not isinstance(data, Mapping):
        raise InputRefused("not an object", where=where, value=type(data).__name__, rule="a JSON object")
    return dict(data)


def refusal(error: ValidationError, *, where: str) -> InputRefused:
    """The first finding of pydantic as our own error."""
    found = error.errors(include_url=False)
    other_kinds = {e["loc"][:-1] for e in found if e["type"] == "literal_error" and e["loc"][-1] == "type"}
    first = next((e for e in found if not _below(e["loc"], other_kinds)), found[0])
    key = ".".join(str(part) for part in first["loc"])
    what = "unknown key" if first["type"] in {"unexpected_keyword_argument", "extra_forbidden"} else "bad value"
    value = first["input"] if what == "bad value" and not isinstance(first["input"], dict | list) else None
    return InputRefused(f"{what} at {key}" if key else what, where=where, value=value, rule=first["msg"])


def _below(place: tuple[int | str, ...], branches: set[tuple[int | str, ...]]) -> bool:
    """Whether a finding only says that the value is not of another kind of a union."""
    return any(place[: len(branch)] == branch for branch in branches)


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"key {max(keys, key=keys.count)!r} stands twice in one object")
    return found


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number")
