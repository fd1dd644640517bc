"""Tags of services, tasks and task definitions; clusters keep theirs in moto.  [B44:ecs]"""

from typing import Any

from advisor.demo.aws.ecs_rollouts import settled
from advisor.demo.aws.ecs_state import Wire, World
from advisor.demo.aws.wire import AwsError, Call, LocalAws, answers

MOST = 50  # tags on one resource [B44:ecs]


@answers("ecs", "ListTagsForResource")
def list_tags(aws: LocalAws, call: Call) -> Wire:
    """The tags of a resource; an unknown one raises ResourceNotFoundException."""
    arn = call.params["resourceArn"]
    if ":cluster/" in arn:
        return aws.moto(call)
    return {"tags": list(_tags_at(settled(aws, call.account, call.region), arn))}


@answers("ecs", "TagResource")
def tag_resource(aws: LocalAws, call: Call) -> Wire:
    """Add tags; a key that is there gets the new value. At most 50 tags."""
    arn, given = call.params["resourceArn"], call.params["tags"]
    if ":cluster/" in arn:
        return aws.moto(call)
    tags = _tags_at(settled(aws, call.account, call.region), arn)
    merged = {tag["key"]: tag.get("value", "") for tag in [*tags, *given]}
    if len(merged) > MOST:
        raise AwsError("InvalidParameterException", f"A resource can have at most {MOST} tags.")
    tags[:] = [{"key": key, "value": value} for key, value in merged.items()]
    return {}


@answers("ecs", "UntagResource")
def untag_resource(aws: LocalAws, call: Call) -> Wire:
    """Take tags away by key."""
    arn, keys = call.params["resourceArn"], call.params["tagKeys"]
    if ":cluster/" in arn:
        return aws.moto(call)
    tags = _tags_at(settled(aws, call.account, call.region), arn)
    tags[:] = [tag for tag in tags if tag["key"] not in keys]
    return {}


def _tags_at(world: World, arn: str) -> list[dict[str, Any]]:
    """The list of tags that a resource holds, to be changed in place."""
    for service in world.services.values():
        if service.arn == arn:
            return service.tags
    held = world.tasks.get(arn) or world.definitions.get(arn)
    if held is None:
        raise AwsError("ResourceNotFoundException", "The specified resource was not found.")
    tags: list[dict[str, Any]] = held.setdefault("tags", [])
    return tags
