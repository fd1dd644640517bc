"""A leak is memory that rises from restart to restart whatever the work does; load, waves and warm-ups are none."""

import numpy as np
import pytest

from advisor.profile import Leak, find_leak, infer_demand
from tests.service_worlds import PER_DAY, World, daily, fixed, level, lived, service_of

DAYS = 12
AT = np.arange(DAYS * PER_DAY) / PER_DAY
JITTER = np.abs(np.random.default_rng(7).normal(0, 20, len(AT)))
WAVE = daily(0.2, 0.8, days=DAYS)


def leak_of(world: World, *, gaps: bool = False) -> Leak | None:
    setup = fixed(1, vcpu=1, gib=4)
    usage = lived(world, setup)
    if gaps:
        usage.iloc[2 * PER_DAY : 3 * PER_DAY] = np.nan
    demand = infer_demand(usage, service_of(setup))
    return find_leak(demand)


def sawtooth(days: float, mib: float) -> np.ndarray:
    return AT % days / days * mib


@pytest.mark.parametrize("days", [1, 2.5, 4])
def test_a_leak_with_restarts_has_its_rate_its_top_and_its_restarts(days: float) -> None:
    leak = leak_of(World(vcpu=WAVE, base_mib=500, slope=100, noise=sawtooth(days, 1536) + JITTER))
    assert leak is not None
    assert leak.gib_per_day == pytest.approx(1.5 / days, rel=0.05)
    assert leak.top_gib == pytest.approx((500 + 1536 + 80) / 1024, rel=0.05)
    assert leak.restarts == int(np.ceil(DAYS / days)) - 1
    assert leak.mib_per_vcpu == pytest.approx(100, rel=0.2)
    assert leak.longest_days == pytest.approx(days, abs=0.1)


def test_a_leak_that_was_never_restarted_is_found_across_a_gap() -> None:
    leak = leak_of(World(vcpu=WAVE, base_mib=500, noise=60 * AT + JITTER), gaps=True)
    assert leak is not None
    assert leak.restarts == 0
    assert leak.gib_per_day * 1024 == pytest.approx(60, rel=0.05)
    assert leak.latest_gib == pytest.approx((500 + 60 * DAYS) / 1024, rel=0.05)


@pytest.mark.parametrize(
    "world",
    [
        World(vcpu=level(0.5, days=DAYS), base_mib=700),
        World(vcpu=WAVE, base_mib=700, noise=JITTER),
        World(vcpu=WAVE, base_mib=300, slope=1500, noise=JITTER),
        World(vcpu=WAVE * np.linspace(0.5, 1.2, len(AT)), base_mib=300, slope=900, noise=JITTER),
        World(vcpu=level(0.5, days=DAYS), base_mib=100, noise=450 * (1 - np.cos(2 * np.pi * AT)) + JITTER),
        World(vcpu=WAVE, base_mib=500, noise=1500 * (1 - np.exp(-AT)) + JITTER),
        World(vcpu=WAVE, base_mib=500, noise=1500 * (1 - np.exp(-6 * (AT % 3.5))) + JITTER),
        World(vcpu=WAVE, base_mib=700, noise=np.repeat(np.random.default_rng(1).normal(0, 90, DAYS), PER_DAY)),
        World(vcpu=np.where(AT % 1 < 0.25, 0.9, 0.01), base_mib=300, noise=np.where(AT % 1 < 0.25, AT % 1 * 8000, 0)),
    ],
    ids=["constant", "jitter", "load", "growing load", "wave", "warm-up", "restarts", "days that differ", "batch"],
)
def test_what_is_no_leak_is_not_called_one(world: World) -> None:
    assert leak_of(world) is None


def test_a_day_is_too_short_to_tell() -> None:
    assert leak_of(World(vcpu=level(0.5, days=1.5), base_mib=500, noise=AT[: PER_DAY * 3 // 2] * 600)) is None
