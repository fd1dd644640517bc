"""From demand to load: gaps are filled here, and counted, before anything is replayed."""

import numpy as np
import pandas as pd

from advisor.domain.errors import NoData
from advisor.profile import Demand
from advisor.simulation.records import Load

ONE_MINUTE, HIGH_RESOLUTION = 60, 20


def load_of(demand: Demand) -> Load:
    """A demand as a load of one-minute ticks (20 s where it was measured so).

    A gap is filled with the straight line between its ends, at the edges with the nearest value, and counted in
    `filled`. Five-minute steps are held for five ticks: what happened inside them is not known.
    """
    frame = demand.frame
    vcpu = frame["vcpu"].astype(np.float64)
    gaps = vcpu.isna()
    if gaps.all():
        raise NoData(f"{demand.id}: no step with a measured demand. Next: collect or import usage for it.")
    repeats = max(1, demand.step_seconds // ONE_MINUTE)
    requests = frame["requests"] if "requests" in frame and frame["requests"].notna().any() else None
    return Load(
        vcpu=_filled(vcpu, repeats),
        requests=None if requests is None else _filled(requests.astype(np.float64), repeats),
        start=frame.index[0].to_pydatetime(),
        tick_seconds=HIGH_RESOLUTION if demand.step_seconds == HIGH_RESOLUTION else ONE_MINUTE,
        region=demand.id.region,
        filled=int(gaps.sum()) * repeats,
    )


def _filled(values: pd.Series, repeats: int) -> np.ndarray:
    known = values.interpolate(limit_direction="both").to_numpy(dtype=np.float64)
    return np.repeat(known, repeats)
