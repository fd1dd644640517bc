"""ECS of the local AWS: what starts a deployment, what is seen of it, and tasks."""

import pytest
from control_tools import NETWORK, NOW, Control, refused

MONITORING = {"metricConfigurations": [{"metricNames": ["CPUUtilization"], "resolutionSeconds": 20}]}
SPOT = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]


@pytest.fixture
def control() -> Control:
    control = Control()
    control.cluster()
    control.define()
    control.define(cpu="512", memory="1024")
    control.create(taskDefinition="web:1")
    return control


def rollouts(control: Control, **params: object) -> list[dict[str, object]]:
    listed = control.ecs("ListServiceDeployments", cluster="prod", service="api", **params)
    return list(listed["serviceDeployments"])


@pytest.mark.parametrize(
    "change",
    [
        {"taskDefinition": "web:2"},
        {"platformVersion": "1.4.0"},
        {"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-2"]}}},
        {"monitoring": MONITORING},
        {"forceNewDeployment": True},
    ],
)
def test_an_update_of_what_tasks_are_starts_a_deployment(control: Control, change: dict[str, object]) -> None:
    control.later(minutes=1)
    control.update(**change)
    assert len(rollouts(control)) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"desiredCount": 5},
        {"deploymentConfiguration": {"maximumPercent": 150}},
        {"healthCheckGracePeriodSeconds": 9},
        {"taskDefinition": "web:1"},
        {"networkConfiguration": NETWORK},
        {"capacityProviderStrategy": SPOT},
    ],
)
def test_an_update_of_anything_else_starts_none(control: Control, change: dict[str, object]) -> None:
    control.update(**change)
    assert len(rollouts(control)) == 1


def test_during_a_deployment_old_tasks_run_and_new_ones_are_pending(control: Control) -> None:
    control.state["deployment_seconds"] = 90
    control.later(minutes=1)
    control.update(taskDefinition="web:2")
    held = control.service()
    assert [(d["status"], d["rolloutState"]) for d in held["deployments"]] == [
        ("PRIMARY", "IN_PROGRESS"),
        ("ACTIVE", "COMPLETED"),
    ]
    assert (held["runningCount"], held["pendingCount"]) == (2, 2)
    assert len(held["currentServiceRevisions"]) == 2
    assert rollouts(control, status=["IN_PROGRESS"])[0]["serviceDeploymentArn"] == held["currentServiceDeployment"]
    control.later(seconds=90)
    after = control.service()
    assert [d["rolloutState"] for d in after["deployments"]] == ["COMPLETED"]
    assert (after["runningCount"], after["pendingCount"]) == (2, 0)
    assert {task["taskDefinitionArn"].rpartition(":")[2] for task in control.tasks(serviceName="api")} == {"2"}


def test_a_deployment_during_a_deployment_stops_the_one_under_way(control: Control) -> None:
    control.state["deployment_seconds"] = 90
    for change in ({"taskDefinition": "web:2"}, {"taskDefinition": "web:1"}):
        control.later(seconds=30)
        control.update(**change)
    assert [entry["status"] for entry in rollouts(control)] == ["IN_PROGRESS", "STOPPED", "SUCCESSFUL"]
    control.later(seconds=90)
    assert control.service()["taskDefinition"].endswith(":1")
    assert control.service()["runningCount"] == 2


def test_tasks_that_do_not_start_are_rolled_back_where_the_circuit_breaker_says_so(control: Control) -> None:
    breaker = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
    control.update(deploymentConfiguration=breaker)
    control.state.update(deployment_seconds=60, failing={control.define(cpu="512", memory="2048")})
    control.later(minutes=1)
    control.update(taskDefinition="web:3")
    control.later(minutes=2)
    held = control.service()
    assert held["taskDefinition"].endswith(":1")
    assert (held["runningCount"], held["pendingCount"]) == (2, 0)
    newest = rollouts(control)[0]
    assert newest["status"] == "ROLLBACK_SUCCESSFUL"
    arns = [newest["serviceDeploymentArn"]]
    told = control.ecs("DescribeServiceDeployments", serviceDeploymentArns=arns)["serviceDeployments"][0]
    assert told["rollback"]["serviceRevisionArn"] == told["sourceServiceRevisions"][0]["arn"]


def test_a_deployment_names_the_revisions_that_it_replaces_and_brings(control: Control) -> None:
    control.later(minutes=1)
    control.update(taskDefinition="web:2")
    newest, oldest = rollouts(control)
    arns = [newest["serviceDeploymentArn"], "arn:aws:ecs:us-east-1:123456789012:service-deployment/prod/api/x"]
    answer = control.ecs("DescribeServiceDeployments", serviceDeploymentArns=arns)
    told = answer["serviceDeployments"][0]
    assert told["sourceServiceRevisions"] == [{"arn": oldest["targetServiceRevisionArn"]}]
    assert told["targetServiceRevision"]["arn"] == newest["targetServiceRevisionArn"]
    assert len(answer["failures"]) == 1
    with refused("InvalidParameterException"):
        control.ecs("DescribeServiceDeployments", serviceDeploymentArns=arns * 11)


