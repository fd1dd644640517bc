"""Each correction of ECS is still needed: moto alone, asked the same, is still wrong.

A test here that fails is good news: moto has learned what AWS does, and the correction may go.
"""

from collections.abc import Callable
from typing import Any

import pytest
from control_tools import REGION, Control, definition, service

from advisor.demo.aws.wire import ACCOUNT, AwsError

STRATEGY = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]


class Moto:
    """moto alone, with a cluster, a definition and a service."""

    def __init__(self) -> None:
        self.control = Control()
        self.ask("CreateCluster", clusterName="prod", capacityProviders=["FARGATE", "FARGATE_SPOT"])
        self.define(family="web", containerDefinitions=[{"name": "a", "image": "i", "memory": 64}])
        self.create()

    def ask(self, _action: str, **params: Any) -> dict[str, Any]:
        return self.control.moto("ecs", _action, **params)

    def define(self, **changed: Any) -> dict[str, Any]:
        return dict(self.ask("RegisterTaskDefinition", **definition(**({"family": "bad"} | changed)))["taskDefinition"])

    def create(self, **changed: Any) -> dict[str, Any]:
        return dict(self.ask("CreateService", **service(networkConfiguration=None, **changed))["service"])

    def run(self, family: str = "web") -> dict[str, Any]:
        """Run one task where moto finds a subnet: in its default one."""
        from moto.ec2.models import ec2_backends

        backend = ec2_backends[ACCOUNT][REGION]
        groups = [group.id for group in backend.describe_security_groups()]
        place = {"subnets": [backend.describe_subnets()[0].id], "securityGroups": groups[:1]}
        network = {"awsvpcConfiguration": place}
        asked = {"cluster": "prod", "taskDefinition": family, "launchType": "FARGATE"}
        return dict(self.ask("RunTask", **asked, networkConfiguration=network)["tasks"][0])

    def held(self) -> dict[str, Any]:
        return dict(self.ask("DescribeServices", cluster="prod", services=["api"])["services"][0])

    def takes(self, _action: str, **params: Any) -> bool:
        try:
            self.ask(_action, **params)
        except AwsError:
            return False
        return True

    def has(self, _action: str, **params: Any) -> bool:
        """Whether moto knows the action at all."""
        try:
            self.ask(_action, **params)
        except AwsError as error:
            return error.code != "UnknownOperationException"
        return True


def lists_the_inactive(moto: Moto) -> bool:
    moto.ask("DeleteService", cluster="prod", service="api", force=True)
    return bool(moto.ask("ListServices", cluster="prod")["serviceArns"])


def lists_other_clusters(moto: Moto) -> bool:
    moto.ask("CreateCluster", clusterName="my-prod")
    moto.create(cluster="my-prod", serviceName="leak")
    return len(moto.ask("ListServices", cluster="prod")["serviceArns"]) == 2


def describing_ends_tasks(moto: Moto) -> bool:
    arn = moto.run()["taskArn"]
    for _ in range(5):
        task = moto.ask("DescribeTasks", cluster="prod", tasks=[arn])["tasks"][0]
    return bool(task["lastStatus"] == "STOPPED")


def task_has_no_size(moto: Moto) -> bool:
    task = moto.run()
    return not {"cpu", "memory", "createdAt", "capacityProviderName", "platformVersion"} & task.keys()


def needs_container_memory(moto: Moto) -> bool:
    moto.define(family="plain")
    with pytest.raises(AwsError) as broken:
        moto.run("plain")
    return broken.value.status == 500


def pages_nothing(moto: Moto, action: str, key: str) -> bool:
    for name in ("a", "b"):
        moto.ask("CreateCluster", clusterName=name)
        moto.define(family=name)
        moto.create(serviceName=name)
    params = {"cluster": "prod"} if action == "ListServices" else {}
    return len(moto.ask(action, maxResults=1, **params)[key]) > 1


def forgets_clusters(moto: Moto) -> bool:
    moto.ask("CreateCluster", clusterName="prod")
    return "capacityProviders" not in moto.ask("DescribeClusters", clusters=["prod"])["clusters"][0]


def names_a_deregistered_revision(moto: Moto) -> bool:
    moto.define(family="web")
    moto.ask("DeregisterTaskDefinition", taskDefinition="web:2")
    return bool(moto.ask("DescribeTaskDefinition", taskDefinition="web")["taskDefinition"]["revision"] == 2)


