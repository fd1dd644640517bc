"""From trials to a decision: change, keep, or say that nothing can be said."""

from dataclasses import dataclass, replace
from decimal import Decimal

from advisor.advice.backtest import HeldOut, score_held_out
from advisor.advice.choose import Choice, Search, choose, least_saving, trial_of
from advisor.advice.guardrails import Case, Trial, broken_rules, memory_tail_is_within_limits
from advisor.advice.replay import Replay
from advisor.advice.rules import (
    CAUTIOUS,
    NONE,
    URGENT_MEMORY_RISK,
    USUAL,
    Margins,
)
from advisor.advice.subject import (
    Subject,
    case_of,
    policy_is_unknown,
    replayed_in,
    search_in,
    with_stretches,
    without_policy,
)
from advisor.advice.tail import FEWEST_PEAKS_STATED
from advisor.domain.finding import Backtest, Caution, Verdict


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Decision:
    """The verdict and all that it rests on. `broken` is what today's setup breaks, in words; `case`: what trials were
    held against."""

    subject: Subject
    verdict: Verdict
    today: Replay
    then: Replay
    broken: tuple[str, ...]
    choice: Choice
    case: Case
    margins: Margins
    held_out: HeldOut
    why: str
    cautions: tuple[Caution, ...] = ()

    @property
    def proof(self) -> Backtest:
        """What is advised, on the held-out days: today's setup where it is kept, else the procedure that changes it."""
        return self.held_out.today if self.verdict == "keep" else self.held_out.backtest


def decide(subject: Subject) -> Decision:
    """Choose on the whole history, score the same procedure on held-out days, and weigh both.

    A policy that the simulator cannot reproduce is only left alone where a change of it would be advised.
    """
    subject = subject if subject.stretches else with_stretches(subject)
    decision = _weigh(subject, USUAL)
    if decision.verdict == "change" and policy_is_unknown(subject):
        subject = without_policy(subject)
        decision = _weigh(subject, USUAL)
    if decision.verdict != "change" or not decision.held_out.missed:
        return decision
    return _more_cautious(subject, decision)


def _more_cautious(subject: Subject, first: Decision) -> Decision:
    """The same procedure with wider margins; what misses its limits even so is not advised.

    An exception: what gives more than today's setup where that breaks its limits, or costs less, and failed less on
    the held-out days too, is advised although it may not be enough.
    """
    missed = "; ".join(first.held_out.missed)
    second = _weigh(subject, CAUTIOUS)
    if not second.held_out.missed:
        text = f"The usual margins missed a limit on the held-out days ({missed}): wider ones were used."
        return replace(second, cautions=(Caution(code="wider-margins", text=text),))
    better = next((d for d in (second, first) if d.verdict == "change" and (_improves(d) or _ends_kills(d))), None)
    if better is not None:
        missed = "; ".join(better.held_out.missed)
        text = f"On the held-out days even this was not enough: {missed}. Look again after the change."
        return replace(better, cautions=(Caution(code="held-out-miss", text=text),))
    text = f"A cheaper setup missed its limits on the held-out days ({missed}), so no change is advised."
    why = "Nothing cheaper kept its limits on days that it was not chosen on."
    caution = Caution(code="held-out-miss", text=text)
    return replace(first, verdict="keep", then=first.today, why=why, cautions=(caution,))


def _improves(decision: Decision) -> bool:
    """Whether the procedure failed no more than today's setup on the held-out days, and less in one way."""
    then, today = decision.held_out.backtest, decision.held_out.today
    pairs = (
        (then.cpu_throttled_share, today.cpu_throttled_share),
        (then.unmet_share, today.unmet_share),
        (then.memory_breached, today.memory_breached),
    )
    return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)


def _ends_kills(decision: Decision) -> bool:
    """Whether today's tasks were killed for want of memory, which the held-out days cannot make up for."""
    return (
        bool(decision.subject.demand.kills)
        and decision.today.setup.size.memory < case_of(decision.subject, NONE).floor_mib
    )


def _weigh(subject: Subject, margins: Margins) -> Decision:
    setup = subject.service.setup
    today = replayed_in(subject, setup)
    current = search_in(subject, NONE)
    search = search_in(subject, margins)
    choice = choose(search)
    broken = _mended(_urgent(trial_of(current, setup), current.case), current, choice)
    then = today
    if choice.best is not None and choice.best.setup != setup:
        then = replayed_in(subject, choice.best.setup)
    verdict, why = _verdict(choice.best, today, then, broken)
    return Decision(
        subject=subject,
        verdict=verdict,
        today=today,
        then=then if verdict == "change" else today,
        broken=broken,
        choice=choice,
        case=search.case,
        margins=margins,
        held_out=score_held_out(subject, margins),
        why=why,
    )


def _urgent(trial: Trial, case: Case) -> tuple[str, ...]:
    """What today's setup breaks; a modelled chance of a breach counts where it is stated, and well above its limit.

    Observed breaches, throttling and unmet work count as they are.
    """
    chance = trial.breach_probability or 0.0
    modelled = memory_tail_is_within_limits(trial, case)
    few = len(case.profile.memory_daily_peaks) < FEWEST_PEAKS_STATED
    bearable = few or chance <= case.limits.memory_breach_probability * URGENT_MEMORY_RISK
    return tuple(broken for broken in broken_rules(trial, case) if not (bearable and broken == modelled))


def _mended(broken: tuple[str, ...], current: Search, choice: Choice) -> tuple[str, ...]:
    """What is broken today without a modelled chance of a breach that the choice does not lower."""
    if choice.best is None:
        return broken
    today, then = (trial_of(current, setup) for setup in (current.setup, choice.best.setup))
    if (then.breach_probability or 0.0) < (today.breach_probability or 0.0):
        return broken
    modelled = memory_tail_is_within_limits(today, current.case)
    return tuple(one for one in broken if one != modelled)


def _verdict(best: Trial | None, today: Replay, then: Replay, broken: tuple[str, ...]) -> tuple[Verdict, str]:
    if best is None and broken:
        return "no-advice", f"Today's setup breaks a limit ({broken[0]}), and so does all that may be changed."
    if best is None or best.setup == today.setup:
        return "keep", "Nothing cheaper keeps its limits."
    if broken:
        return "change", f"Today's setup breaks a limit: {broken[0]}."
    saved = today.usd_month - then.usd_month
    least = Decimal(str(least_saving(float(today.usd_month))))
    if saved >= least:
        return "change", ""
    if saved <= 0:
        return "keep", "Nothing cheaper keeps its limits."
    return "keep", f"The best change would save ${saved:,.2f} a month, less than the ${least:,.2f} that justify one."
