"""What customers put into names and tags passes unharmed and harmless; account ids are hidden on request."""

import json
import re
import stat
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aws_samples import REGION, client, create, register, scale, small_fleet
from click.testing import CliRunner

from advisor.cli import cli
from advisor.codec import Anonymiser, review_from_json, review_to_json
from advisor.collection import run_collection
from advisor.collector import AwsSession, open_sessions
from advisor.demo.aws import wire
from advisor.demo.aws.faults import Fault, denied
from advisor.demo.aws.metrics import put_series
from advisor.demo.aws.wire import ACCOUNT, Call, LocalAws
from advisor.domain.errors import InputRefused
from advisor.review import run_review
from advisor.store import Store, open_store

NOW = datetime.now(UTC).replace(second=0, microsecond=0)
KINDS = {
    "a path": "../../etc/passwd",
    "a path of Windows": "..\\..\\windows\\system32",
    "slashes": "a/b//c/./..",
    "control characters": "nul\x00bell\x07escape\x1b[31mred",
    "lines": "line\nfeed\r\nand\ttab",
    "a formula": "=cmd|' /C calc'!A0",
    "another formula": "@SUM(1+9)*cmd",
    "markup": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "templates": "{{ 7 * 7 }}${jndi:ldap://x}%s%n",
    "SQL": "'; DROP TABLE services; --",
    "directions": "\u202egnirts desrever\u202c \u0000\ufeff",
    "emoji": "emoji 👩‍👩‍👧‍👦 and combining e\u0301",
    "partitions": "account=000000000001/region=x",
    "255 characters": "x" * 255,
    "half an emoji": "half \ud83d and \udc69 the other",
}
WORN = re.compile(r"\b(in-arn|free-name|cpu70|morning|app)\b")  # the names in the local AWS that wear hostile ones
CLUSTER = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/in-arn"
pytestmark = pytest.mark.usefixtures("endpoint")


def collect(folder: Path, sessions: tuple[AwsSession, ...], **given: Any) -> Store:
    store = open_store(folder, create=True)
    run_collection(store, sessions, [REGION], now=NOW, **given)
    return open_store(folder)


def in_arn(text: str) -> str:
    """The name as it may stand in an ARN, where slash and colon would part it."""
    return "in " + text.replace("/", "|").replace(":", "|")


def kept(text: str) -> str:
    return text.encode(errors="backslashreplace").decode()


def everywhere(change: Callable[[str], str], data: Any) -> Any:
    if isinstance(data, dict):
        return {everywhere(change, key): everywhere(change, value) for key, value in data.items()}
    if isinstance(data, list):
        return [everywhere(change, value) for value in data]
    return change(data) if isinstance(data, str) else data


