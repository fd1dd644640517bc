"""Task definitions: moto numbers the revisions; validation, the fields it forgets, and lists are here."""

from datetime import datetime
from typing import Any

from advisor.demo.aws.ecs_definition_rules import check_fargate, normal_size
from advisor.demo.aws.ecs_paging import page
from advisor.demo.aws.ecs_state import Wire, World, held, partition, short
from advisor.demo.aws.wire import AwsError, Call, LocalAws, answers

_DROPPED_BY_MOTO = ("enableFaultInjection", "trustedExecutionConfiguration", "proxyConfiguration", "pidMode", "ipcMode")
_ATTRIBUTES = {  # what a field of the definition requires of the place where tasks run [B44:ecs]
    "taskRoleArn": "com.amazonaws.ecs.capability.task-iam-role",
    "executionRoleArn": "ecs.capability.execution-role-ecr-pull",
}


@answers("ecs", "RegisterTaskDefinition")
def register_task_definition(aws: LocalAws, call: Call) -> Wire:
    """Fargate sizes, sums and storage are checked; both spellings of cpu and memory are stored in digits.

    `registeredAt`, `registeredBy` and `requiresAttributes` are in the answer [B44:ecs]; moto has none of them.
    """
    params = call.params
    size = normal_size(params)
    if "FARGATE" in params.get("requiresCompatibilities", ()):
        check_fargate(params, size)
    made = aws.moto(call, **size)["taskDefinition"]
    kept = {key: params[key] for key in _DROPPED_BY_MOTO if params.get(key) is not None}
    mode = {"networkMode": params["networkMode"]} if params.get("networkMode") else {}
    definition = (
        made
        | kept
        | mode
        | {
            "registeredAt": aws.clock(),
            "registeredBy": f"arn:{partition(call.region)}:iam::{call.account}:root",
            "requiresAttributes": _attributes(params),
        }
    )
    tags = list(params.get("tags") or [])
    held(aws, call.account, call.region).definitions[made["taskDefinitionArn"]] = definition | {"tags": tags}
    return {"taskDefinition": definition, "tags": tags}


@answers("ecs", "DescribeTaskDefinition")
def describe_task_definition(aws: LocalAws, call: Call) -> Wire:
    """By ARN, family:revision, or family for its newest ACTIVE revision; tags only when included [B44:ecs]."""
    definition = find_definition(held(aws, call.account, call.region), call.params["taskDefinition"])
    tags = {"tags": definition["tags"]} if "TAGS" in call.params.get("include", ()) else {}
    return {"taskDefinition": without_tags(definition)} | tags


@answers("ecs", "DeregisterTaskDefinition")
def deregister_task_definition(aws: LocalAws, call: Call) -> Wire:
    """The revision becomes INACTIVE, with the instant, and can still be described [B44:ecs]."""
    aws.moto(call)
    definition = find_definition(held(aws, call.account, call.region), call.params["taskDefinition"])
    definition |= {"status": "INACTIVE", "deregisteredAt": aws.clock()}
    return {"taskDefinition": without_tags(definition)}


@answers("ecs", "DeleteTaskDefinitions")
def delete_task_definitions(aws: LocalAws, call: Call) -> Wire:
    """What moto deletes is gone here too."""
    answer = aws.moto(call)
    world = held(aws, call.account, call.region)
    deleted = [world.definitions.pop(d["taskDefinitionArn"], d) for d in answer["taskDefinitions"]]
    gone = [without_tags(d) | {"status": "DELETE_IN_PROGRESS", "deleteRequestedAt": aws.clock()} for d in deleted]
    return answer | {"taskDefinitions": gone}


@answers("ecs", "ListTaskDefinitions")
def list_task_definitions(aws: LocalAws, call: Call) -> Wire:
    """ARNs by family and revision, up or down, in pages of at most 100; the family is matched whole [B44:ecs]."""
    family, status = call.params.get("familyPrefix"), call.params.get("status", "ACTIVE")
    definitions = [
        d
        for d in held(aws, call.account, call.region).definitions.values()
        if d["status"] == status and family in (None, d["family"])
    ]
    definitions.sort(key=lambda d: (d["family"], d["revision"]), reverse=call.params.get("sort") == "DESC")
    return page([d["taskDefinitionArn"] for d in definitions], call, "taskDefinitionArns")


@answers("ecs", "ListTaskDefinitionFamilies")
def list_families(aws: LocalAws, call: Call) -> Wire:
    """Families by prefix; ACTIVE = with an active revision, INACTIVE = without; pages of at most 100 [B44:ecs]."""
    definitions = held(aws, call.account, call.region).definitions.values()
    active = {d["family"] for d in definitions if d["status"] == "ACTIVE"}
    every = {d["family"] for d in definitions}
    wanted = {"ACTIVE": active, "INACTIVE": every - active}.get(call.params.get("status", "ALL"), every)
    prefix = call.params.get("familyPrefix", "")
    return page(sorted(family for family in wanted if family.startswith(prefix)), call, "families")


def find_definition(world: World, name: str) -> Wire:
    """The held definition of an ARN, `family:revision` or family; raises ClientException."""
    family, _, revision = short(name).partition(":")
    arn = world.arn("task-definition", f"{family}:{revision}")
    if not revision:
        active = [d for d in world.definitions.values() if d["family"] == family and d["status"] == "ACTIVE"]
        newest = max(active, key=lambda d: int(d["revision"]), default=None)
        arn = newest["taskDefinitionArn"] if newest else ""
    if arn not in world.definitions:
        raise AwsError("ClientException", "Unable to describe task definition.")
    return world.definitions[arn]


def registered_before(world: World, arn: str, instant: datetime) -> None:
    """Make a definition at least as old as `instant`."""
    definition = find_definition(world, arn)
    definition["registeredAt"] = min(definition["registeredAt"], instant)


def without_tags(definition: Wire) -> Wire:
    """A definition as the wire has it: its tags stand beside it, not in it."""
    return {key: value for key, value in definition.items() if key != "tags"}


def _attributes(params: dict[str, Any]) -> list[dict[str, str]]:
    names = [name for key, name in _ATTRIBUTES.items() if params.get(key)]
    if params.get("networkMode") == "awsvpc":
        names.append("ecs.capability.task-eni")
    if any(container.get("secrets") for container in params["containerDefinitions"]):
        names.append("ecs.capability.secrets.ssm.environment-variables")
    drivers = {c["logConfiguration"]["logDriver"] for c in params["containerDefinitions"] if c.get("logConfiguration")}
    names += [f"com.amazonaws.ecs.capability.logging-driver.{driver}" for driver in sorted(drivers)]
    return [{"name": name} for name in names]
