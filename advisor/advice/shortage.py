"""How likely CPU is to run short in the month to come: what high quantiles of daily work foretell, as `tail` has it."""

from dataclasses import replace

import numpy as np

from advisor.advice.tail import DAYS_AHEAD, Evidence, Floats, chance, evidence, shipped
from advisor.domain.settings import TailModel
from advisor.domain.units import DAY_SECONDS

FEWEST_DAYS_TOLD = 3
FEWEST_DAYS_TO_GROW = 7  # chosen: of five days one order in 25 looks like growth, of seven one in 200
KNOWN_OF_A_DAY = 0.5  # chosen: a day counts where so much of it is known
NO_LIMIT = 0.5  # chosen: a limit of so much of the time is none; batches may use all the CPU that they have
LEAST_SHORT = 0.02  # chosen: whatever they did before, so many public series asked for half as much again or more


def shortage_evidence(hot: Floats, step_seconds: int, share: float) -> Evidence | None:
    """What the work of the hottest task says: of each day, and of all days, the work that is exceeded in `share` of it.

    `hot` in any unit on a complete grid, NaN where nothing is known. `highest` is the work that all days together
    exceed in `share` of the time. None where too few days are known, or nothing was done.
    """
    days = daily_work(hot, step_seconds, share)
    whole = exceeded(hot, share)
    if len(days) < FEWEST_DAYS_TOLD or whole <= 0:
        return None
    return replace(evidence(days, exceeded(hot, 0.5)), highest=whole)


def chance_of_shortage(
    seen: Evidence, vcpu: float, *, days: int = DAYS_AHEAD, model: TailModel | None = None
) -> float | None:
    """Chance that the work of the next `days` days exceeds `vcpu` in more than the share that `seen` was made with.

    `vcpu` in the unit of the evidence. None where the days that were seen did so already: how much they did is known.
    """
    if vcpu < seen.highest:
        return None
    return max(float(chance(model or shipped("cpu"), seen, np.array([vcpu]), days)[0]), LEAST_SHORT)


def work_growth(hot: Floats, step_seconds: int) -> float:
    """How much the mean work of a day grows from day to day, where it does steadily for a week or more; else 0.

    A natural logarithm, per day; `hot` as for `shortage_evidence`.
    """
    days = _days(hot, step_seconds)
    return evidence(np.nanmean(days, axis=1)).growth if len(days) >= FEWEST_DAYS_TO_GROW else 0.0


def daily_work(hot: Floats, step_seconds: int, share: float) -> tuple[float, ...]:
    """The work that each day exceeds in `share` of it, oldest first; days are counted back from the end."""
    days = _days(hot, step_seconds)
    return tuple(float(work) for work in np.nanquantile(days, 1 - share, axis=1)) if len(days) else ()


def exceeded(hot: Floats, share: float) -> float:
    """The work that is exceeded in `share` of the time; 0 where nothing is known."""
    known = hot[np.isfinite(hot)]
    return float(np.quantile(known, 1 - share)) if known.size else 0.0


def _days(hot: Floats, step_seconds: int) -> Floats:
    """The days of which enough is known, one a row."""
    per_day = DAY_SECONDS // step_seconds
    days = hot[len(hot) % per_day :].reshape(-1, per_day)
    return np.asarray(days[np.isfinite(days).mean(axis=1) >= KNOWN_OF_A_DAY])
