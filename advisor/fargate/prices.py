"""Prices with their origin: what an hour of a vCPU, a GB and the rest costs, who says so, as of when.

The shipped table is `data/fargate_prices.csv`; every row carries source, date and certainty into the product.
A price that is not there raises PriceMissing: it is never zero, and never borrowed from another region.
ARM prices that somebody only derived (0.80 x X86_64) are apart, and come only when they are asked for.
"""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from importlib.resources import files
from typing import Literal, Self

from advisor.domain.errors import PriceMissing
from advisor.domain.service import Architecture, OperatingSystem, Provider
from advisor.domain.units import Usd

Capacity = Literal["on-demand", "spot"]
PriceUnit = Literal["vcpu-hour", "gb-hour", "storage-gb-hour", "os-licence-vcpu-hour"]

CAPACITY: dict[Provider, Capacity] = {"FARGATE": "on-demand", "FARGATE_SPOT": "spot"}
ANY = "ANY"  # storage has one price for every operating system and architecture


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """One price  [USD per `unit`], with where it was read, as of when, and how sure that is.

    `os` is LINUX, WINDOWS or ANY; `architecture` is X86_64, ARM64 or ANY; `as_of` is a date or part of one.
    `certainty` begins with CONFIRMED, SINGLE, TWO, STALE or DERIVED.
    """

    region: str
    os: str
    architecture: str
    capacity: Capacity
    unit: PriceUnit
    usd: Usd
    source: str
    as_of: str
    certainty: str
    usage_type: str = ""

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """What a price is looked up by."""
        return (self.region, self.os, self.architecture, self.capacity, self.unit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """What one platform costs in one region  [USD per hour and vCPU, GB, GB of storage, vCPU of licence].

    `licence_vcpu_hour` is 0 on Linux because AWS charges none there.
    `ephemeral_gb_hour` is per GB above the 20 that are free; None where no price is known.
    """

    vcpu_hour: Usd
    gb_hour: Usd
    ephemeral_gb_hour: Usd | None
    licence_vcpu_hour: Usd
    prices: tuple[Price, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceBook:
    """Prices to look up; of two rows for the same thing the later one counts.

    `task_hours`: what one task costs for an hour, of setups that were asked for already.  [USD]
    """

    prices: tuple[Price, ...]
    task_hours: dict[Hashable, float] = field(init=False, repr=False, compare=False, default_factory=dict)
    _index: dict[tuple[str, str, str, str, str], Price] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        index = {price.key: price for price in sorted(self.prices, key=_date)}
        object.__setattr__(self, "_index", index)

    @classmethod
    def shipped(cls, *, derived_arm: bool = False) -> Self:
        """The prices in this package; `derived_arm` adds the ARM prices that are no published prices.

        >>> PriceBook.shipped().rates(region="us-east-1", os="LINUX", architecture="X86_64").vcpu_hour
        Decimal('0.04048')
        """
        names = ("fargate_prices.csv", "fargate_prices_derived_arm.csv") if derived_arm else ("fargate_prices.csv",)
        return cls(prices=tuple(price for name in names for price in _read(name)))

    def rates(
        self,
        *,
        region: str,
        os: OperatingSystem,
        architecture: Architecture,
        provider: Provider = "FARGATE",
    ) -> Rates:
        """What this platform costs in this region; raises PriceMissing where a price is not known."""
        place = (region, os, architecture, CAPACITY[provider])
        used = [self._find(*place, unit="vcpu-hour"), self._find(*place, unit="gb-hour")]
        licence = Decimal(0)
        if os == "WINDOWS":
            used.append(self._find(region, os, architecture, "on-demand", unit="os-licence-vcpu-hour"))
            licence = used[-1].usd
        storage = self._index.get((region, ANY, ANY, "on-demand", "storage-gb-hour"))
        return Rates(
            vcpu_hour=used[0].usd,
            gb_hour=used[1].usd,
            ephemeral_gb_hour=storage.usd if storage else None,
            licence_vcpu_hour=licence,
            prices=(*used, storage) if storage else tuple(used),
        )

    def scaled(self, factor: Decimal) -> "PriceBook":
        """The same book with every price times `factor`: for what-if questions and for laws.

        >>> PriceBook.shipped().scaled(Decimal(2)).rates(
        ...     region="us-east-1", os="LINUX", architecture="X86_64").gb_hour
        Decimal('0.008890')
        """
        return PriceBook(
            prices=tuple(
                replace(price, usd=price.usd * factor, source=f"{price.source}, times {factor}")
                for price in self.prices
            )
        )

    def with_prices(self, prices: Iterable[Price]) -> "PriceBook":
        """The same book with more prices; of two for the same thing the later one counts."""
        return PriceBook(prices=(*self.prices, *prices))

    def find(self, key: tuple[str, str, str, str, str]) -> Price | None:
        """The price with this key (`Price.key`), None where none is known."""
        return self._index.get(key)

    def _find(self, region: str, os: str, architecture: str, capacity: str, *, unit: str) -> Price:
        found = self._index.get((region, os, architecture, capacity, unit))
        if found is None:
            raise PriceMissing(self._missing(region, os, architecture, capacity, unit))
        return found

    def _missing(self, region: str, os: str, architecture: str, capacity: str, unit: str) -> str:
        having = sorted({price.region for price in self.prices if price.key[1:] == (os, architecture, capacity, unit)})
        where = f"known in {', '.join(having)}" if having else "known in no region"
        what = f"{os} on {architecture}, {capacity}, per {unit}, in {region!r}"
        return f"price book: no price for {what}. Rule: an unknown price is never taken as zero. It is {where}."


def check_storage(rates: Rates, *, region: str) -> Usd:
    """The price of ephemeral storage above the free 20 GB  [USD per GB-hour]; raises PriceMissing."""
    if rates.ephemeral_gb_hour is None:
        raise PriceMissing(
            f"price book: no price for ephemeral storage in {region!r}. Rule: an unknown price is never zero."
        )
    return rates.ephemeral_gb_hour


def _read(name: str) -> Iterable[Price]:
    from advisor.fargate.price_files import prices_from_csv

    text = files("advisor.fargate").joinpath("data", name).read_text(encoding="utf-8")
    return prices_from_csv(text, where=name)


def _date(price: Price) -> str:
    """For order: undated rows are the oldest, "about 2025" is 2025."""
    return "".join(c for c in price.as_of if c.isdigit() or c == "-")
