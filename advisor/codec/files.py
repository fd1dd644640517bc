"""The files that users write: the importer's inventory, the simulator's setup, the configuration."""

from datetime import datetime
from typing import Any

from advisor.codec.records import from_data, from_json, loads, to_data, want_mapping
from advisor.codec.setups import setup_from_dict
from advisor.domain.errors import InputRefused
from advisor.domain.inventory import Inventory, Service, SizeChange
from advisor.domain.scoreboard import TailFit
from advisor.domain.service import ServiceId, Setup
from advisor.domain.settings import Config, TailModel

FORMAT = 1
MOST_NAME_CHARACTERS = 512
_REPLAY = ("startup_ticks", "metric_delay_ticks", "drain_ticks")


def inventory_from_file_json(text: str | bytes, *, where: str, seen_at: datetime) -> Inventory:
    """The inventory file of `advisor import --services`; raises InputRefused where it breaks its format."""
    data = want_mapping(loads(text, where=where), where=where)
    _want_keys(data, required=("format", "services"), optional=("account", "region"), where=where)
    if data["format"] != FORMAT:
        raise InputRefused("unknown format", where=where, value=data["format"], rule=f"format is {FORMAT}")
    if not isinstance(data["services"], list) or not data["services"]:
        raise InputRefused("no services", where=where, rule="`services` is a list with at least one service")
    services = tuple(
        _service(entry, data, where=f"{where}: services[{i}]", seen_at=seen_at)
        for i, entry in enumerate(data["services"])
    )
    ids = [service.id for service in services]
    if twins := sorted({str(i) for i in ids if ids.count(i) > 1}):
        raise InputRefused("service listed twice", where=where, value=twins[0], rule="one entry per service")
    return Inventory(taken_at=seen_at, services=services)


def simulation_from_json(
    text: str | bytes, *, where: str
) -> tuple[Setup, int | None, int, dict[str, Any], list[int] | None]:
    """The setup file of `advisor simulate`.

    Returns (setup, initial tasks, tick in seconds, conditions by name, floor per tick).
    """
    data = want_mapping(loads(text, where=where), where=where)
    conditions: dict[str, Any] = {key: data.pop(key) for key in _REPLAY if key in data}
    if any(not isinstance(v, int) or isinstance(v, bool) or v < 0 for v in conditions.values()):
        raise InputRefused("bad delay", where=where, value=conditions, rule="delays are whole ticks, 0 or more")
    conditions |= _memory_model(data.pop("memory_model", {}), where=where)
    initial, tick, floor = data.pop("initial", None), data.pop("tick_seconds", 60), data.pop("floor", None)
    if tick not in (20, 60):
        raise InputRefused("bad tick_seconds", where=where, value=tick, rule="20 or 60 s")
    if initial is not None and (not isinstance(initial, int) or isinstance(initial, bool) or initial < 0):
        raise InputRefused("bad initial", where=where, value=initial, rule="whole tasks, 0 or more")
    if floor is not None:
        floor = from_data(list[int], floor, where=f"{where}: floor")
    data.setdefault("desired", data.get("minimum") if initial is None else initial)
    return setup_from_dict(data, where=where), initial, tick, conditions, floor


def config_from_dict(data: object, *, where: str) -> Config:
    """The content of advisor.toml as a record; its `[[override]]` tables are `Config.overrides`.

    An override states only the limits that differ; the others are those of `[limits]`.
    """
    flat = want_mapping(data, where=where)
    limits = flat.get("limits", {})
    overrides = flat.pop("override", [])
    if not isinstance(limits, dict) or not all(isinstance(o, dict) for o in overrides):
        raise InputRefused("not a table", where=where, rule="[limits] is a table, [[override]] a list of tables")
    flat["overrides"] = [
        o | ({"limits": limits | o["limits"]} if isinstance(o.get("limits"), dict) else {}) for o in overrides
    ]
    return from_data(Config, flat, where=where)


