"""ECS of the local AWS: clusters, services, tags, capacity providers."""

from datetime import UTC, datetime, timedelta

import pytest
from control_tools import NETWORK, NOW, REGION, Control, refused

from advisor.demo.aws.ecs_history import backdate
from advisor.demo.aws.wire import ACCOUNT

MIX = [
    {"capacityProvider": "FARGATE", "base": 1, "weight": 1},
    {"capacityProvider": "FARGATE_SPOT", "weight": 3, "base": 0},
]


@pytest.fixture
def control() -> Control:
    control = Control()
    control.cluster()
    control.define()
    return control


def test_a_service_is_described_with_every_field_that_matters(control: Control) -> None:
    breaker = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
    control.create(deploymentConfiguration=breaker, propagateTags="SERVICE", enableExecuteCommand=True)
    held = control.service()
    assert held["createdAt"] == NOW.timestamp()
    assert held["launchType"] == "FARGATE"
    assert (held["platformVersion"], held["platformFamily"]) == ("LATEST", "Linux")
    assert (held["availabilityZoneRebalancing"], held["enableExecuteCommand"]) == ("ENABLED", True)
    assert held["deploymentConfiguration"]["maximumPercent"] == 200
    assert held["deploymentConfiguration"]["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
    assert held["resourceManagementType"] == "CUSTOMER"
    assert (held["propagateTags"], held["enableECSManagedTags"]) == ("SERVICE", False)
    assert held["networkConfiguration"] == NETWORK
    assert held["taskDefinition"].endswith(":task-definition/web:1")


def test_a_strategy_leaves_no_launch_type(control: Control) -> None:
    control.create(capacityProviderStrategy=MIX)
    held = control.service()
    assert "launchType" not in held
    assert held["capacityProviderStrategy"] == MIX


def test_without_launch_type_and_strategy_the_clusters_default_holds(control: Control) -> None:
    control.cluster("spot", defaultCapacityProviderStrategy=[{"capacityProvider": "FARGATE_SPOT", "weight": 1}])
    held = control.create(cluster="spot", launchType=None)
    assert held["capacityProviderStrategy"][0]["capacityProvider"] == "FARGATE_SPOT"


def test_an_empty_strategy_goes_back_to_the_launch_type(control: Control) -> None:
    control.create(capacityProviderStrategy=MIX)
    held = control.update(capacityProviderStrategy=[])
    assert held["launchType"] == "FARGATE"
    assert "capacityProviderStrategy" not in held


def test_a_service_on_ec2_has_no_platform(control: Control) -> None:
    control.define("host", requiresCompatibilities=["EC2"], networkMode="bridge")
    held = control.create("host", taskDefinition="host", launchType="EC2", networkConfiguration=None)
    assert held["launchType"] == "EC2"
    assert not {"platformVersion", "platformFamily", "capacityProviderStrategy"} & held.keys()
    assert {task["launchType"] for task in control.tasks(serviceName="host")} == {"EC2"}


def test_windows_has_its_own_platform_and_no_spot(control: Control) -> None:
    windows = {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}
    control.define("iis", cpu="1024", memory="2048", runtimePlatform=windows)
    task = control.create("iis", taskDefinition="iis")["deployments"][0]
    assert (task["platformVersion"], task["platformFamily"]) == ("1.0.0", "Windows Server 2022 Core")
    with refused("InvalidParameterException", "Windows"):
        control.create("iis-spot", taskDefinition="iis", capacityProviderStrategy=MIX)


@pytest.mark.parametrize(
    "params",
    [
        {"taskDefinition": None},
        {"desiredCount": None},
        {"desiredCount": -1},
        {"networkConfiguration": None},
        {"taskDefinition": "host"},
        {"taskDefinition": "old"},
    ],
)
def test_a_service_that_aws_does_not_take_is_refused(control: Control, params: dict[str, object]) -> None:
    control.define("host", requiresCompatibilities=["EC2"], networkMode="awsvpc")
    control.define("old")
    control.ecs("DeregisterTaskDefinition", taskDefinition="old:1")
    revision = {"taskDefinition": "old:1"} if params.get("taskDefinition") == "old" else {}
    with refused("InvalidParameterException"):
        control.create(**(params | revision))
    assert control.ecs("ListServices", cluster="prod")["serviceArns"] == []


def test_an_update_that_is_refused_changes_nothing(control: Control) -> None:
    control.create()
    before = control.service()
    for change in ({"desiredCount": -1}, {"desiredCount": 9, "capacityProviderStrategy": [MIX[0] | {"weight": 0}]}):
        with refused("InvalidParameterException"):
            control.update(**change)
    assert control.service() == before


@pytest.mark.parametrize(
    "strategy",
    [
        [{"capacityProvider": "FARGATE", "weight": 0}],
        [{"capacityProvider": name, "base": 1, "weight": 1} for name in ("FARGATE", "FARGATE_SPOT")],
        [{"capacityProvider": "elsewhere", "weight": 1}],
        [{"capacityProvider": "FARGATE", "weight": 1}, {"capacityProvider": "mine", "weight": 1}],
        [{"capacityProvider": "FARGATE", "weight": 1}] * 21,
    ],
)
def test_a_strategy_that_aws_does_not_take_is_refused(control: Control, strategy: list[dict[str, object]]) -> None:
    with refused("InvalidParameterException"):
        control.create(capacityProviderStrategy=strategy)
    with refused("InvalidParameterException", "Specifying both"):
        control.create(capacityProviderStrategy=MIX, launchType="FARGATE")


def test_the_name_of_a_living_service_is_not_given_twice(control: Control) -> None:
    control.create()
    with refused("InvalidParameterException", "not idempotent"):
        control.create()
    control.ecs("DeleteService", cluster="prod", service="api", force=True)
    assert control.create()["status"] == "ACTIVE"


def test_running_tasks_follow_the_desired_count(control: Control) -> None:
    assert control.create(desiredCount=3)["runningCount"] == 3
    held = control.update(desiredCount=1)
    assert (held["desiredCount"], held["runningCount"], held["pendingCount"]) == (1, 1, 0)
    assert len(control.service()["deployments"]) == 1


def test_services_are_described_ten_at_most_and_unknown_ones_are_failures(control: Control) -> None:
    control.create()
    answer = control.ecs("DescribeServices", cluster="prod", services=["api", "gone"])
    assert [entry["reason"] for entry in answer["failures"]] == ["MISSING"]
    assert answer["failures"][0]["arn"].endswith(":service/prod/gone")
    with refused("InvalidParameterException"):
        control.ecs("DescribeServices", cluster="prod", services=[f"s{i}" for i in range(11)])
    with refused("ClusterNotFoundException"):
        control.ecs("DescribeServices", cluster="elsewhere", services=["api"])


def test_services_are_listed_ten_a_page_and_of_exactly_one_cluster(control: Control) -> None:
    control.cluster("my-prod")
    control.create("leak", cluster="my-prod")
    for number in range(25):
        control.create(f"s{number:02}", desiredCount=0)
    names, token, pages = [], {}, 0
    while True:
        answer = control.ecs("ListServices", cluster="prod", **token)
        names += [arn.rpartition("/")[2] for arn in answer["serviceArns"]]
        pages += 1
        if "nextToken" not in answer:
            break
        token = {"nextToken": answer["nextToken"]}
    assert (names, pages) == ([f"s{number:02}" for number in range(25)], 3)
    assert len(control.ecs("ListServices", cluster="prod", maxResults=100)["serviceArns"]) == 25


@pytest.mark.parametrize("size", [0, 101])
def test_a_page_outside_the_limits_is_refused(control: Control, size: int) -> None:
    with refused("InvalidParameterException", "between 1 and 100"):
        control.ecs("ListServices", cluster="prod", maxResults=size)


def test_a_token_serves_only_the_query_that_it_was_given_for(control: Control) -> None:
    for name in ("a", "b"):
        control.create(name, desiredCount=0)
    token = control.ecs("ListServices", cluster="prod", maxResults=1)["nextToken"]
    for other in ({"launchType": "FARGATE", "nextToken": token}, {"nextToken": "nonsense"}):
        with refused("InvalidParameterException", "token"):
            control.ecs("ListServices", cluster="prod", maxResults=1, **other)


def test_a_deleted_service_is_inactive_and_not_listed(control: Control) -> None:
    control.create()
    with refused("InvalidParameterException"):
        control.ecs("DeleteService", cluster="prod", service="api")
    assert control.ecs("DeleteService", cluster="prod", service="api", force=True)["service"]["status"] == "INACTIVE"
    assert control.ecs("ListServices", cluster="prod")["serviceArns"] == []
    assert control.service()["status"] == "INACTIVE"
    assert control.tasks() == []
    with refused("ServiceNotActiveException"):
        control.update(desiredCount=1)


def test_clusters_are_listed_in_pages_and_matched_exactly(control: Control) -> None:
    for name in ("a", "b", "my-prod"):
        control.cluster(name)
    first = control.ecs("ListClusters", maxResults=3)
    rest = control.ecs("ListClusters", maxResults=3, nextToken=first["nextToken"])
    assert len(first["clusterArns"] + rest["clusterArns"]) == 4
    control.ecs("DeleteCluster", cluster="a")
    assert len(control.ecs("ListClusters")["clusterArns"]) == 3


def test_a_cluster_created_again_keeps_what_it_holds(control: Control) -> None:
    control.ecs("CreateCluster", clusterName="prod")
    held = control.ecs("DescribeClusters", clusters=["prod"])["clusters"][0]
    assert held["capacityProviders"] == ["FARGATE", "FARGATE_SPOT"]


def test_a_cluster_counts_its_services_and_tasks(control: Control) -> None:
    control.create(desiredCount=3)
    held = control.ecs("DescribeClusters", clusters=["prod", "gone"])
    assert (held["clusters"][0]["activeServicesCount"], held["clusters"][0]["runningTasksCount"]) == (1, 3)
    assert held["failures"][0]["reason"] == "MISSING"
    with refused("ClusterContainsServicesException"):
        control.ecs("DeleteCluster", cluster="prod")


def test_fargate_capacity_providers_are_in_every_account(control: Control) -> None:
    answer = control.ecs("DescribeCapacityProviders")
    assert [provider["name"] for provider in answer["capacityProviders"]] == ["FARGATE", "FARGATE_SPOT"]
    named = control.ecs("DescribeCapacityProviders", capacityProviders=["FARGATE_SPOT", "gone"])
    assert [provider["name"] for provider in named["capacityProviders"]] == ["FARGATE_SPOT"]
    assert len(named["failures"]) == 1


def test_tags_of_a_service_are_read_added_and_taken_away(control: Control) -> None:
    arn = control.create(tags=[{"key": "team", "value": "shop"}])["serviceArn"]
    control.ecs("TagResource", resourceArn=arn, tags=[{"key": "team", "value": "data"}, {"key": "a", "value": "b"}])
    control.ecs("UntagResource", resourceArn=arn, tagKeys=["a"])
    assert control.ecs("ListTagsForResource", resourceArn=arn)["tags"] == [{"key": "team", "value": "data"}]
    assert control.service()["tags"] == [{"key": "team", "value": "data"}]
    assert "tags" not in control.ecs("DescribeServices", cluster="prod", services=["api"])["services"][0]
    with refused("ResourceNotFoundException"):
        control.ecs("ListTagsForResource", resourceArn=arn + "x")


def test_a_backdated_service_has_the_past_that_it_was_given(control: Control) -> None:
    control.define(cpu="512", memory="1024")
    control.create(taskDefinition="web:2")
    created, resized = NOW - timedelta(days=60), NOW - timedelta(days=6)
    past = [(created, "web:1"), (resized, "web:2")]
    backdate(control.aws, ACCOUNT, REGION, "prod", "api", created=created, deployments=past)
    held = control.service()
    assert datetime.fromtimestamp(held["createdAt"], tz=UTC) == created
    assert (held["runningCount"], len(held["deployments"])) == (2, 1)
    rollouts = control.ecs("ListServiceDeployments", service=held["serviceArn"], cluster="prod")["serviceDeployments"]
    assert [entry["createdAt"] for entry in rollouts] == [resized.timestamp(), created.timestamp()]
    assert {entry["status"] for entry in rollouts} == {"SUCCESSFUL"}
    arns = [entry["targetServiceRevisionArn"] for entry in rollouts]
    revisions = control.ecs("DescribeServiceRevisions", serviceRevisionArns=arns)["serviceRevisions"]
    assert [entry["taskDefinition"].rpartition(":")[2] for entry in revisions] == ["2", "1"]
    registered = control.ecs("DescribeTaskDefinition", taskDefinition="web:1")["taskDefinition"]["registeredAt"]
    assert registered < created.timestamp()
    assert all(resized.timestamp() <= task["startedAt"] < NOW.timestamp() for task in control.tasks())


def test_a_past_that_is_out_of_order_is_refused(control: Control) -> None:
    control.create()
    past = [(NOW - timedelta(days=1), "web:1"), (NOW - timedelta(days=2), "web:1")]
    with pytest.raises(ValueError, match="not in order"):
        backdate(control.aws, ACCOUNT, REGION, "prod", "api", created=NOW - timedelta(days=9), deployments=past)


def test_a_service_is_known_in_its_own_cluster_only(control: Control) -> None:
    control.cluster("my-prod")
    control.create()
    for action in ("UpdateService", "DeleteService"):
        with refused("ServiceNotFoundException"):
            control.ecs(action, cluster="my-prod", service="api")
