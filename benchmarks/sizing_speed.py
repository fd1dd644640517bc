"""How long it takes to fit, size and advise on 1,000 services of 30 days at 5 minutes, beside reading the same Parquet.

    .venv/bin/python benchmarks/sizing_speed.py ../shared/traces [--services 1000]

Services are the series of benchmarks/trace_services.py with CPU and memory, each repeated to 30 days and moved a
little, in one store. A service is read, its demand is inferred and its profile fitted (with the evidence of the memory
tail), and the cheapest size that breaks no rule is searched (sizing). A recommendation with its proof is more than that
(advise, told apart, and all of it: its own search once more, the searches and replays of two origins, what lost, what
the report draws). Imports, and the first service of every process, are not counted. Seconds of CPU are told beside
those of the clock, for machines that have other work to do.
"""

import argparse
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from trace_services import PER_DAY, START, STEP_SECONDS, services_of

from advisor.advice import advise
from advisor.advice.choose import choose
from advisor.advice.rules import USUAL
from advisor.advice.subject import search_in, subject_of
from advisor.domain.inventory import Inventory, Service
from advisor.domain.service import ServiceId, Setup, TaskSize
from advisor.domain.settings import Config
from advisor.fargate.prices import PriceBook
from advisor.profile import fit_profile, infer_demand
from advisor.store import Store, open_store

DAYS = 30
STEPS = DAYS * PER_DAY
SIZE = TaskSize.of(vcpu=2, gib=8)
STAGES = ("reading", "demand", "profile", "sizing", "advise")


def usages(traces: Path, count: int) -> Iterator[pd.DataFrame]:
    """So many usage frames: percent of CPU and memory, each series repeated and moved by up to 10 %."""
    random = np.random.default_rng(3)
    index = pd.date_range(START, periods=STEPS, freq=f"{STEP_SECONDS}s")
    known = [service for service in services_of(traces) if service.has_memory]
    for service in islice(cycle(known), count):
        cpu, memory = (np.resize(part / np.nanmax(part), STEPS) for part in (service.vcpu, service.mib))
        moved = random.uniform(0.9, 1.0, (2, STEPS))
        values = {"cpu_avg": 60 * cpu * moved[0], "memory_avg": 70 * memory * moved[1]}
        columns = {"tasks": 2.0, **values, "cpu_max": 70 * cpu, "memory_max": 75 * memory}
        yield pd.DataFrame(columns, index=index).astype("float32")


def fill(folder: Path, traces: Path, count: int) -> None:
    """A store with so many services."""
    ids = [ServiceId(account="000011112222", region="us-east-1", service=f"fleet/s{n:04}") for n in range(count)]
    setup = Setup(size=SIZE, desired=2)
    services = tuple(Service(id=id, setup=setup, seen_at=START, step_seconds=STEP_SECONDS) for id in ids)
    frames = dict(zip(ids, usages(traces, count), strict=True))
    open_store(folder, create=True).add_import(Inventory(taken_at=START, services=services), frames)


def size(store: Store, service: Service, prices: PriceBook) -> tuple[float, ...]:
    """Size one service and advise on it; seconds of CPU per stage."""
    at = [time.process_time()]
    usage = store.usage(service)
    at.append(time.process_time())
    demand = infer_demand(usage, service)
    at.append(time.process_time())
    profile = fit_profile(demand)
    at.append(time.process_time())
    choose(search_in(subject_of(service, demand, profile, prices, Config()), USUAL))
    at.append(time.process_time())
    advise(service, demand, profile, prices=prices)
    at.append(time.process_time())
    return tuple(np.diff(at).tolist())


def part(folder: str, start: int, step: int) -> list[tuple[float, ...]]:
    """Every `step`-th service of the store."""
    store = open_store(folder)
    prices = store.prices
    return [size(store, service, prices) for service in store.services[start::step]]


def warm(folder: str) -> None:
    """Import and compile."""
    store = open_store(folder)
    size(store, store.services[0], store.prices)


def main() -> None:
    """Fill, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("traces", type=Path)
    parser.add_argument("--services", type=int, default=1000)
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        fill(Path(folder), given.traces, given.services)
        warm(folder)
        begin = time.perf_counter()
        stages = np.array(part(folder, 0, 1)).sum(axis=0)
        told = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in zip(STAGES, stages, strict=True))
        print(f"one process: {time.perf_counter() - begin:.1f} s; of CPU: {told}")
        with ProcessPoolExecutor(2) as pool:
            list(pool.map(warm, [folder] * 8))
            begin = time.perf_counter()
            halves = [np.array(half).sum(axis=0) for half in pool.map(part, [folder] * 2, (0, 1), (2, 2))]
            elapsed = time.perf_counter() - begin
            sizing = max(float(half[1:4].sum()) for half in halves)
            advised = max(float(half[[1, 2, 4]].sum()) for half in halves)
            print(f"two processes: {elapsed:.1f} s; of CPU in the longer one, without reading:")
            print(f"fitting and sizing {sizing:.1f} s, fitting and advising {advised:.1f} s")


if __name__ == "__main__":
    main()
