"""The demo fleet's control plane: the calls that a team would make to get each service as its spec says."""

from datetime import datetime
from hashlib import sha256
from typing import Any

from advisor.demo.aws.ecs_history import backdate
from advisor.demo.aws.wire import LocalAws
from advisor.demo.fleet_spec import INSIGHTS, DemoService, container
from advisor.domain.service import ServiceId, TaskSize

NETWORK = {
    "awsvpcConfiguration": {
        "subnets": ["subnet-0a1b2c3d4e5f60718"],
        "securityGroups": ["sg-0a1b2c3d4e5f60718"],
        "assignPublicIp": "DISABLED",
    }
}


def ask(aws: LocalAws, id: ServiceId, service: str, action: str, /, **params: Any) -> dict[str, Any]:
    """Call in the account and region of a service."""
    return aws.call(service, action, account=id.account, region=id.region, **params)


def target_group(id: ServiceId) -> tuple[str, str]:
    """(load balancer, target group) as CloudWatch names them in dimensions."""
    digest = sha256(str(id).encode()).hexdigest()
    return (f"app/{id.cluster}/{digest[:16]}", f"targetgroup/{id.cluster}-{id.name}/{digest[16:32]}")


def create_clusters(aws: LocalAws, ids: list[ServiceId]) -> None:
    """Every cluster that the services name, with both Fargate capacity providers and its mode of Container Insights."""
    one_of_each = {(id.account, id.region, id.cluster): id for id in ids}
    for id in one_of_each.values():
        providers = ["FARGATE", "FARGATE_SPOT"]
        settings = [{"name": "containerInsights", "value": INSIGHTS.get(id.cluster, "disabled")}]
        ask(aws, id, "ecs", "CreateCluster", clusterName=id.cluster, capacityProviders=providers, settings=settings)


def create_service(aws: LocalAws, service: DemoService, *, desired: int, now: datetime) -> None:
    """Task definitions, and the service with its past."""
    id = service.id
    began, sizes = [now - service.age], [service.setup.size]
    if service.resize is not None:
        began, sizes = [*began, now - service.resize.ago], [service.resize.before, *sizes]
    revisions = [_register(aws, service, size) for size in sizes]
    ask(
        aws,
        id,
        "ecs",
        "CreateService",
        cluster=id.cluster,
        serviceName=id.name,
        taskDefinition=revisions[-1],
        desiredCount=desired,
        **_placement(service),
        **_extras(service),
    )
    past = list(zip(began, revisions, strict=True))
    backdate(aws, id.account, id.region, id.cluster, id.name, created=began[0], deployments=past)


def _register(aws: LocalAws, service: DemoService, size: TaskSize) -> str:
    """Register a revision at this size; its ARN."""
    setup, slug = service.setup, service.slug
    named = service.containers or (("app", 0, None),)
    more = {"ephemeralStorage": {"sizeInGiB": setup.ephemeral_gib}} if setup.ephemeral_gib > 20 else {}
    role = f"arn:aws:iam::{service.id.account}:role/{slug}"
    answer = ask(
        aws,
        service.id,
        "ecs",
        "RegisterTaskDefinition",
        family=slug,
        cpu=str(size.cpu),
        memory=str(size.memory),
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        runtimePlatform={"cpuArchitecture": setup.architecture, "operatingSystemFamily": setup.os},
        executionRoleArn=f"{role}-start",
        taskRoleArn=role,
        containerDefinitions=[container(n, slug, cpu=cpu, memory=mib) for n, cpu, mib in named],
        tags=[{"key": "repository", "value": f"git.example.com/{slug}"}],
        **more,
    )
    return str(answer["taskDefinition"]["taskDefinitionArn"])


def _placement(service: DemoService) -> dict[str, Any]:
    """Where tasks run: `launchType`, or a strategy, which excludes it."""
    shares = service.setup.capacity
    network: dict[str, Any] = {"networkConfiguration": NETWORK, "platformVersion": "LATEST"}
    if len(shares) == 1:
        return network | {"launchType": shares[0].provider}
    strategy = [{"capacityProvider": s.provider, "base": s.base, "weight": s.weight} for s in shares]
    return network | {"capacityProviderStrategy": strategy}


def _extras(service: DemoService) -> dict[str, Any]:
    """Tags, deployment settings, load balancer and metric resolution."""
    extras: dict[str, Any] = {
        "tags": [{"key": key, "value": value} for key, value in service.tags.items()],
        "deploymentConfiguration": {
            "maximumPercent": 200,
            "minimumHealthyPercent": 100,
            "deploymentCircuitBreaker": {"enable": True, "rollback": True},
        },
        "enableECSManagedTags": True,
        "propagateTags": "SERVICE",
    }
    if service.load_balanced:
        group = f"arn:aws:elasticloadbalancing:{service.id.region}:{service.id.account}:{target_group(service.id)[1]}"
        extras["loadBalancers"] = [{"targetGroupArn": group, "containerName": "app", "containerPort": 8080}]
        extras["healthCheckGracePeriodSeconds"] = 60
    if service.resolution_seconds != 60:
        metrics = {
            "metricNames": ["CPUUtilization", "MemoryUtilization"],
            "resolutionSeconds": service.resolution_seconds,
        }
        extras["monitoring"] = {"metricConfigurations": [metrics]}
    return extras
