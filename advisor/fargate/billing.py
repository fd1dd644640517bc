"""Task-seconds into dollars, to the second, in exact decimals.

A line is one quantity times one price: quantities are rounded once, to a billionth of an hour (3.6 microseconds),
and never after the price has come in. So doubling a price doubles its line exactly, and lines add up exactly.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext

from advisor.domain.errors import InputRefused
from advisor.domain.service import (
    INCLUDED_EPHEMERAL_GIB,
    Architecture,
    OperatingSystem,
    Provider,
    TaskSize,
)
from advisor.domain.units import CPU_UNITS_PER_VCPU, HOURS_PER_MONTH, MIB_PER_GIB, SECONDS_PER_HOUR, Usd
from advisor.fargate.prices import Price, PriceBook, Rates, check_storage

# Documented: per second, rounded up, from the start of the image pull to the stop; the least is one minute
# (aws.amazon.com/fargate/pricing). UNCONFIRMED for Windows: five minutes; it was fifteen at launch in 2021.
LEAST_BILLED_SECONDS: dict[OperatingSystem, int] = {"LINUX": 60, "WINDOWS": 300}

_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)
_QUANTUM = Decimal("0.000000001")
_PROVIDER_TEXT: dict[Provider, str] = {"FARGATE": "Fargate", "FARGATE_SPOT": "Fargate Spot"}


@dataclass(frozen=True, slots=True, kw_only=True)
class BillLine:
    """One line: `usd` is `quantity` times `rate`, exactly."""

    what: str
    quantity: Decimal
    unit: str
    rate: Usd
    usd: Usd


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """Lines that sum to their total, exactly; `prices` are the rows that were used, with their origin."""

    lines: tuple[BillLine, ...]
    prices: tuple[Price, ...] = ()

    @property
    def total(self) -> Usd:
        """The sum of the lines  [USD]."""
        with localcontext(_EXACT):
            return sum((line.usd for line in self.lines), Decimal(0))

    def per_month(self, seconds: int) -> Usd:
        """What a bill over `seconds` comes to in a month of 730 hours  [USD].

        quantity x (730 h / seconds), rounded as quantities are, then times the rate
        """
        if seconds <= 0:
            raise InputRefused("no time", where="bill per month", value=seconds, rule="more than 0 s")
        with localcontext(_EXACT):
            month = Decimal(HOURS_PER_MONTH * SECONDS_PER_HOUR)
            parts = ((line.quantity * month / seconds).quantize(_QUANTUM) * line.rate for line in self.lines)
            return sum(parts, Decimal(0))


def bill_task_seconds(
    task_seconds: int | Decimal | Mapping[Provider, int | Decimal],
    *,
    size: TaskSize,
    region: str,
    prices: PriceBook,
    os: OperatingSystem = "LINUX",
    architecture: Architecture = "X86_64",
    ephemeral_gib: int = INCLUDED_EPHEMERAL_GIB,
) -> Bill:
    """Price the time that tasks of one size were billed; a plain number is all on FARGATE.

    Lines per provider: vCPU, memory, storage above 20 GiB, Windows licence. Raises PriceMissing.

    >>> bill = bill_task_seconds(3600, size=TaskSize.of(vcpu=1, gib=2), region="us-east-1",
    ...                          prices=PriceBook.shipped())
    >>> bill.total
    Decimal('0.049370000000000')
    """
    by_provider: Mapping[Provider, int | Decimal] = (
        task_seconds if isinstance(task_seconds, Mapping) else {"FARGATE": task_seconds}
    )
    lines: list[BillLine] = []
    used: dict[Price, None] = {}
    extra_gib = max(0, ephemeral_gib - INCLUDED_EPHEMERAL_GIB)
    for provider, seconds in by_provider.items():
        if seconds < 0:
            raise InputRefused("negative time", where=f"bill, {provider}", value=seconds, rule="0 or more")
        rates = prices.rates(region=region, os=os, architecture=architecture, provider=provider)
        parts = _parts(rates, size=size, extra_gib=extra_gib, region=region)
        lines += [_line(f"{_PROVIDER_TEXT[provider]} {part[0]}", seconds, *part[1:]) for part in parts]
        used |= dict.fromkeys(p for p in rates.prices if extra_gib or p.unit != "storage-gb-hour")
    return Bill(lines=tuple(lines), prices=tuple(used))


def billed_seconds(started: datetime, stopped: datetime, os: OperatingSystem = "LINUX") -> int:
    """How long a task is billed that pulled its image at `started` and stopped at `stopped`  [s].

    Rounded up to the second; at least a minute on Linux, five on Windows (UNCONFIRMED).
    """
    if stopped < started:
        raise InputRefused("stopped before it started", where="billed time", value=stopped, rule="in order")
    whole, rest = divmod(stopped - started, timedelta(seconds=1))
    return max(whole + (1 if rest else 0), LEAST_BILLED_SECONDS[os])


def _parts(rates: Rates, *, size: TaskSize, extra_gib: int, region: str) -> list[tuple[str, Decimal, str, Decimal]]:
    """(what, amount of one task, unit, rate) for everything that one running task costs."""
    vcpu = Decimal(size.cpu) / CPU_UNITS_PER_VCPU
    parts = [
        ("vCPU", vcpu, "vCPU-hour", rates.vcpu_hour),
        ("memory", Decimal(size.memory) / MIB_PER_GIB, "GB-hour", rates.gb_hour),
    ]
    if extra_gib:
        storage = check_storage(rates, region=region)
        parts.append(("ephemeral storage above 20 GB", Decimal(extra_gib), "GB-hour", storage))
    if rates.licence_vcpu_hour:
        parts.append(("Windows licence", vcpu, "vCPU-hour", rates.licence_vcpu_hour))
    return parts


def _line(what: str, seconds: int | Decimal, amount: Decimal, unit: str, rate: Usd) -> BillLine:
    with localcontext(_EXACT):
        quantity = (Decimal(seconds) * amount / SECONDS_PER_HOUR).quantize(_QUANTUM)
        return BillLine(what=what, quantity=quantity, unit=unit, rate=rate, usd=quantity * rate)
