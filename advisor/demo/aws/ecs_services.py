"""Services: create, update, delete, list, describe. moto loses most of what a service is (PROBES 1.2, 1.6)."""

from advisor.demo.aws.ecs_definitions import find_definition
from advisor.demo.aws.ecs_paging import page
from advisor.demo.aws.ecs_rollouts import SCHEDULER, fill, settled, start_rollout
from advisor.demo.aws.ecs_service_rules import (
    SETTINGS,
    changed_spec,
    check_spec,
    default_settings,
    deployment_configuration,
    first_spec,
    refuse,
)
from advisor.demo.aws.ecs_service_view import show_service
from advisor.demo.aws.ecs_state import (
    HeldService,
    Wire,
    World,
    cluster_of,
    find_service,
    missing,
    partition,
    refuse_more_than,
    short,
)
from advisor.demo.aws.ecs_tasks import stop
from advisor.demo.aws.wire import Call, LocalAws, answers

TRIGGERS = (  # an update of these starts a deployment [B44:ecs UpdateService; monitoring: FACTS 5.2]
    "taskDefinition",
    "networkConfiguration",
    "platformVersion",
    "loadBalancers",
    "serviceRegistries",
    "serviceConnectConfiguration",
    "volumeConfigurations",
    "vpcLatticeConfigurations",
    "monitoring",
)


@answers("ecs", "CreateService")
def create_service(aws: LocalAws, call: Call) -> Wire:
    """A service with its first deployment and its tasks; the name of a living service is refused [B44:ecs]."""
    params = call.params
    world = settled(aws, call.account, call.region)
    cluster, name = cluster_of(aws, call), params["serviceName"]
    there = world.services.get((cluster, name))
    if there and there.status != "INACTIVE":
        raise refuse("Creation of service was not idempotent.")
    definition = _definition(world, params)
    settings = default_settings(world, params)
    desired = params.get("desiredCount", 1 if settings["schedulingStrategy"] == "DAEMON" else None)
    if desired is None or desired < 0:
        raise refuse("A service with the REPLICA strategy needs a desired count of at least 0.")
    service = HeldService(
        arn=world.arn("service", f"{cluster}/{name}"),
        name=name,
        cluster_arn=world.arn("cluster", cluster),
        created_at=aws.clock(),
        created_by=f"arn:{partition(call.region)}:iam::{call.account}:root",
        desired=desired,
        settings=settings,
        spec=first_spec(aws, call, cluster, definition),
        tags=list(params.get("tags") or []),
    )
    world.services[cluster, name] = service
    start_rollout(world, service, now=aws.clock())
    return {"service": show_service(settled(aws, call.account, call.region), service, tags=True)}


@answers("ecs", "UpdateService")
def update_service(aws: LocalAws, call: Call) -> Wire:
    """Only some fields start a deployment; desiredCount and deploymentConfiguration do not [B44:ecs].

    A capacityProviderStrategy starts none by itself: it needs forceNewDeployment to reach running tasks. An
    empty one goes back to the launch type.
    """
    params = call.params
    world = settled(aws, call.account, call.region)
    cluster = cluster_of(aws, call)
    service = find_service(world, cluster, params["service"])
    if params.get("desiredCount", 0) < 0:
        raise refuse("desiredCount cannot be less than 0.")
    before, service_spec = service.spec, _updated_spec(aws, call, world, service)
    service.spec = service_spec
    service.desired = params.get("desiredCount", service.desired)
    _update_settings(service, params)
    changed = any(before.get(key) != service_spec.get(key) for key in TRIGGERS)
    if changed or params.get("forceNewDeployment"):
        start_rollout(world, service, now=aws.clock())
    else:
        fill(world, service, now=aws.clock())
    return {"service": show_service(settled(aws, call.account, call.region), service, tags=True)}


@answers("ecs", "DeleteService")
def delete_service(aws: LocalAws, call: Call) -> Wire:
    """A service with tasks wanted is deleted by force only; it is INACTIVE then, and no longer listed [B44:ecs]."""
    world = settled(aws, call.account, call.region)
    service = find_service(world, cluster_of(aws, call), call.params["service"])
    if service.desired > 0 and not call.params.get("force"):
        raise refuse("The service cannot be stopped while it is scaled above 0.")
    service.desired, service.status = 0, "INACTIVE"
    world.rolling.discard((service.cluster, service.name))
    stop(world.tasks_of(service), now=aws.clock(), code=SCHEDULER, reason="Service deleted")
    return {"service": show_service(world, service, tags=True)}


@answers("ecs", "DescribeServices")
def describe_services(aws: LocalAws, call: Call) -> Wire:
    """At most 10 services a call; unknown ones are failures; tags only when included [FACTS 8]."""
    names = call.params["services"]
    refuse_more_than(10, names, "Services")
    if not names:
        raise refuse("Services cannot be empty.")
    world, cluster = settled(aws, call.account, call.region), cluster_of(aws, call)
    found = {name: world.services.get((cluster, short(name))) for name in names}
    tags = "TAGS" in call.params.get("include", ())
    shown = [show_service(world, service, tags=tags) for service in found.values() if service]
    lost = [name if name.startswith("arn:") else f"{cluster}/{name}" for name, service in found.items() if not service]
    return {"services": shown, "failures": missing(world, "service", lost)}


@answers("ecs", "ListServices")
def list_services(aws: LocalAws, call: Call) -> Wire:
    """The living services of exactly this cluster, 10 a page unless asked for up to 100 [FACTS 8]."""
    world, cluster = settled(aws, call.account, call.region), cluster_of(aws, call)
    wanted = {key: call.params.get(key) for key in ("launchType", "schedulingStrategy", "resourceManagementType")}
    arns = [
        service.arn
        for (there, _), service in sorted(world.services.items())
        if there == cluster and service.status == "ACTIVE" and _matches(service, wanted)
    ]
    return page(arns, call, "serviceArns", default=10)


def _matches(service: HeldService, wanted: dict[str, str | None]) -> bool:
    has = service.settings | service.spec
    return all(value is None or has.get(key) == value for key, value in wanted.items())


def _definition(world: World, params: Wire) -> Wire:
    if not params.get("taskDefinition"):
        raise refuse("TaskDefinition cannot be blank.")
    definition = find_definition(world, params["taskDefinition"])
    if definition["status"] != "ACTIVE":
        raise refuse("TaskDefinition is inactive")
    return definition


def _updated_spec(aws: LocalAws, call: Call, world: World, service: HeldService) -> Wire:
    """The spec after the update, checked; nothing is changed yet."""
    params, changes = call.params, {}
    definition = world.definitions[service.spec["taskDefinition"]]
    if params.get("taskDefinition"):
        definition = _definition(world, params)
        changes["taskDefinition"] = definition["taskDefinitionArn"]
    spec = changed_spec(service.spec, params, changes)
    if params.get("capacityProviderStrategy") == []:
        fargate = "FARGATE" in definition.get("requiresCompatibilities", ())
        spec.pop("capacityProviderStrategy")
        spec["launchType"] = "FARGATE" if fargate else "EC2"
    check_spec(aws, call, service.cluster, spec, definition)
    return spec


def _update_settings(service: HeldService, params: Wire) -> None:
    given = {key: params[key] for key in SETTINGS if params.get(key) is not None}
    given.pop("schedulingStrategy", None)
    configuration = deployment_configuration(params, service.settings["deploymentConfiguration"])
    service.settings = service.settings | given | {"deploymentConfiguration": configuration}
