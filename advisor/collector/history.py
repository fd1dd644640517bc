"""Which size a service's tasks had when: from its deployments and revisions."""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from advisor.collector.asking import ask, pages
from advisor.collector.sessions import THREADS, AwsSession
from advisor.collector.task_definitions import Definitions
from advisor.domain.errors import AwsFailed
from advisor.domain.inventory import SizeChange, TaskDefinition

PER_CALL = 20  # documented: DescribeServiceRevisions takes at most 20
_CAME_TO_STAY = {"SUCCESSFUL", "IN_PROGRESS", "PENDING"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """A revision that a service was deployed with: from when, which task definition, which metric resolution."""

    at: datetime
    task_definition: str
    resolution_seconds: int | None = None


History = Mapping[str, tuple[Deployed, ...] | AwsFailed]


def histories(session: AwsSession, region: str, services: Iterable[Mapping[str, Any]]) -> History:
    """For each service ARN, its revisions in order of time, or the reason why they cannot be read."""
    listed = list(services)
    with ThreadPoolExecutor(THREADS) as pool:
        read = pool.map(lambda service: _read(session, region, service), listed)
        return {service["serviceArn"]: history for service, history in zip(listed, read, strict=True)}


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


def _read(session: AwsSession, region: str, service: Mapping[str, Any]) -> tuple[Deployed, ...] | AwsFailed:
    where = {"service": service["serviceArn"], "cluster": service["clusterArn"]}
    try:
        found = pages(session, region, "ecs", "ListServiceDeployments", "serviceDeployments", maxResults=100, **where)
        briefs = sorted(found, key=lambda b: b["createdAt"])
        starts = {
            brief["targetServiceRevisionArn"]: brief.get("startedAt") or brief["createdAt"]
            for brief in briefs
            if brief.get("status") in _CAME_TO_STAY and brief.get("targetServiceRevisionArn")
        }
        current = [r["arn"] for r in service.get("currentServiceRevisions", ()) if r.get("arn")]
        before = _before(session, region, briefs[0]["serviceDeploymentArn"]) if briefs else []
        revisions = _revisions(session, region, list(dict.fromkeys([*before, *starts, *current])))
    except AwsFailed as error:
        return error
    return tuple(sorted((_deployed(r, starts.get(r["serviceRevisionArn"])) for r in revisions), key=lambda d: d.at))


def _before(session: AwsSession, region: str, deployment: str) -> list[str]:
    """What ran before the oldest deployment that AWS still lists."""
    given = {"serviceDeploymentArns": [deployment]}
    answer = ask(session, region, "ecs", "DescribeServiceDeployments", **given)
    return [
        revision["arn"]
        for found in answer.get("serviceDeployments", ())
        for revision in found.get("sourceServiceRevisions", ())
        if revision.get("arn")
    ]


def _revisions(session: AwsSession, region: str, arns: list[str]) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    for first in range(0, len(arns), PER_CALL):
        some = arns[first : first + PER_CALL]
        answer = ask(session, region, "ecs", "DescribeServiceRevisions", serviceRevisionArns=some)
        found += [r for r in answer.get("serviceRevisions", ()) if r.get("taskDefinition")]
    return found


def _deployed(revision: Mapping[str, Any], start: datetime | None) -> Deployed:
    """A revision that no deployment of the list names is as old as itself."""
    configurations = revision.get("monitoring", {}).get("metricConfigurations", ())
    return Deployed(
        at=(start or revision["createdAt"]).astimezone(UTC),
        task_definition=str(revision["taskDefinition"]),
        resolution_seconds=min((int(c["resolutionSeconds"]) for c in configurations), default=None),
    )