def fleet(aws: LocalAws) -> None:
    """One of everything that has a name: a service that scales, tasks without one, a rule."""
    client("ecs").create_cluster(clusterName="in-arn")
    definition = register("in-arn")
    create("in-arn", "free-name", definition, tags=[{"key": "free-name", "value": "free-name"}])
    scale("in-arn", "free-name")
    given = {"launchType": "FARGATE", "networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}}
    task = client("ecs").run_task(cluster="in-arn", taskDefinition=definition, **given)["tasks"][0]
    client("ecs").stop_task(cluster="in-arn", task=task["taskArn"])
    client("events").put_rule(Name="free-name", ScheduleExpression="rate(1 day)")
    runs = {"Id": "t", "Arn": CLUSTER, "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/r", "EcsParameters": starts(definition)}
    client("events").put_targets(Rule="free-name", Targets=[runs])
    put_series(
        aws,
        account=ACCOUNT,
        region=REGION,
        namespace="AWS/ECS",
        name="CPUUtilization",
        dimensions={"ClusterName": "in-arn", "ServiceName": "free-name"},
        start=NOW - timedelta(minutes=30),
        step_seconds=60,
        samples=np.ones(30),
        sum=np.ones(30),
        minimum=np.ones(30),
        maximum=np.ones(30),
        unit="Percent",
    )


def starts(definition: str) -> dict[str, Any]:
    return {"TaskDefinitionArn": definition, "TaskCount": 1, "LaunchType": "FARGATE"}


def scheduled(_: LocalAws, call: Call) -> dict[str, Any]:
    """A schedule of EventBridge Scheduler, listed and described."""
    target = {"Arn": CLUSTER, "RoleArn": "r", "EcsParameters": starts(CLUSTER.replace("cluster/", "task-definition/"))}
    schedule = {"Name": "free-name", "GroupName": "default", "Target": target, "ScheduleExpression": "rate(1 day)"}
    return {"Schedules": [schedule]} if call.action == "ListSchedules" else schedule


@pytest.fixture(params=KINDS)
def hostile(request: pytest.FixtureRequest, local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> str:
    """A name that every field wears in what AWS answers, though no AWS of today would take it."""
    text = KINDS[request.param]
    fleet(local_aws)
    plain, known = LocalAws.answer, {kept(in_arn(text)): "in-arn", kept(text): "free-name"}
    asked = re.compile("|".join(map(re.escape, known)))

    def answer(aws: LocalAws, call: Call) -> dict[str, Any]:
        params = everywhere(lambda said: asked.sub(lambda found: known[found[0]], said), call.params)
        found = json.loads(wire._dumps(plain(aws, replace(call, params=params))))
        worn = {"in-arn": in_arn(text)}
        return dict(everywhere(lambda said: WORN.sub(lambda name: worn.get(name[0], text), said), found))

    def rest_call(_: str, request: Any) -> tuple[str, dict[str, Any]]:
        return ("ListSchedules" if request.path == "/schedules" else "GetSchedule", {})

    monkeypatch.setattr(wire, "rest_call", rest_call)  # of a path that holds the name
    for action in ("ListSchedules", "GetSchedule"):
        monkeypatch.setitem(wire.ANSWERS, ("scheduler", action), scheduled)
    monkeypatch.setattr(LocalAws, "answer", answer)
    return text


def names_in(store: Store) -> dict[str, object]:
    """By field, the names that a store holds."""
    (service,) = store.services
    assert service.task_definition
    assert service.scaling
    (run,) = (run for run in store.task_runs if run.service is None)
    return {
        "cluster": service.id.cluster,
        "service": service.id.name,
        "family": service.task_definition.family,
        "family of a run": run.id.service,
        "container": [container.name for container in service.task_definition.containers],
        "container that ended": [end.name for end in run.containers],
        "policy": [policy.name for policy in service.scaling.policies],
        "scheduled action": [action.name for action in service.scaling.schedule],
        "rule and schedule": {schedule.name for schedule in store.schedules},
        "what they start": {schedule.id.service for schedule in store.schedules},
        "tags": dict(service.tags),
    }


def test_a_hostile_name_comes_out_of_every_field_as_it_went_in_and_stays_in_the_store(
    hostile: str, tmp_path: Path
) -> None:
    (tmp_path / "outside").write_text("untouched")
    store = collect(tmp_path / "in" / "store", open_sessions(profile=None))
    name, placed = kept(hostile), kept(in_arn(hostile))
    assert names_in(store) == {
        "cluster": placed,
        "service": name,
        "family": placed,
        "family of a run": f"{placed}/{placed}",
        "container": [name],
        "container that ended": [name],
        "policy": [name],
        "scheduled action": [name],
        "rule and schedule": {name, f"default/{name}"},
        "what they start": {f"{placed}/{placed}"},
        "tags": {name: name},
    }
    assert len(store.usage(store.services[0])) == 30 - 3
    everything = {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()}
    assert {path for path in everything if not path.startswith("in/store/")} == {"outside"}
    assert all(part.isascii() and part.isprintable() for path in everything for part in Path(path).parts)


def test_nothing_that_is_told_of_it_leaves_its_line_and_its_review_can_be_kept(hostile: str, tmp_path: Path) -> None:
    given = ["collect", "--store", str(tmp_path / "store"), "--region", REGION]
    done = CliRunner().invoke(cli, given, standalone_mode=False)
    assert done.exception is None
    assert all(line.isprintable() for line in done.output.split("\n"))
    review = run_review(open_store(tmp_path / "store"))
    assert [family.service for family in review.standalone] == [f"{kept(in_arn(hostile))}/{kept(in_arn(hostile))}"]
    assert review_from_json(review_to_json(review).encode(), where="review") == review


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
