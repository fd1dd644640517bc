"""What starts tasks without a service: EventBridge rules, and schedules of EventBridge Scheduler.

Of a target, its cluster, task definition, count and place are taken; its `Input`, which holds overrides, is not.
"""

import json
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Literal

from advisor.collector.asking import ask, pages
from advisor.collector.sessions import AwsSession
from advisor.collector.several import each
from advisor.domain.errors import AwsFailed, one_line
from advisor.domain.inventory import Skipped, TaskSchedule

PER_PAGE = 100  # documented: the largest page of ListRuleNamesByTarget, ListTargetsByRule and ListSchedules
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
    try:
        listed = list(pages(session, region, "scheduler", "ListSchedules", "Schedules", MaxResults=PER_PAGE))
    except AwsFailed as error:
        return [], [error]
    briefs = [brief for brief in listed if _runs_tasks(brief)]
    return each(session, region, "scheduler:GetSchedule", partial(_schedule, session, region), briefs)


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
    """Cluster and parameters in the Input of a universal target; nothing else of it leaves here."""
    try:
        said = {str(key).lower(): value for key, value in json.loads(text or "{}").items()}
    except (ValueError, AttributeError):
        said = {}
    parameters = {
        "TaskDefinitionArn": said.get("taskdefinition"),
        "TaskCount": said.get("count"),
        "LaunchType": said.get("launchtype"),
    }
    return str(said.get("cluster") or "default"), {key: value for key, value in parameters.items() if value}


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
    family, _, revision = str(parameters.get("TaskDefinitionArn", "")).rpartition("/")[2].partition(":")
    place, launch_type = cluster.rpartition("/")[2], parameters.get("LaunchType", "FARGATE")
    if not family or launch_type != "FARGATE":
        told = one_line(str(launch_type)) if family else "an unreadable target"
        reason = f"started by EventBridge {kind} {one_line(name)} on {told}, not on Fargate"
        return Skipped(service=f"{place}/{family}", account=session.account, region=region, reason=reason)
    return TaskSchedule(
        account=session.account,
        region=region,
        kind=kind,
        name=name,
        cluster=place,
        family=family,
        revision=int(revision) if revision.isdecimal() else None,
        count=int(parameters.get("TaskCount", 1)),
        **when,
    )
