"""Numbers in words: one form for each kind of number, used by reasons, cautions and `explain`."""

from decimal import Decimal

from advisor.domain.policy import OtherPolicy, Policy
from advisor.domain.service import Setup

MOST_DIGITS = 15  # after which floating point has nothing more to say


def share(value: float) -> str:
    """A share as percent, with the digits that small shares need.

    >>> share(0.254), share(0.0012), share(0.00001), share(0)
    ('25.4 %', '0.12 %', 'under 0.01 %', '0 %')
    """
    if value == 0:
        return "0 %"
    if value < 0.0001:
        return "under 0.01 %"
    return f"{value:.1%}".replace("%", " %") if value >= 0.01 else f"{value:.2%}".replace("%", " %")


def shares_apart(one: float, other: float) -> tuple[str, str]:
    """Two shares as percent, with as many digits as tell them apart.

    >>> shares_apart(0.0501, 0.05), shares_apart(0.3, 0.05), shares_apart(0.05, 0.05)
    (('5.01 %', '5.00 %'), ('30.0 %', '5.0 %'), ('5.0 %', '5.0 %'))
    """
    usual = (share(one), share(other))
    finer = ((f"{100 * one:.{digits}f} %", f"{100 * other:.{digits}f} %") for digits in range(2, MOST_DIGITS))
    return next((pair for pair in (usual, *finer) if pair[0] != pair[1]), usual)


def usd(value: Decimal) -> str:
    """Money per month.

    >>> usd(Decimal("1234.5"))
    '$1,234.50'
    """
    return f"${value:,.2f}"


def setup_words(setup: Setup) -> str:
    """A setup in one clause: count or bounds, size, policies, schedule."""
    low, high = setup.bounds
    count = f"{low}" if low == high else f"{low} to {high}"
    text = f"{count} x {setup.size}"
    schedule = [f"a schedule of {len(setup.schedule)}"] if setup.schedule else []
    return ", ".join([text, *map(policy_words, setup.policies), *schedule])


def policy_words(policy: Policy) -> str:
    """A policy in one clause."""
    if isinstance(policy, OtherPolicy):
        return "a policy that cannot be replayed"
    if policy.type == "TargetTracking":
        cooldowns = f"cooldowns {policy.scale_out_cooldown} s out, {policy.scale_in_cooldown} s in"
        return f"{policy.metric} target {policy.target:g} ({cooldowns})"
    kind = "step scaling" if policy.type == "StepScaling" else "predictive scaling"
    return f"{kind} on {policy.metric}"
