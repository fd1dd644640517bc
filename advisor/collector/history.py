"""What was deployed when, and which size a service's tasks had when: from its deployments and revisions."""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, cast

from advisor.collector.asking import ask, pages
from advisor.collector.credentials import THREADS
from advisor.collector.sessions import AwsSession
from advisor.collector.several import tried
from advisor.collector.task_definitions import Sizes
from advisor.domain.deployments import STATUSES, Deployment, DeploymentStatus
from advisor.domain.errors import AwsFailed
from advisor.domain.inventory import SizeChange, TaskDefinition
from advisor.domain.service import ServiceId

PER_CALL = 20  # documented: DescribeServiceDeployments and DescribeServiceRevisions take at most 20, of any service
_CAME_TO_STAY = {"SUCCESSFUL", "IN_PROGRESS", "PENDING"}
Described = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """A revision that a service was deployed with: from when, which task definition, which metric resolution."""

    at: datetime
    task_definition: str
    resolution_seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What a service was: revisions that came to stay, in order of time, and every deployment that ECS lists."""

    revisions: tuple[Deployed, ...] = ()
    deployments: tuple[Deployment, ...] = ()


History = Mapping[ServiceId, Past | AwsFailed]


def histories(session: AwsSession, region: str, services: Mapping[ServiceId, Described]) -> History:
    """For each service its past, or the reason why it cannot be read.

    Deployments are listed service by service; the oldest of each and all revisions are described in full calls.
    """
    with ThreadPoolExecutor(THREADS) as pool:
        found = pool.map(lambda service: _listed(session, region, service), services.values())
        listed = dict(zip(services, found, strict=True))
    oldest = [briefs[0]["serviceDeploymentArn"] for briefs in listed.values() if isinstance(briefs, list) and briefs]
    first = _described(session, region, "serviceDeployment", oldest)
    read = partial(tried, session, region)
    others = {
        id: read("ecs:DescribeServiceDeployments", partial(_others, services[id], briefs, first))
        for id, briefs in listed.items()
    }
    wanted = [*_targets(listed.values()), *(arn for arns in others.values() if isinstance(arns, list) for arn in arns)]
    revisions = _described(session, region, "serviceRevision", wanted)
    return {
        id: read("ecs:DescribeServiceRevisions", partial(_past, id, listed[id], others[id], revisions))
        for id in services
    }


def size_changes(history: Iterable[Deployed], known: Sizes) -> tuple[SizeChange, ...]:
    """The history as sizes; revisions of whose task definition nothing is known, and repetitions, are left out."""
    changes: list[SizeChange] = []
    for deployed in history:
        arn = deployed.task_definition
        if arn in known and not (changes and changes[-1].task_definition == arn):
            changes.append(size_change(deployed.at, arn, known[arn]))
    return tuple(changes)


def size_change(at: datetime, arn: str, known: TaskDefinition | SizeChange) -> SizeChange:
    """From an instant on, tasks were those of a definition, of which a record or an earlier change tells."""
    return SizeChange(
        at=at.astimezone(UTC),
        size=known.size,
        task_definition=arn,
        architecture=known.architecture,
        ephemeral_gib=known.ephemeral_gib,
    )


def _listed(session: AwsSession, region: str, service: Described) -> list[Described] | AwsFailed:
    """The deployments of a service, oldest first."""

    def listed() -> list[Described]:
        given = {"service": service["serviceArn"], "cluster": service["clusterArn"], "maxResults": 100}
        found = pages(session, region, "ecs", "ListServiceDeployments", "serviceDeployments", **given)
        return sorted(found, key=lambda brief: (brief["createdAt"], brief["serviceDeploymentArn"]))

    return tried(session, region, "ecs:ListServiceDeployments", listed)


def _described(session: AwsSession, region: str, kind: str, arns: Iterable[str]) -> Mapping[str, Described | AwsFailed]:
    """Deployments or revisions by ARN, or why they cannot be read."""
    action = f"Describe{kind[0].upper()}{kind[1:]}s"
    every = list(dict.fromkeys(arns))
    calls = [every[first : first + PER_CALL] for first in range(0, len(every), PER_CALL)]

    def described(some: list[str]) -> dict[str, Described]:
        answer = ask(session, region, "ecs", action, **{f"{kind}Arns": some})
        return {found[f"{kind}Arn"]: found for found in answer.get(f"{kind}s", ())}

    def read(some: list[str]) -> Mapping[str, Described | AwsFailed]:
        found = tried(session, region, f"ecs:{action}", partial(described, some))
        return dict.fromkeys(some, found) if isinstance(found, AwsFailed) else found

    with ThreadPoolExecutor(THREADS) as pool:
        return {arn: found for part in pool.map(read, calls) for arn, found in part.items()}


def _targets(listed: Iterable[list[Described] | AwsFailed]) -> Iterator[str]:
    """The revisions that deployments were to bring."""
    found = (brief for briefs in listed if isinstance(briefs, list) for brief in briefs)
    yield from (str(brief["targetServiceRevisionArn"]) for brief in found if brief.get("targetServiceRevisionArn"))


def _others(
    service: Described, briefs: list[Described] | AwsFailed, first: Mapping[str, Described | AwsFailed]
) -> list[str] | AwsFailed:
    """Revisions that no deployment need have brought: before the oldest one that AWS still lists, and now."""
    if isinstance(briefs, AwsFailed):
        return briefs
    oldest = first.get(briefs[0]["serviceDeploymentArn"], {}) if briefs else {}
    if isinstance(oldest, AwsFailed):
        return oldest
    held = (*oldest.get("sourceServiceRevisions", ()), *service.get("currentServiceRevisions", ()))
    return [str(revision["arn"]) for revision in held if revision.get("arn")]


def _past(
    id: ServiceId,
    briefs: list[Described] | AwsFailed,
    others: list[str] | AwsFailed,
    revisions: Mapping[str, Described | AwsFailed],
) -> Past | AwsFailed:
    if isinstance(briefs, AwsFailed):
        return briefs
    if isinstance(others, AwsFailed):
        return others
    found = {arn: revisions[arn] for arn in (*_targets([briefs]), *others) if arn in revisions}
    if failed := next((each for each in found.values() if isinstance(each, AwsFailed)), None):
        return failed
    read = {arn: r for arn, r in found.items() if not isinstance(r, AwsFailed) and r.get("taskDefinition")}
    begun = [(b.get("targetServiceRevisionArn"), _begun(b)) for b in briefs if b.get("status") in _CAME_TO_STAY]
    brought = [_revision(read[arn], start) for arn, start in begun if arn in read]
    before = [_revision(read[arn]) for arn in dict.fromkeys(others) if arn in read and arn not in dict(begun)]
    return Past(
        revisions=tuple(sorted((*before, *brought), key=lambda d: d.at)),
        deployments=tuple(_deployment(id, brief, read) for brief in briefs),
    )


def _begun(brief: Described) -> datetime:
    begun: datetime = brief.get("startedAt") or brief["createdAt"]
    return begun


def _deployment(id: ServiceId, brief: Described, revisions: Mapping[str, Described]) -> Deployment:
    """A listed deployment as a record; of its free text (`statusReason`) nothing is kept."""
    target, status = revisions.get(str(brief.get("targetServiceRevisionArn")), {}), brief.get("status")
    return Deployment(
        id=id,
        deployment=str(brief["serviceDeploymentArn"]).rpartition("/")[2],
        created=brief["createdAt"].astimezone(UTC),
        started=_utc(brief.get("startedAt")),
        finished=_utc(brief.get("finishedAt")),
        status=cast("DeploymentStatus", status) if status in STATUSES else "other",
        task_definition=str(target.get("taskDefinition", "")),
    )


def _utc(instant: datetime | None) -> datetime | None:
    return None if instant is None else instant.astimezone(UTC)


def _revision(revision: Described, start: datetime | None = None) -> Deployed:
    """A revision that no deployment of the list names is as old as itself."""
    configurations = revision.get("monitoring", {}).get("metricConfigurations", ())
    return Deployed(
        at=(start or revision["createdAt"]).astimezone(UTC),
        task_definition=str(revision["taskDefinition"]),
        resolution_seconds=min((int(c["resolutionSeconds"]) for c in configurations), default=None),
    )
