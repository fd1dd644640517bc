"""Units: CPU units and MiB as distinct integers, money as Decimal, a month as 730 hours.

=============  =====================  ==========================================
quantity       type                   unit
=============  =====================  ==========================================
CPU            `CpuUnits` (int)       1,024 CPU units are one vCPU
memory         `Mib` (int)            1,024 MiB are one GiB (AWS writes "GB")
money          `Usd` (Decimal)        US dollars
a month        730 hours              AWS's own convention in its price pages
=============  =====================  ==========================================
"""

from decimal import Decimal
from typing import NewType

CpuUnits = NewType("CpuUnits", int)
Mib = NewType("Mib", int)
Usd = Decimal

HOURS_PER_MONTH = 730
SECONDS_PER_HOUR = 3600
DAY_SECONDS = 86_400
CPU_UNITS_PER_VCPU = 1024
MIB_PER_GIB = 1024


def vcpu(cpu: CpuUnits) -> float:
    """CPU units as vCPU.

    >>> vcpu(CpuUnits(512))
    0.5
    """
    return cpu / CPU_UNITS_PER_VCPU


def gib(memory: Mib) -> float:
    """MiB as GiB.

    >>> gib(Mib(2048))
    2.0
    """
    return memory / MIB_PER_GIB
