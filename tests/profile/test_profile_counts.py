"""Task counts: a constant factor is found, used and told; what may be coincidence is not taken for one."""

import numpy as np
import pytest

from advisor.domain.service import Setup
from advisor.profile import Demand, infer_demand
from tests.service_worlds import START, World, daily, fixed, lived, service_of, tracking

TWO = fixed(2, vcpu=1, gib=2)
SCALED = tracking(2, 20, vcpu=1, gib=2)
MINUTE = 60


def told(setup: Setup, *, times: float = 1, days: float = 1, **more: object) -> Demand:
    """The demand of a service whose recorded counts are so many times the true ones."""
    world = World(vcpu=daily(0.5, 6, days=days, step=MINUTE), step=MINUTE)
    usage = lived(world, setup)
    usage["tasks"] *= times
    return infer_demand(usage, service_of(setup, **{"step_seconds": MINUTE, **more}))


def codes(demand: Demand) -> set[str]:
    return {caution.code for caution in demand.cautions}


def test_three_samples_a_minute_are_divided_by_three_and_told() -> None:
    demand = told(TWO, times=3, running=2)
    assert demand.task_factor == 3
    assert set(demand.frame["tasks"]) == {2.0}
    text = next(c.text for c in demand.cautions if c.code == "task-factor")
    assert text == "Recorded task counts are 3 times what ECS says is running (2); they were divided by 3."


def test_a_scaled_service_shows_its_factor_by_several_multiples() -> None:
    demand = told(SCALED, times=3, running=2)
    assert demand.task_factor == 3
    assert demand.frame["tasks"].max() == told(SCALED).frame["tasks"].max()


def test_counts_that_agree_are_left_alone_and_nothing_is_said() -> None:
    demand = told(TWO, running=2)
    assert demand.task_factor == 1
    assert codes(demand) == set()


def test_a_steady_multiple_within_the_bounds_may_be_coincidence_so_it_is_told_but_not_used() -> None:
    # Six of up to 20 tasks for a day, and ECS says 2 at collection: scaled in just before, or a factor of 3?
    setup = tracking(6, 20, vcpu=1, gib=2, target=100)
    demand = told(setup, running=2)
    assert demand.task_factor == 1
    assert codes(demand) == {"task-count-disagrees"}


def test_ecs_told_to_use_20_seconds_settles_a_steady_multiple() -> None:
    setup = tracking(2, 20, vcpu=8, gib=16)
    assert told(setup, times=3, running=2, resolution_seconds=20).task_factor == 3


def test_a_count_that_changed_after_the_last_metric_leaves_the_stated_resolution_to_speak() -> None:
    # Two tasks and six samples for a day; then a third task, of which no metric knows yet: 6 / 3 is no factor.
    demand = told(TWO, times=3, running=3, resolution_seconds=20)
    assert demand.task_factor == 3
    assert codes(demand) == {"task-factor"}


def test_ecs_told_to_use_60_seconds_means_that_there_is_no_factor() -> None:
    assert told(TWO, times=3, running=2, resolution_seconds=60).task_factor == 1


def test_while_the_count_was_changing_only_the_stated_resolution_speaks() -> None:
    assert told(SCALED, times=3, running=9).task_factor == 1
    assert told(SCALED, times=3, running=9, resolution_seconds=20).task_factor == 3


def test_a_service_that_runs_nothing_at_collection_is_judged_by_its_resolution() -> None:
    assert told(TWO, times=3, running=0, resolution_seconds=20).task_factor == 3
    assert told(TWO, times=3, running=None).task_factor == 1


def test_counts_that_are_no_multiples_are_believed() -> None:
    demand = told(TWO, times=1.5, running=2)
    assert demand.task_factor == 1
    assert demand.frame["tasks"].iloc[0] == pytest.approx(3.0)


def test_a_fixed_count_that_disagrees_with_the_metrics_is_told() -> None:
    demand = told(TWO, times=4, running=4, deploying=True)
    assert codes(demand) == set(), "during a deployment counts may differ"
    demand = told(fixed(8, vcpu=1, gib=2), times=0.25, running=8)
    assert codes(demand) == {"task-count-disagrees"}
    assert demand.task_factor == 1


@pytest.mark.parametrize("times", [13, 60])
def test_a_factor_beyond_what_a_minute_can_hold_is_no_factor(times: int) -> None:
    demand = told(TWO, times=times, running=2)
    assert demand.task_factor == 1
    assert codes(demand) == {"task-count-disagrees"}


def test_work_of_a_factored_service_is_the_true_work() -> None:
    world = World(vcpu=daily(0.5, 1.5, days=1, step=MINUTE), step=MINUTE)
    usage = lived(world, TWO)
    usage["tasks"] *= 3
    demand = infer_demand(usage, service_of(TWO, step_seconds=MINUTE, running=2))
    np.testing.assert_allclose(demand.frame["vcpu"], world.vcpu, rtol=1e-5)
    assert demand.frame.index[0] == START
