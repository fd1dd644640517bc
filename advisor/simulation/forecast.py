"""A predictive floor made from the load itself, where AWS's own forecast was not recorded."""

import math

import numpy as np

from advisor.domain.policy import PredictiveScaling
from advisor.domain.units import SECONDS_PER_HOUR
from advisor.fargate.scaling import CEIL_TOLERANCE
from advisor.simulation.records import Counts, Load

HOURS_PER_DAY = 24
MOST_DAYS = 14  # documented: what AWS's forecast learns from


def forecast_floor(load: Load, policy: PredictiveScaling, *, task_vcpu: float) -> Counts:
    """The floor of a predictive policy on CPU, one count per tick; 0 in the first 24 hours, as AWS has no forecast.

        floor of an hour = ceil(forecast / (target x vCPU of a task))   from `scheduling_buffer` before it to its end

    The forecast is the mean work of the same hour on the days before, 14 at most: a stand-in, since AWS does not
    say how it forecasts. Hours are counted from the start of the load. Source: docs/simulation.md.
    """
    per_hour = SECONDS_PER_HOUR // load.tick_seconds
    hours = math.ceil(len(load.vcpu) / per_hour)
    work = np.full(hours * per_hour, np.nan)
    work[: len(load.vcpu)] = load.vcpu
    hourly = np.nanmean(work.reshape(hours, per_hour), axis=1) if hours else np.zeros(0)
    floor = np.zeros(len(load.vcpu), np.int64)
    early = math.ceil(policy.scheduling_buffer / load.tick_seconds)
    for hour in range(HOURS_PER_DAY, hours):
        before = hourly[hour % HOURS_PER_DAY : hour : HOURS_PER_DAY][-MOST_DAYS:]
        tasks = math.ceil(float(before.mean()) / (task_vcpu * policy.target / 100) - CEIL_TOLERANCE.value)
        inside = slice(hour * per_hour - early, (hour + 1) * per_hour)
        floor[inside] = np.maximum(floor[inside], tasks)
    return floor
