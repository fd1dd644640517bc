"""Task definitions as records. Fields are taken one by one: environment and secrets are not, and of commands and images
only what names a heap (`advisor.collector.heaps`)."""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from advisor.collector.answers import storable
from advisor.collector.asking import ask
from advisor.collector.credentials import THREADS
from advisor.collector.heaps import heap_of
from advisor.collector.sessions import AwsSession
from advisor.collector.several import tried
from advisor.domain.errors import AwsFailed, InputRefused, one_line
from advisor.domain.inventory import Container, Service, SizeChange, TaskDefinition, TaskSchedule
from advisor.domain.service import INCLUDED_EPHEMERAL_GIB, Architecture, OperatingSystem, TaskSize
from advisor.domain.units import Mib
from advisor.fargate.sizes import check_size, parse_cpu, parse_memory

READING = 1  # one more whenever other things are read of a definition, or in another way (heaps.py too)
Definitions = Mapping[str, TaskDefinition | AwsFailed | InputRefused]
Sizes = Mapping[str, TaskDefinition | SizeChange]  # by ARN of a definition: what tells the size that it has


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What is known of task definitions already, by ARN: all of those that services and schedules have, the sizes of
    earlier ones.

    A definition never changes. Of one that was read in another way only the size counts.
    """

    definitions: Mapping[str, TaskDefinition] = field(default_factory=dict)
    sizes: Mapping[str, SizeChange] = field(default_factory=dict)


def held_of(services: Iterable[Service], schedules: Iterable[TaskSchedule] = ()) -> Held:
    """What services and schedules that were collected before tell."""
    known = list(services)
    changes = chain.from_iterable(service.sizes for service in known)
    definitions = (*(service.task_definition for service in known), *(one.task_definition for one in schedules))
    return Held(
        definitions={one.arn: one for one in definitions if one is not None and one.reading == READING},
        sizes={change.task_definition: change for change in changes if change.task_definition and change.architecture},
    )


def task_definitions(session: AwsSession, region: str, arns: Iterable[str]) -> Definitions:
    """Each task definition as a record, or the reason why there is none."""
    wanted = sorted(set(arns))
    with ThreadPoolExecutor(THREADS) as pool:
        return dict(zip(wanted, pool.map(lambda arn: _read(session, region, arn), wanted), strict=True))


def definitions_and_sizes(
    session: AwsSession, region: str, *, current: Iterable[str], past: Iterable[str], held: Held
) -> tuple[Definitions, Sizes]:
    """The definitions that services have, and the sizes of these and of those that they had; what is held is not read.

    A past one that cannot be read has no size.
    """
    now, before = set(current), set(past)
    known = {arn: held.definitions[arn] for arn in now if arn in held.definitions}
    sizes = {arn: held.sizes[arn] for arn in before - now if arn in held.sizes}
    definitions = {**known, **task_definitions(session, region, (now | before) - set(known) - set(sizes))}
    read = {arn: found for arn, found in definitions.items() if isinstance(found, TaskDefinition)}
    return definitions, {**sizes, **read}


def task_definition_of(described: Mapping[str, Any]) -> TaskDefinition:
    """DescribeTaskDefinition's `taskDefinition` as a record; raises InputRefused where it is none for Fargate."""
    arn = str(described.get("taskDefinitionArn", ""))
    where = f"task definition {one_line(arn, 200)}"
    if not described.get("cpu") or not described.get("memory"):
        raise InputRefused("no task size", where=where, rule="on Fargate a task has cpu and memory")
    platform = described.get("runtimePlatform", {})
    architecture: Architecture = "ARM64" if platform.get("cpuArchitecture") == "ARM64" else "X86_64"
    os: OperatingSystem = "WINDOWS" if str(platform.get("operatingSystemFamily", "")).startswith("WINDOWS") else "LINUX"
    size = TaskSize(cpu=parse_cpu(described["cpu"]), memory=parse_memory(described["memory"]))
    check_size(size, os=os, architecture=architecture, where=where)
    return TaskDefinition(
        arn=arn,
        family=str(described.get("family", "")),
        revision=int(described.get("revision", 0)),
        size=size,
        architecture=architecture,
        os=os,
        ephemeral_gib=int(described.get("ephemeralStorage", {}).get("sizeInGiB", INCLUDED_EPHEMERAL_GIB)),
        containers=tuple(_container(c) for c in described.get("containerDefinitions", ())),
        reading=READING,
    )


def _read(session: AwsSession, region: str, arn: str) -> TaskDefinition | AwsFailed | InputRefused:
    def described() -> TaskDefinition:
        answer = ask(session, region, "ecs", "DescribeTaskDefinition", taskDefinition=arn)
        return storable(task_definition_of(answer["taskDefinition"]))

    try:
        return tried(session, region, "ecs:DescribeTaskDefinition", described)
    except InputRefused as error:
        return error


def _container(described: Mapping[str, Any]) -> Container:
    return Container(
        name=str(described.get("name", "")),
        essential=bool(described.get("essential", True)),
        cpu=described.get("cpu"),
        memory=_mib(described.get("memory")),
        memory_reservation=_mib(described.get("memoryReservation")),
        heap=heap_of(described),
        restarts=bool(described.get("restartPolicy", {}).get("enabled")),
    )


def _mib(value: int | None) -> Mib | None:
    return None if value is None else Mib(value)
