"""Service deployments and revisions: moto has neither (PROBES 1.6).  [B44:ecs, FACTS 8]"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from advisor.demo.aws.ecs_paging import page
from advisor.demo.aws.ecs_rollouts import settled
from advisor.demo.aws.ecs_service_rules import platform_shown
from advisor.demo.aws.ecs_service_view import revision_summary
from advisor.demo.aws.ecs_state import (
    HeldService,
    Revision,
    Rollout,
    Wire,
    World,
    cluster_of,
    missing,
    refuse_more_than,
    short,
)
from advisor.demo.aws.wire import AwsError, Call, LocalAws, answers

_BRIEF = (
    "serviceDeploymentArn",
    "serviceArn",
    "clusterArn",
    "startedAt",
    "createdAt",
    "finishedAt",
    "targetServiceRevisionArn",
    "status",
    "statusReason",
)
_HELD = (
    "taskDefinition",
    "launchType",
    "capacityProviderStrategy",
    "loadBalancers",
    "serviceRegistries",
    "networkConfiguration",
    "serviceConnectConfiguration",
    "volumeConfigurations",
    "vpcLatticeConfigurations",
    "monitoring",
)


@answers("ecs", "ListServiceDeployments")
def list_service_deployments(aws: LocalAws, call: Call) -> Wire:
    """Newest first, by status and creation, 20 a page unless asked for up to 100 [B44:ecs]."""
    world = settled(aws, call.account, call.region)
    name = call.params["service"]
    cluster = name.split("/")[-2] if name.count("/") > 1 else cluster_of(aws, call)
    service = world.services.get((cluster, short(name)))
    if service is None:
        raise AwsError("ServiceNotFoundException", "Service not found.")
    rollouts = [r for r in service.rollouts if _is_asked_for(r, call.params)]
    rollouts.sort(key=lambda r: r.started_at, reverse=True)
    whole = [_show_rollout(world, service, r) | {"targetServiceRevisionArn": r.revision.arn} for r in rollouts]
    briefs = [{key: entry[key] for key in _BRIEF if key in entry} for entry in whole]
    return page(briefs, call, "serviceDeployments", default=20)


@answers("ecs", "DescribeServiceDeployments")
def describe_service_deployments(aws: LocalAws, call: Call) -> Wire:
    """Up to 20 deployments by ARN, with source and target revisions [FACTS 8]."""
    return _describe(aws, call, "serviceDeployment", _all_rollouts, _show_rollout)


@answers("ecs", "DescribeServiceRevisions")
def describe_service_revisions(aws: LocalAws, call: Call) -> Wire:
    """Up to 20 revisions by ARN; the only place where the metric resolution can be read [FACTS 5.2]."""
    return _describe(aws, call, "serviceRevision", _all_revisions, _show_revision)


def _describe(
    aws: LocalAws,
    call: Call,
    kind: str,
    every: Callable[[World], Iterator[tuple[HeldService, Any]]],
    show: Callable[[World, HeldService, Any], Wire],
) -> Wire:
    asked = call.params[f"{kind}Arns"]
    refuse_more_than(20, asked, f"{kind}Arns")
    world = settled(aws, call.account, call.region)
    known = {entry.arn: (service, entry) for service, entry in every(world)}
    found = [show(world, *known[arn]) for arn in asked if arn in known]
    return {f"{kind}s": found, "failures": missing(world, kind, (arn for arn in asked if arn not in known))}


def _all_rollouts(world: World) -> Iterator[tuple[HeldService, Rollout]]:
    return ((service, rollout) for service in world.services.values() for rollout in service.rollouts)


def _all_revisions(world: World) -> Iterator[tuple[HeldService, Revision]]:
    return ((service, rollout.revision) for service, rollout in _all_rollouts(world))


def _is_asked_for(rollout: Rollout, params: Wire) -> bool:
    created = params.get("createdAt") or {}
    after, before = (_instant(created.get(side)) for side in ("after", "before"))
    if params.get("status") and rollout.status not in params["status"]:
        return False
    return (after is None or rollout.started_at > after) and (before is None or rollout.started_at < before)


def _instant(value: Any) -> datetime | None:
    return datetime.fromtimestamp(value, tz=UTC) if isinstance(value, int | float) else value


def _show_rollout(world: World, service: HeldService, rollout: Rollout) -> Wire:
    configuration = service.settings["deploymentConfiguration"]
    breaker = configuration["deploymentCircuitBreaker"]
    triggered = rollout.status in ("FAILED", "ROLLBACK_SUCCESSFUL")
    whole = "TRIGGERED" if triggered else "MONITORING_COMPLETE" if rollout.finished_at else "MONITORING"
    shown: Wire = {
        "serviceDeploymentArn": rollout.arn,
        "serviceArn": service.arn,
        "clusterArn": service.cluster_arn,
        "createdAt": rollout.started_at,
        "startedAt": rollout.started_at,
        "finishedAt": rollout.finished_at,
        "updatedAt": rollout.finished_at or rollout.started_at,
        "sourceServiceRevisions": [{"arn": source.arn} for source in rollout.sources],
        "targetServiceRevision": revision_summary(world, service, rollout),
        "status": rollout.status,
        "statusReason": rollout.reason,
        "deploymentConfiguration": configuration,
        "deploymentCircuitBreaker": {
            "status": whole if breaker["enable"] else "DISABLED",
            "failureCount": 0 if not triggered else service.desired,
            "threshold": max(3, min(200, service.desired // 2)),
        },
        "alarms": {"status": "DISABLED", "alarmNames": [], "triggeredAlarmNames": []},
    }
    if rollout.status == "ROLLBACK_SUCCESSFUL":
        revision = rollout.sources[-1].arn
        shown["rollback"] = {"reason": rollout.reason, "serviceRevisionArn": revision, "startedAt": rollout.finished_at}
    return {key: value for key, value in shown.items() if value not in (None, "")}


def _show_revision(world: World, service: HeldService, revision: Revision) -> Wire:
    definition = world.definitions[revision.spec["taskDefinition"]]
    images = [{"containerName": c["name"], "image": c["image"]} for c in definition["containerDefinitions"]]
    return {
        "serviceRevisionArn": revision.arn,
        "serviceArn": service.arn,
        "clusterArn": service.cluster_arn,
        "createdAt": revision.created_at,
        "containerImages": images,
        "guardDutyEnabled": False,
        **{key: revision.spec[key] for key in _HELD if key in revision.spec},
        **platform_shown(revision.spec, definition, resolved=True),
    }
