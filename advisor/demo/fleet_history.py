"""Fifteen days of one service's metrics, by minute: demand, then tasks, then what CloudWatch would hold.

The tasks come from the simulator, under the service's own setup. What a live service has besides is added
from a fixed seed: tasks that are unevenly loaded, tasks that work hard while they start, missing minutes.
"""

import zlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from advisor.demo.fleet_spec import DemoService
from advisor.demo.traces import Bools, Floats, Replay, load_traces, replay
from advisor.domain.service import Setup
from advisor.simulation import Conditions, Load, simulate

DAYS = 15  # CloudWatch keeps one-minute data so long
WARM_UP_DAYS = 1  # simulated before the history, so that it does not begin with a start
PEAK = 0.995  # the share of minutes that lie below what a spec calls the peak
STARTING_CPU = 85.0  # percent of its reservation that a task uses in its first minute; chosen
LOST = 0.0005  # share of minutes that never arrive; chosen
START_UP = Conditions(startup_ticks=2, metric_delay_ticks=1)  # a live service is slower than the default

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Statistics:
    """A CloudWatch statistic set per minute; `samples` 0 = no datapoint."""

    samples: Counts
    sum: Floats
    minimum: Floats
    maximum: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class History:
    """One service's fifteen days from `start`, one value per minute.

    `running`: tasks; `desired`: the count at the end; `requests`: per minute, None = nobody counts them.
    """

    start: datetime
    running: Counts
    desired: int
    cpu: Statistics
    memory: Statistics
    requests: Floats | None


def make_history(service: DemoService, *, now: datetime, days: int = DAYS) -> History:
    """The history of a service until `now`; the same `now` gives the same history."""
    minutes = (days + WARM_UP_DAYS) * 24 * 60
    end = now.replace(second=0, microsecond=0)
    start = end - timedelta(minutes=minutes)
    trace = load_traces()[service.work.trace]
    laid = replay(trace, start=start, minutes=minutes, seed=seed_of(service))
    demand = service.work.peak_vcpu * laid.load / np.quantile(laid.load, PEAK)
    running, desired, task_vcpu = _tasks(service, demand, laid, start=start)
    keep = slice(WARM_UP_DAYS * 24 * 60, None)
    random = np.random.default_rng(seed_of(service))
    seen = _seen(service, laid.known, random)
    per_task = np.divide(demand, running, out=np.zeros_like(demand), where=running > 0)
    cpu = _cpu(service, per_task / task_vcpu, running, random)
    memory = _memory(service, np.minimum(per_task, task_vcpu), running, random, start=start)
    return History(
        start=start + timedelta(days=WARM_UP_DAYS),
        running=running[keep],
        desired=desired,
        cpu=_statistics(service, *cpu, running=running, seen=seen, keep=keep),
        memory=_statistics(service, *memory, running=running, seen=seen, keep=keep),
        requests=laid.load[keep] if service.work.requests else None,
    )


def seed_of(service: DemoService) -> int:
    """A seed that belongs to the service's identity, the same on every machine."""
    return zlib.crc32(str(service.id).encode())


def _tasks(service: DemoService, demand: Floats, laid: Replay, *, start: datetime) -> tuple[Counts, int, Floats]:
    """(running tasks, desired count at the end, vCPU of one task), by minute."""
    running, sizes = np.zeros(demand.size, dtype=np.int64), np.zeros(demand.size)
    initial: int | None = None
    for part, setup in _regimes(service, demand.size):
        load = Load(
            vcpu=demand[part],
            requests=laid.load[part] if service.work.requests else None,
            deploying=None,
            start=start + timedelta(minutes=part.start),
            tick_seconds=60,
            region=service.id.region,
            filled=0,
        )
        outcome = simulate(load, setup, initial=initial, conditions=START_UP)
        running[part], sizes[part] = outcome.running, setup.size.vcpu
        initial = int(outcome.desired[-1])
    return running, initial or 0, sizes


def _regimes(service: DemoService, minutes: int) -> list[tuple[slice, Setup]]:
    """The setups in force, in order, each with its minutes; more than one after a resize."""
    if service.resize is None:
        return [(slice(0, minutes), service.setup)]
    cut = max(0, minutes - service.resize.ago // timedelta(minutes=1))
    before = replace(service.setup, size=service.resize.before)
    regimes = [(slice(0, cut), before), (slice(cut, minutes), service.setup)]
    return [(part, setup) for part, setup in regimes if part.stop > part.start]


def _seen(service: DemoService, known: Bools, random: np.random.Generator) -> Bools:
    """Which minutes have a datapoint: not where the source was silent, nor where it got lost."""
    seen = known & (random.random(known.size) >= LOST)
    if service.work.blind_minutes:
        middle = known.size // 2
        seen[middle : middle + service.work.blind_minutes] = False
    return seen


def _cpu(
    service: DemoService, share: Floats, running: Counts, random: np.random.Generator
) -> tuple[Floats, Floats, Floats]:
    """(mean, lowest, highest) CPU over the tasks.  [percent of the reservation]"""
    steady = np.minimum(100.0, 100.0 * share)
    started = np.maximum(np.diff(running, prepend=running[:1]), 0)
    fresh = np.divide(started, running, out=np.zeros_like(steady), where=running > 0)
    mean = steady + fresh * np.maximum(STARTING_CPU - steady, 0)
    low, high = spread_over_tasks(mean, running, service.work.imbalance, random)
    return mean, low, np.where(started > 0, np.maximum(high, STARTING_CPU), high)


def _memory(
    service: DemoService, work: Floats, running: Counts, random: np.random.Generator, *, start: datetime
) -> tuple[Floats, Floats, Floats]:
    """(mean, lowest, highest) memory over the tasks.  [percent of the reservation]"""
    if service.work.memory_trace is None:
        used = service.work.base_mib + service.work.mib_per_vcpu * work
        mean = 100 * used / service.setup.size.memory
    else:
        trace = load_traces()[service.work.memory_trace]
        laid = replay(trace, start=start, minutes=work.size, seed=seed_of(service))
        mean = service.work.memory_scale * laid.memory
    mean = np.clip(mean * (1 + 0.004 * random.standard_normal(mean.size)), 0, 100)
    return mean, *spread_over_tasks(mean, running, 0.012, random)


def spread_over_tasks(
    mean: Floats, running: Counts, spread: float, random: np.random.Generator
) -> tuple[Floats, Floats]:
    """(lowest, highest) of `running` tasks round a mean.  [percent, 0 to 100]

        mean x (1 -+ spread x sqrt(2 ln n) x (0.7 to 1.3))

    sqrt(2 ln n) is how far the extreme of n normal values lies out, in standard deviations, to first order.
    One task is its own lowest and highest; two lie equally far from their mean.
    """
    reach = spread * np.sqrt(2 * np.log(np.maximum(running, 1)))
    down, up = 0.7 + 0.6 * random.random((2, mean.size))
    up = np.where(running == 2, down, up)
    high = np.minimum(100.0, mean * (1 + reach * up))
    low = np.where(running == 2, 2 * mean - high, mean * (1 - reach * down))
    return np.clip(low, 0, mean), np.maximum(high, mean)


def _statistics(
    service: DemoService,
    mean: Floats,
    low: Floats,
    high: Floats,
    *,
    running: Counts,
    seen: Bools,
    keep: slice,
) -> Statistics:
    samples = np.where(seen, running * (60 // service.resolution_seconds), 0)[keep]
    return Statistics(samples=samples, sum=mean[keep] * samples, minimum=low[keep], maximum=high[keep])
