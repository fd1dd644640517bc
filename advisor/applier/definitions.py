"""Task definitions, carried over whole: only the size and the containers' own limits change.

Everything here holds values of environment and secrets in memory, and lets none of them out: what is
returned for messages and for the journal are ARNs and names of fields.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from advisor.applier.aws import Aws
from advisor.domain.errors import AwsFailed

# Documented: what DescribeTaskDefinition adds and RegisterTaskDefinition does not take.
ADDED_BY_AWS = (
    "taskDefinitionArn",
    "revision",
    "status",
    "requiresAttributes",
    "compatibilities",
    "registeredAt",
    "registeredBy",
    "deregisteredAt",
    "deleteRequestedAt",
)


def request_for(
    definition: Mapping[str, Any], tags: Sequence[Mapping[str, str]], parameters: Mapping[str, Any]
) -> dict[str, Any]:
    """The RegisterTaskDefinition request that carries everything over and sets the named fields."""
    request = {key: value for key, value in definition.items() if key not in ADDED_BY_AWS}
    changes = {change["name"]: change for change in parameters.get("containers", ())}
    request["containerDefinitions"] = [
        {**container, **changes.get(container["name"], {})} for container in definition["containerDefinitions"]
    ]
    request |= {"cpu": parameters["cpu"], "memory": parameters["memory"]}
    return request | ({"tags": [dict(tag) for tag in tags]} if tags else {})


def fields_not_carried(request: Mapping[str, Any], answer: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the fields in which a registered revision differs from its request; values are not told."""
    held = dict(answer["taskDefinition"])
    carried = {key: value for key, value in held.items() if key not in ADDED_BY_AWS}
    wanted = {key: value for key, value in request.items() if key != "tags"}
    names = [key for key in sorted({*carried, *wanted}) if _filled(carried.get(key)) != _filled(wanted.get(key))]
    if _tags(answer.get("tags", ())) != _tags(request.get("tags", ())):
        names.append("tags")
    return tuple(names)


def describe(aws: Aws, name: str) -> Mapping[str, Any]:
    """A revision with its tags, by ARN, `family:revision`, or `family` for the latest active one."""
    return aws.ecs("describe_task_definition", taskDefinition=name, include=["TAGS"])


def ours(aws: Aws, *, base: str, parameters: Mapping[str, Any], after: int, registered: str | None) -> Iterator[str]:
    """ARNs of the active revisions that an apply registered.

    `after` is the family's latest revision before the call. Where the call's answer was written down, what was
    registered in between is looked at too (a retry by botocore can register twice); where it was not, all
    later ones are. A revision is ours where it is, field by field, what we asked for.
    """
    family = parameters["family"]
    source = describe(aws, base)
    request = request_for(source["taskDefinition"], source.get("tags", ()), parameters)
    latest = revision_of(registered) if registered else latest_revision(aws, family, default=after)
    for revision in range(after + 1, latest + 1):
        found = describe(aws, f"{family}:{revision}")
        definition = found["taskDefinition"]
        arn = definition["taskDefinitionArn"]
        if definition.get("status") == "ACTIVE" and (arn == registered or not fields_not_carried(request, found)):
            yield arn


def latest_revision(aws: Aws, family: str, *, default: int) -> int:
    """The number of the family's latest active revision; `default` where it has none."""
    try:
        number: int = describe(aws, family)["taskDefinition"]["revision"]
    except AwsFailed:
        return default
    return number


def revision_of(arn: str) -> int:
    """The revision's number at the end of its ARN."""
    return int(arn.rpartition(":")[2])


def _tags(tags: Sequence[Mapping[str, str]]) -> dict[str, str]:
    return {tag["key"]: tag.get("value", "") for tag in tags}


def _filled(value: Any) -> Any:
    """None in place of nothing at all, as AWS leaves out or fills in empty lists."""
    return None if value in ([], {}, "") else value
