"""Hypothesis strategies that every law shares: sizes, prices, policies, setups, loads, delays."""

from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
from hypothesis import strategies as st

from advisor.domain.policy import Policy, ScheduledAction, StepScaling, TargetTracking
from advisor.domain.service import CapacityShare, Setup, TaskSize
from advisor.fargate.prices import Price
from advisor.fargate.sizes import legal_sizes
from advisor.simulation import Conditions, Load

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
REGION = "us-east-1"

sizes = st.sampled_from(legal_sizes())
cooldowns = st.sampled_from((0, 60, 90, 300, 900))
metrics = st.sampled_from(("cpu", "memory", "requests"))
factors = st.decimals(Decimal("0.001"), Decimal("1000"), places=3)
task_seconds = st.integers(0, 10**10)
trackers = st.builds(
    TargetTracking,
    metric=metrics,
    target=st.floats(1, 100),
    scale_out_cooldown=cooldowns,
    scale_in_cooldown=cooldowns,
    disable_scale_in=st.booleans(),
)
conditions = st.builds(
    Conditions,
    startup_ticks=st.integers(0, 4),
    metric_delay_ticks=st.integers(0, 3),
    drain_ticks=st.integers(0, 5),
    memory_base_mib=st.floats(0, 500),
    memory_mib_per_vcpu=st.floats(0, 500),
)


@st.composite
def steps(draw: st.DrawFn) -> StepScaling:
    """A step policy whose steps join: two of them, from the threshold outward."""
    out, width, change = draw(st.booleans()), draw(st.integers(1, 40)), draw(st.integers(1, 5))
    sign = 1 if out else -1
    rows = (
        ((0.0, width, change), (width, None, 2 * change))
        if out
        else ((-width, 0.0, -change), (None, -width, -2 * change))
    )
    return StepScaling(
        metric=draw(metrics),
        direction="out" if out else "in",
        threshold=draw(st.floats(1, 100)),
        points=draw(st.integers(1, 5)),
        adjustment_type=draw(st.sampled_from(("ChangeInCapacity", "PercentChangeInCapacity"))),
        steps=tuple((low, high, sign * abs(by)) for low, high, by in rows),
        cooldown=draw(cooldowns),
    )


policies: st.SearchStrategy[Policy] = trackers | steps()


@st.composite
def actions(draw: st.DrawFn, ticks: int) -> ScheduledAction:
    """A scheduled action that never crosses the bounds of `setups`: minimum 0 to 4, maximum 4 to 30."""
    return ScheduledAction(
        at_tick=draw(st.integers(0, ticks)),
        minimum=draw(st.none() | st.integers(0, 4)),
        maximum=draw(st.none() | st.integers(4, 30)),
    )


@st.composite
def setups(draw: st.DrawFn, *, ticks: int = 0, most_policies: int = 3) -> Setup:
    """A scaled setup; with `ticks`, its schedule moves the bounds within them."""
    return Setup(
        size=draw(sizes),
        desired=draw(st.integers(0, 40)),
        minimum=draw(st.integers(0, 4)),
        maximum=draw(st.integers(4, 30)),
        policies=tuple(draw(st.lists(policies, max_size=most_policies))),
        schedule=tuple(draw(st.lists(actions(ticks), max_size=2))) if ticks else (),
    )


@st.composite
def loads(draw: st.DrawFn, *, most_ticks: int = 200) -> Load:
    """A load with requests and deployments: level pieces, with minutes of nothing in between."""
    ticks = draw(st.integers(1, most_ticks))
    pieces = draw(st.lists(st.floats(0, 60), min_size=1, max_size=6))
    random = np.random.default_rng(draw(st.integers(0, 2**16)))
    level = np.resize(np.repeat(pieces, 1 + ticks // len(pieces)), ticks)
    vcpu = np.where(random.random(ticks) < 0.05, 0.0, level * random.uniform(0.8, 1.2, ticks))
    return Load(
        vcpu=vcpu,
        requests=vcpu * 60,
        deploying=random.random(ticks) < 0.05,
        start=MONDAY,
        tick_seconds=draw(st.sampled_from((20, 60))),
        region=REGION,
    )


@st.composite
def mixes(draw: st.DrawFn) -> tuple[CapacityShare, ...]:
    """A strategy that ECS takes: one provider, or both with one base."""
    base, weights = draw(st.integers(0, 10)), draw(st.tuples(st.integers(0, 9), st.integers(0, 9)))
    if not any(weights):
        return (CapacityShare(provider=draw(st.sampled_from(("FARGATE", "FARGATE_SPOT"))), base=base, weight=0),)
    pair = (
        CapacityShare(provider="FARGATE", base=base, weight=weights[0]),
        CapacityShare(provider="FARGATE_SPOT", weight=weights[1]),
    )
    return pair if draw(st.booleans()) else pair[::-1]


@st.composite
def price_rows(draw: st.DrawFn) -> tuple[Price, ...]:
    """A whole price list for one region, with any numbers: on-demand, Spot, storage, licence."""
    usd = st.decimals(0, 10, places=draw(st.integers(0, 10)))
    units = ("vcpu-hour", "gb-hour")
    rows = [("LINUX", "X86_64", capacity, unit) for capacity in ("on-demand", "spot") for unit in units]
    rows += [("WINDOWS", "X86_64", "on-demand", unit) for unit in (*units, "os-licence-vcpu-hour")]
    rows += [("ANY", "ANY", "on-demand", "storage-gb-hour")]
    return tuple(
        Price(
            region=REGION,
            os=os,
            architecture=architecture,
            capacity=capacity,  # type: ignore[arg-type]
            unit=unit,  # type: ignore[arg-type]
            usd=draw(usd),
            source="drawn",
            as_of="2026",
            certainty="CONFIRMED",
        )
        for os, architecture, capacity, unit in rows
    )


def size_of(vcpu: float) -> TaskSize:
    """A size of so many vCPU with twice as many GiB."""
    return TaskSize.of(vcpu=vcpu, gib=2 * vcpu)
