"""What a manifest says of each file, and how a file says it of itself."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from advisor.store.place import Place

ABOUT = b"advisor"  # the key in a Parquet footer


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Rows:
    """One row group: its service, its number of rows, its first and last instant [epoch seconds]."""

    service: str
    rows: int
    first: int
    last: int


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class DataFile:
    """One Parquet file of a table. `period` is a month or a day; empty = as it was added, not compacted yet.

    `groups` are in the order of its row groups, for usage alone.
    """

    path: str
    account: str
    region: str
    period: str
    groups: tuple[Rows, ...] = ()

    @property
    def table(self) -> str:
        """The table that it is of."""
        return self.path.partition("/")[0]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Snapshot:
    """One inventory file. `complete` = it lists all that is in the account and region."""

    account: str
    region: str
    taken_at: str
    path: str
    complete: bool


def about(*, account: str, region: str, period: str, groups: Iterable[Rows] = ()) -> dict[bytes, bytes]:
    """What a Parquet file says of itself, for its footer."""
    said = {"account": account, "region": region, "period": period, "groups": _lists(groups)}
    return {ABOUT: json.dumps(said).encode()}


def describe(place: Place, path: str) -> DataFile | Snapshot:
    """What a file says of itself; raises StoreDamaged where it says nothing."""
    try:
        if path.endswith(".parquet"):
            with place.files.open_input_file(place.full(path)) as source:
                return data_file(path, json.loads(pq.read_metadata(source).metadata[ABOUT]))
        return snapshot_of(path, json.loads(place.read(path)))
    except OSError as error:
        raise place.failed(path, error) from error
    except (pa.ArrowException, ValueError, KeyError, TypeError) as error:
        raise place.damaged(path, f"not a file of a store ({type(error).__name__})") from error


def data_file(path: str, said: dict[str, Any]) -> DataFile:
    """The entry of a Parquet file."""
    groups = tuple(Rows(service=s, rows=n, first=first, last=last) for s, n, first, last in said["groups"])
    return DataFile(path=path, account=said["account"], region=said["region"], period=said["period"], groups=groups)


def snapshot_of(path: str, said: dict[str, Any]) -> Snapshot:
    """The entry of an inventory file."""
    return Snapshot(
        path=path,
        account=said["account"],
        region=said["region"],
        taken_at=said["inventory"]["taken_at"],
        complete=said["complete"],
    )


def to_data(file: DataFile | Snapshot) -> dict[str, Any]:
    """An entry as plain data; row groups are short lists, as there are many."""
    if isinstance(file, Snapshot):
        return asdict(file)
    return {
        "path": file.path,
        "account": file.account,
        "region": file.region,
        "period": file.period,
        "groups": _lists(file.groups),
    }


def _lists(groups: Iterable[Rows]) -> list[list[Any]]:
    return [[g.service, g.rows, g.first, g.last] for g in groups]
