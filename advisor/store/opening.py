"""Opening a store, or making one where nothing is yet."""

from pathlib import Path

from advisor.domain.errors import InputRefused, NoData
from advisor.store import hiding, log
from advisor.store import manifest as manifests
from advisor.store.bucket import place_of
from advisor.store.manifest import Manifest
from advisor.store.place import LOCK, TEMPORARY, Place
from advisor.store.store import Store


def open_store(url: str | Path, *, create: bool = False, hidden_by: str | None = None) -> Store:
    """Open the store in a folder (path or `file://`) or under `s3://bucket/prefix`; `create` makes one where none is.

    `hidden_by`: as for `Store.hide_by`; a store that is only read need not be told. Raises NoData where there is no
    store, InputRefused where one cannot be or is hidden in another way, StoreDamaged where it cannot be read, AwsFailed
    where S3 refuses.
    """
    place = place_of(url)
    found = manifests.load(place)
    if found is None:
        if not create:
            raise NoData(f"{place.shown}: no store here. Next: `advisor collect` or `advisor import` makes one.")
        _check_empty(place)
    store = Store(place, found or Manifest(), url=str(url))
    if hidden_by is not None:
        store.hide_by(hidden_by)
    return store


def _check_empty(place: Place) -> None:
    """A store is made in a new or empty place only; what a killed first write left does not count."""
    if place.is_file():
        raise InputRefused("is a file", where=place.shown, rule="a store is a folder")
    ours = (TEMPORARY, LOCK, f"{log.FOLDER}/", f"{hiding.FOLDER}/")
    if foreign := [path for path in place.list() if not path.startswith(ours)]:
        rule = "a store is made in a new or empty folder"
        raise InputRefused("is not a store", where=place.shown, value=foreign[0], rule=rule)
