"""CPU of starts does not set the size, memory of starts does; a load that rises is no start."""

import numpy as np
import pandas as pd
import pytest

from advisor.domain.finding import Advice
from advisor.domain.schema import GAP, SATURATED, STARTING
from advisor.profile import infer_demand
from tests.service_worlds import START, advice_of, fixed, said, service_of

MINUTES = 8 * 1440
SETUP = fixed(2, vcpu=1, gib=4)


def fleet(
    *, starts_at: int, cpu: float = 100, memory: float = 20, work: float = 10, others: float = 10
) -> pd.DataFrame:
    """Two tasks at 10 % of 1 vCPU; so many times a day one is replaced: three minutes with a third task that starts."""
    running = np.full(MINUTES, 2.0)
    at = np.arange(MINUTES) % (1440 // starts_at) if starts_at else np.full(MINUTES, 99)
    new = (at >= 30) & (at < 33)
    running[new] = 3
    columns = {
        "tasks": running,
        "cpu_avg": np.where(new, (cpu + 2 * others) / 3, work),
        "cpu_max": np.where(new, cpu, work * 1.1),
        "memory_avg": np.full(MINUTES, 15.0),
        "memory_max": np.where(new, memory, 16.0),
    }
    return pd.DataFrame(columns, index=pd.date_range(START, periods=MINUTES, freq="60s")).astype("float32")


def judged(usage: pd.DataFrame) -> Advice:
    return advice_of(usage, service_of(SETUP, step_seconds=60))


def states(usage: pd.DataFrame) -> list[int]:
    return infer_demand(usage, service_of(SETUP, step_seconds=60)).frame["state"].tolist()


def test_starts_at_full_cpu_do_not_set_the_size_and_are_told() -> None:
    # Ten starts a day of three minutes: 2 % of the time at 100 %, twice what the limits allow.
    advice = judged(fleet(starts_at=10))
    assert advice.verdict == "change"
    assert advice.recommended.size.vcpu == 0.25
    assert advice.risk.cpu_throttled_share == 0
    text = next(caution.text for caution in advice.cautions if caution.code == "startup-cpu")
    assert "uses up to 1.00 vCPU (0.11 at other times), in 240 steps" in text
    assert "saturated" not in said(advice)


def test_memory_of_starts_is_a_floor_as_any_other() -> None:
    # 60 % of 4 GiB are 2,458 MiB: times 1.15 that needs 3 GiB, although the rest of the time 16 % are in use.
    advice = judged(fleet(starts_at=1, memory=60))
    assert advice.recommended.size.gib >= 3
    text = next(caution.text for caution in advice.cautions if caution.code == "startup-memory")
    assert "holds up to 2.40 GiB (0.64 at other times)" in text
    assert judged(fleet(starts_at=1)).recommended.size.gib == 2  # 819 MiB in 1 GiB: a risk above 5 %
    assert "startup-memory" in said(judged(fleet(starts_at=1)))


def test_work_that_rises_with_the_count_is_no_start() -> None:
    busy = fleet(starts_at=10, others=60)
    assert STARTING not in states(busy)
    assert SATURATED in states(busy)
    assert judged(busy).verdict == "no-advice"


def test_a_task_that_was_hot_before_the_count_rose_is_no_start() -> None:
    usage = fleet(starts_at=10)
    usage.loc[usage["tasks"].shift(-1) == 3, "cpu_max"] = 90
    assert STARTING not in states(usage)[:33]


@pytest.mark.parametrize("step", [60, 300])
def test_in_five_minute_steps_no_start_is_told(step: int) -> None:
    usage = fleet(starts_at=10)
    usage = usage.resample(f"{step}s").max()
    found = infer_demand(usage, service_of(SETUP, step_seconds=step)).frame["state"].tolist()
    assert (STARTING in found) == (step == 60)


def test_a_gap_before_the_rise_hides_whether_it_was_a_start() -> None:
    usage = fleet(starts_at=10)
    usage.iloc[29] = np.nan
    found = states(usage)
    assert (found[29], found[30]) == (GAP, SATURATED)
