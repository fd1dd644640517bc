"""Which size a service's tasks had when: from its deployments and revisions."""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from advisor.collector.asking import ask, pages
from advisor.collector.credentials import THREADS
from advisor.collector.sessions import AwsSession
from advisor.collector.task_definitions import Definitions
from advisor.domain.errors import AwsFailed
from advisor.domain.inventory import SizeChange, TaskDefinition

PER_CALL = 20  # documented: DescribeServiceDeployments and DescribeServiceRevisions take at most 20, of any service
_CAME_TO_STAY = {"SUCCESSFUL", "IN_PROGRESS", "PENDING"}
Described = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """A revision that a service was deployed with: from when, which task definition, which metric resolution."""

    at: datetime
    task_definition: str
    resolution_seconds: int | None = None


History = Mapping[str, tuple[Deployed, ...] | AwsFailed]


def histories(session: AwsSession, region: str, services: Iterable[Described]) -> History:
    """For each service ARN, its revisions in order of time, or the reason why they cannot be read.

    Deployments are listed service by service; they and their revisions are described in full calls.
    """
    known = {service["serviceArn"]: service for service in services}
    with ThreadPoolExecutor(THREADS) as pool:
        listed = dict(zip(known, pool.map(lambda s: _listed(session, region, s), known.values()), strict=True))
    oldest = [found[0]["serviceDeploymentArn"] for found in listed.values() if isinstance(found, list) and found]
    deployments = _described(session, region, "serviceDeployment", oldest)
    revisions_of = {arn: _revisions_of(known[arn], found, deployments) for arn, found in listed.items()}
    wanted = [arn for found in revisions_of.values() if isinstance(found, dict) for arn in found]
    revisions = _described(session, region, "serviceRevision", wanted)
    return {arn: _deployed(found, revisions) for arn, found in revisions_of.items()}


def size_changes(history: Iterable[Deployed], definitions: Definitions) -> tuple[SizeChange, ...]:
    """The history as sizes; revisions whose task definition cannot be read, and repetitions, are left out."""
    changes: list[SizeChange] = []
    for deployed in history:
        definition = definitions.get(deployed.task_definition)
        if not isinstance(definition, TaskDefinition):
            continue
        if changes and changes[-1].task_definition == definition.arn:
            continue
        changes.append(SizeChange(at=deployed.at, size=definition.size, task_definition=definition.arn))
    return tuple(changes)


def _listed(session: AwsSession, region: str, service: Described) -> list[Described] | AwsFailed:
    """The deployments of a service, oldest first."""
    where = {"service": service["serviceArn"], "cluster": service["clusterArn"]}
    try:
        found = pages(session, region, "ecs", "ListServiceDeployments", "serviceDeployments", maxResults=100, **where)
        return sorted(found, key=lambda brief: brief["createdAt"])
    except AwsFailed as error:
        return error


def _described(session: AwsSession, region: str, kind: str, arns: Iterable[str]) -> Mapping[str, Described | AwsFailed]:
    """Deployments or revisions by ARN, or why they cannot be read."""
    action = f"Describe{kind[0].upper()}{kind[1:]}s"
    every = list(dict.fromkeys(arns))
    calls = [every[first : first + PER_CALL] for first in range(0, len(every), PER_CALL)]

    def read(some: list[str]) -> dict[str, Described | AwsFailed]:
        try:
            answer = ask(session, region, "ecs", action, **{f"{kind}Arns": some})
        except AwsFailed as error:
            return dict.fromkeys(some, error)
        return {found[f"{kind}Arn"]: found for found in answer.get(f"{kind}s", ())}

    with ThreadPoolExecutor(THREADS) as pool:
        return {arn: found for part in pool.map(read, calls) for arn, found in part.items()}


def _revisions_of(
    service: Described, briefs: list[Described] | AwsFailed, deployments: Mapping[str, Described | AwsFailed]
) -> dict[str, datetime | None] | AwsFailed:
    """The revisions that a service ran: before the oldest deployment that AWS still lists, since, and now.

    With the start of the deployment that brought each, None where no deployment of the list did.
    """
    if isinstance(briefs, AwsFailed):
        return briefs
    oldest = deployments.get(briefs[0]["serviceDeploymentArn"], {}) if briefs else {}
    if isinstance(oldest, AwsFailed):
        return oldest
    starts = {
        brief["targetServiceRevisionArn"]: brief.get("startedAt") or brief["createdAt"]
        for brief in briefs
        if brief.get("status") in _CAME_TO_STAY and brief.get("targetServiceRevisionArn")
    }
    others = (*oldest.get("sourceServiceRevisions", ()), *service.get("currentServiceRevisions", ()))
    return {**{other["arn"]: None for other in others if other.get("arn")}, **starts}


def _deployed(
    starts: Mapping[str, datetime | None] | AwsFailed, revisions: Mapping[str, Described | AwsFailed]
) -> tuple[Deployed, ...] | AwsFailed:
    if isinstance(starts, AwsFailed):
        return starts
    found = {arn: revisions[arn] for arn in starts if arn in revisions}
    if failed := next((each for each in found.values() if isinstance(each, AwsFailed)), None):
        return failed
    read = [(starts[arn], r) for arn, r in found.items() if not isinstance(r, AwsFailed) and r.get("taskDefinition")]
    return tuple(sorted((_revision(revision, start) for start, revision in read), key=lambda d: d.at))


def _revision(revision: Described, start: datetime | None) -> Deployed:
    """A revision that no deployment of the list names is as old as itself."""
    configurations = revision.get("monitoring", {}).get("metricConfigurations", ())
    return Deployed(
        at=(start or revision["createdAt"]).astimezone(UTC),
        task_definition=str(revision["taskDefinition"]),
        resolution_seconds=min((int(c["resolutionSeconds"]) for c in configurations), default=None),
    )
