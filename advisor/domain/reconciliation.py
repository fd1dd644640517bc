"""What a bill came to against what the model says, service by service, with the difference sorted into classes.

billed - modelled = standalone + not covered + deployment + Spot + Savings Plan + price + unknown, exactly
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Literal, Self

from advisor.domain.units import Usd

OwnerKind = Literal["service", "standalone", "not-covered", "untagged"]
_NONE = Decimal("0.00")


@dataclass(frozen=True, slots=True, kw_only=True)
class Residual:
    """Billed minus modelled, by class  [USD, to a millionth].

    standalone: tasks that no service owns · not_covered: services that the store does not hold, pods of EKS ·
    deployment: tasks beside the wanted ones around a deployment · spot, savings_plan: what they took off the
    on-demand price · price: rates and discounts other than the price list's · unknown: the rest.
    """

    standalone: Usd = _NONE
    not_covered: Usd = _NONE
    deployment: Usd = _NONE
    spot: Usd = _NONE
    savings_plan: Usd = _NONE
    price: Usd = _NONE
    unknown: Usd = _NONE

    @classmethod
    def sum(cls, parts: Iterable[Self]) -> Self:
        """Class by class."""
        listed = tuple(parts)
        return cls(**{f.name: sum((getattr(part, f.name) for part in listed), _NONE) for f in fields(cls)})

    @property
    def total(self) -> Usd:
        """All classes together."""
        return sum((getattr(self, field.name) for field in fields(self)), _NONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconciledLine:
    """One thing that is charged for: quantities in unit-hours, money in USD.

    `unit` is that of the price list (vcpu-hour, gb-hour, ...), `other` for usage types that are not known.
    `rate_usd` is the on-demand rate that the model took, None where there is none. `measured_share` is the share of
    the billed quantity that was used, by the bill's split-cost columns; None where it has none.
    """

    unit: str
    usage_types: tuple[str, ...]
    modelled_quantity: Decimal
    billed_quantity: Decimal
    rate_usd: Usd | None
    modelled_usd: Usd
    billed_usd: Usd
    residual: Residual
    measured_share: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconciledOwner:
    """A service, or whoever else was billed, over the periods that were compared (None: none were).

    `outside_usd` was billed in periods for which the store holds no usage of the service: it is not compared.
    """

    account: str
    region: str
    service: str
    kind: OwnerKind
    start: datetime | None = None
    end: datetime | None = None
    modelled_usd: Usd = _NONE
    billed_usd: Usd = _NONE
    outside_usd: Usd = _NONE
    residual: Residual
    lines: tuple[ReconciledLine, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BillNote:
    """Which bill it was: its place, formats, number of files and rows, the first and last instant charged."""

    source: str
    formats: tuple[str, ...]
    files: int
    rows_read: int
    rows_kept: int
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconciledTotals:
    """Sums over all owners  [USD].

    `explained_share` (0 to 1): 1 - (sum of |unknown| over lines) / billed; errors of two services do not cancel out.
    """

    modelled_usd: Usd
    billed_usd: Usd
    outside_usd: Usd
    residual: Residual
    explained_share: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """A bill against a store; owners by what they were billed, the dearest first."""

    format: int = 1
    store: str
    bill: BillNote
    totals: ReconciledTotals
    owners: tuple[ReconciledOwner, ...]
    notes: tuple[str, ...] = ()
