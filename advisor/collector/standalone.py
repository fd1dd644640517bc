"""Runs of tasks, of services and of none, and what starts tasks at set times."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from typing import Any

from advisor.codec import task_run_from_aws
from advisor.collector.asking import ask, pages
from advisor.collector.schedules import rules_of_cluster, schedules_of_region
from advisor.collector.sessions import AwsSession
from advisor.collector.several import each
from advisor.collector.task_definitions import Definitions
from advisor.domain.errors import AwsFailed, InputRefused
from advisor.domain.inventory import Skipped, TaskDefinition, TaskSchedule
from advisor.domain.runs import TaskRun
from advisor.domain.service import ServiceId

PER_CALL = 100  # documented: DescribeTasks takes at most 100
STATUSES = ("RUNNING", "STOPPED")  # documented: a stopped task is listed for at least an hour


@dataclass(frozen=True, slots=True, kw_only=True)
class Standalone:
    """What runs beside the services: runs of tasks, what starts them, what is not covered, what failed.

    `starting`: each schedule with what it starts, as DescribeTaskDefinition takes it.
    """

    runs: tuple[TaskRun, ...]
    starting: Mapping[TaskSchedule, str]
    skipped: tuple[Skipped, ...]
    failures: tuple[AwsFailed, ...]

    @property
    def families(self) -> set[ServiceId]:
        """Whose tasks no service owns."""
        return {run.id for run in self.runs if run.service is None} | {schedule.id for schedule in self.starting}

    def schedules(self, definitions: Definitions) -> Iterator[TaskSchedule | Skipped]:
        """The schedules with their task definitions, and which of those could not be read."""
        for schedule, arn in self.starting.items():
            definition = definitions[arn]
            if isinstance(definition, TaskDefinition):
                yield replace(schedule, task_definition=definition)
                continue
            yield schedule
            why = f"the task definition that EventBridge starts could not be read: {definition}"
            yield Skipped(service=schedule.id.service, account=schedule.account, region=schedule.region, reason=why)


def standalone(session: AwsSession, region: str, clusters: Iterable[str], *, now: datetime) -> Standalone:
    """Runs and schedules of all clusters of a region; what cannot be read becomes a failure, the rest goes on."""
    places = list(clusters)
    tasks, unlisted = each(session, region, "ecs:DescribeTasks", partial(_tasks, session, region, now=now), places)
    rules, no_rules = each(session, region, "events:DescribeRule", partial(rules_of_cluster, session, region), places)
    timed, no_schedules = schedules_of_region(session, region)
    found = [*rules, *timed]
    schedules = sorted((s for s in found if isinstance(s, TaskSchedule)), key=repr)
    return Standalone(
        runs=tuple(task for task in tasks if isinstance(task, TaskRun)),
        starting={schedule: _definition(schedule, of=places[0]) for schedule in schedules},
        skipped=tuple(entry for entry in [*tasks, *found] if isinstance(entry, Skipped)),
        failures=(*unlisted, *no_rules, *no_schedules),
    )


def _definition(schedule: TaskSchedule, *, of: str) -> str:
    """The ARN of a revision, as services of the cluster `of` have it; a family stands for its newest one."""
    if schedule.revision is None:
        return schedule.family
    return f"{of.partition(':cluster/')[0]}:task-definition/{schedule.family}:{schedule.revision}"


def _tasks(session: AwsSession, region: str, cluster: str, *, now: datetime) -> Iterator[TaskRun | Skipped]:
    """Every task that ECS lists, running and stopped; raises AwsFailed."""
    given = {"cluster": cluster, "maxResults": PER_CALL}
    listed = (pages(session, region, "ecs", "ListTasks", "taskArns", desiredStatus=s, **given) for s in STATUSES)
    arns = list(dict.fromkeys(chain.from_iterable(listed)))
    for first in range(0, len(arns), PER_CALL):
        some = arns[first : first + PER_CALL]
        for task in ask(session, region, "ecs", "DescribeTasks", cluster=cluster, tasks=some)["tasks"]:
            yield from _run(session, region, task, now=now)


def _run(session: AwsSession, region: str, task: Mapping[str, Any], *, now: datetime) -> Iterator[TaskRun | Skipped]:
    """The task as a run; a standalone one that is none is listed with the reason."""
    of_service = str(task.get("group", "")).startswith("service:")
    try:
        minute = now.astimezone(UTC).replace(second=0, microsecond=0)
        run = task_run_from_aws(task, account=session.account, region=region, seen=minute)
        why = "standalone task, not on Fargate"
    except InputRefused as error:
        run, why = None, str(error)
    if run is not None:
        yield _settled(run) if of_service else run
    elif not of_service:
        family = str(task.get("taskDefinitionArn", "")).rpartition("/")[2].partition(":")[0]
        name = f"{str(task.get('clusterArn', '')).rpartition('/')[2]}/{family}"
        yield Skipped(service=name, account=session.account, region=region, reason=why)


def _settled(run: TaskRun) -> TaskRun:
    """A service's run, known up to what last happened to it: one that goes on is the same at each look.

    So a fleet that stands still adds nothing to a store. What a standalone one cost is told by how far it was seen.
    """
    return replace(run, seen=run.stopped or run.started or run.pulled or run.created)
