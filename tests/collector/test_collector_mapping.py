"""AWS's answers become records field by field; what cannot be replayed says why; nothing secret comes along."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.codec import to_json
from advisor.collector.history import Deployed, Past, size_changes
from advisor.collector.scaling import ScalingOfRegion
from advisor.collector.services import service_id, service_of, why_not
from advisor.collector.task_definitions import task_definition_of
from advisor.domain.errors import InputRefused
from advisor.domain.policy import OtherPolicy
from advisor.domain.rollout import Rollout
from advisor.domain.service import CapacityShare, ServiceId, TaskSize

NOW = datetime(2026, 11, 23, 20, 10, tzinfo=UTC)
ARN = "arn:aws:ecs:eu-west-1:000000000042:"
CANARY = "canary-5b1f"
NO_SCALING = ScalingOfRegion()

DEFINITION: dict[str, Any] = {
    "taskDefinitionArn": f"{ARN}task-definition/api:7",
    "family": "api",
    "revision": 7,
    "cpu": "1 vCPU",
    "memory": "2 GB",
    "runtimePlatform": {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"},
    "ephemeralStorage": {"sizeInGiB": 50},
    "containerDefinitions": [
        {
            "name": "app",
            "essential": True,
            "cpu": 256,
            "memoryReservation": 512,
            "image": f"{CANARY}/image",
            "command": [CANARY],
            "environment": [{"name": "DB_PASSWORD", "value": CANARY}],
            "secrets": [{"name": "TOKEN", "valueFrom": f"arn:aws:ssm:{CANARY}"}],
            "environmentFiles": [{"value": f"arn:aws:s3:::{CANARY}", "type": "s3"}],
            "repositoryCredentials": {"credentialsParameter": CANARY},
            "logConfiguration": {"logDriver": "splunk", "options": {"splunk-token": CANARY}},
            "dockerLabels": {"key": CANARY},
            "healthCheck": {"command": [CANARY]},
        },
        {"name": "sidecar", "essential": False, "cpu": 0, "memory": 128},
    ],
}

SERVICE: dict[str, Any] = {
    "serviceArn": f"{ARN}service/prod/api",
    "serviceName": "api",
    "clusterArn": f"{ARN}cluster/prod",
    "status": "ACTIVE",
    "desiredCount": 3,
    "runningCount": 3,
    "capacityProviderStrategy": [
        {"capacityProvider": "FARGATE", "base": 1, "weight": 1},
        {"capacityProvider": "FARGATE_SPOT", "weight": 3},
    ],
    "taskDefinition": DEFINITION["taskDefinitionArn"],
    "deployments": [
        {"status": "PRIMARY", "rolloutState": "COMPLETED", "createdAt": NOW - timedelta(days=9)},
    ],
    "schedulingStrategy": "REPLICA",
    "deploymentController": {"type": "ECS"},
    "deploymentConfiguration": {
        "maximumPercent": 150,
        "minimumHealthyPercent": 50,
        "deploymentCircuitBreaker": {"enable": True, "rollback": True},
    },
    "availabilityZoneRebalancing": "ENABLED",
    "enableECSManagedTags": True,
    "platformVersion": "LATEST",
    "networkConfiguration": {"awsvpcConfiguration": {"subnets": [CANARY], "assignPublicIp": "ENABLED"}},
    "loadBalancers": [{"targetGroupArn": CANARY}],
    "serviceConnectConfiguration": {"logConfiguration": {"secretOptions": [{"valueFrom": CANARY}]}},
    "createdAt": NOW - timedelta(days=60),
    "tags": [{"key": "team", "value": "shop"}],
}


def made(described: dict[str, Any], *, scaling: ScalingOfRegion = NO_SCALING) -> Any:
    definition = task_definition_of(DEFINITION)
    id = service_id(described, account="000000000042", region="eu-west-1")
    return service_of(
        described,
        id=id,
        definition=definition,
        history=Past(),
        known_sizes={definition.arn: definition},
        scaling=scaling,
        seen_at=NOW,
    )


def test_a_task_definition_keeps_what_sizing_needs_and_nothing_else() -> None:
    found = task_definition_of(DEFINITION)
    assert (found.size, found.architecture, found.os) == (TaskSize.of(vcpu=1, gib=2), "ARM64", "LINUX")
    assert found.ephemeral_gib == 50
    assert [(c.name, c.essential, c.cpu, c.memory, c.memory_reservation) for c in found.containers] == [
        ("app", True, 256, None, 512),
        ("sidecar", False, 0, 128, None),
    ]
    assert CANARY not in repr(found)


def test_a_service_keeps_no_secret_of_its_description() -> None:
    found = made(SERVICE)
    assert CANARY not in repr(found)
    assert CANARY not in to_json(found)


def test_a_service_is_described_by_its_own_fields() -> None:
    found = made(SERVICE)
    assert found.id == ServiceId(account="000000000042", region="eu-west-1", service="prod/api")
    assert found.setup.capacity == (
        CapacityShare(provider="FARGATE", base=1, weight=1),
        CapacityShare(provider="FARGATE_SPOT", base=0, weight=3),
    )
    assert (found.setup.desired, found.setup.bounds, found.running) == (3, (3, 3), 3)
    assert (found.load_balanced, found.deploying, found.tags) == (True, False, {"team": "shop"})
    assert found.sizes[0].at == NOW - timedelta(days=9)  # the primary deployment: no history is known
    assert found.rollout == Rollout(
        minimum_percent=50, maximum_percent=150, circuit_breaker=True, rollback=True, grace_seconds=0
    )
    assert (found.zone_rebalancing, found.managed_tags, found.public_ip) == (True, True, True)


def test_what_a_service_does_not_say_is_as_ecs_has_it() -> None:
    names = ("deploymentConfiguration", "availabilityZoneRebalancing", "enableECSManagedTags", "networkConfiguration")
    found = made({key: value for key, value in SERVICE.items() if key not in names})
    assert found.rollout == Rollout(grace_seconds=0)
    assert (found.zone_rebalancing, found.managed_tags, found.public_ip) == (False, False, False)


def test_what_fails_a_deployment_and_how_long_it_takes_is_read() -> None:
    configuration = {
        "strategy": "BLUE_GREEN",
        "bakeTimeInMinutes": 15,
        "deploymentCircuitBreaker": {
            "enable": True,
            "rollback": False,
            "thresholdConfiguration": {"type": "COUNT", "value": 7},
        },
        "alarms": {"alarmNames": ["5xx", "slow"], "enable": True, "rollback": True},
    }
    more = {"healthCheckGracePeriodSeconds": 90, "pendingCount": 2, "propagateTags": "SERVICE"}
    found = made(SERVICE | {"deploymentConfiguration": configuration} | more)
    rollout = found.rollout
    assert (rollout.strategy, rollout.bake_minutes, rollout.grace_seconds) == ("BLUE_GREEN", 15, 90)
    assert (rollout.threshold_type, rollout.threshold, rollout.failures(100)) == ("COUNT", 7, 7)
    assert (rollout.alarms, rollout.alarms_go_back, rollout.goes_back) == (("5xx", "slow"), True, False)
    assert (found.pending, found.named_on_bill) == (2, True)
    off = configuration | {"alarms": configuration["alarms"] | {"enable": False}}  # type: ignore[operator]
    assert not made(SERVICE | {"deploymentConfiguration": off}).rollout.alarms_go_back


@pytest.mark.parametrize(
    ("managed", "propagated", "named"), [(True, "SERVICE", True), (True, "NONE", False), (False, "SERVICE", False)]
)
def test_tasks_are_named_on_a_bill_where_both_settings_say_so(managed: bool, propagated: str, named: bool) -> None:
    found = made(SERVICE | {"enableECSManagedTags": managed, "propagateTags": propagated})
    assert found.named_on_bill is named


@pytest.mark.parametrize(
    ("change", "owner"),
    [
        ({}, None),
        ({"resourceManagementType": "CUSTOMER"}, None),
        ({"resourceManagementType": "ECS"}, "ECS Express Mode"),
        ({"tags": [{"key": "aws:cloudformation:stack-name", "value": "shop"}]}, "CloudFormation stack shop"),
        (
            {"resourceManagementType": "ECS", "tags": [{"key": "aws:cloudformation:stack-name", "value": "shop"}]},
            "CloudFormation stack shop",
        ),
        ({"tags": [{"key": "aws:cloudformation:logical-id", "value": "Api"}]}, None),
    ],
)
def test_who_owns_a_service_is_read_from_its_tags_and_its_management(change: dict[str, Any], owner: str | None) -> None:
    assert made(SERVICE | change).owner == owner


def test_unread_scaling_is_never_taken_for_a_fixed_count() -> None:
    found = made(SERVICE, scaling=ScalingOfRegion(unknown="denied"))
    assert found.setup.policies == (OtherPolicy(why="denied"),)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, ""),
        ({"capacityProviderStrategy": [], "launchType": "FARGATE"}, ""),
        ({"capacityProviderStrategy": [], "launchType": "EC2"}, "EC2"),
        ({"capacityProviderStrategy": [], "launchType": "EXTERNAL"}, "external"),
        ({"capacityProviderStrategy": [], "launchType": "MANAGED_INSTANCES"}, "Managed Instances"),
        ({"capacityProviderStrategy": [], "launchType": "MOON"}, "MOON"),
        ({"capacityProviderStrategy": [{"capacityProvider": "asg\x1b[31m"}]}, "not on Fargate"),
        ({"schedulingStrategy": "DAEMON"}, "DAEMON"),
        ({"deploymentController": {"type": "EXTERNAL"}}, "EXTERNAL"),
        ({"deploymentController": {"type": "CODE_DEPLOY"}}, ""),
        ({"status": "DRAINING"}, "DRAINING"),
        ({"taskDefinition": None}, "task definition"),
    ],
)
def test_what_is_not_covered_says_why(change: dict[str, Any], reason: str) -> None:
    found = why_not(SERVICE | change)
    assert reason in found
    assert bool(reason) == bool(found)
    assert found.isprintable()


@pytest.mark.parametrize(
    "change", [{"cpu": None}, {"cpu": "300"}, {"memory": "lots"}, {"cpu": "16384", "memory": "512"}]
)
def test_a_task_definition_without_a_fargate_size_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(InputRefused):
        task_definition_of(DEFINITION | change)


def test_sizes_leave_out_repetitions_and_unreadable_revisions() -> None:
    old = task_definition_of(DEFINITION | {"taskDefinitionArn": "api:6", "cpu": "2048", "memory": "4096"})
    new = task_definition_of(DEFINITION)
    history = [Deployed(at=NOW - timedelta(days=d), task_definition=a) for d, a in
               ((9, "api:6"), (8, "api:6"), (7, "gone:1"), (5, new.arn))]  # fmt: skip
    found = size_changes(history, {"api:6": old, new.arn: new})
    assert [(c.at, c.size.cpu) for c in found] == [(NOW - timedelta(days=9), 2048), (NOW - timedelta(days=5), 1024)]


def test_each_change_has_the_platform_of_its_own_time() -> None:
    past = {"taskDefinitionArn": "api:6", "runtimePlatform": {"cpuArchitecture": "X86_64"}, "ephemeralStorage": {}}
    old, new = task_definition_of(DEFINITION | past), task_definition_of(DEFINITION)
    history = [Deployed(at=NOW - timedelta(days=d), task_definition=a) for d, a in ((9, old.arn), (5, new.arn))]
    found = size_changes(history, {old.arn: old, new.arn: new})
    assert [(c.architecture, c.ephemeral_gib) for c in found] == [("X86_64", 20), ("ARM64", 50)]
    assert made(SERVICE).sizes[0].architecture == "ARM64"


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_name_from_aws_breaks_a_reason(kind: str, name: str) -> None:
    for change in ({"launchType": kind, "capacityProviderStrategy": []}, {"status": kind}):
        assert why_not(SERVICE | change | {"serviceName": name}).isprintable()
