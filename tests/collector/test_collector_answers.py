"""Answers that are not as documented cost what they are about, are told without what they hold, and stop nothing."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aws_samples import REGION, client, small_fleet
from hypothesis import given
from hypothesis import strategies as st

from advisor.collection import run_collection
from advisor.collector import AwsSession, Gathered, gather, open_sessions
from advisor.collector.answers import harmless, reading
from advisor.demo.aws.wire import Call, LocalAws
from advisor.domain.errors import AwsFailed
from advisor.store import open_store

NOW = datetime.now(UTC)
SECRET = "hunter2"
Damage = Callable[[dict[str, Any]], object]
ANY_TEXT = st.text(st.characters(exclude_categories=()))  # lone surrogates too


@pytest.fixture
def session(endpoint: str) -> AwsSession:
    assert endpoint
    small_fleet()
    (opened,) = open_sessions(profile=None)
    return opened


def first(key: str, **changed: Any) -> Damage:
    """Change the first entry under a key; a field that becomes None is missing."""

    def damage(answer: dict[str, Any]) -> None:
        for name, value in changed.items() if answer[key] else ():
            answer[key][0].pop(name, None)
            answer[key][0] |= {} if value is None else {name: value}

    return damage


def answered(monkeypatch: pytest.MonkeyPatch, action: str, damage: Damage) -> None:
    """Let the local AWS answer this action with something else."""
    plain = LocalAws.answer

    def answer(aws: LocalAws, call: Call) -> dict[str, Any]:
        found = plain(aws, call)
        if call.action == action:
            damage(found)
        return found

    monkeypatch.setattr(LocalAws, "answer", answer)


def told(found: Gathered) -> list[str]:
    return [*found.failures, *(skipped.reason for skipped in found.inventory.skipped)]


LACKING: dict[str, tuple[str, Damage, int]] = {  # what: action, damage, services that are left of three
    "a service's cluster": ("DescribeServices", first("services", clusterArn=None), 1),
    "a service's name": ("DescribeServices", first("services", serviceName=None), 1),
    "a service's count": ("DescribeServices", first("services", desiredCount=SECRET), 1),
    "a service's tags": ("DescribeServices", first("services", tags=[{"value": SECRET}]), 1),
    "half an answer": (
        "DescribeServices",
        first("services", tags=[SECRET]),
        0,
    ),  # botocore reads it whole or not at all
    "deployments' instants": ("ListServiceDeployments", first("serviceDeployments", createdAt=None), 3),
    "deployments' ARNs": ("ListServiceDeployments", first("serviceDeployments", serviceDeploymentArn=None), 3),
    "described deployments": ("DescribeServiceDeployments", first("serviceDeployments", serviceDeploymentArn=None), 3),
    "revisions' resolution": (
        "DescribeServiceRevisions",
        first("serviceRevisions", monitoring={"metricConfigurations": [{"resolutionSeconds": SECRET}]}),
        3,
    ),
    "tasks": ("DescribeTasks", lambda answer: answer.pop("tasks"), 3),
    "clusters' names": (
        "DescribeClusters",
        first("clusters", clusterName=None, settings=[{"name": "containerInsights", "value": "enabled"}]),
        3,
    ),
    "task definitions": ("DescribeTaskDefinition", lambda answer: answer.pop("taskDefinition"), 0),
    "a target's bounds": ("DescribeScalableTargets", first("ScalableTargets", MinCapacity=SECRET), 2),
    "a target's service": ("DescribeScalableTargets", first("ScalableTargets", ResourceId=None), 3),
    "a policy's service": ("DescribeScalingPolicies", first("ScalingPolicies", ResourceId=None), 3),
    "an alarm's name": ("DescribeAlarms", first("MetricAlarms", AlarmName=None), 3),
    "an activity's start": (
        "DescribeScalingActivities",
        lambda answer: answer.update(ScalingActivities=[{"ResourceId": SECRET}]),
        3,
    ),
    "a metric's dimensions": (
        "ListMetrics",
        lambda answer: answer.update(Metrics=[{"Dimensions": [{"Value": SECRET}]}]),
        3,
    ),
    "a rule's targets": ("ListTargetsByRule", lambda answer: answer.update(Targets=[SECRET]), 3),
}


@pytest.mark.parametrize("what", LACKING)
def test_an_answer_that_lacks_what_is_read_costs_its_item_and_is_told(
    session: AwsSession, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    action, damage, left = LACKING[what]
    answered(monkeypatch, action, damage)
    found = gather(session, REGION, now=NOW)
    assert len(found.inventory.services) == left
    bad = [text for text in told(found) if "not as documented" in text]
    assert bad
    assert all(f"{session.account}/{REGION}" in text and ".py:" in text for text in bad)
    assert not any(SECRET in text for text in told(found))


def test_a_service_that_cannot_be_named_is_not_taken_for_gone(
    session: AwsSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert gather(session, REGION, now=NOW).complete
    answered(monkeypatch, "DescribeServices", first("services", clusterArn=None))
    assert not gather(session, REGION, now=NOW).complete


def of_containers(**changed: Any) -> Damage:
    def damage(answer: dict[str, Any]) -> None:
        for task in answer["tasks"]:
            for container in task["containers"]:
                container.update(changed)

    return damage


MISTYPED: dict[str, tuple[str, Damage]] = {  # botocore passes numbers and text on as they come
    "a count": ("DescribeServices", first("services", runningCount=SECRET)),
    "a bound": ("DescribeScheduledActions", first("ScheduledActions", ScalableTargetAction={"MinCapacity": SECRET})),
    "a container's CPU": (
        "DescribeTaskDefinition",
        lambda answer: answer["taskDefinition"]["containerDefinitions"][0].update(cpu=SECRET),
    ),
    "a rule's expression": ("DescribeRule", lambda answer: answer.update(ScheduleExpression=5)),
    "a stop code": ("DescribeTasks", lambda answer: [task.update(stopCode=5) for task in answer["tasks"]]),
    "an exit code": ("DescribeTasks", of_containers(exitCode=10**30)),
}


@pytest.mark.parametrize("what", MISTYPED)
def test_what_has_another_type_never_comes_into_a_store(
    session: AwsSession, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, what: str
) -> None:
    for task in client("ecs").list_tasks(cluster="prod", family="lone")["taskArns"]:
        client("ecs").stop_task(cluster="prod", task=task)
    answered(monkeypatch, *MISTYPED[what])
    report = run_collection(open_store(tmp_path, create=True), [session], [REGION], now=NOW)
    store = open_store(tmp_path)
    assert store.services or what == "a container's CPU"
    assert not any(SECRET in text for text in (*report.failures, *(skipped.reason for skipped in store.skipped)))


@given(ANY_TEXT)
def test_text_can_be_kept_and_other_text_stays_as_it_is(text: str) -> None:
    safe = harmless({"tags": [{"key": text}]})["tags"][0]["key"]
    assert safe.encode().decode() == safe == harmless(safe)
    assert (safe == text) == (not any("\ud800" <= c <= "\udfff" for c in text))


def test_an_error_is_told_by_its_kind_and_line_and_one_of_ours_as_it_is() -> None:
    with pytest.raises(AwsFailed) as said, reading("ecs:ListTasks", account="42", region="r"):
        raise ValueError(SECRET)
    assert "in 42/r: ecs:ListTasks: " in str(said.value)
    assert "(ValueError, test_collector_answers.py:" in str(said.value)
    assert SECRET not in str(said.value)
    with pytest.raises(AwsFailed, match="ours"), reading("ecs:ListTasks"):
        raise AwsFailed("ours")
    with pytest.raises(AssertionError), reading("ecs:ListTasks"):
        raise AssertionError
