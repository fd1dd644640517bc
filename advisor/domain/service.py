"""A service and what it was given: identity, task size, setup."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Protocol, Self, TypeVar

from advisor.domain.policy import Policy, ScheduledAction
from advisor.domain.units import CPU_UNITS_PER_VCPU, MIB_PER_GIB, CpuUnits, Mib, gib, vcpu

Architecture = Literal["X86_64", "ARM64"]
OperatingSystem = Literal["LINUX", "WINDOWS"]
Provider = Literal["FARGATE", "FARGATE_SPOT"]

INCLUDED_EPHEMERAL_GIB = 20  # documented: 20 GiB per task are free on platform version 1.4.0


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class ServiceId:
    """Which service: unique in account and region; `service` is `cluster/name`."""

    account: str
    region: str
    service: str

    @property
    def cluster(self) -> str:
        """The cluster's name."""
        return self.service.partition("/")[0]

    @property
    def name(self) -> str:
        """The service's name within its cluster."""
        return self.service.partition("/")[2]

    def __str__(self) -> str:
        return f"{self.account}/{self.region}/{self.service}"


class OfService(Protocol):
    """A record of a service, or of a family of tasks without one."""

    @property
    def id(self) -> ServiceId:
        """Whose it is."""


T = TypeVar("T", bound=OfService)


def by_service(records: Iterable[T]) -> dict[ServiceId, list[T]]:
    """The records of each service, in the order in which they come."""
    found: dict[ServiceId, list[T]] = {}
    for record in records:
        found.setdefault(record.id, []).append(record)
    return found


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class TaskSize:
    """CPU and memory of one task; whether Fargate has it is `advisor.fargate.sizes`'s to say."""

    cpu: CpuUnits
    memory: Mib

    @classmethod
    def of(cls, *, vcpu: float, gib: float) -> Self:
        """From vCPU and GiB.

        >>> TaskSize.of(vcpu=0.5, gib=1)
        TaskSize(cpu=512, memory=1024)
        """
        return cls(cpu=CpuUnits(round(vcpu * CPU_UNITS_PER_VCPU)), memory=Mib(round(gib * MIB_PER_GIB)))

    @property
    def vcpu(self) -> float:
        """CPU [vCPU]."""
        return vcpu(self.cpu)

    @property
    def gib(self) -> float:
        """Memory [GiB]."""
        return gib(self.memory)

    def __str__(self) -> str:
        return f"{self.vcpu:g} vCPU / {self.gib:g} GiB"


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityShare:
    """One line of a capacity-provider strategy."""

    provider: Provider = "FARGATE"
    base: int = 0
    weight: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """All that decides what a service costs and how it scales.

    `minimum` and `maximum` are None together: a fixed count of `desired`, no scalable target.
    """

    size: TaskSize
    architecture: Architecture = "X86_64"
    os: OperatingSystem = "LINUX"
    ephemeral_gib: int = INCLUDED_EPHEMERAL_GIB
    capacity: tuple[CapacityShare, ...] = (CapacityShare(),)
    desired: int
    minimum: int | None = None
    maximum: int | None = None
    policies: tuple[Policy, ...] = ()
    schedule: tuple[ScheduledAction, ...] = ()

    @property
    def bounds(self) -> tuple[int, int]:
        """(minimum, maximum) tasks; a fixed count is both."""
        if self.minimum is None or self.maximum is None:
            return (self.desired, self.desired)
        return (self.minimum, self.maximum)
