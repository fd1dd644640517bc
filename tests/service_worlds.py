"""Services whose truth is known: work, imbalance and memory are given, and AWS's numbers are made of them."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from advisor.advice import advise
from advisor.domain.finding import Advice
from advisor.domain.inventory import Service
from advisor.domain.policy import TargetTracking
from advisor.domain.service import ServiceId, Setup, TaskSize
from advisor.domain.settings import Config
from advisor.fargate.prices import PriceBook
from advisor.profile import fit_profile, infer_demand
from advisor.simulation import Load, simulate

Floats = npt.NDArray[np.float64]

START = datetime(2026, 11, 2, tzinfo=UTC)  # a Monday
PRICES = PriceBook.shipped()
STEP = 300
PER_DAY = 86_400 // STEP


@dataclass(frozen=True, kw_only=True, eq=False)
class World:
    """The truth behind one service, one value per step of `step` seconds.

    `vcpu`: work of the service. `hot`: the hottest task's work over the average task's. Memory of a task is
    `base_mib` plus `slope` times its work [MiB per vCPU].
    """

    vcpu: Floats
    hot: float = 1.0
    base_mib: float = 400.0
    slope: float = 0.0
    step: int = STEP
    noise: Floats = field(default_factory=lambda: np.zeros(1))


def level(vcpu: float, *, days: float = 6, step: int = STEP) -> Floats:
    """The same work all the time."""
    return np.full(round(days * 86_400 / step), float(vcpu))


def daily(low: float, high: float, *, days: float = 6, step: int = STEP) -> Floats:
    """A wave with one crest a day."""
    at = np.arange(round(days * 86_400 / step)) * step / 86_400
    return low + (high - low) * (0.5 - 0.5 * np.cos(2 * np.pi * at))


def usage_of(world: World, running: Floats, size: TaskSize) -> pd.DataFrame:
    """What AWS/ECS would have shown: percentages of the reservation, capped at 100 for CPU."""
    some = np.maximum(running, 1e-9)
    each = np.where(running > 0, world.vcpu / some, 0.0)
    hottest = np.minimum(each * np.minimum(world.hot, np.maximum(running, 1.0)), size.vcpu)
    noise = np.resize(world.noise, len(running))
    memory = world.base_mib + noise + world.slope * np.minimum(each, size.vcpu)
    fullest = world.base_mib + noise + world.slope * hottest
    columns = {
        "tasks": running,
        "cpu_avg": np.minimum(100.0, 100 * each / size.vcpu),
        "cpu_max": 100 * hottest / size.vcpu,
        "memory_avg": 100 * memory / size.memory,
        "memory_max": 100 * fullest / size.memory,
    }
    index = pd.date_range(START, periods=len(running), freq=f"{world.step}s")
    frame = pd.DataFrame(columns, index=index)
    silent = [name for name in columns if name != "tasks"]
    frame.loc[running == 0, silent] = np.nan
    return frame.astype("float32")


def lived(world: World, setup: Setup, *, first: int | None = None) -> pd.DataFrame:
    """The usage of a world under a setup, with the task counts that the simulator gives it."""
    ticks = max(1, world.step // 60)
    load = Load(vcpu=np.repeat(world.vcpu, ticks), start=START, tick_seconds=world.step // ticks)
    running = simulate(load, setup, initial=first).running.reshape(-1, ticks).mean(axis=1)
    return usage_of(world, running, setup.size)


def fixed(count: int, *, vcpu: float, gib: float, **more: Any) -> Setup:
    """A fixed count of tasks of one size."""
    return Setup(size=TaskSize.of(vcpu=vcpu, gib=gib), desired=count, **more)


def tracking(
    low: int, high: int, *, vcpu: float, gib: float, target: float = 70, metric: Any = "cpu", **more: Any
) -> Setup:
    """One target-tracking policy with the default cooldowns of AWS."""
    policy = TargetTracking(metric=metric, target=target)
    size = TaskSize.of(vcpu=vcpu, gib=gib)
    return Setup(size=size, desired=low, minimum=low, maximum=high, policies=(policy,), **more)


def service_of(setup: Setup, **more: Any) -> Service:
    """A service with this setup, seen at the start of its history."""
    id = ServiceId(account="111122223333", region=more.pop("region", "us-east-1"), service=more.pop("name", "prod/web"))
    return Service(**{"id": id, "setup": setup, "seen_at": START, "step_seconds": STEP, **more})


def advice_of(usage: pd.DataFrame, service: Service, config: Config | None = None) -> Advice:
    """The advice on a service with this usage, at the shipped prices."""
    demand = infer_demand(usage, service)
    return advise(service, demand, fit_profile(demand), prices=PRICES, config=config or Config())


def said(advice: Advice) -> set[str]:
    """The codes of the cautions."""
    return {caution.code for caution in advice.cautions}


def with_steps(world: World, step: int) -> World:
    """The same world told in other steps."""
    return replace(world, step=step)
