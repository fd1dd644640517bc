"""How likely a task is to outgrow its memory: a Gumbel tail on daily peaks."""

import math
from collections.abc import Sequence

from advisor.domain.service import TaskSize
from advisor.domain.units import MIB_PER_GIB
from advisor.profile import Profile

DAYS_AHEAD = 30
FEWEST_PEAKS_STATED = 7  # with fewer daily peaks the size is chosen in the same way, but no probability is told
LEAST_SPREAD_SHARE = 0.01  # of the mean peak: no series is taken to be steadier than its last digit
LEAST_STATED = 0.001  # chosen: so few days cannot rule out more than that, whatever the formula says
WIDENING = 2.0  # chosen: a spread of n peaks is taken to be (1 + WIDENING / n) times what they show
_EULER = 0.5772156649015329


def memory_breach_probability(profile: Profile, size: TaskSize, *, extra_mib: float = 0.0) -> float:
    """Chance that some day of the next 30 has a task that needs more memory than `size` has.  [0 to 1]

        1 - exp(-30 x exp(-(size - mu) / beta)),   beta = s sqrt(6) / pi x (1 + 2 / n),   mu = m - 0.5772 beta

    with mean m and standard deviation s of the n daily peaks of one task; `extra_mib` is added to m where the
    recommended setup gives each task more work. The factor (1 + 2/n) widens the tail of a short history: it is
    a choice, held against daily peaks of 57 public traces: fitted on three days or more, 2 of 150 looks three days
    ahead (1.3 %; 95 % interval 0.2 to 4.7 %) went over the size at which the formula says 1 % for three days, and
    6 of 150 without the factor. A look of 30 days could not be made (docs/decisions/0002-advice.md;
    benchmarks/memory_tail.py counts again). One peak or none gives 1; no size gets less than `LEAST_STATED`.

    Source: Gumbel, "Statistics of Extremes" (1958), moment estimators; the maximum of 30 independent days.
    """
    peaks = [peak * MIB_PER_GIB for peak in profile.memory_daily_peaks]
    return chance_of_breach(peaks, size.memory - extra_mib, days=DAYS_AHEAD)


def chance_of_breach(peaks: Sequence[float], memory: float, *, days: int) -> float:
    """Chance that the highest peak of the next `days` days is above `memory` (same unit as `peaks`).  [0 to 1]"""
    if len(peaks) <= 1:
        return 1.0
    mu, beta = _gumbel(peaks)
    excess = (memory - mu) / beta
    return max(LEAST_STATED, -math.expm1(-days * math.exp(-min(max(excess, -500.0), 500.0))))


def _gumbel(peaks: Sequence[float]) -> tuple[float, float]:
    """Location and scale by moments, widened for a short history."""
    count = len(peaks)
    mean = math.fsum(peaks) / count
    variance = math.fsum((peak - mean) ** 2 for peak in peaks) / (count - 1)
    spread = max(math.sqrt(variance), LEAST_SPREAD_SHARE * mean, 1e-9)
    beta = spread * math.sqrt(6) / math.pi * (1 + WIDENING / count)
    return mean - _EULER * beta, beta
