"""What Application Auto Scaling refuses in a scaling policy.  [documented: botocore 1.44.5, application-autoscaling]"""

from itertools import pairwise
from math import inf, isfinite

from advisor.domain.errors import SetupRefused
from advisor.domain.policy import OtherPolicy, Policy, StepScaling, TargetTracking


def check_policy(policy: Policy, *, where: str = "policies") -> None:
    """Raise SetupRefused, with the value and the rule, for a policy that AWS would not take.

    A policy that cannot be replayed (`OtherPolicy`) is not judged.
    """
    if isinstance(policy, OtherPolicy):
        return
    if isinstance(policy, StepScaling):
        _check_step_scaling(policy, where=where)
    elif not 0 < policy.target < inf:
        rule = "the target is a number above 0"
        raise SetupRefused(f"bad target of {policy.type}", where=where, value=policy.target, rule=rule)
    if isinstance(policy, TargetTracking) and min(policy.scale_out_cooldown, policy.scale_in_cooldown) < 0:
        value = f"out {policy.scale_out_cooldown} s, in {policy.scale_in_cooldown} s"
        raise SetupRefused("bad cooldown of TargetTracking", where=where, value=value, rule="0 s or more")


def _check_step_scaling(policy: StepScaling, *, where: str) -> None:
    numbers = (policy.points - 1, policy.cooldown, policy.min_adjustment_magnitude)
    if min(numbers) < 0 or not isfinite(policy.threshold):
        value = (
            f"points {policy.points}, cooldown {policy.cooldown} s, threshold {policy.threshold:g}, "
            f"min_adjustment_magnitude {policy.min_adjustment_magnitude}"
        )
        rule = "1 point or more, a finite threshold, nothing else below 0"
        raise SetupRefused("bad StepScaling", where=where, value=value, rule=rule)
    if broken := _broken_step_rule(policy):
        raise SetupRefused("bad steps of StepScaling", where=where, value=list(policy.steps), rule=broken)


def _broken_step_rule(policy: StepScaling) -> str | None:
    """The rule that the steps break, None where AWS takes them.

    Documented: ranges have no gap and no overlap; below the threshold the lowest has no lower bound, above it the
    highest has no upper one; no step lacks both; an exact capacity is not negative.
    """
    opened = sorted((-inf if low is None else low, inf if high is None else high) for low, high, _ in policy.steps)
    joined = all(one[1] == other[0] for one, other in pairwise(opened))
    if not opened or not joined or not all(low < high for low, high in opened):
        return "each step begins where the one before ends: no hole, no overlap, none empty"
    lowest, highest = opened[0][0], opened[-1][1]
    if -inf < lowest < 0 or 0 < highest < inf:
        return "no hole to infinity: the lowest of steps below 0 starts, the highest above 0 ends, with null"
    if (-inf, inf) in opened:
        return "no step has null for both bounds"
    if policy.adjustment_type == "ExactCapacity" and min(change for _, _, change in policy.steps) < 0:
        return "an exact capacity is 0 or more"
    return None
