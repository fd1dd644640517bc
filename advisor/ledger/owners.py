"""Whose charges are whose: services of the store, standalone tasks, what the store does not hold."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from advisor.domain.charges import OWNER, Charges
from advisor.domain.inventory import Service
from advisor.domain.reconciliation import OwnerKind
from advisor.domain.service import ServiceId

_EKS = "AmazonEKS"
Known = Mapping[ServiceId, Service]


@dataclass(frozen=True, slots=True, kw_only=True)
class Billed:
    """The charges of one owner; `service` where the store holds it."""

    id: ServiceId
    kind: OwnerKind
    lines: pa.Table
    service: Service | None = None


def owners_of(charges: Charges, services: Iterable[Service]) -> tuple[Billed, ...]:
    """Every owner once; services of the store in accounts and regions of the bill also where nothing was charged."""
    known = {service.id: service for service in services}
    parts: dict[tuple[ServiceId, OwnerKind], list[pa.Table]] = {}
    places: set[tuple[str, str]] = set()
    for owner, lines in _slices(charges.lines):
        places.add((owner["account"] or "", owner["region"] or ""))
        parts.setdefault(_whose(owner, known, charges.tagged), []).append(lines)
    none = charges.lines.slice(0, 0)
    for id in known:
        if (id.account, id.region) in places:
            parts.setdefault((id, "service"), [none])
    return tuple(
        Billed(id=id, kind=kind, lines=pa.concat_tables(tables), service=known.get(id) if kind == "service" else None)
        for (id, kind), tables in parts.items()
    )


def _whose(
    owner: Mapping[str, str | None], known: Known, tagged: frozenset[tuple[str, str]]
) -> tuple[ServiceId, OwnerKind]:
    account, region, cluster = owner["account"] or "", owner["region"] or "", owner["cluster"] or ""

    def named(what: str) -> ServiceId:
        return ServiceId(account=account, region=region, service=f"{cluster}/{what}" if cluster else what)

    if owner["product"] == _EKS:
        return named("(pods of EKS)"), "not-covered"
    if owner["service"]:
        id = _found(named(owner["service"]), known)
        return id, "service" if id in known else "not-covered"
    if owner["family"]:
        return named(owner["family"]), "standalone"
    return (named("(standalone)"), "standalone") if (account, region) in tagged else (named("(untagged)"), "untagged")


def _found(id: ServiceId, known: Known) -> ServiceId:
    """The service of the store; where the bill tells no region, the one of that name in the account."""
    if id.region:
        return id
    same = [other for other in known if (other.account, other.service) == (id.account, id.service)]
    return same[0] if len(same) == 1 else id


def _slices(lines: pa.Table) -> Iterator[tuple[dict[str, str | None], pa.Table]]:
    """The lines of each owner, cut where the owner changes: they are sorted."""
    codes = [pc.dictionary_encode(lines[name].combine_chunks(), null_encoding="encode").indices for name in OWNER]
    numbers = np.stack([code.to_numpy() for code in codes])
    cuts = np.flatnonzero((numbers[:, 1:] != numbers[:, :-1]).any(axis=0)) + 1
    for first, last in zip((0, *cuts), (*cuts, lines.num_rows), strict=True):
        part = lines.slice(int(first), int(last - first))
        yield part.select(list(OWNER)).slice(0, 1).to_pylist()[0], part
