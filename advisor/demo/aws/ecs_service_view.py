"""A service as DescribeServices shows it: counts from its tasks, deployments and revisions from its rollouts."""

from datetime import datetime

from advisor.demo.aws.ecs_rollouts import shown_rollouts, tasks_of_rollout
from advisor.demo.aws.ecs_service_rules import platform_shown
from advisor.demo.aws.ecs_state import HeldService, Rollout, Wire, World

_PLACED = ("launchType", "capacityProviderStrategy")
_STATES = {"IN_PROGRESS": "IN_PROGRESS", "FAILED": "FAILED", "ROLLBACK_SUCCESSFUL": "FAILED"}


def show_service(world: World, service: HeldService, *, tags: bool) -> Wire:
    """The wire's Service; `launchType` is absent where a strategy places the tasks [FACTS 8]."""
    spec = service.spec
    held = ("taskDefinition", *_PLACED, "networkConfiguration", "loadBalancers", "serviceRegistries")
    definition = world.definitions[spec["taskDefinition"]]
    shown: Wire = {
        "serviceArn": service.arn,
        "serviceName": service.name,
        "clusterArn": service.cluster_arn,
        "status": service.status,
        "desiredCount": service.desired,
        **_counts(world.tasks_of(service)),
        **{key: spec[key] for key in held if key in spec},
        **platform_shown(spec, definition, resolved=False),
        **service.settings,
        "createdAt": service.created_at,
        "createdBy": service.created_by,
        "events": service.events,
        "deployments": [] if service.status != "ACTIVE" else _deployments(world, service),
    }
    if service.status == "ACTIVE":
        rollouts = list(reversed(shown_rollouts(world, service)))
        shown["currentServiceRevisions"] = [revision_summary(world, service, r) for r in rollouts]
        shown["currentServiceDeployment"] = service.primary.arn
    return shown | ({"tags": service.tags} if tags and service.tags else {})


def revision_summary(world: World, service: HeldService, rollout: Rollout) -> Wire:
    """A service revision with its task counts."""
    counts = _counts(tasks_of_rollout(world, service, rollout))
    return {
        "arn": rollout.revision.arn,
        "requestedTaskCount": _wanted(world, service, rollout),
        "runningTaskCount": counts["runningCount"],
        "pendingTaskCount": counts["pendingCount"],
    }


def _deployments(world: World, service: HeldService) -> list[Wire]:
    """Newest first: PRIMARY, then ACTIVE ones whose tasks still run [B44:ecs Deployment]."""
    return [_deployment(world, service, rollout) for rollout in reversed(shown_rollouts(world, service))]


def _deployment(world: World, service: HeldService, rollout: Rollout) -> Wire:
    primary = rollout is service.primary
    spec = rollout.revision.spec
    state = _STATES.get(rollout.status, "COMPLETED")
    definition = world.definitions[spec["taskDefinition"]]
    reason = rollout.reason or f"ECS deployment {rollout.id} {state.lower().replace('_', ' ')}."
    return {
        "id": rollout.id,
        "status": "PRIMARY" if primary else "ACTIVE",
        "taskDefinition": spec["taskDefinition"],
        "desiredCount": _wanted(world, service, rollout),
        **_counts(tasks_of_rollout(world, service, rollout)),
        "failedTasks": 0 if state != "FAILED" else service.desired,
        "createdAt": rollout.started_at,
        "updatedAt": _latest(rollout),
        **{key: spec[key] for key in (*_PLACED, "networkConfiguration") if key in spec},
        **platform_shown(spec, definition, resolved=True),
        "rolloutState": state,
        "rolloutStateReason": reason,
    }


def _wanted(world: World, service: HeldService, rollout: Rollout) -> int:
    return service.desired if rollout is service.primary else len(tasks_of_rollout(world, service, rollout))


def _latest(rollout: Rollout) -> datetime:
    return rollout.finished_at or rollout.started_at


def _counts(tasks: list[Wire]) -> Wire:
    running = sum(task["lastStatus"] == "RUNNING" for task in tasks)
    return {"runningCount": running, "pendingCount": len(tasks) - running}
