"""What did not come of a batch of metrics, and of which services."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from advisor.domain.errors import AwsFailed, one_line
from advisor.domain.service import ServiceId

if TYPE_CHECKING:
    from advisor.collector.metrics import Batch

NAMED = 5  # chosen: services that a message names


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """Why a request gave nothing, or not all of it, and of which services of its batch."""

    why: AwsFailed
    services: frozenset[ServiceId]


def failed(batch: "Batch", series: Iterable[int], why: AwsFailed) -> Missing:
    """A request for some series of a batch that failed."""
    return Missing(why=why, services=_owners(batch, series))


def in_part(batch: "Batch", series: Sequence[int], *, place: str) -> Missing:
    """A request that gave a part of some series; the first few of their services are named."""
    services = _owners(batch, series)
    said = f"cloudwatch:GetMetricData in {place} gave {len(series)} metrics in part, of {_named(services)}"
    return Missing(why=AwsFailed(f"AWS: {said}. Next: run this again."), services=services)


def _owners(batch: "Batch", series: Iterable[int]) -> frozenset[ServiceId]:
    return frozenset(batch.services[batch.series[n].service] for n in series)


def _named(services: Iterable[ServiceId]) -> str:
    names = [one_line(id.service) for id in sorted(services)]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{', '.join(names[:NAMED])}{more}"
