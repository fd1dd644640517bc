"""What runs beside the services, over HTTP: runs of tasks, and what starts them."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aws_samples import CANARY, REGION, client, create, register, small_fleet

from advisor.codec import to_json
from advisor.collector import AwsSession, gather, open_sessions
from advisor.demo.aws.faults import Fault, denied
from advisor.demo.aws.wire import Call, LocalAws
from advisor.domain.service import TaskSize

pytestmark = pytest.mark.usefixtures("endpoint")
NOW = datetime.now(UTC)
UNIVERSAL = {"Arn": "arn:aws:scheduler:::aws-sdk:ecs:runTask", "RoleArn": "arn:aws:iam::123456789012:role/r"}
NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"], "securityGroups": ["sg-1"]}}


@pytest.fixture
def session(endpoint: str) -> AwsSession:
    assert endpoint
    small_fleet()
    (opened,) = open_sessions(profile=None, role_arns=())
    return opened


@pytest.fixture
def asked(local_aws: LocalAws) -> list[Call]:
    calls: list[Call] = []
    local_aws.before.append(calls.append)
    return calls


def run_task(cluster: str, family: str, **more: Any) -> str:
    given = {"launchType": "FARGATE", "networkConfiguration": NETWORK, **more}
    answer = client("ecs").run_task(cluster=cluster, taskDefinition=family, **given)
    return str(answer["tasks"][0]["taskArn"])


def test_a_lone_task_is_a_run_up_to_the_whole_minute(session: AwsSession) -> None:
    (run,) = (run for run in gather(session, REGION, now=NOW).runs if run.service is None)
    assert (str(run.id), run.revision) == (f"{session.account}/{REGION}/prod/lone", 1)
    assert (run.size, run.provider, run.stopped) == (TaskSize.of(vcpu=0.5, gib=1), "FARGATE", None)
    assert run.seen == NOW.replace(second=0, microsecond=0)


def test_running_tasks_of_services_are_runs_and_the_same_ones_at_each_look(session: AwsSession) -> None:
    first, later = (
        [run for run in gather(session, REGION, now=at).runs if run.service is not None]
        for at in (NOW, NOW + timedelta(hours=5))
    )
    assert sorted({run.id.service for run in first}) == ["my-prod/api", "prod/api", "prod/mix"]
    assert [run.service for run in first if run.stopped is None] == ["api", "api", "api", "api", "mix", "mix"]
    assert all(run.seen == run.started for run in first if run.stopped is None)
    assert later == first


def test_tasks_that_stopped_are_runs_with_their_end_services_too(session: AwsSession) -> None:
    arn = run_task("prod", "lone", overrides={"cpu": "1024", "memory": "2048"})
    client("ecs").stop_task(cluster="prod", task=arn, reason=f"said {CANARY}")
    service = client("ecs").list_tasks(cluster="prod", serviceName="mix")["taskArns"][0]
    client("ecs").stop_task(cluster="prod", task=service)
    found = gather(session, REGION, now=NOW + timedelta(minutes=1))
    ended = {run.task: run for run in found.runs if run.stopped is not None}
    lone, mix = ended[arn.rpartition("/")[2]], ended[service.rpartition("/")[2]]
    assert (lone.size, lone.reason, lone.stop_code) == (TaskSize.of(vcpu=1, gib=2), "user", "UserInitiated")
    assert [(end.name, end.exit_code) for end in lone.containers] == [("app", 0)]
    assert mix.id.service == "prod/mix"
    assert CANARY not in "".join(map(to_json, found.runs))


def test_rules_and_schedules_say_when_they_start_what(session: AwsSession) -> None:
    rule, timed = gather(session, REGION, now=NOW).inventory.schedules
    assert (rule.kind, rule.name, rule.expression, rule.timezone) == ("rule", "every-night", "cron(0 2 * * ? *)", "UTC")
    assert (rule.family, rule.revision, rule.count, rule.enabled) == ("nightly", 1, 1, True)
    assert (timed.kind, timed.name, timed.expression) == ("schedule", "default/hourly", "rate(1 hour)")
    assert (timed.timezone, timed.family, timed.revision, timed.count) == ("Asia/Tokyo", "nightly", None, 3)
    assert str(rule.id) == str(timed.id) == f"{session.account}/{REGION}/prod/nightly"


def test_a_rule_that_is_off_and_a_target_on_instances_are_told(session: AwsSession) -> None:
    client("events").disable_rule(Name="every-night")
    cluster = client("ecs").describe_clusters(clusters=["my-prod"])["clusters"][0]["clusterArn"]
    parameters = {"TaskDefinitionArn": register("on-ec2"), "LaunchType": "EC2"}
    client("events").put_rule(Name="old", ScheduleExpression="rate(1 day)")
    client("events").put_targets(
        Rule="old",
        Targets=[{"Id": "t", "Arn": cluster, "RoleArn": "arn:aws:iam::1:role/r", "EcsParameters": parameters}],
    )
    found = gather(session, REGION, now=NOW).inventory
    assert [s.enabled for s in found.schedules] == [False, True]
    assert {s.service: s.reason for s in found.skipped}["my-prod/on-ec2"].endswith("on 'EC2', not on Fargate")


STRATEGIES = {  # what a rule says of where its tasks run: why it is not covered, empty where it is
    "on Spot": ({"CapacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]}, ""),
    "mixed": ({"CapacityProviderStrategy": [{"capacityProvider": p} for p in ("FARGATE", "FARGATE_SPOT")]}, ""),
    "on instances": (
        {"CapacityProviderStrategy": [{"capacityProvider": "asg"}]},
        "on capacity provider 'asg', not on Fargate",
    ),
    "untold": ({}, "with launch type not told: the default of its cluster decides, which is not read"),
    "untold too": ({"CapacityProviderStrategy": []}, "with launch type not told"),
    "no count": ({"LaunchType": "FARGATE", "TaskCount": 10**9}, "whose count is no whole number"),
}


@pytest.mark.parametrize("what", STRATEGIES)
def test_what_a_rule_starts_is_on_fargate_where_it_says_so(
    session: AwsSession, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    said, why = STRATEGIES[what]
    plain = LocalAws.answer

    def answer(aws: LocalAws, call: Call) -> dict[str, Any]:
        found = plain(aws, call)
        for target in found["Targets"] if call.action == "ListTargetsByRule" else ():
            target["EcsParameters"] = {"TaskDefinitionArn": target["EcsParameters"]["TaskDefinitionArn"], **said}
        return found

    monkeypatch.setattr(LocalAws, "answer", answer)
    found = gather(session, REGION, now=NOW).inventory
    told = [s.reason for s in found.skipped if s.service == "prod/nightly"]
    assert [s.name for s in found.schedules] == ["default/hourly"] if why else ["every-night", "default/hourly"]
    assert (len(told), *told) == ((1, told[0]) if why else (0,))
    assert all(f"EventBridge rule 'every-night' {why}" in reason for reason in told)


UNREADABLE = {
    "count in words": json.dumps({"TaskDefinition": "weekly", "Count": f"{CANARY} two"}),
    "a count that comes later": '{"TaskDefinition": "weekly", "Count": "<aws.scheduler.execution-id>"}',
    "no number": '{"TaskDefinition": "weekly", "LaunchType": "FARGATE", "Count": Infinity}',
    "less than nothing": '{"TaskDefinition": "weekly", "LaunchType": "FARGATE", "Count": -1}',
    "very deep": "[" * 100_000,
    "a list": f'["{CANARY}"]',
    "a cluster that is none": json.dumps({"TaskDefinition": "weekly", "Cluster": {"K": CANARY}}),
    "a definition that is none": json.dumps({"TaskDefinition": [CANARY]}),
    "a strategy that is none": json.dumps({"TaskDefinition": "weekly", "CapacityProviderStrategy": CANARY}),
}


@pytest.mark.parametrize("what", UNREADABLE)
def test_an_input_that_cannot_be_read_costs_its_schedule_and_is_told(session: AwsSession, what: str) -> None:
    client("scheduler").create_schedule(
        Name="weekly",
        ScheduleExpression="rate(7 days)",
        Target=UNIVERSAL | {"Input": UNREADABLE[what]},
        FlexibleTimeWindow={"Mode": "OFF"},
    )
    found = gather(session, REGION, now=NOW)
    (told,) = (skipped.reason for skipped in found.inventory.skipped if "'default/weekly'" in skipped.reason)
    assert "unreadable target" in told or "whose count is no whole number from 1 to 10,000" in told
    assert CANARY not in to_json(found.inventory)
    assert [s.name for s in found.inventory.schedules] == ["every-night", "default/hourly"]


def test_half_an_emoji_in_an_input_is_written_out_as_in_every_other_name(session: AwsSession) -> None:
    asked = '{"TaskDefinition": "week\\ud83dly", "LaunchType": "FARGATE", "Cluster": "pr\\ud83dod"}'
    client("scheduler").create_schedule(
        Name="weekly",
        ScheduleExpression="rate(7 days)",
        Target=UNIVERSAL | {"Input": asked},
        FlexibleTimeWindow={"Mode": "OFF"},
    )
    found = gather(session, REGION, now=NOW).inventory.schedules
    assert "pr\\ud83dod/week\\ud83dly" in {schedule.id.service for schedule in found}


def test_a_universal_target_is_read_for_what_it_runs_and_nothing_else(session: AwsSession) -> None:
    secret = {"containerOverrides": [{"environment": [{"name": "K", "value": CANARY}]}]}
    asked = {"Cluster": "prod", "TaskDefinition": "weekly:4", "Count": 2, "LaunchType": "FARGATE", "Overrides": secret}
    for name, text in (("weekly", json.dumps(asked)), ("broken", "{")):
        client("scheduler").create_schedule(
            Name=name,
            ScheduleExpression="rate(7 days)",
            Target=UNIVERSAL | {"Input": text},
            FlexibleTimeWindow={"Mode": "OFF"},
            State="DISABLED",
        )
    found = gather(session, REGION, now=NOW)
    (weekly,) = (s for s in found.inventory.schedules if s.name == "default/weekly")
    assert (weekly.cluster, weekly.family, weekly.revision, weekly.count) == ("prod", "weekly", 4, 2)
    assert not weekly.enabled
    assert any("'default/broken' on an unreadable target" in skipped.reason for skipped in found.inventory.skipped)
    assert CANARY not in to_json(found.inventory)


def test_what_schedules_start_is_described_once_with_what_services_run(session: AwsSession, asked: list[Call]) -> None:
    create("prod", "nightly", "nightly")
    asked.clear()
    rule, timed = gather(session, REGION, now=NOW).inventory.schedules
    assert rule.task_definition == timed.task_definition
    assert timed.task_definition
    assert (timed.task_definition.family, timed.task_definition.size) == ("nightly", TaskSize.of(vcpu=0.5, gib=1))
    described = [call.params["taskDefinition"] for call in asked if call.action == "DescribeTaskDefinition"]
    assert len(described) == len(set(described))
    assert sum("nightly" in arn for arn in described) == 2, "the revision of service and rule, and the newest one"


def test_a_definition_that_cannot_be_read_leaves_its_schedules_and_is_told(
    session: AwsSession, local_aws: LocalAws
) -> None:
    def deny(call: Call) -> None:
        if call.action == "DescribeTaskDefinition" and "nightly" in call.params["taskDefinition"]:
            raise denied("ecs", "DescribeTaskDefinition")

    local_aws.before.append(deny)
    found = gather(session, REGION, now=NOW).inventory
    assert [schedule.task_definition for schedule in found.schedules] == [None, None]
    (told,) = (skipped.reason for skipped in found.skipped if skipped.service == "prod/nightly")
    assert "allow ecs:DescribeTaskDefinition" in told


def test_tasks_are_described_a_hundred_at_a_time(session: AwsSession, asked: list[Call]) -> None:
    register("swarm")
    for _ in range(11):
        run_task("my-prod", "swarm", count=10)
    asked.clear()
    assert len([run for run in gather(session, REGION, now=NOW).runs if run.family == "swarm"]) == 110
    sizes = [len(call.params["tasks"]) for call in asked if call.action == "DescribeTasks"]
    assert sorted(sizes) == [9, 12, 100]  # prod; my-prod: a service's two, and 110 more


def test_what_is_denied_is_named_and_the_rest_goes_on(session: AwsSession, local_aws: LocalAws) -> None:
    lost = [("ecs", "DescribeTasks"), ("events", "DescribeRule")]
    for service, action in lost:
        local_aws.before.append(Fault(error=denied(service, action), service=service, action=action))
    found = gather(session, REGION, now=NOW)
    assert all(any(f"{s}:{a} was denied" in failure for failure in found.failures) for s, a in lost)
    assert (len(found.inventory.services), found.complete) == (3, True)
    assert [s.name for s in found.inventory.schedules] == ["default/hourly"]
