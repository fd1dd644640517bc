"""A leak told from load: memory that rises from start to start whatever the work does, and never falls by itself."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from advisor.domain.units import MIB_PER_GIB, SECONDS_PER_HOUR
from advisor.profile.records import Demand

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

HOURS_PER_DAY = 24
MOST_HOURS = 60 * HOURS_PER_DAY  # chosen: what is older says little of the code that runs
LEAST_HOURS = 12  # chosen: a shorter rise may be a warm-up
LAG = 6  # chosen: hours; a quarter of a day, in which a daily wave changes most
FALL, QUIET = 0.15, 0.10  # chosen: a restart takes away so much within an hour, the hour after it not more than that
STEADY, WITH_WORK = 0.7, 0.35  # chosen: Kendall's tau of memory at least, of work at most
LEAST_RISE = 0.10  # chosen: of the highest; less is noise
STILL_RISING = 0.25  # chosen: of the first third's rise, in the last third; less is a warm-up that ended
POINTS = 100  # chosen: hours of a rise that are compared, spread evenly: 4,950 pairs


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """Memory of the fullest task rises by `gib_per_day` and has reached `top_gib`; it fell at `restarts` restarts.

    It holds `low_gib` after a restart (or at the start of the history), and `latest_gib` now; the longest rise took
    `longest_days`. `mib_per_vcpu`: what work takes, apart from the leak.
    """

    gib_per_day: float
    top_gib: float
    low_gib: float
    latest_gib: float
    restarts: int
    longest_days: float
    mib_per_vcpu: float


def find_leak(demand: Demand) -> Leak | None:
    """The leak of a service, or None.

    Looked for in the highest memory of each hour, less what its work takes by its changes within a few hours (a line
    over all hours would take the leak for load). Between restarts it must rise steadily, in most hours, by a tenth of
    the highest or more, to the end, and work must not rise with it. A restart is a fall within an hour that work did
    not share.
    """
    frame, steps = demand.frame, max(1, SECONDS_PER_HOUR // demand.step_seconds)
    each = frame["vcpu"].to_numpy() / np.maximum(frame["tasks"].to_numpy(), 1.0)
    held, work = (_hourly(values, steps) for values in (frame["hot_gib"].to_numpy(), each))
    fell = _fell(held, work)
    rises = _rises(np.isfinite(held) & (held > 0), fell)
    if sum(map(len, rises)) < max(2 * HOURS_PER_DAY, np.isfinite(held).sum() / 2):
        return None
    per_vcpu = _per_vcpu(held, work, rises)
    rests = held - per_vcpu * np.nan_to_num(work)
    top = float(np.nanmax(held))
    if _tau(rests, rises) < STEADY or abs(_tau(work, rises)) > WITH_WORK or not _goes_on(rests, rises, top):
        return None
    return Leak(
        gib_per_day=HOURS_PER_DAY * float(np.median([np.median(_slopes(rests, rise)) for rise in rises])),
        top_gib=top,
        low_gib=float(np.median([held[rise[0]] for rise in rises])),
        latest_gib=float(held[rises[-1][-1]]),
        restarts=int(fell.sum()),
        mib_per_vcpu=per_vcpu * MIB_PER_GIB,
        longest_days=float(max(rise[-1] - rise[0] + 1 for rise in rises)) / HOURS_PER_DAY,
    )


def _hourly(values: Floats, steps: int) -> Floats:
    """Highest of each hour, counted back from the end; NaN where nothing was measured."""
    last = values[-MOST_HOURS * steps :]
    padded = np.concatenate([np.full(-len(last) % steps, np.nan), last])
    return np.asarray(np.fmax.reduce(padded.reshape(-1, steps), axis=1))


def _fell(held: Floats, work: Floats) -> Bools:
    """Hours that begin a rise: memory fell sharply into them, not out of them, and work did not."""
    fell = np.zeros(len(held), dtype=bool)
    if len(held) > 2:
        before, at, after = held[:-2], held[1:-1], held[2:]
        sharp = (at < (1 - FALL) * before) & (after > (1 - QUIET) * at)
        fell[1:-1] = sharp & ~(work[1:-1] < work[:-2] / 2)
    return fell


def _rises(known: Bools, fell: Bools) -> list[npt.NDArray[np.int64]]:
    """Stretches of known hours between restarts that are long enough, as indices."""
    hours = np.flatnonzero(known)
    cuts = np.flatnonzero(fell[hours[1:]]) + 1
    return [part for part in np.split(hours, cuts) if len(part) >= LEAST_HOURS]


def _per_vcpu(held: Floats, work: Floats, rises: list[npt.NDArray[np.int64]]) -> float:
    """Memory per work [GiB per vCPU]: least squares on what changed within `LAG` hours; the leak is the intercept."""
    run, rise = (np.concatenate([values[h[LAG:]] - values[h[:-LAG]] for h in rises]) for values in (work, held))
    run, rise = run - run.mean(), rise - rise.mean()
    total = float(run @ run)
    return max(0.0, float(run @ rise) / total) if total > 0 else 0.0


def _pairs(rise: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    picked = rise[np.unique(np.linspace(0, len(rise) - 1, POINTS).astype(np.int64))]
    early, late = np.triu_indices(len(picked), 1)
    return picked[early], picked[late]


def _tau(values: Floats, rises: list[npt.NDArray[np.int64]]) -> float:
    """Kendall's tau over the pairs of hours of the same rise, all rises together."""
    signs = np.concatenate([np.sign(values[late] - values[early]) for early, late in map(_pairs, rises)])
    return float(np.nanmean(signs))


def _slopes(values: Floats, rise: npt.NDArray[np.int64]) -> Floats:
    early, late = _pairs(rise)
    return np.asarray((values[late] - values[early]) / (late - early))


def _goes_on(values: Floats, rises: list[npt.NDArray[np.int64]], top: float) -> bool:
    """Whether memory rises by enough, and still in the last third of a rise."""
    levels = np.array([[np.median(part) for part in np.array_split(values[rise], 6)] for rise in rises])
    first, last, whole = (np.median(levels[:, b] - levels[:, a]) for a, b in ((0, 2), (3, 5), (0, 5)))
    return bool(whole >= LEAST_RISE * top and last >= STILL_RISING * first)
