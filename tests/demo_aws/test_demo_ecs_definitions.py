"""ECS of the local AWS: task definitions."""

from datetime import UTC, datetime

import pytest
from control_tools import NOW, Control, definition, refused

from advisor.fargate.sizes import legal_sizes


@pytest.fixture
def control() -> Control:
    return Control()


@pytest.mark.parametrize(("cpu", "memory"), [("256", "8192"), ("300", "512"), ("16384", "8192")])
def test_a_size_that_fargate_does_not_have_is_refused(control: Control, cpu: str, memory: str) -> None:
    with refused("ClientException", "No Fargate configuration exists"):
        control.define(cpu=cpu, memory=memory)


def test_every_legal_size_is_accepted(control: Control) -> None:
    for size in legal_sizes():
        control.define(cpu=str(size.cpu), memory=str(size.memory))
    assert len(control.ecs("ListTaskDefinitions")["taskDefinitionArns"]) == len(legal_sizes())


@pytest.mark.parametrize(("cpu", "memory"), [("1 vCPU", "2 GB"), (".5 vcpu", "1GB"), ("1024", "2048")])
def test_cpu_and_memory_are_stored_in_digits(control: Control, cpu: str, memory: str) -> None:
    control.define(cpu=cpu, memory=memory)
    held = control.ecs("DescribeTaskDefinition", taskDefinition="web")["taskDefinition"]
    assert (held["cpu"], held["memory"]) in {("1024", "2048"), ("512", "1024")}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"cpu": None}, "'cpu' be defined"),
        ({"memory": None, "containerDefinitions": [{"name": "a", "image": "i", "memory": 9}]}, "'memory' be defined"),
        ({"networkMode": "bridge"}, "network mode"),
        ({"ephemeralStorage": {"sizeInGiB": 20}}, "between 21 GiB and 200 GiB"),
        ({"ephemeralStorage": {"sizeInGiB": 201}}, "between 21 GiB and 200 GiB"),
        ({"containerDefinitions": [{"name": n, "image": "i", "cpu": 129} for n in "ab"]}, "Total cpu"),
        ({"containerDefinitions": [{"name": n, "image": "i", "memory": 257} for n in "ab"]}, "Total memory"),
        ({"containerDefinitions": [{"name": "a", "image": "i", "memory": 513}]}, "greater than task memory"),
        (
            {"containerDefinitions": [{"name": "a", "image": "i", "memory": 100, "memoryReservation": 100}]},
            "greater than 'memoryReservation'",
        ),
        ({"cpu": "1024 monkeys"}, "Invalid 'cpu'"),
        ({"runtimePlatform": {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}}, "No Fargate configuration"),
    ],
)
def test_what_fargate_does_not_run_is_refused(control: Control, changed: dict[str, object], said: str) -> None:
    with refused("ClientException", said):
        control.define(**changed)


def test_containers_that_fill_the_task_exactly_are_accepted(control: Control) -> None:
    two = [{"name": name, "image": "i", "cpu": 128, "memory": 256} for name in "ab"]
    assert control.define(containerDefinitions=two, ephemeralStorage={"sizeInGiB": 21})


def test_a_definition_says_when_and_by_whom_it_was_registered_and_what_it_requires(control: Control) -> None:
    control.define(executionRoleArn="arn:aws:iam::123456789012:role/start")
    held = control.ecs("DescribeTaskDefinition", taskDefinition="web:1")["taskDefinition"]
    assert datetime.fromtimestamp(held["registeredAt"], tz=UTC) == NOW
    assert held["registeredBy"] == "arn:aws:iam::123456789012:root"
    assert {"name": "ecs.capability.task-eni"} in held["requiresAttributes"]


def test_a_definition_registered_again_from_its_description_is_the_same(control: Control) -> None:
    control.define(
        ephemeralStorage={"sizeInGiB": 30},
        runtimePlatform={"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"},
        enableFaultInjection=True,
        pidMode="task",
        containerDefinitions=[{"name": "a", "image": "i", "environment": [{"name": "A", "value": "b"}]}],
    )
    before = control.ecs("DescribeTaskDefinition", taskDefinition="web:1")["taskDefinition"]
    added = {"taskDefinitionArn", "revision", "status", "requiresAttributes", "compatibilities"}
    added |= {"registeredAt", "registeredBy"}
    kept = {key: value for key, value in before.items() if key not in added}
    after = control.ecs("RegisterTaskDefinition", **kept)["taskDefinition"]
    assert after["revision"] == 2
    assert {key: value for key, value in after.items() if key not in added} == kept
    assert kept["enableFaultInjection"] is True


def test_tags_are_described_only_when_included(control: Control) -> None:
    control.define(tags=[{"key": "team", "value": "shop"}])
    assert "tags" not in control.ecs("DescribeTaskDefinition", taskDefinition="web")
    included = control.ecs("DescribeTaskDefinition", taskDefinition="web", include=["TAGS"])
    assert included["tags"] == [{"key": "team", "value": "shop"}]


def test_a_family_names_its_newest_active_revision(control: Control) -> None:
    control.define()
    control.define()
    control.ecs("DeregisterTaskDefinition", taskDefinition="web:2")
    assert control.ecs("DescribeTaskDefinition", taskDefinition="web")["taskDefinition"]["revision"] == 1
    inactive = control.ecs("DescribeTaskDefinition", taskDefinition="web:2")["taskDefinition"]
    assert (inactive["status"], inactive["deregisteredAt"]) == ("INACTIVE", NOW.timestamp())
    with refused("ClientException", "Unable to describe"):
        control.ecs("DescribeTaskDefinition", taskDefinition="web:3")


def test_definitions_are_listed_by_family_revision_and_status_in_pages(control: Control) -> None:
    for family in ("web", "web", "web-2", "job"):
        control.define(family)
    first = control.ecs("ListTaskDefinitions", maxResults=3)
    rest = control.ecs("ListTaskDefinitions", maxResults=3, nextToken=first["nextToken"])
    names = [arn.rpartition("/")[2] for arn in first["taskDefinitionArns"] + rest["taskDefinitionArns"]]
    assert names == ["job:1", "web:1", "web:2", "web-2:1"]
    assert "nextToken" not in rest
    down = control.ecs("ListTaskDefinitions", familyPrefix="web", sort="DESC")["taskDefinitionArns"]
    assert [arn.rpartition("/")[2] for arn in down] == ["web:2", "web:1"]


def test_families_are_listed_with_and_without_active_revisions(control: Control) -> None:
    for family in ("web", "web-2", "job"):
        control.define(family)
    control.ecs("DeregisterTaskDefinition", taskDefinition="job:1")
    assert control.ecs("ListTaskDefinitionFamilies")["families"] == ["job", "web", "web-2"]
    assert control.ecs("ListTaskDefinitionFamilies", status="INACTIVE")["families"] == ["job"]
    assert control.ecs("ListTaskDefinitionFamilies", status="ACTIVE", familyPrefix="we", maxResults=1)["nextToken"]


def test_the_request_is_not_changed(control: Control) -> None:
    asked = definition(family="web", cpu="1 vCPU", memory="2 GB", tags=[{"key": "a", "value": "b"}])
    before = repr(asked)
    control.ecs("RegisterTaskDefinition", **asked)
    control.ecs(
        "TagResource",
        resourceArn="arn:aws:ecs:us-east-1:123456789012:task-definition/web:1",
        tags=[{"key": "c", "value": "d"}],
    )
    assert repr(asked) == before
