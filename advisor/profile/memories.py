"""Memory that follows the size: two sizes of one history, of which tasks used the same share."""

from dataclasses import dataclass

import numpy as np

from advisor.domain.units import DAY_SECONDS
from advisor.profile.records import Demand

LEAST_APART = 1.4  # chosen: ratio of the sizes; Fargate's neighbours are closer from 4 GiB on
ALIKE = 0.1  # chosen: how far the shares may differ, of the smaller
LEAST_SHARE = 0.3  # chosen: a smaller share is what any program holds
FEWEST_DAYS = 1  # chosen: of each size


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """The median share of the memory of a task that it used with `before` and with `after` GiB."""

    before: float
    after: float
    share_before: float
    share_after: float


def follows_size(demand: Demand) -> Followed | None:
    """Whether memory followed the last change of size, as a heap does that is set in percent; None = it did not.

    The median of the fullest task, over the stretches just before and after the change.
    """
    size, held = demand.frame["task_gib"].to_numpy(), demand.frame["hot_gib"].to_numpy()
    cuts = np.flatnonzero(np.diff(size)) + 1
    if not cuts.size:
        return None
    low, at = (int(cuts[-2]) if cuts.size > 1 else 0), int(cuts[-1])
    enough = FEWEST_DAYS * DAY_SECONDS // demand.step_seconds
    parts = [part[np.isfinite(part) & (part > 0)] for part in (held[low:at], held[at:])]
    if min(map(len, parts)) < enough or max(size[at - 1], size[at]) < LEAST_APART * min(size[at - 1], size[at]):
        return None
    before, after = (float(np.median(part)) / gib for part, gib in zip(parts, (size[at - 1], size[at]), strict=True))
    if min(before, after) < LEAST_SHARE or max(before, after) > (1 + ALIKE) * min(before, after):
        return None
    return Followed(before=float(size[at - 1]), after=float(size[at]), share_before=before, share_after=after)
