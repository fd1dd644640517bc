"""Stated chances of a breach against what happened."""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from advisor.advice.tail import LEAST_STATED, chance
from advisor.advice.tail_fit import MEMORY, Series, Tail, looks
from advisor.domain.scoreboard import Band
from advisor.domain.settings import TailModel

BANDS = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 1.0)
ROOMS = (0.03, 0.07, 0.15, 0.3, 0.6)  # logarithms of memory over the highest peak that was seen
FEWEST_AHEAD = 3  # days that a chance is stated for


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """A chance that was stated of one service, and whether the breach happened; `weight` is what it counts."""

    service: Hashable
    chance: float
    happened: bool
    weight: float


def statements(series: Sequence[Series], models: Mapping[str, TailModel], tail: Tail = MEMORY) -> Iterator[Stated]:
    """From many days of every series that a tail is of, by the model of its source: each series counts the same."""
    for number, one in enumerate(series):
        scored = one.is_memory == tail.of_memory
        found = [look for look in looks(one, tail) if look.days >= FEWEST_AHEAD] if scored else []
        for look in found:
            sizes = look.seen.highest * np.exp(np.array(ROOMS))
            told = np.maximum(chance(models[one.source], look.seen, sizes, look.days), tail.least)
            for room, said in zip(ROOMS, told, strict=True):
                yield Stated(service=number, chance=float(said), happened=look.above > room, weight=1 / len(found))


def bands(said: Iterable[Stated], edges: Sequence[float] = BANDS) -> tuple[Band, ...]:
    """Every band in which something was stated, lowest first; the last one holds its upper edge too."""
    known = list(said)
    place = np.clip(np.searchsorted(edges, [one.chance for one in known], side="right") - 1, 0, len(edges) - 2)
    parts = [[one for one, at in zip(known, place, strict=True) if at == number] for number in range(len(edges) - 1)]
    return tuple(_band(*between, part) for between, part in zip(pairwise(edges), parts, strict=True) if part)


def log_loss(said: Iterable[Stated]) -> float:
    """How far stated chances were from what happened: mean of -ln(chance of what happened); less is better."""
    known = list(said)
    chances = np.clip([one.chance for one in known], LEAST_STATED, 1 - LEAST_STATED)
    of_it = np.where([one.happened for one in known], chances, 1 - chances)
    return float(np.average(-np.log(of_it), weights=[one.weight for one in known]))


def _band(low: float, high: float, part: Sequence[Stated]) -> Band:
    weights, services = [one.weight for one in part], len({one.service for one in part})
    stated = float(np.average([one.chance for one in part], weights=weights))
    return Band(
        low=low,
        high=high,
        services=services,
        statements=len(part),
        stated=round(stated, 6),
        happened=round(float(np.average([one.happened for one in part], weights=weights)), 6),
        error=round(float(2 * np.sqrt(stated * (1 - stated) / services)), 6),
    )
