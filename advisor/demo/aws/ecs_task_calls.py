"""Calls about tasks: run, stop, list, describe. Reading changes nothing, unlike in moto (PROBES 1.2).  [B44:ecs]"""

from advisor.demo.aws.ecs_definitions import find_definition
from advisor.demo.aws.ecs_paging import page
from advisor.demo.aws.ecs_rollouts import fill, settled
from advisor.demo.aws.ecs_service_rules import check_spec, placement, refuse, with_network_defaults
from advisor.demo.aws.ecs_state import Wire, World, cluster_of, is_wanted, missing, refuse_more_than, short
from advisor.demo.aws.ecs_tasks import Launch, next_provider, run, start_task, stop
from advisor.demo.aws.wire import AwsError, Call, LocalAws, answers


@answers("ecs", "RunTask")
def run_task(aws: LocalAws, call: Call) -> Wire:
    """Up to 10 standalone tasks; on Fargate containers need no memory of their own [FACTS 8, B44:ecs].

    A task may be given another cpu and memory than its definition has.
    """
    params, count = call.params, call.params.get("count") or 1
    if not 1 <= count <= 10:
        raise refuse("count should be between 1 and 10")
    world, cluster = settled(aws, call.account, call.region), cluster_of(aws, call)
    definition = find_definition(world, params["taskDefinition"])
    spec: Wire = placement(aws, call, cluster) | {"platformVersion": params.get("platformVersion", "LATEST")}
    spec |= {"networkConfiguration": params["networkConfiguration"]} if params.get("networkConfiguration") else {}
    check_spec(aws, call, cluster, spec, definition)
    tags = definition["tags"] if params.get("propagateTags") == "TASK_DEFINITION" else []
    launch = Launch(
        cluster_arn=world.arn("cluster", cluster),
        definition=definition,
        spec=with_network_defaults(spec),
        group=params.get("group") or f"family:{definition['family']}",
        started_by=params.get("startedBy", ""),
        tags=[*tags, *(params.get("tags") or [])],
        overrides=params.get("overrides") or {},
        execute_command=bool(params.get("enableExecuteCommand")),
    )
    tasks: list[Wire] = []
    for _ in range(count):
        provider, now = next_provider(spec, tasks), aws.clock()
        tasks.append(start_task(world, launch, provider=provider, created=now))
        run(tasks[-1], now=now)
    return {"tasks": [_shown(task, tags=True) for task in tasks], "failures": []}


@answers("ecs", "StopTask")
def stop_task(aws: LocalAws, call: Call) -> Wire:
    """The task ends with code UserInitiated; a service starts another in its place [B44:ecs]."""
    world, cluster = settled(aws, call.account, call.region), cluster_of(aws, call)
    task = _find(world, cluster, call.params["task"])
    if task is None:
        raise refuse("The referenced task was not found.")
    reason = call.params.get("reason", "Task stopped by user")
    if is_wanted(task):
        stop([task], now=aws.clock(), code="UserInitiated", reason=reason)
    kind, _, name = task["group"].partition(":")
    if kind == "service" and (service := world.services.get((cluster, name))):
        fill(world, service, now=aws.clock())
    return {"task": _shown(task, tags=True)}


@answers("ecs", "ListTasks")
def list_tasks(aws: LocalAws, call: Call) -> Wire:
    """Tasks of exactly this cluster, RUNNING unless asked otherwise, by service, family and more [B44:ecs]."""
    world, cluster = settled(aws, call.account, call.region), cluster_of(aws, call)
    params = call.params
    service = params.get("serviceName")
    if service and (cluster, short(service)) not in world.services:
        raise AwsError("ServiceNotFoundException", "Service not found.")
    wanted = {
        "clusterArn": world.arn("cluster", cluster),
        "desiredStatus": params.get("desiredStatus", "RUNNING"),
        "group": f"service:{short(service)}" if service else None,
        "startedBy": params.get("startedBy"),
        "launchType": params.get("launchType"),
    }
    arns = [
        task["taskArn"]
        for task in world.tasks.values()
        if all(value is None or task.get(key) == value for key, value in wanted.items())
        and params.get("family") in (None, short(task["taskDefinitionArn"]).partition(":")[0])
    ]
    return page(arns, call, "taskArns")


@answers("ecs", "DescribeTasks")
def describe_tasks(aws: LocalAws, call: Call) -> Wire:
    """Up to 100 tasks; describing them changes nothing [FACTS 8; PROBES 1.2]."""
    names = call.params["tasks"]
    refuse_more_than(100, names, "Tasks")
    if not names:
        raise refuse("Tasks cannot be empty.")
    world, cluster = settled(aws, call.account, call.region), cluster_of(aws, call)
    found = {name: _find(world, cluster, name) for name in names}
    tags = "TAGS" in call.params.get("include", ())
    shown = [_shown(task, tags=tags) for task in found.values() if task]
    lost = (f"{cluster}/{short(name)}" for name, task in found.items() if not task)
    return {"tasks": shown, "failures": missing(world, "task", lost)}


def _find(world: World, cluster: str, name: str) -> Wire | None:
    return world.tasks.get(world.arn("task", f"{cluster}/{short(name)}"))


def _shown(task: Wire, *, tags: bool) -> Wire:
    return {key: value for key, value in task.items() if tags or key != "tags"}
