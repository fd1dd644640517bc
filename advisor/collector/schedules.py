"""What starts tasks without a service: EventBridge rules, and schedules of EventBridge Scheduler.

Of a target, its cluster, task definition, count and place are taken; its `Input`, which holds overrides, is not.
"""

import json
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Literal

from advisor.collector.answers import NOT_AS_DOCUMENTED, harmless, storable
from advisor.collector.asking import ask, pages
from advisor.collector.services import FARGATE_PROVIDERS
from advisor.collector.sessions import AwsSession
from advisor.collector.several import each, tried
from advisor.domain.errors import AwsFailed, one_line
from advisor.domain.inventory import Skipped, TaskSchedule

PER_PAGE = 100  # documented: the largest page of ListRuleNamesByTarget, ListTargetsByRule and ListSchedules
MOST_TASKS = 10_000  # chosen: a count above it is none; RunTask takes 10
UNIVERSAL = ":scheduler:::aws-sdk:ecs:runTask"  # a target whose Input is the request itself; UNCONFIRMED form
Found = TaskSchedule | Skipped


def rules_of_cluster(session: AwsSession, region: str, cluster_arn: str) -> Iterator[Found]:
    """The targets of EventBridge rules that run tasks in a cluster; raises AwsFailed."""
    given: dict[str, Any] = {"TargetArn": cluster_arn, "Limit": PER_PAGE}
    for name in sorted(pages(session, region, "events", "ListRuleNamesByTarget", "RuleNames", **given)):
        rule = ask(session, region, "events", "DescribeRule", Name=name)
        when = {"expression": rule.get("ScheduleExpression"), "enabled": rule.get("State", "ENABLED") != "DISABLED"}
        for target in pages(session, region, "events", "ListTargetsByRule", "Targets", Rule=name, Limit=PER_PAGE):
            if target.get("Arn") == cluster_arn and "EcsParameters" in target:
                told = {"cluster": cluster_arn, "parameters": target["EcsParameters"], **when}
                yield _found(session, region, kind="rule", name=name, **told)


def schedules_of_region(session: AwsSession, region: str) -> tuple[list[Found], list[AwsFailed]]:
    """The schedules of EventBridge Scheduler that run tasks, and what could not be read."""

    def briefs() -> list[Mapping[str, Any]]:
        listed = pages(session, region, "scheduler", "ListSchedules", "Schedules", MaxResults=PER_PAGE)
        return [brief for brief in listed if _runs_tasks(brief)]

    found = tried(session, region, "scheduler:ListSchedules", briefs)
    if isinstance(found, AwsFailed):
        return [], [found]
    return each(session, region, "scheduler:GetSchedule", partial(_schedule, session, region), found)


def _runs_tasks(brief: Mapping[str, Any]) -> bool:
    arn = str(brief.get("Target", {}).get("Arn", ""))
    return arn.endswith(UNIVERSAL) or (":ecs:" in arn and ":cluster/" in arn)


def _schedule(session: AwsSession, region: str, brief: Mapping[str, Any]) -> Iterator[Found]:
    given = {"Name": brief["Name"], "GroupName": brief.get("GroupName", "default")}
    said = ask(session, region, "scheduler", "GetSchedule", **given)
    target = said.get("Target", {})
    cluster, parameters = str(target.get("Arn", "")), target.get("EcsParameters", {})
    if cluster.endswith(UNIVERSAL):
        cluster, parameters = _universal(target.get("Input"))
    when = {
        "expression": said.get("ScheduleExpression"),
        "timezone": said.get("ScheduleExpressionTimezone") or "UTC",
        "enabled": said.get("State", "ENABLED") != "DISABLED",
    }
    name = f"{given['GroupName']}/{given['Name']}"
    yield _found(session, region, kind="schedule", name=name, cluster=cluster, parameters=parameters, **when)


def _universal(text: str | None) -> tuple[str, dict[str, Any]]:
    """Cluster and parameters in the Input of a universal target, none where it cannot be read.

    Nothing else of it leaves here. Its keys are taken in any case.
    """
    try:
        said = _lower(harmless(json.loads(text or "{}")))
        parameters = {
            "TaskDefinitionArn": said.get("taskdefinition"),
            "TaskCount": said.get("count"),
            "LaunchType": said.get("launchtype"),
            "CapacityProviderStrategy": [
                {"capacityProvider": _lower(share).get("capacityprovider")}
                for share in said.get("capacityproviderstrategy") or ()
            ],
        }
    except NOT_AS_DOCUMENTED:
        return "", {}
    cluster = said.get("cluster") or "default"
    told = {key: value for key, value in parameters.items() if value is not None}
    return (cluster, told) if isinstance(cluster, str) else ("", {})


def _lower(said: Mapping[str, Any]) -> dict[str, Any]:
    return {key.lower(): value for key, value in said.items()}


def _found(
    session: AwsSession,
    region: str,
    *,
    kind: Literal["rule", "schedule"],
    name: str,
    cluster: str,
    parameters: Mapping[str, Any],
    **when: Any,
) -> Found:
    family, revision = _definition(parameters)
    place = cluster.rpartition("/")[2]
    if why := _why_not(family, parameters):
        reason = f"started by EventBridge {kind} {one_line(name)} {why}"
        return Skipped(service=f"{place}/{family}", account=session.account, region=region, reason=reason)
    schedule = TaskSchedule(
        account=session.account,
        region=region,
        kind=kind,
        name=name,
        cluster=place,
        family=family,
        revision=int(revision) if revision.isdecimal() else None,
        count=parameters.get("TaskCount", 1),
        **when,
    )
    return storable(schedule)


def _definition(parameters: Mapping[str, Any]) -> tuple[str, str]:
    """Family and revision, empty where they are not told."""
    arn = parameters.get("TaskDefinitionArn")
    family, _, revision = (arn if isinstance(arn, str) else "").rpartition("/")[2].partition(":")
    return family, revision


def _why_not(family: str, parameters: Mapping[str, Any]) -> str:
    """Why what a target starts is not covered; empty where it is on Fargate, as launch type or by its providers."""
    launch_type, count = parameters.get("LaunchType"), parameters.get("TaskCount", 1)
    providers = [str(share.get("capacityProvider")) for share in parameters.get("CapacityProviderStrategy", ())]
    foreign = [provider for provider in providers if provider not in FARGATE_PROVIDERS]
    checks = {
        "on an unreadable target": not family,
        f"whose count is no whole number from 1 to {MOST_TASKS:,}": type(count) is not int
        or not 1 <= count <= MOST_TASKS,
        f"on capacity provider {one_line(', '.join(foreign))}, not on Fargate": bool(foreign),
        "with launch type not told: the default of its cluster decides, which is not read": not providers
        and launch_type is None,
        f"on {one_line(str(launch_type))}, not on Fargate": not providers and launch_type != "FARGATE",
    }
    return next((why for why, true in checks.items() if true), "")
