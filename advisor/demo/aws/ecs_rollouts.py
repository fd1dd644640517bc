"""Deployments in motion: what starts one, when it is through, and how many tasks run meanwhile.

A deployment lasts `aws.state("ecs", account, region)["deployment_seconds"]`, by default no time. Old tasks run
until it is through. Task definitions in the set `["failing"]` never start: their deployment fails when its time
is over, and is rolled back where the circuit breaker says so.
"""

from datetime import datetime, timedelta

from advisor.demo.aws.ecs_state import HeldService, Revision, Rollout, Wire, World, held
from advisor.demo.aws.ecs_tasks import next_provider, run, service_launch, start_task, stop
from advisor.demo.aws.wire import LocalAws

SCHEDULER = "ServiceSchedulerInitiated"


def settled(aws: LocalAws, account: str, region: str) -> World:
    """The world as it stands now: deployments whose time is over are through."""
    world = held(aws, account, region)
    state = aws.state("ecs", account, region)
    lasts = timedelta(seconds=state.get("deployment_seconds", 0))
    for key in sorted(world.rolling):
        service = world.services[key]
        due = service.primary.started_at + lasts
        if due <= aws.clock():
            _finish(world, service, now=due, failing=state.get("failing", set()))
    return world


def start_rollout(world: World, service: HeldService, *, now: datetime, reason: str = "") -> None:
    """Begin to bring out the service's present spec as a new revision; one that was under way is stopped."""
    running = [task["startedBy"] for task in world.tasks_of(service)]
    if service.rollouts and service.primary.status == "IN_PROGRESS":
        _supersede(world, service, now=now)
    sources = [r.revision for r in service.rollouts if r.id in running]
    rollout = make_rollout(world, service, sources=sources, now=now)
    rollout.reason = reason
    service.rollouts.append(rollout)
    world.rolling.add((service.cluster, service.name))
    fill(world, service, now=now)


def make_rollout(world: World, service: HeldService, *, sources: list[Revision], now: datetime) -> Rollout:
    """A deployment of the service's present spec; the caller decides what becomes of it."""
    path = f"{service.cluster}/{service.name}"
    number = world.new_id()
    return Rollout(
        arn=world.arn("service-deployment", f"{path}/{number[:21]}"),
        id=f"ecs-svc/{int(number[:15], 16):019d}",
        revision=Revision(
            arn=world.arn("service-revision", f"{path}/{int(world.new_id()[:15], 16):019d}"),
            created_at=now,
            spec=dict(service.spec),
        ),
        sources=sources,
        started_at=now,
    )


def fill(world: World, service: HeldService, *, now: datetime, present: datetime | None = None) -> None:
    """Start or stop tasks until each deployment that still has some has the desired count.

    `now` is when the tasks are created; a start-up may last until `present`, which is `now` if not given.
    """
    for rollout in shown_rollouts(world, service):
        if rollout.status == "FAILED":
            continue
        tasks = tasks_of_rollout(world, service, rollout)
        surplus = tasks[service.desired :]
        stop(surplus, now=now, code=SCHEDULER, reason=f"Scaling activity initiated by (deployment {rollout.id})")
        spec = service.spec if rollout is service.primary else rollout.revision.spec
        for _ in range(len(tasks), service.desired):
            task = start_task(
                world,
                service_launch(service, rollout.id, world.definitions[spec["taskDefinition"]], spec),
                provider=next_provider(spec, tasks),
                created=now,
            )
            tasks.append(task)
            if rollout.status != "IN_PROGRESS":
                run(task, now=present or now)


def shown_rollouts(world: World, service: HeldService) -> list[Rollout]:
    """The deployments that DescribeServices shows, oldest first: the newest, and those that still have tasks."""
    alive = {task["startedBy"] for task in world.tasks_of(service)}
    return [r for r in service.rollouts if r is service.primary or r.id in alive]


def tasks_of_rollout(world: World, service: HeldService, rollout: Rollout) -> list[Wire]:
    """The wanted tasks of one deployment."""
    return [task for task in world.tasks_of(service) if task["startedBy"] == rollout.id]


def _supersede(world: World, service: HeldService, *, now: datetime) -> None:
    old = service.primary
    old.status, old.reason, old.finished_at = "STOPPED", "Superseded by a newer service deployment.", now
    stop(tasks_of_rollout(world, service, old), now=now, code=SCHEDULER, reason=f"(deployment {old.id}) superseded")


def _finish(world: World, service: HeldService, *, now: datetime, failing: set[str]) -> None:
    rollout = service.primary
    world.rolling.discard((service.cluster, service.name))
    rollout.finished_at = now
    if rollout.revision.spec["taskDefinition"] in failing:
        _fail(world, service, rollout, now=now)
        return
    rollout.status = "SUCCESSFUL"
    for older in shown_rollouts(world, service)[:-1]:
        reason = f"Scaling activity initiated by (deployment {rollout.id})"
        stop(tasks_of_rollout(world, service, older), now=now, code=SCHEDULER, reason=reason)
    for task in tasks_of_rollout(world, service, rollout):
        run(task, now=now)
    service.say(now, f"(deployment {rollout.id}) deployment completed.", number=world.new_id())
    service.say(now, "has reached a steady state.", number=world.new_id())


def _fail(world: World, service: HeldService, rollout: Rollout, *, now: datetime) -> None:
    """Without a circuit breaker a deployment that cannot start tasks tries for ever [FACTS 8]."""
    breaker = service.settings["deploymentConfiguration"]["deploymentCircuitBreaker"]
    if not breaker["enable"]:
        rollout.finished_at = None
        return
    stop(
        tasks_of_rollout(world, service, rollout),
        now=now,
        code="TaskFailedToStart",
        reason="Essential container in task exited",
    )
    rollout.reason = "Service deployment failed: tasks failed to start."
    service.say(now, f"(deployment {rollout.id}) deployment failed: tasks failed to start.", number=world.new_id())
    if not (breaker["rollback"] and rollout.sources):
        rollout.status = "FAILED"
        return
    _roll_back(world, service, rollout, now=now)


def _roll_back(world: World, service: HeldService, failed: Rollout, *, now: datetime) -> None:
    """The deployment whose tasks still run becomes the newest again, and its revision the service's."""
    failed.status = "ROLLBACK_SUCCESSFUL"
    back = next(r for r in reversed(service.rollouts) if r.revision is failed.sources[-1])
    service.rollouts.remove(back)
    service.rollouts.append(back)
    service.spec = dict(back.revision.spec)
    back.status, back.finished_at = "SUCCESSFUL", now
    back.reason = f"ECS deployment circuit breaker: rolling back to deploymentId {back.id}."
    service.say(now, f"rolling back to (deployment {back.id}).", number=world.new_id())
    fill(world, service, now=now)
