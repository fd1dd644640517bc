"""What customers put into names and tags passes unharmed and harmless; account ids are hidden on request."""

import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aws_samples import REGION, client, create, register, small_fleet
from click.testing import CliRunner

from advisor.cli import cli
from advisor.codec import Anonymiser
from advisor.collection import run_collection
from advisor.collector import AwsSession, open_sessions
from advisor.demo.aws import wire
from advisor.demo.aws.faults import Fault, denied
from advisor.demo.aws.metrics import put_series
from advisor.demo.aws.wire import ACCOUNT, Call, LocalAws
from advisor.domain.errors import InputRefused
from advisor.store import Store, open_store

NOW = datetime.now(UTC).replace(second=0, microsecond=0)
HOSTILE = (
    "../../etc/passwd",
    "..\\..\\windows\\system32",
    "a/b//c/./..",
    "nul\x00bell\x07escape\x1b[31mred",
    "line\nfeed\r\nand\ttab",
    "=cmd|' /C calc'!A0",
    "@SUM(1+9)*cmd",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "{{ 7 * 7 }}${jndi:ldap://x}%s%n",
    "'; DROP TABLE services; --",
    "\u202egnirts desrever\u202c \u0000\ufeff",
    "emoji 👩‍👩‍👧‍👦 and combining e\u0301",
    "account=000000000001/region=x",
    "x" * 255,
)
pytestmark = pytest.mark.usefixtures("endpoint")


def collect(folder: Path, sessions: tuple[AwsSession, ...], **given: Any) -> Store:
    store = open_store(folder, create=True)
    run_collection(store, sessions, [REGION], now=NOW, **given)
    return open_store(folder)


@pytest.fixture
def _hostile_names(endpoint: str, local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    """Services, clusters and tags answer with what no AWS of today would take as a name."""
    assert endpoint
    client("ecs").create_cluster(clusterName="prod")
    definition = register("web")
    for n, text in enumerate(HOSTILE):
        create("prod", f"s{n}", definition)
        put_series(
            local_aws,
            account=ACCOUNT,
            region=REGION,
            namespace="AWS/ECS",
            name="CPUUtilization",
            dimensions={"ClusterName": "prod", "ServiceName": text},
            start=NOW - timedelta(minutes=30),
            step_seconds=60,
            samples=np.ones(30),
            sum=np.ones(30),
            minimum=np.ones(30),
            maximum=np.ones(30),
            unit="Percent",
        )
    describe = wire.ANSWERS["ecs", "DescribeServices"]

    def hostile(aws: LocalAws, call: Call) -> dict[str, Any]:
        answer = describe(aws, call)
        for service in answer["services"]:
            text = HOSTILE[int(service["serviceName"][1:])]
            service["tags"] = [{"key": text[:128], "value": text}]
            service["serviceName"] = text
        return answer

    monkeypatch.setitem(wire.ANSWERS, ("ecs", "DescribeServices"), hostile)


@pytest.mark.usefixtures("_hostile_names")
def test_hostile_names_and_tags_come_out_as_they_went_in_and_stay_in_the_store(tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("untouched")
    store = collect(tmp_path / "in" / "store", open_sessions(profile=None))
    assert {s.id.name for s in store.services} == set(HOSTILE)
    assert all(len(store.usage(s)) == 30 - 3 for s in store.services)
    assert all(dict(s.tags) == {s.id.name[:128]: s.id.name} for s in store.services)
    everything = {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()}
    assert {path for path in everything if not path.startswith("in/store/")} == {"outside"}
    assert all(part.isascii() and part.isprintable() for path in everything for part in Path(path).parts)


@pytest.mark.usefixtures("_hostile_names")
def test_nothing_that_is_told_of_them_leaves_its_line(tmp_path: Path) -> None:
    given = ["collect", "--store", str(tmp_path / "store"), "--region", REGION]
    done = CliRunner().invoke(cli, given, standalone_mode=False)
    assert all(line.isprintable() for line in done.output.split("\n"))


def test_account_ids_are_hidden_everywhere_and_the_same_way_each_time(tmp_path: Path, local_aws: LocalAws) -> None:
    small_fleet()
    client("ecs").tag_resource(
        resourceArn=f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/prod/api",
        tags=[{"key": "owner", "value": f"account {ACCOUNT}, once 999988887777"}],
    )

    def deny(call: Call) -> None:
        if call.action == "DescribeTaskDefinition":
            message = f"User: arn:aws:iam::{ACCOUNT}:user/me is not authorized"
            raise wire.AwsError("AccessDeniedException", message)

    hide, sessions = Anonymiser(b"a key"), open_sessions(profile=None)
    store = collect(tmp_path, sessions, hide=hide)
    (api,) = (s for s in store.services if s.id.service == "prod/api")
    assert api.tags["owner"] == hide.text(f"account {ACCOUNT}, once 999988887777")
    assert (api.id.account, len(api.id.account)) == (hide.text(ACCOUNT), 12)
    assert f":{hide.text(ACCOUNT)}:service/prod/api" in api.service_arn
    local_aws.before.append(deny)
    collect(tmp_path, sessions, hide=hide)
    assert open_store(tmp_path).logs(most=1)[0].places[0].services == 0
    held = b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
    names = "".join(map(str, tmp_path.rglob("*")))
    for account in (ACCOUNT, "999988887777"):
        assert account.encode() not in held
        assert account not in names.removeprefix(str(tmp_path))


def test_a_store_is_hidden_by_one_key(tmp_path: Path) -> None:
    client("ecs").create_cluster(clusterName="prod")
    sessions = open_sessions(profile=None)
    collect(tmp_path, sessions, hide=Anonymiser(b"one"))
    collect(tmp_path, sessions, hide=Anonymiser(b"one"))
    for other in (Anonymiser(b"two"), Anonymiser()):
        with pytest.raises(InputRefused, match="hidden in another way"):
            collect(tmp_path, sessions, hide=other)


def test_a_hidden_collection_is_otherwise_the_same(tmp_path: Path) -> None:
    small_fleet()
    sessions, hide = open_sessions(profile=None), Anonymiser(b"a key")
    clear = collect(tmp_path / "clear", sessions)
    hidden = collect(tmp_path / "hidden", sessions, hide=hide)
    assert [hide.record(s) for s in clear.services] == list(hidden.services)
    assert [replace(s, account="") for s in clear.skipped] == [replace(s, account="") for s in hidden.skipped]


def test_the_command_line_makes_a_key_once_and_tells_no_account(tmp_path: Path) -> None:
    small_fleet()
    key = tmp_path / "keys" / "anonymise.key"
    given = ["collect", "--store", str(tmp_path / "store"), "--region", REGION, "--anonymise", str(key)]
    for _ in range(2):
        done = CliRunner().invoke(cli, given, standalone_mode=False)
        assert done.return_value == 1, done.output  # the fleet has what is not covered
        assert ACCOUNT not in done.output
        assert "Skipped: x" in done.output
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert len(key.read_text().strip()) == 64


def test_a_refusal_tells_no_account_either(tmp_path: Path, local_aws: LocalAws) -> None:
    local_aws.before.append(Fault(error=denied("organizations", "ListAccounts"), action="ListAccounts"))
    options = ["--all-regions", "--organisation-role", "reader", "--anonymise", str(tmp_path / "key")]
    done = CliRunner().invoke(cli, ["collect", "--store", str(tmp_path / "store"), *options])
    assert "organizations:ListAccounts was denied" in str(done.exception)
    assert ACCOUNT not in str(done.exception)
