"""Advice: candidates, guardrails, choice, held-out score, and the sentences that say so."""

from advisor.advice.advise import advise, without_advice
from advisor.advice.explain import explain
from advisor.advice.measured import with_billed
from advisor.advice.older import with_older
from advisor.advice.refusals import with_refusals
from advisor.advice.rules import HELD_OUT_SHARE, override_of
from advisor.advice.standalone import task_families

__all__ = [
    "HELD_OUT_SHARE",
    "advise",
    "explain",
    "override_of",
    "task_families",
    "with_billed",
    "with_older",
    "with_refusals",
    "without_advice",
]
