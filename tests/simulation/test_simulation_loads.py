"""From demand to load: gaps are filled in the open, steps become ticks, and the demand stays as it is."""

import numpy as np
import pandas as pd
import pytest

from advisor.domain.errors import NoData
from advisor.domain.schema import GAP, OBSERVED
from advisor.domain.service import ServiceId, Setup, TaskSize
from advisor.profile import Demand
from advisor.simulation import load_of, simulate
from tests.strategies import MONDAY

NAN = float("nan")
ID = ServiceId(account="111122223333", region="eu-west-1", service="prod/shop")


def demand(vcpu: list[float], *, step: int = 60, requests: list[float] | None = None) -> Demand:
    index = pd.date_range(MONDAY, periods=len(vcpu), freq=pd.Timedelta(seconds=step))
    state = np.where(np.isnan(vcpu), GAP, OBSERVED).astype(np.int8)
    frame = pd.DataFrame({"vcpu": vcpu, "requests": requests or [NAN] * len(vcpu), "state": state}, index=index)
    return Demand(id=ID, frame=frame, step_seconds=step)


def test_a_gap_is_filled_with_the_line_between_its_ends_and_counted() -> None:
    load = load_of(demand([1, NAN, NAN, 4, 2]))
    assert load.vcpu.tolist() == [1, 2, 3, 4, 2]
    assert load.filled == 2


def test_gaps_at_the_edges_take_the_nearest_value() -> None:
    load = load_of(demand([NAN, NAN, 3, 1, NAN]))
    assert load.vcpu.tolist() == [3, 3, 3, 1, 1]
    assert load.filled == 3


@pytest.mark.parametrize(("step", "tick", "repeats"), [(20, 20, 1), (60, 60, 1), (300, 60, 5)])
def test_steps_become_ticks_of_20_or_60_seconds(step: int, tick: int, repeats: int) -> None:
    load = load_of(demand([1, NAN, 3], step=step))
    assert load.tick_seconds == tick
    assert load.vcpu.tolist() == [value for value in (1, 2, 3) for _ in range(repeats)]
    assert load.filled == repeats


def test_a_load_knows_its_start_and_its_region() -> None:
    load = load_of(demand([1, 2]))
    assert load.start == MONDAY
    assert load.start.utcoffset() is not None
    assert load.region == "eu-west-1"


def test_requests_are_there_only_where_some_were_measured() -> None:
    assert load_of(demand([1, 2, 3])).requests is None
    load = load_of(demand([1, 2, 3], requests=[60, NAN, 180]))
    assert load.requests is not None
    assert load.requests.tolist() == [60, 120, 180]
    assert load.filled == 0


def test_a_demand_without_any_measured_step_is_no_data() -> None:
    with pytest.raises(NoData, match="prod/shop"):
        load_of(demand([NAN, NAN]))


def test_a_demand_replays_as_its_load_does_and_stays_as_it_is() -> None:
    asked = demand([1, NAN, 3, 2])
    before = asked.frame.copy(deep=True)
    setup = Setup(size=TaskSize.of(vcpu=1, gib=2), desired=2)
    assert simulate(asked, setup).unmet.tolist() == simulate(load_of(asked), setup).unmet.tolist() == [0, 0, 1, 0]
    pd.testing.assert_frame_equal(asked.frame, before)
