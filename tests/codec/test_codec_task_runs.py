"""Tasks as ECS tells them become runs: size, instants, end; nothing of overrides but the size."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from advisor.codec import from_json, task_run_from_aws, to_json
from advisor.domain.errors import InputRefused
from advisor.domain.runs import ContainerEnd, TaskRun, merge_runs
from advisor.domain.service import TaskSize

SEEN = datetime(2026, 11, 23, 12, tzinfo=UTC)
ARN = "arn:aws:ecs:eu-west-1:111122223333"
TASK: dict[str, Any] = {
    "taskArn": f"{ARN}:task/prod/0123abcd",
    "clusterArn": f"{ARN}:cluster/prod",
    "taskDefinitionArn": f"{ARN}:task-definition/nightly:7",
    "group": "family:nightly",
    "launchType": "FARGATE",
    "cpu": "512",
    "memory": "1024",
    "createdAt": "2026-11-23T10:00:00.123Z",
    "pullStartedAt": "2026-11-23T10:00:10Z",
    "startedAt": "2026-11-23T10:00:40Z",
    "platformFamily": "Linux",
    "attributes": [{"name": "ecs.cpu-architecture", "value": "arm64"}],
    "containers": [{"name": "app", "exitCode": 0}],
    "overrides": {"containerOverrides": [{"name": "app", "environment": [{"name": "KEY", "value": "hunter2"}]}]},
}
END = {"stoppedAt": "2026-11-23T11:00:00Z", "lastStatus": "STOPPED"}


def read(**changes: Any) -> TaskRun:
    run = task_run_from_aws(TASK | changes, account="111122223333", region="eu-west-1", seen=SEEN)
    assert run is not None
    return run


def test_a_running_task_is_a_run_without_an_end() -> None:
    run = read(startedBy="events-rule/nightly")
    assert str(run.id) == "111122223333/eu-west-1/prod/nightly"
    assert (run.task, run.revision, run.size, run.architecture) == (
        "0123abcd",
        7,
        TaskSize.of(vcpu=0.5, gib=1),
        "ARM64",
    )
    assert run.created == datetime(2026, 11, 23, 10, 0, 0, 123000, tzinfo=UTC)
    assert (run.stopped, run.seen, run.reason, run.containers) == (None, SEEN, None, ())


def test_a_service_s_task_is_its_run() -> None:
    run = read(group="service:api", startedBy="ecs-svc/1")
    assert run.id.service == "prod/api"
    assert run.family == "nightly"


def test_a_run_takes_the_size_that_it_was_started_with() -> None:
    assert read(overrides={"cpu": "1 vCPU", "memory": "4096"}).size == TaskSize.of(vcpu=1, gib=4)


def test_values_of_overrides_are_in_no_record() -> None:
    assert "hunter2" not in to_json(read(**END, stopCode="UserInitiated", stoppedReason="token hunter2"))


@pytest.mark.parametrize(
    ("code", "said", "container", "provider", "reason"),
    [
        ("EssentialContainerExited", "Essential container in task exited", {"exitCode": 1}, "FARGATE", "exited"),
        (
            "EssentialContainerExited",
            "Essential container in task exited",
            {"exitCode": 137, "reason": "OutOfMemoryError: Container killed due to memory usage"},
            "FARGATE",
            "out-of-memory",
        ),
        ("EssentialContainerExited", "OutOfMemoryError: killed", {"exitCode": 137}, "FARGATE", "out-of-memory"),
        ("ServiceSchedulerInitiated", "Scaling activity initiated by x", {"exitCode": 137}, "FARGATE", "scheduler"),
        ("ServiceSchedulerInitiated", "Task failed ELB health checks in x", {"exitCode": 0}, "FARGATE", "unhealthy"),
        ("SpotInterruption", "Your Spot Task was interrupted.", {"exitCode": 143}, "FARGATE_SPOT", "spot"),
        ("TerminationNotice", "Your Spot Task was interrupted.", {"exitCode": 143}, "FARGATE_SPOT", "spot"),
        ("TerminationNotice", "", {"exitCode": 143}, "FARGATE", "platform"),
        ("TaskFailedToStart", "CannotPullContainerError", {}, "FARGATE", "failed-to-start"),
        ("SomethingNew", "", {}, "FARGATE", "other"),
    ],
)
def test_the_class_of_a_stop(code: str, said: str, container: dict[str, Any], provider: str, reason: str) -> None:
    where = {"capacityProviderName": provider, "stopCode": code, "stoppedReason": said}
    run = read(**END, **where, containers=[{"name": "app", **container}])
    assert (run.reason, run.stop_code) == (reason, code)
    assert run.out_of_memory == (reason == "out-of-memory")
    assert run.killed == (container.get("exitCode") == 137)
    assert run.seen == run.stopped


def test_the_end_of_every_container_is_held() -> None:
    run = read(**END, containers=[{"name": "b", "exitCode": 137}, {"name": "a"}])
    assert run.containers == (ContainerEnd(name="a"), ContainerEnd(name="b", exit_code=137))


def test_a_task_on_an_instance_is_no_run() -> None:
    for where in ({"launchType": "EC2"}, {"launchType": None, "capacityProviderName": "my-instances"}):
        assert task_run_from_aws(TASK | where, account="1", region="eu-west-1", seen=SEEN) is None


@pytest.mark.parametrize(
    "change",
    [
        {"createdAt": None},
        {"createdAt": "yesterday"},
        {"createdAt": "2026-11-23T10:00:00"},
        {"cpu": "x"},
        {"containers": [1]},
    ],
)
def test_a_task_that_is_not_as_documented_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(InputRefused):
        read(**END, **change)


def test_a_run_survives_its_json() -> None:
    run = read(**END, stopCode="EssentialContainerExited")
    assert from_json(TaskRun, to_json(run), where="run") == run


def test_merging_knows_one_run_per_task_in_whichever_order() -> None:
    early, late, ended = read(), read(startedAt=None), read(**END)
    late = task_run_from_aws(TASK, account="111122223333", region="eu-west-1", seen=SEEN + timedelta(hours=9))  # type: ignore[assignment]
    other = read(taskArn=f"{ARN}:task/prod/ffff")
    assert merge_runs([early, late, other]) == merge_runs([other, late, early]) == (late, other)
    assert merge_runs([late, ended, early]) == merge_runs([ended, late]) == (ended,)
