"""The usage file: what each service used, step by step."""

import difflib
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from advisor.domain.errors import one_line
from advisor.domain.inventory import Inventory
from advisor.domain.schema import USAGE
from advisor.domain.service import ServiceId
from advisor.importer.inventory import read_inventory
from advisor.importer.steps import check_order, step_of
from advisor.importer.tables import Table, instants, numbers, read_table, texts

MOST_NAME_CHARACTERS = 512
_COLUMNS = tuple(column for column in USAGE if column.in_files)
_REQUIRED = ("service", "timestamp", *(column.name for column in _COLUMNS if column.required))
_OPTIONAL = (*(column.name for column in _COLUMNS if not column.required), "account", "region")

Frames = dict[ServiceId, pd.DataFrame]


def import_files(
    usage: str | Path, services: str | Path, *, seen_at: datetime, ignore_extra: bool = False
) -> tuple[Inventory, Frames]:
    """Read an inventory file and its usage file; each service's `step_seconds` is that of its usage."""
    from dataclasses import replace

    inventory = read_inventory(services, seen_at=seen_at)
    frames, steps = read_usage(usage, inventory, ignore_extra=ignore_extra)
    stepped = tuple(replace(s, step_seconds=steps.get(s.id, s.step_seconds)) for s in inventory.services)
    return replace(inventory, services=stepped), frames


def read_usage(
    path: str | Path, inventory: Inventory, *, ignore_extra: bool = False
) -> tuple[Frames, dict[ServiceId, int]]:
    """Read a usage file (CSV or Parquet, docs/interfaces.md).

    Returns each service's frame (schema USAGE, float32, UTC index; the optional columns that the file has)
    and its step [s]. Raises InputRefused with file, row, column, value and rule; a CSV's header is row 1.
    """
    table = read_table(Path(path), required=_REQUIRED, optional=_OPTIONAL, ignore_extra=ignore_extra)
    ids, codes = _services(table, inventory)
    at = instants(table, "timestamp")
    values = {c.name: numbers(table, c.name).astype("float32") for c in _COLUMNS if c.name in table.columns}
    order = np.argsort(codes, kind="stable")
    cuts = np.searchsorted(codes[order], np.arange(len(ids) + 1))
    frames: Frames = {}
    steps: dict[ServiceId, int] = {}
    for number, id in enumerate(ids):
        rows = order[cuts[number] : cuts[number + 1]]
        check_order(table, rows, at)
        steps[id] = step_of(table, rows, at)
        index = pd.DatetimeIndex(at[rows].astype("M8[s]"), tz="UTC", name="ts").as_unit("us")
        frames[id] = pd.DataFrame({name: column[rows] for name, column in values.items()}, index=index)
    return frames, steps


def _services(table: Table, inventory: Inventory) -> tuple[list[ServiceId], np.ndarray]:
    """The services of the file, and for each row which of them it is about."""
    keys = [_codes(table, name) for name in ("service", "account", "region")]
    combined = np.zeros(table.rows, dtype="int64")
    for codes, names in keys:
        combined = combined * (len(names) + 1) + codes
    _, first, inverse = np.unique(combined, return_index=True, return_inverse=True)
    found = [_identify(table, int(row), [names[codes[row]] for codes, names in keys], inventory) for row in first]
    ids = sorted(set(found))
    position = {id: number for number, id in enumerate(ids)}
    return ids, np.array([position[id] for id in found])[inverse]


def _codes(table: Table, name: str) -> tuple[np.ndarray, list[str | None]]:
    """A column of text as codes and the texts they stand for; an absent column or an empty cell is None."""
    if name not in table.columns:
        return np.zeros(table.rows, dtype="int64"), [None]
    encoded = pc.dictionary_encode(texts(table, name), null_encoding="encode")
    return encoded.indices.to_numpy().astype("int64"), encoded.dictionary.to_pylist()


def _identify(table: Table, row: int, key: list[str | None], inventory: Inventory) -> ServiceId:
    service, account, region = key
    if service is None or len(service) > MOST_NAME_CHARACTERS:
        rule = f"cluster/service, 1 to {MOST_NAME_CHARACTERS} characters"
        table.refuse("bad service name", row=row, column="service", value=service or "", rule=rule)
    known = [s.id for s in inventory.services if s.id.service == service]
    fits = [id for id in known if account in (None, id.account) and region in (None, id.region)]
    if len(fits) == 1:
        return fits[0]
    if fits:
        rule = "the name stands for several services of the inventory file: give account and region"
        table.refuse("unclear service", row=row, column="service", value=service, rule=rule)
    if known:
        column = "region" if account in (None, *(id.account for id in known)) else "account"
        rule = f"as in the inventory file: {', '.join(one_line(f'{i.account}/{i.region}') for i in known)}"
        value = region if column == "region" else account
        table.refuse(f"unknown {column} for {one_line(service)}", row=row, column=column, value=value, rule=rule)
    names = sorted({s.id.service for s in inventory.services})
    near = difflib.get_close_matches(service, names, n=3, cutoff=0.3) or names[:3]
    rule = f"a service of the inventory file, such as {', '.join(one_line(name) for name in near)}"
    return table.refuse("unknown service", row=row, column="service", value=service, rule=rule)
