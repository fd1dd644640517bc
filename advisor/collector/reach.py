"""Which services a collection has read whole: what of them was planned has come."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from advisor.collector.metrics import Batch
from advisor.collector.steps import MINUTE, settled, settled_day
from advisor.domain.collecting import Into
from advisor.domain.service import ServiceId


class Reaching:
    """What is left to read of each service until it is whole up to `until`, of each kind."""

    def __init__(self, planned: Iterable[Batch], *, now: datetime) -> None:
        days = settled_day(now)
        self.until: Mapping[Into, datetime] = {"usage": settled(now), "peaks": days, "insights": days}
        self._left = Counter((batch.into, id) for batch in planned if _counts(batch) for id in batch.services)

    def after(self, batch: Batch, *, without: Collection[ServiceId]) -> list[ServiceId]:
        """Count a batch that was read, but for services `without` all of it; those of the others that are whole now."""
        came = [id for id in batch.services if id not in without] if _counts(batch) else []
        self._left.subtract((batch.into, id) for id in came)
        return [id for id in came if not self._left[batch.into, id]]


def _counts(batch: Batch) -> bool:
    """Whether it is of what is kept for days; shorter steps are gone before anybody asks again."""
    return batch.period >= MINUTE
