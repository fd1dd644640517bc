"""Setups and risks in words: nothing that sets the count of tasks goes unsaid, nor what a risk leaves out."""

from dataclasses import replace

from advisor.domain.finding import Risk
from advisor.domain.policy import ScheduledAction, StepScaling, TargetTracking
from advisor.domain.service import Setup, TaskSize
from advisor.domain.settings import Limits
from advisor.report import words

SIZE = TaskSize.of(vcpu=1, gib=2)
FIXED = Setup(size=SIZE, desired=3)
SCALED = Setup(
    size=SIZE,
    desired=2,
    minimum=2,
    maximum=9,
    policies=(
        TargetTracking(metric="cpu", target=60),
        StepScaling(metric="cpu", direction="out", threshold=80, steps=((0.0, None, 2),)),
    ),
    schedule=(ScheduledAction(expression="cron(50 7 * * ? *)", minimum=6),),
)


def test_one_line_names_size_count_targets_steps_and_schedule() -> None:
    assert words.brief(FIXED) == "1 vCPU / 2 GiB, 3 tasks, fixed"
    assert words.brief(SCALED) == "1 vCPU / 2 GiB, 2 to 9 tasks, CPU target 60 %, step scaling, schedule of 1"


def test_facets_tell_when_and_to_what_a_schedule_changes_the_bounds() -> None:
    assert words.facets(SCALED)["Schedule"] == "cron(50 7 * * ? *) (UTC): minimum 6"
    assert words.facets(FIXED)["Schedule"] == "none"


def test_a_risk_that_leaves_memory_out_says_so() -> None:
    limits = Limits()  # throttled 1 %, memory 5 %, unmet 0.5 %
    known = Risk(cpu_throttled_share=0.0005, memory_breach_probability=0.004, unmet_share=0.0)
    assert words.risk_word(known, limits) == "very low"
    assert words.risk_word(replace(known, memory_breach_probability=0.04), limits) == "within limit"
    assert words.risk_word(replace(known, memory_breach_probability=None), limits) == "very low; memory not known"
    assert words.risk_word(Risk(), limits) == "not known"
