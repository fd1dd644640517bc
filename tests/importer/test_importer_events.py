"""Archived task events become runs: one per task, whatever the order, the packing and the place of the events."""

import gzip
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import pytest

from advisor.advice import task_families
from advisor.cli.importing import import_events
from advisor.domain.errors import InputRefused
from advisor.domain.finding import Review, Totals
from advisor.fargate.prices import PriceBook
from advisor.importer import read_task_events
from advisor.report.markdown import markdown
from advisor.report.page import html
from advisor.store import open_store

ARN = "arn:aws:ecs:eu-west-1:111122223333"
CANARY = "canary-51c3"


def event(task: str = "t1", *, time: str = "2026-11-20T02:00:00Z", **detail: Any) -> dict[str, Any]:
    told = {
        "taskArn": f"{ARN}:task/prod/{task}",
        "clusterArn": f"{ARN}:cluster/prod",
        "taskDefinitionArn": f"{ARN}:task-definition/nightly:7",
        "group": "family:nightly",
        "launchType": "FARGATE",
        "cpu": "512",
        "memory": "1024",
        "createdAt": "2026-11-20T01:59:00Z",
        "lastStatus": "RUNNING",
        "containers": [{"name": "app"}],
        "overrides": {"containerOverrides": [{"environment": [{"name": "K", "value": CANARY}], "command": [CANARY]}]},
        **detail,
    }
    head = {"version": "0", "id": "e", "detail-type": "ECS Task State Change", "source": "aws.ecs", "time": time}
    return head | {"account": "111122223333", "region": "eu-west-1", "resources": [told["taskArn"]], "detail": told}


def stopped(task: str = "t1", code: int = 137) -> dict[str, Any]:
    end = {"stoppedAt": "2026-11-20T03:00:00Z", "stopCode": "EssentialContainerExited", "lastStatus": "STOPPED"}
    containers = [{"name": "app", "exitCode": code, "reason": "OutOfMemoryError: Container killed due to memory usage"}]
    told = {"pullStartedAt": "2026-11-20T01:59:10Z", "startedAt": "2026-11-20T02:00:00Z", "containers": containers}
    return event(task, time="2026-11-20T03:00:01Z", **end, **told)


EVENTS = [stopped(), event(), event("t2"), {"detail-type": "EC2 Instance State-change Notification"}]


def test_one_run_per_task_as_its_last_event_has_it(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text("\n".join(map(json.dumps, EVENTS)) + "\n\n")
    ended, running = read_task_events(str(path))
    assert (ended.task, ended.out_of_memory, ended.killed, ended.size.cpu) == ("t1", True, True, 512)
    assert (running.task, running.stopped) == ("t2", None)
    assert CANARY not in repr((ended, running))


def test_packing_and_order_of_events_tell_nothing(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("\n".join(map(json.dumps, EVENTS)))
    folder = tmp_path / "archive" / "2026" / "11"
    folder.mkdir(parents=True)
    (folder / "_SUCCESS").write_text("no event")
    (folder / "firehose-1").write_text("".join(map(json.dumps, EVENTS[2:])))
    (folder / "firehose-2.gz").write_bytes(gzip.compress(" ".join(map(json.dumps, EVENTS[1::-1])).encode()))
    assert read_task_events(str(tmp_path / "archive")) == read_task_events(str(tmp_path / "plain"))


def test_a_task_on_an_instance_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "events"
    path.write_text(json.dumps(event(launchType="EC2")))
    assert read_task_events(str(path)) == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{}\n{nonsense", "line 2"),
        ("[1]", "not an event"),
        (json.dumps({"detail-type": "ECS Task State Change", "id": "abc"}), "'abc'"),
        (json.dumps(event(cpu="x")), "unreadable cpu"),
        (json.dumps(event() | {"time": "2026-11-20T02:00:00"}), "unreadable event"),
        ("[" * 100_000, "not an event"),
    ],
)
def test_what_is_no_event_is_refused_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "events"
    path.write_text(text)
    with pytest.raises(InputRefused, match=said):
        read_task_events(str(path))


def test_bytes_that_are_no_text_and_missing_places_are_refused(tmp_path: Path) -> None:
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    (tmp_path / "torn.gz").write_bytes(gzip.compress(json.dumps(EVENTS).encode())[:40])
    (tmp_path / "empty").mkdir()
    for name in ("bytes", "torn.gz", "empty", "nowhere"):
        with pytest.raises(InputRefused):
            read_task_events(str(tmp_path / name))


@pytest.mark.usefixtures("endpoint")
def test_the_command_reads_a_prefix_on_s3_into_the_store_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="archive")
    for number, one in enumerate(EVENTS):
        s3.put_object(Bucket="archive", Key=f"ecs/2026/{number}.json", Body=json.dumps(one).encode())
    store = tmp_path / "store"
    assert import_events.callback is not None
    for new in (2, 0):
        import_events.callback(events="s3://archive/ecs", store=str(store))
        said = f"Read 2 task runs (2 without a service, 1 out of memory), {new} of them new."
        assert said in capsys.readouterr().out
    assert len(open_store(store).task_runs) == 2
    assert not [path for path in store.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()]


HOSTILE = "../../etc\x1b[31m\u202e<script>alert(1)</script>=cmd|'/C calc'!A1,\"\n" + "x" * 255


def test_hostile_names_of_events_reach_the_report_unharmed_and_harmless(tmp_path: Path) -> None:
    detail = stopped(HOSTILE)["detail"] | {
        "clusterArn": f"{ARN}:cluster/{HOSTILE.replace('/', '_')}",
        "taskDefinitionArn": f"{ARN}:task-definition/{HOSTILE.replace('/', '_')}:7",
        "group": f"family:{HOSTILE}",
        "containers": [{"name": HOSTILE, "exitCode": 137}],
    }
    (tmp_path / "events").write_text(json.dumps(stopped() | {"region": HOSTILE, "detail": detail}))
    (run,) = read_task_events(str(tmp_path / "events"))
    store = open_store(tmp_path / "store", create=True)
    store.add_runs([run])
    assert open_store(tmp_path / "store").task_runs == (run,)
    assert (run.region, run.containers[0].name) == (HOSTILE, HOSTILE)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["events", "store"]
    (family,) = task_families(store.task_runs, (), PriceBook.shipped())
    assert family.service == "/".join([HOSTILE.replace("/", "_")] * 2)
    totals = Totals(current_usd_month=Decimal(0), recommended_usd_month=Decimal(0), covered_services=0)
    review = Review(store="store", window=None, config={}, totals=totals, standalone=(family,))
    for text in (html(review), markdown(review)):
        assert "<script>alert" not in text
        assert not {"\x1b", "\u202e"} & set(text)