def config_to_dict(config: Config) -> dict[str, Any]:
    """A configuration as plain data, in the form of its file."""
    data: dict[str, Any] = to_data(config)
    override = data.pop("overrides")
    model = {key: told for key in ("memory_tail", "memory_tail_from") if (told := data.pop(key)) is not None}
    return {**data, "override": override, **model}


def tail_fit_from_json(text: str | bytes, *, where: str) -> TailFit:
    """The file of `advisor fit-tails`; raises InputRefused where it breaks its format or its model makes no sense."""
    fit = from_json(TailFit, text, where=where)
    if fit.format != FORMAT:
        raise InputRefused("unknown format", where=where, value=fit.format, rule=f"format is {FORMAT}")
    check_tail(fit.model, where=where)
    return fit


def check_tail(model: TailModel, *, where: str) -> None:
    """Raise InputRefused for a model in which more memory, or a shorter look, does not lower the chance of a breach."""
    for name, value, holds, rule in (
        ("headroom", model.headroom, model.headroom < 0, "more memory lowers the chance of a breach: below 0"),
        ("days_ahead", model.days_ahead, model.days_ahead > 0, "a longer look raises it: above 0"),
    ):
        if not holds:
            raise InputRefused(f"no model of a breach: {name}", where=where, value=value, rule=rule)


def _service(entry: object, top: dict[str, Any], *, where: str, seen_at: datetime) -> Service:
    flat = want_mapping(entry, where=where)
    name, tags, sizes = flat.pop("service", None), flat.pop("tags", {}), flat.pop("sizes", [])
    account = flat.pop("account", top.get("account"))
    region = flat.pop("region", top.get("region"))
    data = {"service": name, "account": account, "region": region}
    identity = from_data(ServiceId, data, where=where)
    check_identity(identity, where=where)
    return Service(
        id=identity,
        setup=setup_from_dict(flat, where=f"{where} ({identity.service})"),
        seen_at=seen_at,
        sizes=_sizes(sizes, where=f"{where} ({identity.service}): sizes"),
        tags=from_data(dict[str, str], tags, where=where),
    )


def _sizes(data: object, *, where: str) -> tuple[SizeChange, ...]:
    """Which size tasks had when, from `[{"at": instant, "cpu": 1024, "memory": 8192}]`."""
    if not isinstance(data, list):
        raise InputRefused("not a list", where=where, value=type(data).__name__, rule="a list of at, cpu and memory")
    flat = [want_mapping(entry, where=where) for entry in data]
    changes = [{"at": entry.pop("at", None), "size": entry} for entry in flat]
    return from_data(tuple[SizeChange, ...], changes, where=where)


def check_identity(identity: ServiceId, *, where: str) -> None:
    """Raise InputRefused for a name that is not `cluster/service` or is too long, and for empty places."""
    if not identity.cluster or not identity.name or len(identity.service) > MOST_NAME_CHARACTERS:
        rule = f"cluster/service, at most {MOST_NAME_CHARACTERS} characters"
        raise InputRefused("bad service name", where=where, value=identity.service, rule=rule)
    if not identity.account or not identity.region:
        raise InputRefused("no account or region", where=where, value=identity.service, rule="both are given")


def _memory_model(data: object, *, where: str) -> dict[str, float]:
    model = want_mapping(data, where=f"{where}: memory_model")
    _want_keys(model, required=(), optional=("base_mib", "mib_per_vcpu"), where=f"{where}: memory_model")
    return {f"memory_{key}": from_data(float, value, where=f"{where}: memory_model") for key, value in model.items()}


def _want_keys(data: dict[str, Any], *, required: tuple[str, ...], optional: tuple[str, ...], where: str) -> None:
    for key in required:
        if key not in data:
            raise InputRefused("missing key", where=where, value=key, rule=f"keys are {', '.join(required + optional)}")
    for key in data:
        if key not in required + optional:
            raise InputRefused("unknown key", where=where, value=key, rule=f"keys are {', '.join(required + optional)}")
