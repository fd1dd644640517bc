"""A deployment changed behaviour where memory, or the work of a request, moved at once and stayed, and load did not."""

from datetime import datetime, timedelta

import numpy as np
import pytest

from advisor.profile import Shift, find_shift, infer_demand
from tests.service_worlds import PER_DAY, START, World, daily, fixed, level, lived, service_of

DAYS = 20
AT = np.arange(DAYS * PER_DAY) / PER_DAY
DEPLOYED = START + timedelta(days=10)
RANDOM = np.random.default_rng(5)
WANDER = np.repeat(RANDOM.normal(0, 20, DAYS), PER_DAY)
WAVE = daily(0.2, 0.6, days=DAYS)


def shift_of(world: World, *deployed: datetime, requests: np.ndarray | None = None) -> Shift | None:
    setup = fixed(1, vcpu=1, gib=4)
    usage = lived(world, setup)
    if requests is not None:
        usage["requests"] = requests.astype("float32")
    return find_shift(infer_demand(usage, service_of(setup)), deployed or (DEPLOYED,))


@pytest.mark.parametrize("after", [600, -500])
def test_memory_that_moved_at_a_deployment_is_told_with_both_levels(after: int) -> None:
    shift = shift_of(World(vcpu=WAVE, base_mib=1000, noise=WANDER + after * (AT >= 10)))
    assert shift is not None
    assert (shift.at, shift.unit, shift.speaks) == (DEPLOYED, "GiB", True)
    assert shift.before * 1024 == pytest.approx(1000, rel=0.05)
    assert shift.after * 1024 == pytest.approx(1000 + after, rel=0.05)


def test_of_several_deployments_the_one_that_changed_is_named() -> None:
    others = [START + timedelta(days=day) for day in (3, 6, 9, 10, 11, 14, 17)]
    shift = shift_of(World(vcpu=WAVE, base_mib=1000, noise=WANDER + 600 * (AT >= 10)), *others)
    assert shift is not None
    assert shift.at == DEPLOYED


@pytest.mark.parametrize("day", [3, 13.5, 17])
def test_fewer_than_seven_days_on_a_side_do_not_speak_alone(day: float) -> None:
    at = START + timedelta(days=day)
    shift = shift_of(World(vcpu=WAVE, base_mib=1000, noise=WANDER + 600 * (day <= AT)), at)
    assert shift is not None
    assert shift.speaks is False


def test_requests_that_take_half_the_work_are_a_change_although_load_doubled_too() -> None:
    requests = np.where(AT >= 10, 1200.0, 600.0)
    shift = shift_of(World(vcpu=level(0.4, days=DAYS), base_mib=500), requests=requests)
    assert shift is not None
    assert (shift.unit, shift.before) == ("vCPU ms", pytest.approx(60_000 * 0.4 / 600))
    assert shift.after == pytest.approx(shift.before / 2)


@pytest.mark.parametrize(
    "world",
    [
        World(vcpu=WAVE, base_mib=1000, noise=WANDER),
        World(vcpu=WAVE, base_mib=1000, noise=1000 * (1.02**AT - 1)),
        World(vcpu=WAVE, base_mib=1000, noise=500 * (AT % 7 < 5)),
        World(vcpu=WAVE, base_mib=1000, noise=600 * (np.abs(AT - 11) < 1)),
        World(vcpu=WAVE * (1 + (AT >= 10)) / 2, base_mib=200, slope=2000),
        World(vcpu=WAVE * (1 + (AT >= 10)) / 2, base_mib=500),
    ],
    ids=["nothing", "growth", "weeks", "two bad days", "memory of load", "load"],
)
def test_what_load_growth_and_weekends_do_is_no_change_of_behaviour(world: World) -> None:
    assert shift_of(world) is None