def keeps_a_stale_deployment(moto: Moto) -> bool:
    moto.define(family="web")
    moto.ask("UpdateService", cluster="prod", service="api", taskDefinition="web:2")
    return not moto.held()["deployments"][0]["taskDefinition"].endswith("web:2")


def ignores_the_family_status(moto: Moto) -> bool:
    moto.ask("DeregisterTaskDefinition", taskDefinition="web:1")
    return bool(moto.ask("ListTaskDefinitionFamilies", status="ACTIVE")["families"])


STILL_WRONG: dict[str, Callable[[Moto], bool]] = {
    "takes a size that Fargate does not have": lambda moto: bool(moto.define(cpu="256", memory="8192")),
    "takes cpu that Fargate does not have": lambda moto: bool(moto.define(cpu="300")),
    "takes too little storage": lambda moto: bool(moto.define(ephemeralStorage={"sizeInGiB": 5})),
    "takes containers larger than the task": lambda moto: bool(
        moto.define(containerDefinitions=[{"name": "a", "image": "i", "cpu": 9999, "memory": 9999}])
    ),
    "stores cpu as it is spelt": lambda moto: moto.define(cpu="1 vCPU", memory="2 GB")["cpu"] == "1 vCPU",
    "forgets when a definition was registered": lambda moto: (
        not {"registeredAt", "registeredBy", "requiresAttributes"} & moto.define().keys()
    ),
    "forgets fields of a definition": lambda moto: "enableFaultInjection" not in moto.define(enableFaultInjection=True),
    "names a deregistered revision": names_a_deregistered_revision,
    "ignores the status of families": ignores_the_family_status,
    "pages no clusters": lambda moto: pages_nothing(moto, "ListClusters", "clusterArns"),
    "pages no services": lambda moto: pages_nothing(moto, "ListServices", "serviceArns"),
    "pages no definitions": lambda moto: pages_nothing(moto, "ListTaskDefinitions", "taskDefinitionArns"),
    "pages no families": lambda moto: pages_nothing(moto, "ListTaskDefinitionFamilies", "families"),
    "forgets a cluster that is created again": forgets_clusters,
    "counts no services of a cluster": lambda moto: (
        not moto.ask("DescribeClusters", clusters=["prod"])["clusters"][0]["runningTasksCount"]
    ),
    "does not know the Fargate capacity providers": lambda moto: (
        moto.ask("DescribeCapacityProviders", capacityProviders=["FARGATE"])["capacityProviders"] == []
    ),
    "drops the strategy of a service": lambda moto: (
        "capacityProviderStrategy" not in moto.create(serviceName="b", capacityProviderStrategy=STRATEGY)
    ),
    "leaves fields of a service out": lambda moto: (
        not {"createdAt", "deploymentConfiguration", "platformFamily", "enableExecuteCommand"} & moto.held().keys()
    ),
    "starts no tasks for a service": lambda moto: moto.ask("ListTasks", cluster="prod")["taskArns"] == [],
    "replaces a service of the same name": lambda moto: bool(moto.create()),
    "describes more than ten services": lambda moto: moto.takes(
        "DescribeServices", cluster="prod", services=["api", *(f"s{number}" for number in range(10))]
    ),
    "lists services of other clusters": lists_other_clusters,
    "lists deleted services": lists_the_inactive,
    "keeps a stale deployment": keeps_a_stale_deployment,
    "ends tasks that are described": describing_ends_tasks,
    "leaves fields of a task out": task_has_no_size,
    "cannot run containers without memory": needs_container_memory,
    "has no service deployments": lambda moto: not moto.has("ListServiceDeployments", service="api", cluster="prod"),
    "describes no service deployments": lambda moto: (
        not moto.has("DescribeServiceDeployments", serviceDeploymentArns=[])
    ),
    "has no service revisions": lambda moto: not moto.has("DescribeServiceRevisions", serviceRevisionArns=[]),
}


@pytest.mark.parametrize("fault", sorted(STILL_WRONG))
def test_moto_still(fault: str) -> None:
    assert STILL_WRONG[fault](Moto()), f"moto no longer {fault}: the correction may go"
