"""A collection into a store: twice changes nothing, one bad place does not stop the rest."""

import contextlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from aws_samples import CANARY, REGION, small_fleet

from advisor.collection import CollectionReport, run_collection
from advisor.collector import open_sessions
from advisor.demo.aws.faults import Fault, denied
from advisor.demo.aws.metrics import put_series
from advisor.demo.aws.wire import Call, LocalAws
from advisor.domain.errors import AwsFailed
from advisor.domain.inventory import Service, SizeChange, with_history
from advisor.domain.service import ServiceId, Setup, TaskSize
from advisor.store import open_store
from advisor.store.place import Folder

pytestmark = pytest.mark.usefixtures("endpoint")
ACCOUNT = "123456789012"


def seed(aws: LocalAws, now: datetime, *, minutes: int = 2 * 1440) -> None:
    values = np.linspace(1, 50, minutes)
    for name in ("api", "mix"):
        for metric in ("CPUUtilization", "MemoryUtilization"):
            put_series(
                aws,
                account=ACCOUNT,
                region=REGION,
                namespace="AWS/ECS",
                name=metric,
                dimensions={"ClusterName": "prod", "ServiceName": name},
                start=now.replace(second=0, microsecond=0) - timedelta(minutes=minutes),
                step_seconds=60,
                samples=np.full(minutes, 2.0),
                sum=values * 2,
                minimum=values,
                maximum=values,
                unit="Percent",
            )


def collect_at(folder: Path, now: datetime) -> CollectionReport:
    return run_collection(open_store(folder, create=True), open_sessions(profile=None, role_arns=()), [REGION], now=now)


