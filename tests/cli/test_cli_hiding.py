"""No command writes or tells an account id where accounts are hidden, and none writes to a store of another key."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bill_fleet import END, store_of
from bill_formats import cur2_parquet
from bill_world import ACCOUNT as BILLED
from bill_world import REGION, simulated
from click.testing import CliRunner

from advisor.cli import cli
from advisor.codec import Anonymiser
from advisor.demo.aws.faults import Fault, denied
from advisor.demo.aws.savings_plans import HOME, YEAR
from advisor.demo.aws.wire import ACCOUNT, LocalAws
from advisor.domain.errors import AdvisorError
from advisor.domain.inventory import Inventory
from advisor.store import open_store

KEY = "0123456789abcdef" * 4
HIDE = Anonymiser(KEY.encode())
ROLE = f"arn:aws:iam::{BILLED}:role/reader"
ARN = f"arn:aws:ecs:{REGION}:{BILLED}"
TASK = {
    "taskArn": f"{ARN}:task/prod/t1",
    "clusterArn": f"{ARN}:cluster/prod",
    "taskDefinitionArn": f"{ARN}:task-definition/nightly:7",
    "group": "family:nightly",
    "launchType": "FARGATE",
    "cpu": "512",
    "memory": "1024",
    "createdAt": "2026-10-05T01:59:00Z",
    "lastStatus": "RUNNING",
    "containers": [{"name": "app"}],
    "startedBy": f"arn:aws:iam::{BILLED}:user/me",
}
EVENT = {"detail-type": "ECS Task State Change", "source": "aws.ecs", "account": BILLED, "region": REGION}
EVENT |= {"time": "2026-10-05T02:00:00Z", "detail": TASK}  # type: ignore[dict-item]
USAGE = "service,timestamp,tasks,cpu_avg,cpu_max,memory_avg,memory_max\nprod/a,2026-10-05T00:00:00Z,1,2,3,4,5\n"
SERVICES = [{"service": "prod/a", "cpu": 1024, "memory": 2048, "desired": 1, "tags": {"of": f"account {BILLED}"}}]
PLAN = {
    "savingsPlanId": "plan-1",
    "savingsPlanArn": f"arn:aws:savingsplans::{BILLED}:savingsplan/plan-1",
    "state": "active",
    "savingsPlanType": "Compute",
    "paymentOption": "No Upfront",
    "currency": "USD",
    "commitment": "1.25",
    "termDurationInSeconds": YEAR,
    "start": "2026-01-01T00:00:00Z",
    "end": "2026-12-31T23:59:59Z",
}
pytestmark = pytest.mark.usefixtures("endpoint")


def events(folder: Path) -> list[object]:
    (folder / "events.json").write_text(json.dumps(EVENT))
    return ["import-events", folder / "events.json"]


def files(folder: Path) -> list[object]:
    (folder / "usage.csv").write_text(USAGE)
    told = {"format": 1, "account": BILLED, "region": REGION, "services": SERVICES}
    (folder / "services.json").write_text(json.dumps(told))
    return ["import", folder / "usage.csv", "--services", folder / "services.json"]


def bill(folder: Path) -> list[object]:
    (folder / f"bills-{BILLED}").mkdir()
    path = cur2_parquet(simulated().rows, folder / f"bills-{BILLED}")
    return ["reconcile", "--bill", path, "--json", folder / "out.json"]


COMMANDS: dict[str, Callable[[Path], list[object]]] = {
    "collect": lambda _: ["collect", "--region", REGION, "--role-arn", ROLE],
    "collect --dry-run": lambda _: ["collect", "--region", REGION, "--role-arn", ROLE, "--dry-run"],
    "import": files,
    "import-events": events,
    "reconcile": bill,
    "savings-plans": lambda _: ["savings-plans", "--region", REGION, "--role-arn", ROLE],
    "prices": lambda _: ["prices", "--region", REGION, "--role-arn", ROLE],
}


def run(*arguments: object) -> tuple[int, str]:
    """The exit code and all that was told."""
    done = CliRunner().invoke(cli, [str(a) for a in arguments], standalone_mode=False)
    error = done.exception
    if error is not None and not isinstance(error, AdvisorError):
        raise error
    return (done.return_value, done.output) if error is None else (error.exit_code, f"{done.output}{error}")


def held(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def begun(folder: Path, hide: Anonymiser) -> Path:
    """A store of the fleet of the bill, its accounts hidden or not."""
    shown = store_of(simulated(), folder / "shown")
    frames = {hide.record(s.id): shown.usage(s) for s in shown.services}
    inventory = Inventory(taken_at=END, services=tuple(map(hide.record, shown.services)))
    open_store(folder / "store", create=True, hidden_by=hide.name).add_import(inventory, frames)
    return folder / "store"


@pytest.fixture
def key(tmp_path: Path) -> Path:
    (tmp_path / "key").write_text(KEY)
    return tmp_path / "key"


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_keeps_or_tells_an_account_that_is_hidden(
    tmp_path: Path, key: Path, local_aws: LocalAws, command: str
) -> None:
    store = begun(tmp_path, HIDE)
    local_aws.state("savingsplans", BILLED, HOME)["plans"] = [PLAN]
    code, told = run(*COMMANDS[command](tmp_path), "--store", store, "--anonymise", key)
    assert code in (0, 1), told
    written = {path: content for path, content in held(tmp_path).items() if path.startswith(("store/", "out"))}
    for text in (told.replace(str(tmp_path), ""), *written, *(c.decode("latin-1") for c in written.values())):
        assert BILLED not in text
        assert ACCOUNT not in text


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("first", ["hidden", "clear"])
def test_a_store_that_was_begun_otherwise_is_refused_and_stays_as_it_is(
    tmp_path: Path, key: Path, command: str, first: str
) -> None:
    store = begun(tmp_path, HIDE if first == "hidden" else Anonymiser())
    before, typed = held(tmp_path / "store"), COMMANDS[command](tmp_path)
    code, told = run(*typed, "--store", store, *([] if first == "hidden" else ["--anonymise", key]))
    assert code == 2
    assert "hidden in another way" in told
    assert ("give --anonymise" if first == "hidden" else "leave --anonymise out") in told
    assert held(tmp_path / "store") == before
    assert not (tmp_path / "out.json").exists()


@pytest.mark.parametrize("command", ["import-events", "import"])
def test_an_import_before_the_first_collection_decides_too(tmp_path: Path, key: Path, command: str) -> None:
    store = tmp_path / "store"
    assert run(*COMMANDS[command](tmp_path), "--store", store, "--anonymise", key)[0] == 0
    before = held(store)
    assert run(*COMMANDS["collect"](tmp_path), "--store", store)[0] == 2
    assert held(store) == before


def test_a_refusal_of_aws_tells_no_account(tmp_path: Path, key: Path, local_aws: LocalAws) -> None:
    store, given = begun(tmp_path, HIDE), ("collect", "prices", "savings-plans")
    local_aws.before.append(Fault(error=denied("sts", "AssumeRole", account=BILLED), action="AssumeRole"))
    told: dict[str, Any] = {c: run(*COMMANDS[c](tmp_path), "--store", store, "--anonymise", key) for c in given}
    for code, text in told.values():
        assert code == 3, text
        assert "sts:AssumeRole" in text
        assert BILLED not in text
