"""Which services a collection has read whole: what of them was planned has come."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from advisor.collector.metrics import Batch
from advisor.collector.steps import MINUTE, settled
from advisor.domain.service import ServiceId


class Reaching:
    """What is left to read of each service until it is whole up to `until`."""

    def __init__(self, planned: Iterable[Batch], *, now: datetime) -> None:
        self.until = settled(now)
        self._left = Counter(id for batch in planned if _counts(batch) for id in batch.services)

    def after(self, batch: Batch) -> list[ServiceId]:
        """Count a batch that was read without a failure; those of its services that are whole now."""
        if not _counts(batch):
            return []
        self._left.subtract(batch.services)
        return [id for id in batch.services if not self._left[id]]


def _counts(batch: Batch) -> bool:
    """Whether it is of usage that is kept for days; shorter steps are gone before anybody asks again."""
    return batch.into == "usage" and batch.period >= MINUTE
