"""What a replay comes to in a month, and how far that may be off."""

from decimal import Decimal

import numpy as np

from advisor.advice.replay import CENT, Replay
from advisor.advice.work import Work
from advisor.domain.units import DAY_SECONDS, Usd

DRAWS, SEED = 400, 20260901
LOW_QUANTILE, HIGH_QUANTILE = 0.05, 0.95
FEWEST_DAYS_TO_DRAW = 2


def usd_range(replay: Replay, work: Work, *, replay_error: float) -> tuple[Usd, Usd]:
    """Between which two sums a month is expected to come to, nine times in ten.  [USD per month]

    Days of 24 hours are drawn with replacement from the replay, as many as there are (a bootstrap with blocks
    of a day, since hours of a day are not independent); the 5 % and 95 % quantiles of their mean, over the
    mean, scale the month, and the replay error widens both. A count that never changes has no range.
    """
    per_day = DAY_SECONDS // work.tick_seconds
    whole = replay.billed[len(replay.billed) % per_day :].reshape(-1, per_day).mean(axis=1)
    mean = float(whole.mean()) if whole.size else 0.0
    if whole.size < FEWEST_DAYS_TO_DRAW or mean <= 0 or np.ptp(replay.billed) == 0:
        return replay.usd_month, replay.usd_month
    drawn = np.random.default_rng(SEED).choice(whole, size=(DRAWS, whole.size)).mean(axis=1) / mean
    low, high = np.quantile(drawn, [LOW_QUANTILE, HIGH_QUANTILE])
    off = min(1.0, replay_error)
    return (
        _times(replay.usd_month, min(1.0, float(low)) * (1 - off)),
        _times(replay.usd_month, max(1.0, float(high)) * (1 + off)),
    )


def _times(usd: Usd, factor: float) -> Usd:
    return (usd * Decimal(repr(factor))).quantize(CENT)
