"""An inventory, and a way to write a usage file."""

from collections.abc import Callable
from pathlib import Path

import pytest
from importer_samples import NOW, inventory_file

from advisor.domain.inventory import Inventory
from advisor.importer import read_inventory


@pytest.fixture
def inventory(tmp_path: Path) -> Inventory:
    return read_inventory(inventory_file(tmp_path), seen_at=NOW)


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "usage.csv"
        path.write_bytes(text.encode())
        return path

    return write
