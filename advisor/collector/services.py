"""An ECS service as a record, or why it is not covered."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

from advisor.collector.history import Past, size_change, size_changes
from advisor.collector.scaling import ScalingOfRegion
from advisor.collector.task_definitions import Sizes
from advisor.domain.errors import AwsFailed, one_line
from advisor.domain.insights import InsightsMode
from advisor.domain.inventory import Scaling, Service, SizeChange, TaskDefinition
from advisor.domain.policy import OtherPolicy, Policy
from advisor.domain.rollout import Rollout
from advisor.domain.service import CapacityShare, Provider, ServiceId, Setup

FARGATE_PROVIDERS = ("FARGATE", "FARGATE_SPOT")
_LAUNCH_TYPES = {
    "EC2": "runs on EC2 instances, not on Fargate",
    "EXTERNAL": "runs on external instances, not on Fargate",
    "MANAGED_INSTANCES": "runs on ECS Managed Instances, not on Fargate",
}


def service_id(described: Mapping[str, Any], *, account: str, region: str) -> ServiceId:
    """The id of a described service."""
    cluster = str(described["clusterArn"]).rpartition("/")[2]
    return ServiceId(account=account, region=region, service=f"{cluster}/{described['serviceName']}")


def why_not(described: Mapping[str, Any]) -> str:
    """Why a described service is not covered; empty where it is."""
    foreign = [
        str(share.get("capacityProvider"))
        for share in described.get("capacityProviderStrategy", ())
        if share.get("capacityProvider") not in FARGATE_PROVIDERS
    ]
    launch_type = str(described.get("launchType", "FARGATE"))
    controller = described.get("deploymentController", {}).get("type", "ECS")
    checks = {
        f"is {one_line(str(described.get('status')))}": described.get("status", "ACTIVE") != "ACTIVE",
        f"runs on capacity provider {one_line(', '.join(foreign))}, not on Fargate": bool(foreign),
        _LAUNCH_TYPES.get(launch_type, f"launch type {one_line(launch_type)} is not known"): launch_type != "FARGATE"
        and not described.get("capacityProviderStrategy"),
        "is a DAEMON service": described.get("schedulingStrategy", "REPLICA") != "REPLICA",
        "is deployed by an EXTERNAL controller": controller == "EXTERNAL",
        "has no task definition of its own": not described.get("taskDefinition"),
    }
    return next((reason for reason, true in checks.items() if true), "")


def service_of(
    described: Mapping[str, Any],
    *,
    id: ServiceId,
    definition: TaskDefinition,
    history: Past | AwsFailed,
    known_sizes: Sizes,
    scaling: ScalingOfRegion,
    target_groups: tuple[str, ...] = (),
    insights: InsightsMode | None = None,
    seen_at: datetime,
) -> Service:
    """A described service on Fargate as a record; fields are taken one by one. Raises AwsFailed of its scaling."""
    target = scaling.target_of(id)
    deployed = () if isinstance(history, AwsFailed) else history.revisions
    sizes = size_changes(deployed, known_sizes) or _since_primary(described, definition)
    return Service(
        id=id,
        setup=_setup(described, definition, target, unknown=scaling.unknown),
        seen_at=seen_at,
        running=described.get("runningCount"),
        pending=described.get("pendingCount"),
        resolution_seconds=deployed[-1].resolution_seconds if deployed else None,
        task_definition=definition,
        sizes=sizes,
        deploying=_deploying(described),
        scaling=target,
        service_arn=str(described["serviceArn"]),
        cluster_arn=str(described["clusterArn"]),
        deployment_controller=str(described.get("deploymentController", {}).get("type", "ECS")),
        rollout=_rollout(described),
        zone_rebalancing=described.get("availabilityZoneRebalancing") == "ENABLED",
        platform_version=str(described.get("platformVersion", "")),
        public_ip=_network(described).get("assignPublicIp") == "ENABLED",
        managed_tags=bool(described.get("enableECSManagedTags")),
        propagate_tags=str(described.get("propagateTags", "NONE")),
        resource_management=str(described.get("resourceManagementType", "CUSTOMER")),
        load_balanced=bool(described.get("loadBalancers")),
        target_groups=target_groups,
        created_at=_utc(described.get("createdAt")),
        insights=insights,
        tags={str(tag["key"]): str(tag.get("value", "")) for tag in described.get("tags", ())},
    )


def _setup(described: Mapping[str, Any], definition: TaskDefinition, target: Scaling | None, *, unknown: str) -> Setup:
    policies: tuple[Policy, ...] = (OtherPolicy(why=unknown),) if unknown else ()
    return Setup(
        size=definition.size,
        architecture=definition.architecture,
        os=definition.os,
        ephemeral_gib=definition.ephemeral_gib,
        capacity=_capacity(described),
        desired=int(described.get("desiredCount", 0)),
        minimum=target.minimum if target else None,
        maximum=target.maximum if target else None,
        policies=tuple(named.policy for named in target.policies) if target else policies,
        schedule=tuple(named.action for named in target.schedule) if target else (),
    )


def _rollout(described: Mapping[str, Any]) -> Rollout:
    """How tasks are replaced; what ECS does not say is as documented for services with rolling updates."""
    said = described.get("deploymentConfiguration", {})
    breaker, alarms = said.get("deploymentCircuitBreaker", {}), said.get("alarms", {})
    threshold = breaker.get("thresholdConfiguration", {})
    return Rollout(
        minimum_percent=int(said.get("minimumHealthyPercent", 100)),
        maximum_percent=int(said.get("maximumPercent", 200)),
        strategy=str(said.get("strategy", "ROLLING")),
        circuit_breaker=bool(breaker.get("enable", False)),
        rollback=bool(breaker.get("rollback", False)),
        threshold=int(threshold.get("value", 50)),
        threshold_type=str(threshold.get("type", "BOUNDED_PERCENT")),
        alarms=tuple(map(str, alarms.get("alarmNames", ()))) if alarms.get("enable") else (),
        alarms_roll_back=bool(alarms.get("rollback", False)),
        bake_minutes=int(said.get("bakeTimeInMinutes", 0)),
        grace_seconds=int(described.get("healthCheckGracePeriodSeconds", 0)),
    )


def _network(described: Mapping[str, Any]) -> Mapping[str, Any]:
    return dict(described.get("networkConfiguration", {}).get("awsvpcConfiguration", {}))


def _capacity(described: Mapping[str, Any]) -> tuple[CapacityShare, ...]:
    """The strategy; a launch type of FARGATE is the strategy of FARGATE alone."""
    shares = tuple(
        CapacityShare(
            provider=cast("Provider", share["capacityProvider"]),
            base=int(share.get("base", 0)),
            weight=int(share.get("weight", 0)),
        )
        for share in described.get("capacityProviderStrategy", ())
    )
    return shares or (CapacityShare(),)


def _since_primary(described: Mapping[str, Any], definition: TaskDefinition) -> tuple[SizeChange, ...]:
    """What the service itself says, where its deployments cannot be read: since when it has its present size."""
    starts = [d["createdAt"] for d in described.get("deployments", ()) if d.get("status") == "PRIMARY"]
    if not starts:
        return ()
    return (size_change(starts[0], definition.arn, definition),)


def _deploying(described: Mapping[str, Any]) -> bool:
    deployments = described.get("deployments", ())
    return len(deployments) > 1 or any(d.get("rolloutState") == "IN_PROGRESS" for d in deployments)


def _utc(instant: datetime | None) -> datetime | None:
    return None if instant is None else instant.astimezone(UTC)
