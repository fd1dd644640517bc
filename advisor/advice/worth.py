"""Whether more memory is worth its price: what a breach is taken to cost, against what a larger size costs."""

from functools import cache

import numpy as np

from advisor.advice.tail import DAYS_AHEAD, Evidence, Floats, chance, shipped
from advisor.domain.service import Architecture, OperatingSystem, TaskSize
from advisor.domain.settings import TailModel
from advisor.fargate.sizes import legal_sizes

GIB_PER_VCPU = 9.1  # observed: a vCPU costs as much as 9.1 GB, on Linux in the regions of the shipped prices
BREACH = 0.1  # chosen: with a limit of 5 % a breach counts as 0.1 / 5 % = two monthly bills of the service


def lowest_limit(
    seen: Evidence,
    size: TaskSize,
    *,
    days: int = DAYS_AHEAD,
    model: TailModel | None = None,
    os: OperatingSystem = "LINUX",
    architecture: Architecture = "X86_64",
) -> float:
    """The lowest limit on the chance of a breach under which a size may be taken.  [0 to 1]

        min(chance, max over larger of (chance - its chance) x BREACH / (its price / price - 1))

    A size is within a limit where its chance is, or where no larger memory takes away more risk than it costs. The
    same limit for every service, however dear, would buy much memory where it helps little: where memory hardly
    moves the next GiB takes the risk away, where it is wild five more do not. Counted on public traces, the same
    money breaks memory less often when it goes where it helps (docs/memory-risk.md).
    """
    memory, price = _larger(size, os, architecture)
    risks = chance(model or shipped(), seen, np.append(memory, float(size.memory)), days)
    rates = (risks[-1] - risks[:-1]) * BREACH / (price - 1)
    return min(float(risks[-1]), float(rates.max(initial=0.0)))


@cache
def _larger(size: TaskSize, os: OperatingSystem, architecture: Architecture) -> tuple[Floats, Floats]:
    """Memory of the legal sizes with more memory and no less CPU, and their price over that of `size`."""
    found = [s for s in legal_sizes(os, architecture) if s.memory > size.memory and s.cpu >= size.cpu]
    prices = [_price(other) / _price(size) for other in found]
    return np.array([float(other.memory) for other in found]), np.array(prices)


def _price(size: TaskSize) -> float:
    return size.vcpu * GIB_PER_VCPU + size.gib
