"""Read advisor.toml; what it does not know it refuses, naming what it knows that is nearest."""

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from advisor.codec import config_from_dict, tail_fit_from_json
from advisor.domain.errors import ConfigRefused, InputRefused
from advisor.domain.settings import LEVERS, Config, Limits

TOP = ("levers", "limits", "override", "model")
LIMITS = tuple(field.name for field in fields(Limits))
MODEL = ("memory_tail",)
OVERRIDE = ("service", "tags", "action", "limits")
_SHARES = ("memory_breach_probability", "cpu_throttled_share", "unmet_share")


def load_config(path: str | Path | None) -> Config:
    """The configuration in a file; None or an empty file is the default. Raises ConfigRefused.

    Limits that an override does not name are those of `[limits]`.
    """
    if path is None:
        return Config()
    where = str(path)
    data = _read(Path(path), where)
    _check(data, where)
    try:
        return config_from_dict(_with_model(_inherited(data), Path(path)), where=where)
    except InputRefused as error:
        raise ConfigRefused(error.what, where=error.where, value=error.value, rule=error.rule) from None


def _with_model(data: dict[str, Any], path: Path) -> dict[str, Any]:
    """The data with the file of `[model] memory_tail`, found from where the configuration is, in its place."""
    model = data.pop("model", {})
    if "memory_tail" not in model:
        return data
    file = path.parent / model["memory_tail"]
    fit = tail_fit_from_json(_text(file, str(file), "JSON"), where=str(file))
    until = None if fit.until is None else fit.until.isoformat()
    return {**data, "memory_tail": asdict(fit.model), "memory_tail_from": {"store": fit.store, "until": until}}


def _inherited(data: Mapping[str, Any]) -> dict[str, Any]:
    """The data with each override's limits completed by the file's own `[limits]`."""
    top = data.get("limits", {})
    overrides = [{**o, "limits": {**top, **o["limits"]}} if "limits" in o else o for o in data.get("override", [])]
    return {**data, "override": overrides} if "override" in data else dict(data)


def _read(path: Path, where: str) -> dict[str, Any]:
    try:
        return tomllib.loads(_text(path, where, "TOML"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigRefused("is not TOML", where=where, rule=str(error)) from None


def _text(path: Path, where: str, kind: str) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigRefused("cannot be read", where=where, rule=f"a readable file ({error.strerror})") from None
    except UnicodeDecodeError:
        raise ConfigRefused("is not text", where=where, rule=f"a {kind} file in UTF-8") from None


def _check(data: Mapping[str, Any], where: str) -> None:
    _known(data, TOP, where)
    _levers(data.get("levers", []), where)
    _limits(data.get("limits", {}), f"{where}: [limits]")
    _model(data.get("model", {}), f"{where}: [model]")
    overrides = data.get("override", [])
    if not isinstance(overrides, list):
        raise ConfigRefused("is one table", where=f"{where}: override", rule="a list of tables: [[override]]")
    for number, override in enumerate(overrides, start=1):
        place = f"{where}: [[override]] {number}"
        _known(override, OVERRIDE, place)
        _limits(override.get("limits", {}), f"{place}: limits")


def _known(table: object, names: tuple[str, ...], where: str) -> None:
    if not isinstance(table, Mapping):
        raise ConfigRefused("is no table", where=where, value=table, rule=f"a table with {', '.join(names)}")
    for name in table:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1, cutoff=0.0)
            step = f"did you mean {near[0]}?" if near else ""
            raise ConfigRefused(
                "unknown key", where=where, value=name, rule=f"keys: {', '.join(names)}", next_step=step
            )


def _levers(levers: object, where: str) -> None:
    for lever in levers if isinstance(levers, list) else [levers]:
        if lever not in LEVERS:
            near = difflib.get_close_matches(str(lever), LEVERS, n=1, cutoff=0.0)
            rule = f"a list of {', '.join(LEVERS)}"
            step = f"did you mean {near[0]}?" if near else ""
            raise ConfigRefused("unknown lever", where=where, value=lever, rule=rule, next_step=step)


def _model(model: object, where: str) -> None:
    _known(model, MODEL, where)
    for name, value in model.items() if isinstance(model, Mapping) else ():
        if not isinstance(value, str) or not value:
            raise ConfigRefused("bad file", where=f"{where}: {name}", value=value, rule="the path of a file, as text")


def _limits(limits: object, where: str) -> None:
    _known(limits, LIMITS, where)
    if not isinstance(limits, Mapping):
        return
    for name, value in limits.items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if name in _SHARES and not (number and 0 <= value <= 1):
            raise ConfigRefused("bad limit", where=f"{where}: {name}", value=value, rule="a share from 0 to 1")
        if name not in _SHARES and not (isinstance(value, int) and number and value >= 0):
            raise ConfigRefused("bad limit", where=f"{where}: {name}", value=value, rule="whole tasks, 0 or more")
