"""Every notebook runs from top to bottom on the demo's store, and none of its numbers is absurd."""

from datetime import UTC, datetime
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from advisor.collection import run_collection
from advisor.collector import open_sessions
from advisor.demo.aws.wire import LocalAws
from advisor.demo.fleet import build_fleet
from advisor.demo.fleet_services import CHECKOUT, STOREFRONT_API
from advisor.store import open_store

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


@pytest.fixture
def demo_folder(tmp_path: Path, local_aws: LocalAws, endpoint: str) -> Path:
    """A folder with the store that `advisor demo` would leave there, of two services."""
    assert endpoint
    now = datetime.now(UTC)
    build_fleet(local_aws, now=now, services=(STOREFRONT_API, CHECKOUT))
    role = f"arn:aws:iam::{STOREFRONT_API.id.account}:role/advisor-read"
    sessions = open_sessions(profile=None, role_arns=[role])
    store = open_store(tmp_path / "reports" / "demo" / "store", create=True)
    run_collection(store, sessions, [STOREFRONT_API.id.region], now=now)
    return tmp_path


def test_there_are_notebooks() -> None:
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_notebook_runs_and_is_kept_without_outputs(path: Path, demo_folder: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells), "keep notebooks without outputs: diffs stay small"
    client = NotebookClient(
        notebook, timeout=900, startup_timeout=300, resources={"metadata": {"path": str(demo_folder)}}
    )
    client.execute()
    said = "".join(
        output.get("text", "") for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs
    )
    assert "USD" in str(notebook) or "$" in said
    assert "nan" not in said.lower()
