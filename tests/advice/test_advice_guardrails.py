"""What a rule says is true: with the numbers that it compared, and without those that it did not."""

import pytest

from advisor.advice.guardrails import Case, Trial, memory_holds_the_peak
from advisor.advice.rules import NONE, USUAL, Margins
from advisor.advice.score import Score
from advisor.domain.settings import Limits
from advisor.profile import fit_profile, infer_demand
from tests.service_worlds import World, fixed, level, lived, service_of

SETUP = fixed(2, vcpu=1, gib=2)
PROFILE = fit_profile(infer_demand(lived(World(vcpu=level(1)), SETUP), service_of(SETUP)))


@pytest.mark.parametrize(
    ("peak_gib", "margins", "says"),
    [
        (2.0, NONE, None),
        (2.5, NONE, "its 2 GiB are less than the peak of 2.5 GiB"),
        (1.7, USUAL, None),
        (1.9, USUAL, "its 2 GiB are less than the peak of 1.9 GiB plus a margin of 15%"),
    ],
)
def test_too_little_memory_names_a_margin_only_where_one_is_asked(
    peak_gib: float, margins: Margins, says: str | None
) -> None:
    score = Score(throttled_share=0, unmet_share=0, memory_peak_mib=peak_gib * 1024, memory_daily_mib=())
    trial = Trial(setup=SETUP, usd_month=1.0, score=score, breach_probability=None)
    case = Case(limits=Limits(), margins=margins, profile=PROFILE, today=SETUP.size, least_tasks=0)
    assert memory_holds_the_peak(trial, case) == says
