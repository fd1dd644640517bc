"""The scalable targets of a region, with policies, alarms and scheduled actions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from advisor.collector.asking import pages
from advisor.collector.policies import named_policy, named_schedule
from advisor.collector.sessions import AwsSession
from advisor.domain.errors import AwsFailed
from advisor.domain.inventory import NamedPolicy, Scaling
from advisor.domain.policy import OtherPolicy

DIMENSION = "ecs:service:DesiredCount"
ALARMS_PER_CALL = 100  # documented: DescribeAlarms takes at most 100 names


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalingOfRegion:
    """By resource id (`service/cluster/name`); `unknown` says why nothing is known of any target."""

    targets: Mapping[str, Scaling] = field(default_factory=dict)
    unknown: str = ""
    failures: tuple[AwsFailed, ...] = ()


def scaling_of_region(session: AwsSession, region: str, *, now: datetime) -> ScalingOfRegion:
    """Everything that scales services in a region; what cannot be read becomes a failure, the rest goes on."""
    answers: dict[str, list[Mapping[str, Any]]] = {}
    failures: dict[str, AwsFailed] = {}
    for action, key in (
        ("DescribeScalableTargets", "ScalableTargets"),
        ("DescribeScalingPolicies", "ScalingPolicies"),
        ("DescribeScheduledActions", "ScheduledActions"),
    ):
        try:
            found = list(pages(session, region, "application-autoscaling", action, key, ServiceNamespace="ecs"))
        except AwsFailed as error:
            failures[key], found = error, []
        answers[key] = [entry for entry in found if entry.get("ScalableDimension", DIMENSION) == DIMENSION]
    if "ScalableTargets" in failures:
        why = f"scaling could not be read: {failures['ScalableTargets']}"
        return ScalingOfRegion(unknown=why, failures=tuple(failures.values()))
    alarms, alarm_failures = _alarms(session, region, answers["ScalingPolicies"])
    unread = [str(failures[key]) for key in ("ScalingPolicies", "ScheduledActions") if key in failures]
    current = [entry for entry in answers["ScheduledActions"] if not _is_over(entry, now)]
    targets = {
        target["ResourceId"]: _scaling(
            target, _of(target, answers["ScalingPolicies"]), _of(target, current), alarms, unread
        )
        for target in answers["ScalableTargets"]
    }
    return ScalingOfRegion(targets=targets, failures=(*failures.values(), *alarm_failures))


def _scaling(
    target: Mapping[str, Any],
    policies: Iterable[Mapping[str, Any]],
    schedule: Iterable[Mapping[str, Any]],
    alarms: Mapping[str, Mapping[str, Any]],
    unread: Iterable[str],
) -> Scaling:
    suspended = target.get("SuspendedState", {})
    unknown = (NamedPolicy(name="", arn="", policy=OtherPolicy(why=f"could not be read: {u}")) for u in unread)
    return Scaling(
        minimum=int(target["MinCapacity"]),
        maximum=int(target["MaxCapacity"]),
        scale_in_suspended=bool(suspended.get("DynamicScalingInSuspended", False)),
        scale_out_suspended=bool(suspended.get("DynamicScalingOutSuspended", False)),
        scheduled_suspended=bool(suspended.get("ScheduledScalingSuspended", False)),
        policies=(*(named_policy(policy, alarms) for policy in policies), *unknown),
        schedule=tuple(named_schedule(action) for action in schedule),
    )


def _of(target: Mapping[str, Any], entries: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    mine = [entry for entry in entries if entry.get("ResourceId") == target["ResourceId"]]
    return sorted(mine, key=lambda entry: str(entry.get("PolicyName", entry.get("ScheduledActionName", ""))))


def _is_over(action: Mapping[str, Any], now: datetime) -> bool:
    return "EndTime" in action and action["EndTime"] <= now


def _alarms(
    session: AwsSession, region: str, policies: Iterable[Mapping[str, Any]]
) -> tuple[dict[str, Mapping[str, Any]], tuple[AwsFailed, ...]]:
    names = sorted({alarm["AlarmName"] for policy in policies for alarm in policy.get("Alarms", ())})
    found: dict[str, Mapping[str, Any]] = {}
    try:
        for first in range(0, len(names), ALARMS_PER_CALL):
            some = names[first : first + ALARMS_PER_CALL]
            for alarm in pages(
                session, region, "cloudwatch", "DescribeAlarms", "MetricAlarms", AlarmNames=some, MaxRecords=100
            ):
                found[alarm["AlarmName"]] = alarm
    except AwsFailed as error:
        return found, (error,)
    return found, ()
