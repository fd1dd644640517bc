"""A past for services: the demo's fleet was created and deployed long before the local AWS began."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from advisor.demo.aws.ecs_definitions import find_definition, registered_before
from advisor.demo.aws.ecs_rollouts import fill, make_rollout, settled
from advisor.demo.aws.ecs_state import HeldService, World, find_service
from advisor.demo.aws.wire import LocalAws

REGISTERED_BEFORE = timedelta(minutes=5)  # a definition exists so long before its first deployment; chosen
LASTED = timedelta(minutes=4)  # a deployment that went well; chosen


def backdate(
    aws: LocalAws,
    account: str,
    region: str,
    cluster: str,
    service: str,
    *,
    created: datetime,
    deployments: Sequence[tuple[datetime, str]] = (),
) -> None:
    """Give a service the past that is told: when it was created, and what was deployed when.

    `deployments` are (instant, task definition ARN), oldest first; the last is the one that runs now. Without
    any, the service had its present definition since `created`. Tasks are as old as the last deployment.
    """
    with aws.lock:
        world = settled(aws, account, region)
        held = find_service(world, cluster, service)
        past = list(deployments) or [(created, held.spec["taskDefinition"])]
        if sorted(past, key=lambda entry: entry[0]) != past or past[0][0] < created:
            raise ValueError(f"{cluster}/{service}: deployments are not in order after {created}")
        for task in world.tasks_of(held):
            world.drop_task(task)
        world.rolling.discard((held.cluster, held.name))
        held.created_at = created
        held.rollouts.clear()
        held.events.clear()
        for instant, name in past:
            _deploy(world, held, instant, name, present=aws.clock())
        fill(world, held, now=past[-1][0], present=aws.clock())


def _deploy(world: World, service: HeldService, instant: datetime, name: str, *, present: datetime) -> None:
    definition = find_definition(world, name)
    registered_before(world, definition["taskDefinitionArn"], instant - REGISTERED_BEFORE)
    service.spec = service.spec | {"taskDefinition": definition["taskDefinitionArn"]}
    sources = [service.primary.revision] if service.rollouts else []
    rollout = make_rollout(world, service, sources=sources, now=instant)
    finished = min(instant + LASTED, present)
    rollout.status, rollout.finished_at = "SUCCESSFUL", finished
    service.rollouts.append(rollout)
    service.say(finished, f"(deployment {rollout.id}) deployment completed.", number=world.new_id())
    service.say(finished, "has reached a steady state.", number=world.new_id())
