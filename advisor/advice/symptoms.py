"""What is wrong with how a service scales today: seen in its settings and its recorded counts, told as cautions.

===================  ==========================================================================================
code                 what was seen
===================  ==========================================================================================
forgotten-floor      the minimum is above what the work ever asked for at the target
maximum-hit          the maximum was reached while CPU was above the target
target-never-met     the policy never had a reason to add a task
flapping             tasks are added and taken away again within half an hour, several times a day
policies-fight       one policy takes away what another asks for
handover             a schedule lowers the floor, and the policy has to put the tasks back at once
===================  ==========================================================================================

The numbers are choices: a symptom is told where it is plain, not where it may be.
"""

from collections.abc import Iterator
from itertools import product

import numpy as np

from advisor.advice.work import Floats, Work
from advisor.domain.finding import Caution
from advisor.domain.policy import StepScaling, TargetTracking
from advisor.domain.service import Setup
from advisor.domain.units import DAY_SECONDS
from advisor.fargate.scaling import LOW_THRESHOLD

NEEDED_QUANTILE = 0.999  # of the ticks; one tick in a thousand does not make a floor needed
HIT_SHARE = 0.001  # of the ticks
REVERSAL_SECONDS = 1800
REVERSALS_PER_DAY = 4
HANDOVER_SECONDS = 1800


def symptoms(setup: Setup, work: Work) -> tuple[Caution, ...]:
    """All symptoms of a setup over its recorded history; empty for a fixed count."""
    if setup.minimum is None or setup.maximum is None:
        return ()
    policy = next((p for p in setup.policies if isinstance(p, TargetTracking) and p.metric == "cpu"), None)
    found = [*_fights(setup), *_flapping(work)]
    if policy is not None:
        needed = _needed(setup, policy, work)
        found += [*_floor(setup, needed), *_maximum(setup, policy, work), *_handover(setup, needed, work)]
    return tuple(found)


def _needed(setup: Setup, policy: TargetTracking, work: Work) -> Floats:
    """Tasks that the work of each tick asks for at the target."""
    needed: Floats = np.ceil(work.vcpu / (setup.size.vcpu * policy.target / 100) - 1e-9)
    return needed


def _floor(setup: Setup, needed: Floats) -> Iterator[Caution]:
    low, _ = setup.bounds
    most = float(np.quantile(needed, NEEDED_QUANTILE))
    if setup.schedule or low < 2 or most >= low:
        return
    text = f"The minimum of {low} tasks is never needed: at the target, the work asks for {max(most, 1):.0f} at most."
    yield Caution(code="forgotten-floor", text=text)
    text = "CPU never reaches the target at the minimum, so the policy never adds a task."
    yield Caution(code="target-never-met", text=text)


def _maximum(setup: Setup, policy: TargetTracking, work: Work) -> Iterator[Caution]:
    _, high = setup.bounds
    full = work.known & (work.tasks >= high) & (work.vcpu > high * setup.size.vcpu * policy.target / 100)
    share = float(full[work.known].mean()) if work.known.any() else 0.0
    if setup.schedule or share < HIT_SHARE:
        return
    text = (
        f"The maximum of {high} tasks was reached in {share:.1%} of the time with CPU above the target of"
        f" {policy.target:g} %: a higher maximum would have added tasks there."
    )
    yield Caution(code="maximum-hit", text=text)


def _flapping(work: Work) -> Iterator[Caution]:
    """Out and in again within half an hour, in recorded counts."""
    tasks = np.rint(work.tasks[np.isfinite(work.tasks)])
    moves = np.diff(tasks)
    at = np.flatnonzero(moves)
    out_then_in = (moves[at][:-1] > 0) & (moves[at][1:] < 0)
    soon = np.diff(at) * work.tick_seconds <= REVERSAL_SECONDS
    per_day = float(np.count_nonzero(out_then_in & soon)) / max(work.seconds / DAY_SECONDS, 1e-9)
    if per_day >= REVERSALS_PER_DAY:
        text = f"Tasks are added and taken away again within half an hour, {per_day:.0f} times a day."
        yield Caution(code="flapping", text=text)


def _fights(setup: Setup) -> Iterator[Caution]:
    steps = [policy for policy in setup.policies if isinstance(policy, StepScaling)]
    ins = [policy for policy in steps if policy.direction == "in"]
    outs = [(p.metric, p.threshold, "step scaling") for p in steps if p.direction == "out"]
    outs += [(p.metric, p.target, "target tracking") for p in setup.policies if isinstance(p, TargetTracking)]
    for into, (metric, level, name) in product(ins, outs):
        quiet = level * LOW_THRESHOLD.value if name == "target tracking" else level
        if into.metric == metric and into.threshold > quiet:
            text = (
                f"Step scaling takes tasks away below {into.threshold:g} on {metric}, where {name} at {level:g}"
                " still wants them: the two undo each other."
            )
            yield Caution(code="policies-fight", text=text)


def _handover(setup: Setup, needed: Floats, work: Work) -> Iterator[Caution]:
    """Recorded falls of the count that the work did not ask for, taken back within half an hour."""
    if not setup.schedule:
        return
    tasks, ticks = work.tasks, max(1, HANDOVER_SECONDS // work.tick_seconds)
    fell = np.flatnonzero((np.diff(tasks) < 0) & (tasks[1:] < needed[1:])) + 1
    back = [t for t in fell if np.nanmax(tasks[t : t + ticks], initial=0.0) >= tasks[t - 1] > tasks[t]]
    if len(back) >= max(1, work.seconds // DAY_SECONDS // 4):
        text = (
            f"{len(back)} times the schedule took tasks away that the work still needed, and scaling put them back"
            " within half an hour: lower the floor later."
        )
        yield Caution(code="handover", text=text)
