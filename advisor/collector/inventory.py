"""One region's inventory: services with their settings, what runs beside them, and what is not covered."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from advisor.collector.activities import activities_of_region
from advisor.collector.answers import reading, storable
from advisor.collector.asking import ask, pages
from advisor.collector.balancers import Labels, request_labels
from advisor.collector.history import History, Past, histories
from advisor.collector.insights import Modes, measured_families, modes_of
from advisor.collector.scaling import ScalingOfRegion, scaling_of_region
from advisor.collector.services import service_id, service_of, why_not
from advisor.collector.sessions import AwsSession
from advisor.collector.several import each, tried
from advisor.collector.standalone import standalone
from advisor.collector.task_definitions import Definitions, Held, Sizes, definitions_and_sizes
from advisor.domain.activities import ScalingActivity
from advisor.domain.deployments import Deployment
from advisor.domain.errors import AwsFailed
from advisor.domain.inventory import Inventory, Service, Skipped, TaskDefinition, TaskSchedule
from advisor.domain.runs import TaskRun

SERVICES_PER_CALL = 10  # documented: DescribeServices takes at most 10
NOTHING_HELD = Held()
Described = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """An inventory, what else was seen, and what failed on the way; `complete` = every service was listed."""

    inventory: Inventory
    runs: tuple[TaskRun, ...] = ()
    deployments: tuple[Deployment, ...] = ()
    activities: tuple[ScalingActivity, ...] = ()
    failures: tuple[str, ...] = ()
    complete: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What was read beside the services themselves."""

    history: History
    definitions: Definitions
    sizes: Sizes
    scaling: ScalingOfRegion
    labels: Labels
    modes: Modes
    seen_at: datetime


def collect_inventory(session: AwsSession, region: str, *, now: datetime) -> Inventory:
    """What runs in a region of the session's account; raises AwsFailed where not even clusters are listed."""
    return gather(session, region, now=now).inventory


def gather(
    session: AwsSession, region: str, *, now: datetime, since: datetime | None = None, held: Held = NOTHING_HELD
) -> Gathered:
    """As `collect_inventory`, with the failures; a part that fails does not stop the rest.

    Scaling activities are those after `since`; a region in which nothing scales is not asked for any. Task definitions
    that are `held` are not described again.
    """
    clusters = sorted(pages(session, region, "ecs", "ListClusters", "clusterArns"))
    if not clusters:  # most regions of most accounts: one call is enough
        return Gathered(inventory=Inventory(taken_at=now.astimezone(UTC)))
    described, unlisted = _services(session, region, clusters)
    covered = [service for service in described if not why_not(service)]
    scaling = scaling_of_region(session, region, now=now)
    activities, untold = activities_of_region(session, region, since=since, now=now) if scaling.targets else ((), ())
    ids = {service_id(service, account=session.account, region=region): service for service in covered}
    history = histories(session, region, ids)
    others = standalone(session, region, clusters, now=now)
    current = (*(str(service["taskDefinition"]) for service in covered), *others.starting.values())
    definitions, sizes = definitions_and_sizes(session, region, current=current, past=_past(history), held=held)
    labels, unlabelled = request_labels(session, region, covered)
    modes, unmeasured = modes_of(session, region, (*ids, *others.families))
    at = now.astimezone(UTC)
    known = _Known(
        history=history,
        definitions=definitions,
        sizes=sizes,
        scaling=scaling,
        labels=labels,
        modes=modes,
        seen_at=at,
    )
    made = [*(_made(session, region, service, known) for service in described), *others.schedules(definitions)]
    history_failures = (error for error in history.values() if isinstance(error, AwsFailed))
    failures = (*unlisted, *scaling.failures, *untold, *history_failures, *unlabelled, *others.failures, *unmeasured)
    inventory = Inventory(
        taken_at=at,
        services=tuple(sorted((s for s in made if isinstance(s, Service)), key=lambda s: s.id)),
        skipped=_sorted((*(s for s in made if isinstance(s, Skipped)), *others.skipped)),
        schedules=tuple(s for s in made if isinstance(s, TaskSchedule)),
        measured=measured_families(others.families, described, modes),
    )
    return Gathered(
        inventory=inventory,
        runs=others.runs,
        deployments=tuple(d for past in history.values() if isinstance(past, Past) for d in past.deployments),
        activities=activities,
        failures=tuple(dict.fromkeys(map(str, failures))),
        complete=not unlisted,
    )


def _services(session: AwsSession, region: str, clusters: list[str]) -> tuple[list[Described], list[AwsFailed]]:
    """Every service of every cluster, and what could not be listed or described."""

    def list_(cluster: str) -> list[tuple[str, list[str]]]:
        arns = sorted(pages(session, region, "ecs", "ListServices", "serviceArns", cluster=cluster, maxResults=100))
        return [(cluster, arns[i : i + SERVICES_PER_CALL]) for i in range(0, len(arns), SERVICES_PER_CALL)]

    def named(service: Described) -> Described:
        service["serviceArn"], service_id(service, account=session.account, region=region), why_not(service)
        return service

    def describe(batch: tuple[str, list[str]]) -> Iterator[Described | AwsFailed]:
        cluster, arns = batch
        given = {"cluster": cluster, "services": arns, "include": ["TAGS"]}
        for service in ask(session, region, "ecs", "DescribeServices", **given).get("services", ()):
            yield tried(session, region, "ecs:DescribeServices", partial(named, service))

    batches, failed = each(session, region, "ecs:ListServices", list_, clusters)
    described, more_failed = each(session, region, "ecs:DescribeServices", describe, batches)
    return described, [*failed, *more_failed]


def _made(session: AwsSession, region: str, described: Described, known: _Known) -> Service | Skipped:
    """A service, or why it is not covered; an answer that is not as documented skips that service alone."""
    id = service_id(described, account=session.account, region=region)
    reason = why_not(described)
    definition = known.definitions.get(str(described.get("taskDefinition")))
    if not reason and not isinstance(definition, TaskDefinition):
        reason = f"its task definition could not be read: {definition}"
    if not reason and isinstance(definition, TaskDefinition):
        try:
            with reading("ecs:DescribeServices", account=session.account, region=region):
                service = service_of(
                    described,
                    id=id,
                    definition=definition,
                    history=known.history.get(id, Past()),
                    known_sizes=known.sizes,
                    scaling=known.scaling,
                    target_groups=known.labels.get(described["serviceArn"], ()),
                    insights=known.modes.get(id.cluster),
                    seen_at=known.seen_at,
                )
                return storable(service)
        except AwsFailed as error:
            reason = str(error)
    return Skipped(service=id.service, account=id.account, region=id.region, reason=reason)


def _past(history: History) -> Iterator[str]:
    """The task definitions that services were deployed with."""
    for past in history.values():
        yield from (deployed.task_definition for deployed in past.revisions) if isinstance(past, Past) else ()


def _sorted(skipped: Iterable[Skipped]) -> tuple[Skipped, ...]:
    return tuple(sorted(dict.fromkeys(skipped), key=lambda s: (s.service, s.reason)))
