"""Task counts: what SampleCount says, checked against what ECS said was running at collection."""

import numpy as np
import numpy.typing as npt

from advisor.domain.finding import Caution
from advisor.domain.inventory import Service

Floats = npt.NDArray[np.float64]

RECENT_STEPS = 10  # chosen: the last steps that are compared with the running count at collection
NEAR = 0.05  # chosen: how far a ratio may be from a whole number
CONSISTENT_SHARE = 0.95  # chosen: share of counts that must be multiples of the factor
DISTINCT_MULTIPLES = 3  # chosen: so many different multiples are no coincidence
MOST_FACTOR = 12  # a sample every 5 seconds is the most that a 60 s SampleCount could mean


def task_factor(tasks: Floats, service: Service) -> tuple[int, tuple[Caution, ...]]:
    """By which whole number the recorded counts must be divided, and what to say about it.

    SampleCount at 60 s is the running task count (documented) while ECS sends one sample a minute; with
    20-second metrics it is three times that (observed). The factor k is accepted where the last counts over
    the running count are near k, nearly all counts of the history are multiples of k, and k is not a
    coincidence: counts lie above the maximum that the service may run, or take several different multiples,
    or ECS was told to use 20-second metrics.
    """
    known = tasks[np.isfinite(tasks) & (tasks > 0)]
    if not service.running or known.size < RECENT_STEPS or service.deploying:
        return _factor_unseen(known, service)
    ratios = known[-RECENT_STEPS:] / service.running
    factor = round(float(np.median(ratios)))
    if factor > 1 and _is_factor(factor, ratios, known, service):
        text = (
            f"Recorded task counts are {factor} times what ECS says is running"
            f" ({service.running}); they were divided by {factor}."
        )
        return factor, (Caution(code="task-factor", text=text),)
    if np.allclose(ratios, 1, rtol=NEAR):
        return 1, ()
    stated = _factor_unseen(known, service)
    steady = service.setup.bounds[0] == service.setup.bounds[1] or np.ptp(known[-RECENT_STEPS:]) == 0
    if stated[0] == 1 and abs(float(np.median(ratios)) - 1) > 0.5 and steady:
        text = (
            f"ECS says {service.running} tasks run, the metrics say {float(np.median(known[-RECENT_STEPS:])):g};"
            " the metrics were believed."
        )
        return 1, (Caution(code="task-count-disagrees", text=text),)
    return stated


def _factor_unseen(known: Floats, service: Service) -> tuple[int, tuple[Caution, ...]]:
    """Nothing was running to compare with, or the count was changing: only a stated resolution speaks."""
    factor = 60 // service.resolution_seconds if service.resolution_seconds else 1
    if factor == 1 or service.step_seconds != 60 or not known.size or not _multiples(factor, known):
        return 1, ()
    text = f"The service uses {service.resolution_seconds}-second metrics; task counts were divided by {factor}."
    return factor, (Caution(code="task-factor", text=text),)


def _is_factor(factor: int, ratios: Floats, known: Floats, service: Service) -> bool:
    resolution = service.resolution_seconds
    if factor > MOST_FACTOR or (resolution and factor != 60 // resolution):
        return False
    if not np.allclose(ratios, factor, rtol=NEAR) or not _multiples(factor, known):
        return False
    above = float(np.median(known)) > service.setup.bounds[1]
    several = np.unique(np.round(known / factor)).size >= DISTINCT_MULTIPLES
    return above or several or resolution is not None


def _multiples(factor: int, known: Floats) -> bool:
    remainder = np.abs(known / factor - np.round(known / factor))
    return float(np.mean(remainder <= NEAR)) >= CONSISTENT_SHARE
