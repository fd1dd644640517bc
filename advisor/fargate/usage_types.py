"""Usage types of Fargate on a bill: what is charged, on which platform, on demand or Spot.  [FACTS 2, "Usage types"]

`<prefix>-Fargate-vCPU-Hours:perCPU`, and the like with `ARM-`, `Windows-` or `SpotUsage-`; the prefix stands for the
region and is not needed: suffixes are what is matched. ECS tasks and EKS pods share them.
"""

import re
from dataclasses import dataclass

from advisor.fargate.prices import ANY, Capacity, PriceUnit

_FORM = re.compile(r"(?:[A-Z0-9]+-)?(?P<spot>SpotUsage-)?Fargate-(?P<platform>ARM-|Windows-)?(?P<what>.+)")
_UNITS: dict[str, PriceUnit] = {
    "vCPU-Hours:perCPU": "vcpu-hour",
    "GB-Hours": "gb-hour",
    "OS-Hours:perCPU": "os-licence-vcpu-hour",
    "EphemeralStorage-GB-Hours": "storage-gb-hour",
}
_PLATFORMS = {None: ("LINUX", "X86_64"), "ARM-": ("LINUX", "ARM64"), "Windows-": ("WINDOWS", "X86_64")}


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageType:
    """What a usage type charges for; `os` and `architecture` are ANY for storage, as in the price list."""

    unit: PriceUnit
    os: str
    architecture: str
    capacity: Capacity


def usage_type_of(text: str) -> UsageType | None:
    """The parts of a usage type of Fargate; None for any other, and for one of Fargate that is not known.

    >>> usage_type_of("EUC1-SpotUsage-Fargate-ARM-GB-Hours")
    UsageType(unit='gb-hour', os='LINUX', architecture='ARM64', capacity='spot')
    >>> usage_type_of("USE1-ECS-EC2-GB-Hours")
    """
    found = _FORM.fullmatch(text)
    unit = _UNITS.get(found["what"]) if found else None
    if found is None or unit is None:
        return None
    os, architecture = (ANY, ANY) if unit == "storage-gb-hour" else _PLATFORMS[found["platform"]]
    return UsageType(unit=unit, os=os, architecture=architecture, capacity="spot" if found["spot"] else "on-demand")