def bytes_of(folder: Path) -> dict[str, bytes]:
    """Every file but the logs of the runs."""
    files = {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
    return {path: content for path, content in files.items() if not path.startswith("runs/")}


def test_collecting_twice_changes_nothing_and_holds_no_secret(tmp_path: Path, local_aws: LocalAws) -> None:
    now = datetime.now(UTC).replace(second=0, microsecond=0)  # both attempts in one minute
    small_fleet()
    seed(local_aws, now)
    seen: list[tuple[int, int]] = []
    for attempt in (1, 2):
        store = open_store(tmp_path, create=True)
        sessions = open_sessions(profile=None, role_arns=())
        later = now + timedelta(seconds=attempt)
        report = run_collection(store, sessions, [REGION], now=later, progress=lambda *at: seen.append(at))
        if attempt == 1:
            before = bytes_of(tmp_path)
            assert report.services == 3
            assert report.new_rows == 2 * (2 * 1440 - 3)
            assert (report.failures, len(report.skipped)) == ((), 1)
            assert seen[-1] == (3, 3)
    assert report.new_rows == 0
    assert bytes_of(tmp_path) == before
    assert not any(CANARY.encode() in content for content in before.values())
    store = open_store(tmp_path)
    assert [s.id.service for s in store.services] == ["my-prod/api", "prod/api", "prod/mix"]
    assert len(store.usage(store.service("prod/api"))) == 2 * 1440 - 3
    assert [run.id.service for run in store.task_runs if run.service is None] == ["prod/lone"]
    assert [(s.kind, s.family) for s in store.schedules] == [("rule", "nightly"), ("schedule", "nightly")]


def test_a_later_collection_adds_only_what_is_new(tmp_path: Path, local_aws: LocalAws) -> None:
    now = datetime.now(UTC)
    small_fleet()
    seed(local_aws, now)
    store = open_store(tmp_path, create=True)
    earlier = now - timedelta(hours=5)
    run_collection(store, open_sessions(profile=None, role_arns=()), [REGION], now=earlier)
    report = run_collection(store, open_sessions(profile=None, role_arns=()), [REGION], now=now)
    assert report.new_rows == 2 * 5 * 60
    assert report.calls["cloudwatch:GetMetricData"] == 1 + 1  # an empty service: from a day before then


def test_a_service_without_points_is_asked_once_for_what_there_may_be(tmp_path: Path, local_aws: LocalAws) -> None:
    """Nothing runs for days, then something does: no minute is missing, though silence was not asked for again."""
    now = datetime.now(UTC)
    small_fleet()
    asked: list[timedelta] = []

    def note(call: Call) -> None:
        if call.action == "GetMetricData":
            asked.append(timedelta(seconds=call.params["EndTime"] - call.params["StartTime"]))

    local_aws.before.append(note)
    for days in (2, 1):
        asked.clear()
        collect_at(tmp_path / "store", now - timedelta(days=days))
    assert sum(asked, timedelta()) < timedelta(days=2, hours=1)
    seed(local_aws, now, minutes=1440)
    collect_at(tmp_path / "store", now)
    collect_at(tmp_path / "clean", now)
    late, clean = open_store(tmp_path / "store"), open_store(tmp_path / "clean")
    for service in clean.services:
        pd.testing.assert_frame_equal(late.usage(service), clean.usage(service))
    assert len(clean.usage(clean.service("prod/api"))) == 1440 - 3


@pytest.mark.parametrize("before", [0, 600])
def test_points_that_come_late_are_read_where_nothing_came_for_them(
    tmp_path: Path, local_aws: LocalAws, before: int
) -> None:
    """The points of 20 hours are not there yet in the first run; those of some minutes before are, or none."""
    now, late = datetime.now(UTC), 1200
    small_fleet()
    if before:
        seed(local_aws, now - timedelta(minutes=late), minutes=before)
    collect_at(tmp_path / "store", now)
    seed(local_aws, now, minutes=late)
    for folder in ("store", "clean"):
        collect_at(tmp_path / folder, now + timedelta(minutes=1))
    store, clean = open_store(tmp_path / "store"), open_store(tmp_path / "clean")
    for service in clean.services:
        pd.testing.assert_frame_equal(store.usage(service), clean.usage(service))
    assert len(store.usage(store.service("prod/api"))) == before + late - 2


def test_after_half_an_answer_silence_is_asked_for_again(tmp_path: Path, local_aws: LocalAws) -> None:
    """A service is known as read only where all of it came: else a failure would look like nothing running."""
    now = datetime.now(UTC)
    small_fleet()
    seed(local_aws, now)
    broken = Fault(error=denied("cloudwatch", "GetMetricData"), action="GetMetricData")
    local_aws.before.append(broken)
    collect_at(tmp_path / "store", now)
    local_aws.before.remove(broken)
    collect_at(tmp_path / "store", now)
    collect_at(tmp_path / "clean", now)
    assert bytes_of(tmp_path / "store") == bytes_of(tmp_path / "clean")


def test_one_bad_region_or_account_does_not_stop_the_rest(tmp_path: Path, local_aws: LocalAws) -> None:
    now = datetime.now(UTC)
    small_fleet()
    seed(local_aws, now)
    local_aws.before.append(Fault(error=denied("ecs", "ListClusters"), action="ListClusters", region="us-east-1"))
    store = open_store(tmp_path, create=True)
    report = run_collection(store, open_sessions(profile=None, role_arns=()), ["us-east-1", REGION], now=now)
    assert report.services == 3
    assert report.new_rows > 0
    (failure,) = report.failures
    assert f"{ACCOUNT}/us-east-1: ecs:ListClusters was denied" in failure


def test_metrics_that_are_denied_leave_the_inventory(tmp_path: Path, local_aws: LocalAws) -> None:
    now = datetime.now(UTC)
    small_fleet()
    local_aws.before.append(Fault(error=denied("cloudwatch", "GetMetricData"), action="GetMetricData"))
    store = open_store(tmp_path, create=True)
    report = run_collection(store, open_sessions(profile=None, role_arns=()), [REGION], now=now)
    assert (report.services, report.new_rows) == (3, 0)
    assert "cloudwatch:GetMetricData was denied" in report.failures[0]
    assert len(open_store(tmp_path).services) == 3


def test_nothing_at_all_is_an_error(tmp_path: Path, local_aws: LocalAws) -> None:
    local_aws.before.append(Fault(error=denied("ecs", "ListClusters"), action="ListClusters"))
    store = open_store(tmp_path, create=True)
    with pytest.raises(AwsFailed, match="Next: allow ecs:ListClusters"):
        run_collection(store, open_sessions(profile=None, role_arns=()), [REGION], now=datetime.now(UTC))


def test_services_that_could_not_be_listed_are_not_taken_for_gone(tmp_path: Path, local_aws: LocalAws) -> None:
    now = datetime.now(UTC)
    small_fleet()
    store = open_store(tmp_path, create=True)
    run_collection(store, open_sessions(profile=None, role_arns=()), [REGION], now=now)
    local_aws.before.append(Fault(error=denied("ecs", "DescribeServices"), action="DescribeServices"))
    later = now + timedelta(hours=1)
    run_collection(store, open_sessions(profile=None, role_arns=()), [REGION], now=later)
    assert len(open_store(tmp_path).services) == 3


def test_sizes_that_aws_no_longer_lists_are_kept() -> None:
    at = datetime(2026, 11, 1, tzinfo=UTC)
    sizes = [
        SizeChange(at=at + timedelta(days=d), size=TaskSize.of(vcpu=1, gib=2 + d), task_definition=f"a:{d}")
        for d in range(4)
    ]
    id = ServiceId(account=ACCOUNT, region=REGION, service="a/b")
    setup = Setup(size=sizes[-1].size, desired=1)
    before, after = (Service(id=id, setup=setup, seen_at=at, sizes=tuple(s)) for s in (sizes[:3], sizes[2:]))
    assert with_history(after, before).sizes == tuple(sizes)
    assert with_history(after, None).sizes == tuple(sizes[2:])


class Killed(BaseException):
    """Stands for SIGKILL: no `except Exception` may catch it."""


@pytest.mark.parametrize("kill_at", [1, 2, 3, 5, 7, 9])
def test_a_collection_killed_at_any_write_and_run_again_gives_the_same_store(
    tmp_path: Path, local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch, kill_at: int
) -> None:
    now = datetime.now(UTC)
    small_fleet()
    seed(local_aws, now)
    sessions = open_sessions(profile=None, role_arns=())
    run_collection(open_store(tmp_path / "whole", create=True), sessions, [REGION], now=now)
    write, count = Folder.write, iter(range(1, 1000))

    def dying(place: Folder, *given: Any) -> Any:
        if next(count) == kill_at:
            raise Killed
        return write(place, *given)

    with monkeypatch.context() as patched:
        patched.setattr(Folder, "write", dying)
        with contextlib.suppress(Killed):
            run_collection(open_store(tmp_path / "killed", create=True), sessions, [REGION], now=now)
    run_collection(open_store(tmp_path / "killed", create=True), sessions, [REGION], now=now)
    assert bytes_of(tmp_path / "killed") == bytes_of(tmp_path / "whole")
