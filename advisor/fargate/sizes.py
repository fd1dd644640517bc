"""The task sizes that Fargate has: which pairs of CPU and memory may be asked for, and how they are written.

Source: botocore 1.44.5, `ecs` RegisterTaskDefinition (November 2026), and the same table in the EKS guide of
December 2024 [documented]; the rows for Windows: ECS developer guide, 2023 [documented].
"""

import re
from decimal import Decimal
from functools import cache
from math import log

from advisor.domain.errors import SizeRefused
from advisor.domain.service import Architecture, OperatingSystem, TaskSize
from advisor.domain.units import CPU_UNITS_PER_VCPU, MIB_PER_GIB, CpuUnits, Mib

LINUX_MEMORY: dict[int, tuple[int, ...]] = {  # CPU units -> MiB
    256: (512, 1024, 2048),
    512: tuple(range(1024, 4096 + 1, 1024)),
    1024: tuple(range(2048, 8192 + 1, 1024)),
    2048: tuple(range(4096, 16384 + 1, 1024)),
    4096: tuple(range(8192, 30720 + 1, 1024)),
    8192: tuple(range(16384, 61440 + 1, 4096)),
    16384: tuple(range(32768, 122880 + 1, 8192)),
}
WINDOWS_CPU = (1024, 2048, 4096)  # the Linux rows that Windows has; Windows is never ARM64

_CPU = re.compile(r"\s*(?:(?P<vcpu>\d{0,6}(?:\.\d{1,6})?)\s*vcpu|(?P<units>\d{1,9}))\s*", re.IGNORECASE)
_MEMORY = re.compile(r"\s*(?:(?P<gb>\d{0,6}(?:\.\d{1,6})?)\s*gb|(?P<mib>\d{1,9}))\s*", re.IGNORECASE)


@cache
def legal_sizes(os: OperatingSystem = "LINUX", architecture: Architecture = "X86_64") -> tuple[TaskSize, ...]:
    """Every size that Fargate has for an operating system and architecture, sorted.

    =======  ======  ========
    os       X86_64  ARM64
    =======  ======  ========
    LINUX    74      74
    WINDOWS  43      none
    =======  ======  ========

    >>> len(legal_sizes("LINUX", "ARM64")), len(legal_sizes("WINDOWS")), legal_sizes("WINDOWS", "ARM64")
    (74, 43, ())
    """
    if os == "WINDOWS" and architecture == "ARM64":
        return ()
    return tuple(
        TaskSize(cpu=CpuUnits(cpu), memory=Mib(memory))
        for cpu, memories in LINUX_MEMORY.items()
        for memory in memories
        if os == "LINUX" or cpu in WINDOWS_CPU
    )


def check_size(
    size: TaskSize, *, os: OperatingSystem = "LINUX", architecture: Architecture = "X86_64", where: str
) -> None:
    """Raise SizeRefused for a size that Fargate does not have; the message names the nearest it has."""
    legal = legal_sizes(os, architecture)
    if size in legal:
        return
    if not legal:
        rule = "Fargate runs Windows on X86_64 only"
        raise SizeRefused("no such platform", where=where, value=f"{os} on {architecture}", rule=rule)
    near = " or ".join(_text(other) for other in nearest_sizes(size, os=os, architecture=architecture))
    raise SizeRefused(
        "not a Fargate size",
        where=where,
        value=_text(size),
        rule=f"{len(legal)} pairs of CPU and memory exist for {os} on {architecture}",
        next_step=f"take {near}.",
    )


def nearest_sizes(
    size: TaskSize, *, os: OperatingSystem = "LINUX", architecture: Architecture = "X86_64", most: int = 3
) -> tuple[TaskSize, ...]:
    """The legal sizes nearest in proportion, nearest first.

    >>> [str(near) for near in nearest_sizes(TaskSize.of(vcpu=0.25, gib=3), most=2)]
    ['0.25 vCPU / 2 GiB', '0.5 vCPU / 3 GiB']
    """

    def distance(other: TaskSize) -> float:
        return abs(_ratio(other.cpu, size.cpu)) + abs(_ratio(other.memory, size.memory))

    return tuple(sorted(legal_sizes(os, architecture), key=distance)[:most])


def parse_cpu(value: str | int, *, where: str = "cpu") -> CpuUnits:
    """CPU as AWS lets it be written  [CPU units]; raises SizeRefused.

    >>> parse_cpu("0.5 vCPU"), parse_cpu("1vcpu"), parse_cpu("512"), parse_cpu(2048)
    (512, 1024, 512, 2048)
    """
    rule = 'CPU units as a whole number ("1024"), or vCPU ("1 vCPU", ".5 vCPU")'
    return CpuUnits(_parse(_CPU, value, "vcpu", "units", CPU_UNITS_PER_VCPU, where=where, rule=rule))


def parse_memory(value: str | int, *, where: str = "memory") -> Mib:
    """Memory as AWS lets it be written  [MiB]; raises SizeRefused.

    >>> parse_memory("2 GB"), parse_memory("0.5GB"), parse_memory("2048"), parse_memory(512)
    (2048, 512, 2048, 512)
    """
    rule = 'MiB as a whole number ("2048"), or GB ("2 GB")'
    return Mib(_parse(_MEMORY, value, "gb", "mib", MIB_PER_GIB, where=where, rule=rule))


def _parse(
    form: re.Pattern[str], value: str | int, large: str, small: str, factor: int, *, where: str, rule: str
) -> int:
    found = None if isinstance(value, bool) or not str(value).isascii() else form.fullmatch(str(value))
    if found and found[small]:
        number = Decimal(found[small])
    elif found and found[large] and found[large] != ".":
        number = Decimal(found[large]) * factor
    else:
        raise SizeRefused(f"unreadable {where}", where=where, value=value, rule=rule)
    if number <= 0 or number != int(number):
        raise SizeRefused(f"unusable {where}", where=where, value=value, rule=rule)
    return int(number)


def _ratio(one: int, other: int) -> float:
    return log(one / max(other, 1))


def _text(size: TaskSize) -> str:
    return f"cpu {size.cpu} with memory {size.memory} MiB"
