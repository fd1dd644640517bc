"""The scalable targets of a region, with policies, alarms and scheduled actions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from advisor.collector.asking import pages
from advisor.collector.policies import named_policy, named_schedule
from advisor.collector.sessions import AwsSession
from advisor.collector.several import tried
from advisor.domain.errors import AwsFailed
from advisor.domain.inventory import NamedPolicy, Scaling
from advisor.domain.policy import OtherPolicy
from advisor.domain.service import ServiceId

DIMENSION = "ecs:service:DesiredCount"
ALARMS_PER_CALL = 100  # documented: DescribeAlarms takes at most 100 names
Entry = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalingOfRegion:
    """By resource id (`service/cluster/name`); `unknown` says why nothing is known of any target."""

    targets: Mapping[str, Scaling | AwsFailed] = field(default_factory=dict)
    unknown: str = ""
    failures: tuple[AwsFailed, ...] = ()

    def target_of(self, id: ServiceId) -> Scaling | None:
        """The target of a service, None where it has none; raises AwsFailed where it cannot be read."""
        target = self.targets.get(f"service/{id.service}")
        if isinstance(target, AwsFailed):
            raise target
        return target


def scaling_of_region(session: AwsSession, region: str, *, now: datetime) -> ScalingOfRegion:
    """Everything that scales services in a region; what cannot be read becomes a failure, the rest goes on."""
    answers: dict[str, list[Entry]] = {}
    failures: dict[str, AwsFailed] = {}
    read = partial(tried, session, region)
    for action, key in (
        ("DescribeScalableTargets", "ScalableTargets"),
        ("DescribeScalingPolicies", "ScalingPolicies"),
        ("DescribeScheduledActions", "ScheduledActions"),
    ):
        found = read(f"application-autoscaling:{action}", partial(_entries, session, region, action, key, now))
        if isinstance(found, AwsFailed):
            failures[key], found = found, []
        answers[key] = found
    if "ScalableTargets" in failures:
        why = f"scaling could not be read: {failures['ScalableTargets']}"
        return ScalingOfRegion(unknown=why, failures=tuple(failures.values()))
    alarms, alarm_failures = _alarms(session, region, answers["ScalingPolicies"])
    unread = [str(failures[key]) for key in ("ScalingPolicies", "ScheduledActions") if key in failures]
    policies, actions = (_by_resource(answers[key]) for key in ("ScalingPolicies", "ScheduledActions"))
    targets = {
        id: read(
            "application-autoscaling",
            partial(_scaling, target, policies.get(id, ()), actions.get(id, ()), alarms, unread),
        )
        for target in answers["ScalableTargets"]
        for id in (target["ResourceId"],)
    }
    return ScalingOfRegion(targets=targets, failures=(*failures.values(), *alarm_failures))


def _scaling(
    target: Entry,
    policies: Iterable[Entry],
    schedule: Iterable[Entry],
    alarms: Mapping[str, Entry],
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


def _entries(session: AwsSession, region: str, action: str, key: str, now: datetime) -> list[Entry]:
    """What is there of services and is not over; all of it names its service."""
    found = pages(session, region, "application-autoscaling", action, key, ServiceNamespace="ecs")
    of_services = (entry for entry in found if entry.get("ScalableDimension", DIMENSION) == DIMENSION)
    return [entry for entry in of_services if entry["ResourceId"] and not _is_over(entry, now)]


def _by_resource(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    """The entries of each service, in the order of their names."""
    found: dict[str, list[Entry]] = {}
    for entry in sorted(entries, key=lambda entry: str(entry.get("PolicyName", entry.get("ScheduledActionName", "")))):
        found.setdefault(entry["ResourceId"], []).append(entry)
    return found


def _is_over(action: Entry, now: datetime) -> bool:
    return "EndTime" in action and action["EndTime"] <= now


def _alarms(
    session: AwsSession, region: str, policies: Iterable[Entry]
) -> tuple[dict[str, Entry], tuple[AwsFailed, ...]]:
    """The alarms of policies by name, as far as they can be read."""
    found: dict[str, Entry] = {}

    def read() -> None:
        names = sorted({alarm["AlarmName"] for policy in policies for alarm in policy.get("Alarms", ())})
        for first in range(0, len(names), ALARMS_PER_CALL):
            given = {"AlarmNames": names[first : first + ALARMS_PER_CALL], "MaxRecords": ALARMS_PER_CALL}
            for alarm in pages(session, region, "cloudwatch", "DescribeAlarms", "MetricAlarms", **given):
                found[alarm["AlarmName"]] = alarm

    failed = tried(session, region, "cloudwatch:DescribeAlarms", read)
    return found, (failed,) if failed else ()
