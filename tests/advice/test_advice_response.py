"""Requests that were slower in busy minutes are told where a change makes busy minutes usual, and nowhere else."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from advisor.advice.replay import conditions_of, replayed
from advisor.advice.response import response_cautions
from advisor.advice.work import work_of
from advisor.domain.finding import Advice
from advisor.domain.schema import GAP, NO_TASK, SATURATED, STARTING
from advisor.domain.service import TaskSize
from advisor.profile import fit_profile, infer_demand
from tests.service_worlds import PRICES, World, advice_of, daily, fixed, lived, said, service_of

CODE = "slower-when-busy"
ROOMY = fixed(6, vcpu=1, gib=2)
WAVE = World(vcpu=daily(0.48, 2.64, days=6, step=60), step=60)  # 8 to 44 % of the six tasks' CPU
SERVICE = service_of(ROOMY, step_seconds=60)


def usage(*, slower: float = 3.0, requests: float = 600.0) -> pd.DataFrame:
    """Requests took 0.1 s at no CPU and `slower` times as long at 44 %, on a straight line between."""
    made = lived(WAVE, ROOMY)
    p99 = 0.1 * (1 + (slower - 1) * made["cpu_avg"] / 44)
    return made.assign(requests=requests, response_avg=p99 / 4, response_p99=p99)


def texts(advice: Advice) -> list[str]:
    return [caution.text for caution in advice.cautions if caution.code == CODE]


def test_what_requests_took_in_cool_and_in_hot_minutes_is_told_with_the_cpu_to_come() -> None:
    advice = advice_of(usage(), SERVICE)
    assert advice.verdict == "change"
    (text,) = texts(advice)
    # The wave's median is 26 %. Advised is half the CPU, so twice as busy: 52 %, and half-way there are 39 %.
    # The median of the cooler half of the wave is 26 - 18 sin(45 degrees) = 13.3 %: 0.1 + 0.2 x 13.3 / 44 = 0.16 s.
    # Above 39 % are the 43.7 degrees beyond asin(13 / 18) = 46.3; half of them end at 68.1: 42.7 %, and 0.29 s.
    assert text == (
        "99 of 100 requests were answered within 0.16 s in minutes with CPU up to 26 %, and within 0.29 s above 39 %:"
        " this change moves the usual CPU of its tasks from 26 % to 52 %. Watch response times after it."
    )


@pytest.mark.parametrize("slower", [0.5, 1.0, 1.3])
def test_flat_or_falling_response_times_say_nothing(slower: float) -> None:
    assert texts(advice_of(usage(slower=slower), SERVICE)) == []


def test_a_caution_changes_nothing_but_itself() -> None:
    slow, silent = (
        advice_of(usage(), SERVICE),
        advice_of(usage().drop(columns=["response_avg", "response_p99"]), SERVICE),
    )
    assert said(slow) - said(silent) == {CODE}
    assert replace(slow, cautions=silent.cautions) == silent


def test_where_the_tasks_do_not_become_busier_nothing_is_told() -> None:
    small = fixed(2, vcpu=0.25, gib=0.5)
    made = lived(World(vcpu=daily(0.1, 0.4, days=6, step=60), base_mib=150, step=60), small)
    advice = advice_of(
        made.assign(requests=600.0, response_p99=made["cpu_avg"] / 10), service_of(small, step_seconds=60)
    )
    assert advice.verdict == "keep"
    assert texts(advice) == []


def thinned(keep: np.ndarray) -> pd.DataFrame:
    """Response times are known in some of the minutes only."""
    made = usage()
    return made.assign(response_p99=made["response_p99"].where(keep))


HOT = (usage()["cpu_avg"] > 39).to_numpy()
DAY = np.arange(len(HOT)) // 1440


@pytest.mark.parametrize(
    ("keep", "told"),
    [
        (~HOT | (DAY < 3), True),
        (~HOT | (DAY < 2), False),  # a bad day or two
        (~HOT | ((np.cumsum(HOT) - 1) % (HOT.sum() // 130) == 0), True),
        (~HOT | ((np.cumsum(HOT) - 1) % (HOT.sum() // 100) == 0), False),  # under two hours
        (HOT, False),  # nothing to hold it against
    ],
)
def test_few_minutes_or_few_days_are_no_evidence(keep: np.ndarray, told: bool) -> None:
    assert (CODE in said(advice_of(thinned(keep), SERVICE))) is told


@pytest.mark.parametrize(("requests", "told"), [(100.0, True), (99.0, False), (np.nan, False)])
def test_p99_of_few_requests_is_no_evidence(requests: float, told: bool) -> None:
    assert (CODE in said(advice_of(usage(requests=requests), SERVICE))) is told


@pytest.mark.parametrize("state", [GAP, SATURATED, NO_TASK, STARTING])
def test_only_minutes_that_were_observed_count(state: int) -> None:
    demand = infer_demand(usage(), SERVICE)
    profile, work = fit_profile(demand), work_of(demand)
    half = replace(ROOMY, size=TaskSize.of(vcpu=0.5, gib=2))
    conditions = conditions_of(profile, work)
    today, then = (replayed(setup, work, "set", PRICES, conditions=conditions) for setup in (ROOMY, half))
    assert [caution.code for caution in response_cautions(demand, work, today=today, then=then)] == [CODE]
    assert list(response_cautions(demand, work, today=then, then=today)) == [], "cooler is no reason to warn"
    frame = demand.frame.assign(state=np.where(HOT, np.int8(state), demand.frame["state"]))
    assert list(response_cautions(replace(demand, frame=frame), work, today=today, then=then)) == []
