"""What a history leaves out is told: how much, and which times of the day."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from advisor.profile import fit_profile, infer_demand
from advisor.profile.gaps import gap_cautions
from tests.service_worlds import World, fixed, level, lived, service_of

SETUP = fixed(2, vcpu=1, gib=4)


def told(gone: np.ndarray, *, step: int = 300) -> dict[str, str]:
    """The cautions of a history in which these steps are missing."""
    usage = lived(World(vcpu=level(0.4, days=len(gone) * step / 86_400, step=step), step=step), SETUP)
    usage.loc[gone] = np.nan
    demand = infer_demand(usage, service_of(SETUP, step_seconds=step))
    found = gap_cautions(demand)
    assert set(found) <= set(fit_profile(demand).cautions)
    return {caution.code: caution.text for caution in found}


def clock(days: int, *, step: int = 300) -> np.ndarray:
    """The hour of the day of each step."""
    return np.arange(days * 86_400 // step) * step % 86_400 / 3600


@pytest.mark.parametrize(("share", "said"), [(0.0, False), (0.04, False), (0.05, True), (0.399, True)])
def test_a_twentieth_of_gaps_is_told_with_share_and_days(share: float, said: bool) -> None:
    steps = 20 * 288
    found = told(np.random.default_rng(4).permutation(steps) < share * steps)
    assert ("gaps" in found) == said
    assert "unseen-hours" not in found
    if said:
        assert found["gaps"].startswith(f"{share:.1%}".replace("%", " %") + " of the history is missing, ")
        assert f"{20 * share:.1f} of 20.0 days in all" in found["gaps"]


@pytest.mark.parametrize("step", [20, 60, 300])
def test_hours_that_are_missing_every_day_are_named(step: int) -> None:
    hour = clock(4, step=step)
    found = told((hour >= 8) & (hour < 16.5), step=step)
    assert found["unseen-hours"].startswith("Of 08:00 to 16:30 UTC next to nothing was measured on any day")
    assert "no stated risk covers it" in found["unseen-hours"]
    assert "35.4 %" in found["gaps"]


def test_half_an_hour_a_day_is_named_although_it_is_little() -> None:
    hour = clock(20)
    found = told((hour >= 2) & (hour < 2.5))
    assert set(found) == {"unseen-hours"}
    assert "Of 02:00 to 02:30 UTC" in found["unseen-hours"]


def test_hours_over_midnight_are_one_and_others_beside_them() -> None:
    hour = clock(10)
    assert (
        "Of 12:00 to 13:00 and 22:00 to 03:00 UTC"
        in told((hour >= 22) | (hour < 3) | (hour // 1 == 12))["unseen-hours"]
    )
    assert "Of 23:00 to 00:00 UTC" in told(hour >= 23)["unseen-hours"]
    assert "Of 00:00 to 01:00 UTC" in told(hour < 1)["unseen-hours"]


@pytest.mark.parametrize(("seen_on", "said"), [(2, True), (3, False)])
def test_an_hour_that_was_seen_on_more_than_a_tenth_of_the_days_is_seen(seen_on: int, said: bool) -> None:
    hour, day = clock(20), np.arange(20 * 288) // 288
    assert ("unseen-hours" in told((hour // 1 == 9) & (day >= seen_on))) == said


def test_hours_are_those_of_the_clock_whenever_the_history_begins() -> None:
    usage = lived(World(vcpu=level(0.4, days=6)), SETUP)
    usage.index = usage.index + timedelta(hours=5, minutes=10)
    usage.loc[pd.DatetimeIndex(usage.index).hour == 9] = np.nan
    (only,) = gap_cautions(infer_demand(usage, service_of(SETUP)))
    assert "Of 09:00 to 10:00 UTC" in only.text


def test_a_history_of_less_than_a_day_says_nothing_of_hours_it_does_not_reach() -> None:
    gone = np.zeros(100, dtype=bool)
    gone[50] = True
    assert told(gone) == {}


def test_where_nothing_may_run_silence_is_no_gap() -> None:
    usage = lived(World(vcpu=level(0.4, days=6)), SETUP)
    usage.loc[pd.DatetimeIndex(usage.index).hour == 9] = np.nan
    assert gap_cautions(infer_demand(usage, service_of(fixed(0, vcpu=1, gib=4)))) == ()
