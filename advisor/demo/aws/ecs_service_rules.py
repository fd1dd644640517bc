"""What ECS refuses in a service, and what it fills in where a request is silent.  [B44:ecs, FACTS 8]"""

from typing import Any

from advisor.demo.aws.ecs_clusters import FARGATE_PROVIDERS
from advisor.demo.aws.ecs_definition_rules import platform_of
from advisor.demo.aws.ecs_state import Wire, World, inner, partition
from advisor.demo.aws.ecs_tasks import platform
from advisor.demo.aws.wire import AwsError, Call, LocalAws

SPEC = (  # what a service revision holds besides the platform
    "taskDefinition",
    "launchType",
    "capacityProviderStrategy",
    "platformVersion",
    "networkConfiguration",
    "loadBalancers",
    "serviceRegistries",
    "serviceConnectConfiguration",
    "volumeConfigurations",
    "vpcLatticeConfigurations",
    "monitoring",
)
SETTINGS = (  # what a service has apart from its revisions
    "deploymentConfiguration",
    "placementConstraints",
    "placementStrategy",
    "healthCheckGracePeriodSeconds",
    "schedulingStrategy",
    "deploymentController",
    "enableECSManagedTags",
    "propagateTags",
    "enableExecuteCommand",
    "availabilityZoneRebalancing",
)
_DEPLOYMENT = {"maximumPercent": 200, "minimumHealthyPercent": 100, "strategy": "ROLLING", "bakeTimeInMinutes": 0}
_NETWORK = "Network Configuration must be provided when networkMode 'awsvpc' is specified."


def refuse(message: str) -> AwsError:
    """ECS's usual refusal."""
    return AwsError("InvalidParameterException", message)


def default_settings(world: World, params: Wire) -> Wire:
    """The settings that a new service is shown with; Availability Zone rebalancing is on [FACTS 8]."""
    role = f"arn:{partition(world.region)}:iam::{world.account}:role/aws-service-role/ecs.amazonaws.com"
    settings: Wire = {
        "placementConstraints": [],
        "placementStrategy": [],
        "schedulingStrategy": "REPLICA",
        "deploymentController": {"type": "ECS"},
        "enableECSManagedTags": False,
        "propagateTags": "NONE",
        "enableExecuteCommand": False,
        "availabilityZoneRebalancing": "ENABLED",
        "resourceManagementType": "CUSTOMER",
        "roleArn": f"{role}/AWSServiceRoleForECS",
    }
    if params.get("loadBalancers"):
        settings["healthCheckGracePeriodSeconds"] = 0
    given = {key: params[key] for key in SETTINGS if params.get(key) is not None}
    return settings | given | {"deploymentConfiguration": deployment_configuration(params, {})}


def deployment_configuration(params: Wire, before: Wire) -> Wire:
    """The whole deploymentConfiguration: defaults, then what was there, then what is asked for."""
    breaker = {"enable": False, "rollback": False}
    whole = _DEPLOYMENT | {"deploymentCircuitBreaker": breaker} | before
    return whole | (params.get("deploymentConfiguration") or {})


def first_spec(aws: LocalAws, call: Call, cluster: str, definition: Wire) -> Wire:
    """The spec of a new service: how its tasks are placed, and everything else that a revision holds."""
    params = call.params
    spec: Wire = {"loadBalancers": [], "serviceRegistries": []}
    spec |= {key: params[key] for key in SPEC if params.get(key)}
    spec |= {"taskDefinition": definition["taskDefinitionArn"]} | placement(aws, call, cluster)
    check_spec(aws, call, cluster, spec, definition)
    if on_fargate(spec):
        spec["platformVersion"] = params.get("platformVersion", "LATEST")
    return with_network_defaults(spec)


