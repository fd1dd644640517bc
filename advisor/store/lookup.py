"""A service by its name, among those of a store."""

import difflib
from collections.abc import Sequence

from advisor.domain.errors import NoData, one_line
from advisor.domain.inventory import Service


def find(services: Sequence[Service], name: str, *, account: str | None, region: str | None, where: str) -> Service:
    """The service called `cluster/name`; raises NoData that names the nearest, or says where it is twice."""
    found = [
        service
        for service in services
        if service.id.service == name and account in (None, service.id.account) and region in (None, service.id.region)
    ]
    if len(found) == 1:
        return found[0]
    if found:
        places = ", ".join(one_line(f"{s.id.account}/{s.id.region}") for s in found)
        raise NoData(f"service {one_line(name)} is in several places: {places}. Next: give account and region.")
    near = difflib.get_close_matches(name, {s.id.service for s in services}, n=3, cutoff=0.3)
    hint = f" Nearest: {', '.join(one_line(n) for n in near)}." if near else ""
    raise NoData(f"store {where}: no service {one_line(name)}.{hint} Next: `.services` lists all.")
