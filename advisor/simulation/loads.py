"""From demand to load: gaps are filled here, and counted, before anything is replayed."""

import numpy as np

from advisor.domain.errors import NoData
from advisor.profile import Demand
from advisor.simulation.records import Flags, Floats, Load

ONE_MINUTE, HIGH_RESOLUTION = 60, 20


def load_of(demand: Demand) -> Load:
    """A demand as a load of one-minute ticks (20 s where it was measured so).

    A gap is filled with the straight line between its ends, at the edges with the nearest value, and counted in
    `filled`. Five-minute steps are held for five ticks: what happened inside them is not known.
    """
    frame = demand.frame
    vcpu, requests = (frame[name].to_numpy(dtype=np.float64) for name in ("vcpu", "requests"))
    known, asked = ~np.isnan(vcpu), ~np.isnan(requests)
    if not known.any():
        raise NoData(f"{demand.id}: no step with a measured demand. Next: collect or import usage for it.")
    repeats = max(1, demand.step_seconds // ONE_MINUTE)
    return Load(
        vcpu=np.repeat(fill_gaps(vcpu, known), repeats),
        requests=np.repeat(fill_gaps(requests, asked), repeats) if asked.any() else None,
        start=frame.index[0].to_pydatetime(),
        tick_seconds=HIGH_RESOLUTION if demand.step_seconds == HIGH_RESOLUTION else ONE_MINUTE,
        region=demand.id.region,
        filled=int(np.count_nonzero(~known)) * repeats,
    )


def fill_gaps(values: Floats, known: Flags) -> Floats:
    """Unknown values on the straight line between their neighbours, at the edges the nearest; all unknown: zeros.

    >>> fill_gaps(np.array([np.nan, 2.0, np.nan, 4.0]), np.array([False, True, False, True]))
    array([2., 2., 3., 4.])
    """
    if known.all() or not known.any():
        return np.nan_to_num(values)
    at = np.arange(len(values))
    return np.where(known, values, np.interp(at, at[known], values[known]))