def placement(aws: LocalAws, call: Call, cluster: str) -> Wire:
    """launchType or capacityProviderStrategy, never both; without either, the cluster's default [B44:ecs]."""
    launch, strategy = call.params.get("launchType"), call.params.get("capacityProviderStrategy")
    if launch and strategy:
        raise refuse("Specifying both a launch type and capacity provider strategy is not supported.")
    if launch:
        return {"launchType": launch}
    described = inner(aws, call, "ecs", "DescribeClusters", clusters=[cluster])["clusters"][0]
    strategy = strategy or described.get("defaultCapacityProviderStrategy")
    return {"capacityProviderStrategy": _whole(strategy)} if strategy else {"launchType": "EC2"}


def check_spec(aws: LocalAws, call: Call, cluster: str, spec: Wire, definition: Wire) -> None:
    """Raise InvalidParameterException for a spec that ECS would not run."""
    if definition.get("networkMode") == "awsvpc" and not spec.get("networkConfiguration"):
        raise refuse(_NETWORK)
    if spec.get("launchType") == "FARGATE" and "FARGATE" not in definition.get("requiresCompatibilities", ()):
        raise refuse("Task definition does not support launch_type FARGATE.")
    if strategy := spec.get("capacityProviderStrategy"):
        _check_strategy(aws, call, cluster, strategy, definition)


def on_fargate(spec: Wire) -> bool:
    """Whether the tasks of a spec run on Fargate."""
    strategy = spec.get("capacityProviderStrategy") or ()
    return spec.get("launchType") == "FARGATE" or any(i["capacityProvider"] in FARGATE_PROVIDERS for i in strategy)


def platform_shown(spec: Wire, definition: Wire, *, resolved: bool) -> Wire:
    """platformVersion and platformFamily; a service says LATEST where a deployment says which that is."""
    if not on_fargate(spec):
        return {}
    shown = platform(definition, spec.get("platformVersion"))
    return shown if resolved else shown | {"platformVersion": spec.get("platformVersion", "LATEST")}


def with_network_defaults(spec: Wire) -> Wire:
    """assignPublicIp is DISABLED unless asked for [B44:ecs]."""
    network = spec.get("networkConfiguration", {}).get("awsvpcConfiguration")
    if not network:
        return spec
    whole = {"assignPublicIp": "DISABLED", "securityGroups": []} | network
    return spec | {"networkConfiguration": {"awsvpcConfiguration": whole}}


def _whole(strategy: list[Wire]) -> list[Wire]:
    return [{"weight": 0, "base": 0} | item for item in strategy]


def _check_strategy(aws: LocalAws, call: Call, cluster: str, strategy: list[Wire], definition: Wire) -> None:
    """At most 20 items, a base on one only, one weight above 0, Fargate not mixed, all known to the cluster."""
    names = [item["capacityProvider"] for item in strategy]
    fargate = [name for name in names if name in FARGATE_PROVIDERS]
    known = inner(aws, call, "ecs", "DescribeClusters", clusters=[cluster])["clusters"][0].get("capacityProviders", ())
    if len(strategy) > 20:
        raise refuse("A capacity provider strategy can have at most 20 items.")
    if sum(bool(item.get("base")) for item in strategy) > 1:
        raise refuse("Only one capacity provider in a strategy can have a base.")
    if not any(item.get("weight") for item in strategy):
        raise refuse("A capacity provider strategy needs one capacity provider with a weight above 0.")
    if fargate and len(fargate) != len(names):
        raise refuse("A strategy cannot mix Fargate and Auto Scaling group capacity providers.")
    if unknown := [name for name in names if name not in known]:
        raise refuse(f"The capacity provider {unknown[0]} is not associated with the cluster.")
    if "FARGATE_SPOT" in names and platform_of(definition)[0] == "WINDOWS":
        raise refuse("FARGATE_SPOT does not run Windows containers.")


def changed_spec(spec: Wire, params: dict[str, Any], changes: Wire) -> Wire:
    """The spec after an update; `changes` replaces values that need more than copying."""
    given = {key: params[key] for key in SPEC if key != "launchType" and params.get(key) is not None}
    after = spec | given | changes
    if "capacityProviderStrategy" in given:
        after.pop("launchType", None)
        after["capacityProviderStrategy"] = _whole(given["capacityProviderStrategy"])
    return with_network_defaults(after)
