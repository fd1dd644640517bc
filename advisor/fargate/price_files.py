"""Prices as a file: the form of the shipped table, written and read."""

import csv
import io
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import get_args

from advisor.domain.errors import InputRefused
from advisor.fargate.prices import ANY, Capacity, Price, PriceUnit

COLUMNS = ("region", "os", "arch", "capacity", "unit", "usd", "usagetype", "source", "as_of", "certainty")
_ALLOWED = {
    "os": ("LINUX", "WINDOWS", ANY),
    "arch": ("X86_64", "ARM64", ANY),
    "capacity": get_args(Capacity),
    "unit": get_args(PriceUnit),
}


def prices_to_csv(prices: Iterable[Price]) -> str:
    """Prices as the text of a CSV file, in a fixed order."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_row(price) for price in sorted(prices, key=lambda p: (p.key, p.as_of)))
    return text.getvalue()


def prices_from_csv(text: str, *, where: str) -> tuple[Price, ...]:
    """The text of a price file as prices; columns that we do not know are left out.

    Raises InputRefused with file, row, column, value and rule; a price is above 0, as an unknown one is no row.
    """
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        names = reader.fieldnames or ()
        if missing := [name for name in COLUMNS if name not in names]:
            raise InputRefused(
                "missing column", where=f"{where}: header", value=missing[0], rule=f"columns are {', '.join(COLUMNS)}"
            )
        return tuple(_price(row, where=f"{where}: row {number}") for number, row in enumerate(reader, start=2))
    except csv.Error as error:
        raise InputRefused("not a CSV file", where=where, rule=str(error)) from None


def read_prices(path: str | Path) -> tuple[Price, ...]:
    """A price file as `advisor prices --out` writes it; raises InputRefused where it cannot be read."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise InputRefused("cannot be read", where=str(path), rule=f"a readable UTF-8 file ({reason})") from None
    return prices_from_csv(text, where=str(path))


def _row(price: Price) -> tuple[str, ...]:
    platform = (price.os.lower(), price.architecture.lower())
    money = f"{price.usd:f}"
    rest = (price.usage_type, price.source, price.as_of, price.certainty)
    return (price.region, *platform, price.capacity, price.unit, money, *rest)


def _price(row: Mapping[str, str | None], *, where: str) -> Price:
    cells = {name: row[name] or "" for name in COLUMNS}
    cells |= {name: cells[name].upper() for name in ("os", "arch")}
    for name, allowed in _ALLOWED.items():
        if cells[name] not in allowed:
            rule = f"one of {', '.join(allowed)}"
            raise InputRefused("bad cell", where=f"{where}, column {name}", value=row[name], rule=rule)
    if not cells["region"]:
        raise InputRefused("bad cell", where=f"{where}, column region", value="", rule="a region")
    return Price(
        region=cells["region"],
        os=cells["os"],
        architecture=cells["arch"],
        capacity=cells["capacity"],  # type: ignore[arg-type]
        unit=cells["unit"],  # type: ignore[arg-type]
        usd=_usd(cells["usd"], where=f"{where}, column usd"),
        source=cells["source"],
        as_of=cells["as_of"],
        certainty=cells["certainty"],
        usage_type=cells["usagetype"],
    )


def _usd(text: str, *, where: str) -> Decimal:
    try:
        usd = Decimal(text)
    except InvalidOperation:
        usd = Decimal("nan")
    if not (usd.is_finite() and usd > 0):
        raise InputRefused("no price", where=where, value=text, rule="a number above 0: an unknown price is no row")
    return usd