def test_deployments_are_listed_by_time_in_pages_of_twenty(control: Control) -> None:
    for _ in range(22):
        control.later(minutes=1)
        control.update(forceNewDeployment=True)
    first = control.ecs("ListServiceDeployments", cluster="prod", service="api")
    assert len(first["serviceDeployments"]) == 20
    assert first["nextToken"]
    since = NOW.timestamp() + 20 * 60
    assert len(rollouts(control, createdAt={"after": since})) == 2


def test_the_metric_resolution_is_read_from_the_revision_alone(control: Control) -> None:
    held = control.update(monitoring=MONITORING)
    assert "monitoring" not in held
    arns = [held["currentServiceRevisions"][0]["arn"]]
    told = control.ecs("DescribeServiceRevisions", serviceRevisionArns=arns)["serviceRevisions"][0]
    assert told["monitoring"] == MONITORING


def test_a_task_of_a_service_says_what_it_is(control: Control) -> None:
    task = control.tasks(serviceName="api")[0]
    assert (task["cpu"], task["memory"], task["group"]) == ("256", "512", "service:api")
    assert task["startedBy"].startswith("ecs-svc/")
    assert (task["platformVersion"], task["platformFamily"], task["launchType"]) == ("1.4.0", "Linux", "FARGATE")
    assert task["attributes"] == [{"name": "ecs.cpu-architecture", "value": "x86_64"}]
    assert task["createdAt"] <= task["pullStartedAt"] <= task["pullStoppedAt"] <= task["startedAt"]
    assert {"availabilityZone", "ephemeralStorage", "fargateEphemeralStorage", "healthStatus"} <= task.keys()


def test_describing_tasks_changes_nothing(control: Control) -> None:
    first = control.tasks()
    for _ in range(5):
        assert control.tasks() == first
    assert {task["lastStatus"] for task in first} == {"RUNNING"}


def test_tasks_are_spread_over_providers_by_base_and_weight(control: Control) -> None:
    mix = [
        {"capacityProvider": "FARGATE", "base": 2, "weight": 1},
        {"capacityProvider": "FARGATE_SPOT", "weight": 3},
    ]
    control.create("mixed", capacityProviderStrategy=mix, desiredCount=10)
    names = [task["capacityProviderName"] for task in control.tasks(serviceName="mixed")]
    assert (names.count("FARGATE"), names.count("FARGATE_SPOT")) == (4, 6)


def test_a_service_passes_its_tags_and_ecs_managed_tags_on(control: Control) -> None:
    control.create(
        "tagged", tags=[{"key": "a", "value": "b"}], propagateTags="SERVICE", enableECSManagedTags=True, desiredCount=1
    )
    tags = {tag["key"]: tag["value"] for tag in control.tasks(serviceName="tagged")[0]["tags"]}
    assert tags == {"a": "b", "aws:ecs:clusterName": "prod", "aws:ecs:serviceName": "tagged"}


def test_a_standalone_task_runs_with_its_own_size_and_stops_with_a_code(control: Control) -> None:
    asked = {"cluster": "prod", "taskDefinition": "web:1", "launchType": "FARGATE", "networkConfiguration": NETWORK}
    task = control.ecs("RunTask", **asked, startedBy="cron", overrides={"cpu": "512", "memory": "1024"})["tasks"][0]
    assert (task["cpu"], task["memory"], task["group"]) == ("512", "1024", "family:web")
    assert len(control.tasks(family="web", startedBy="cron")) == 1
    control.ecs("StopTask", cluster="prod", task=task["taskArn"], reason="enough")
    stopped = control.tasks(desiredStatus="STOPPED")[0]
    assert (stopped["stopCode"], stopped["stoppedReason"]) == ("UserInitiated", "enough")
    assert stopped["stoppedAt"] == NOW.timestamp()
    with refused("InvalidParameterException"):
        control.ecs("RunTask", **asked, count=11)


def test_a_service_replaces_a_task_that_was_stopped(control: Control) -> None:
    arn = control.tasks(serviceName="api")[0]["taskArn"]
    control.ecs("StopTask", cluster="prod", task=arn)
    arns = [task["taskArn"] for task in control.tasks(serviceName="api")]
    assert len(arns) == 2
    assert arn not in arns


def test_tasks_are_listed_in_pages_and_unknown_services_are_refused(control: Control) -> None:
    control.update(desiredCount=130)
    first = control.ecs("ListTasks", cluster="prod", serviceName="api")
    rest = control.ecs("ListTasks", cluster="prod", serviceName="api", nextToken=first["nextToken"])
    assert (len(first["taskArns"]), len(rest["taskArns"])) == (100, 30)
    with refused("ServiceNotFoundException"):
        control.ecs("ListTasks", cluster="prod", serviceName="gone")
    with refused("InvalidParameterException"):
        control.ecs("DescribeTasks", cluster="prod", tasks=[*first["taskArns"], "one-more"])
