"""ECS and Application Auto Scaling of the local AWS as boto3 sees them."""

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from control_tools import TARGET, definition, service, tracking


@pytest.fixture
def ecs(endpoint: str) -> Any:  # noqa: ARG001 (sets the environment)
    client = boto3.client("ecs")
    client.create_cluster(clusterName="prod", capacityProviders=["FARGATE", "FARGATE_SPOT"])
    client.register_task_definition(family="web", **definition())
    return client


def test_paginators_walk_every_page(ecs: Any) -> None:
    for number in range(60):
        ecs.create_service(**service(serviceName=f"s{number:02}", desiredCount=0))
    scaling = boto3.client("application-autoscaling")
    for number in range(60):
        target = TARGET | {"ResourceId": f"service/prod/s{number:02}"}
        scaling.register_scalable_target(**target, MinCapacity=0, MaxCapacity=3)
    services = ecs.get_paginator("list_services").paginate(cluster="prod")
    targets = scaling.get_paginator("describe_scalable_targets").paginate(ServiceNamespace="ecs")
    assert len([arn for page in services for arn in page["serviceArns"]]) == 60
    assert len([target for page in targets for target in page["ScalableTargets"]]) == 60


def test_instants_arrive_with_a_time_zone_and_absence_as_absence(ecs: Any) -> None:
    ecs.create_service(**service())
    held = ecs.describe_services(cluster="prod", services=["api"])["services"][0]
    assert held["createdAt"].tzinfo
    assert held["deployments"][0]["createdAt"].tzinfo
    assert "capacityProviderStrategy" not in held
    assert None not in held.values()


def test_waiting_for_a_stable_service_ends(ecs: Any) -> None:
    ecs.create_service(**service())
    ecs.update_service(cluster="prod", service="api", forceNewDeployment=True)
    ecs.get_waiter("services_stable").wait(
        cluster="prod", services=["api"], WaiterConfig={"Delay": 0, "MaxAttempts": 2}
    )


def test_refusals_carry_awss_codes(ecs: Any) -> None:
    with pytest.raises(ecs.exceptions.ClusterNotFoundException):
        ecs.list_services(cluster="gone")
    with pytest.raises(ecs.exceptions.ServiceNotFoundException):
        ecs.update_service(cluster="prod", service="gone", desiredCount=1)
    scaling = boto3.client("application-autoscaling")
    with pytest.raises(scaling.exceptions.ObjectNotFoundException):
        scaling.put_scaling_policy(**TARGET, PolicyName="cpu", **tracking())
    with pytest.raises(ClientError, match="No Fargate configuration exists"):
        ecs.register_task_definition(family="web", **definition(memory="9999"))
