"""Which days of a history speak for what runs now, and what the days before them may still forbid."""

from dataclasses import dataclass, replace

import pandas as pd

from advisor.advice.choose import trial_of
from advisor.advice.decide import Decision
from advisor.advice.guardrails import (
    RULES,
    broken_rules,
    memory_holds_the_peak,
    memory_tail_is_within_limits,
)
from advisor.advice.rules import NONE, SETTLED_DAYS, URGENT_MEMORY_RISK
from advisor.advice.subject import Subject, known_by, search_in
from advisor.advice.work import current_stretch, cut, last_size
from advisor.domain.finding import Caution
from advisor.domain.inventory import Service
from advisor.domain.schema import GAP
from advisor.domain.units import DAY_SECONDS
from advisor.profile import Demand, Shift, find_shift
from advisor.profile.shifts import FEWEST_TO_SPEAK


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Days:
    """`whole`: the history; `sized`: its latest days of one size; `speak`: those of them on which the advice rests.

    `unseen`: none of them was measured with today's size. `shift`: a deployment among `sized` that changed behaviour.
    """

    whole: Demand
    sized: Demand
    speak: Demand
    unseen: bool
    shift: Shift | None

    @property
    def told(self) -> int:
        """Steps before the last change of size."""
        return len(self.whole.frame) - len(self.sized.frame)


def days_of(demand: Demand, service: Service) -> Days:
    """The days since the last change of size, where any was measured with today's, and since the last deployment after
    it that changed behaviour, where they are enough to speak alone."""
    seen = current_stretch(demand, service.setup.size)
    unseen = not _is_known(seen)
    latest = current_stretch(demand, last_size(demand)) if unseen else seen
    sized = latest if _is_known(latest) else demand
    shift = find_shift(sized, (change.at for change in service.sizes[1:]))
    return Days(whole=demand, sized=sized, speak=_since(sized, shift), unseen=unseen, shift=shift)


def shift_cautions(days: Days) -> tuple[Caution, ...]:
    """Which deployment changed behaviour, and which days therefore speak."""
    shift = days.shift
    if shift is None:
        return ()
    per_day = DAY_SECONDS / days.whole.step_seconds
    since, before = len(_from(days.sized, shift).frame) / per_day, len(days.sized.frame) / per_day
    text = (
        f"The deployment of {shift.at:%Y-%m-%d %H:%M} UTC changed {shift.what}: {shift.before:.3g} {shift.unit} before,"
        f" {shift.after:.3g} {shift.unit} since (medians of days)."
    )
    if shift.speaks:
        said = f" Only the {since:.1f} days since speak, not the {before - since:.1f} before."
        return (Caution(code="behaviour-changed", text=text + said),)
    said = (
        f" The {since:.1f} days since are not enough to speak alone (it takes {FEWEST_TO_SPEAK} on both sides): all do."
    )
    return (Caution(code="behaviour-changed-lately", text=text + said),)


def _since(sized: Demand, shift: Shift | None) -> Demand:
    return _from(sized, shift) if shift is not None and shift.speaks else sized


def _from(sized: Demand, shift: Shift) -> Demand:
    return cut(sized, int(sized.frame.index.searchsorted(pd.Timestamp(shift.at))), len(sized.frame))


def settled(decision: Decision, days: Days) -> Decision:
    """The decision, or keep: where the days before a change of late do not bear another one out.

    Two months of the same service differ by chance. So a cheaper setup must hold the days before the change too,
    unless today's would not have held them (or their memory) either, or a deployment changed behaviour: then the
    service has become another one. And memory that a model alone calls too small must be so by the peaks of all days
    together.
    """
    most = SETTLED_DAYS * DAY_SECONDS // days.whole.step_seconds
    low = max(0, days.told - most)
    before, together = cut(days.whole, low, days.told), cut(days.whole, low, len(days.whole.frame))
    late = len(days.sized.frame) <= most and days.speak is days.sized
    if decision.verdict != "change" or not late or not _is_known(before):
        return decision
    changed = f"The size changed {decision.subject.work.days:.1f} days ago, and"
    if not decision.broken and _forbids(known_by(decision.subject, before), decision):
        why = f"{changed} what would be cheaper now would not have held the days before that:"
        return _kept(decision, f"{why} it is looked at again once {SETTLED_DAYS} days have passed.")
    if _only_modelled(decision) and not _is_urgent(known_by(decision.subject, together), decision):
        return _kept(decision, f"{changed} with the days before that, the chance of a memory breach is bearable.")
    return decision


def _kept(decision: Decision, why: str) -> Decision:
    return replace(decision, verdict="keep", then=decision.today, broken=(), why=why)


def _forbids(earlier: Subject, decision: Decision) -> bool:
    """Whether earlier days, which today's setup holds, break a rule with what is to come and its margins.

    Where it does not hold them in all, its memory alone may: a peak that it held is not given up.
    """
    now, then = search_in(earlier, NONE), search_in(earlier, decision.margins)
    today, change = trial_of(now, decision.today.setup), trial_of(then, decision.then.setup)
    rules = (memory_holds_the_peak,) if broken_rules(today, now.case) else RULES
    return any(rule(change, then.case) and not rule(today, now.case) for rule in rules)


def _only_modelled(decision: Decision) -> bool:
    search = search_in(decision.subject, NONE)
    return decision.broken == (memory_tail_is_within_limits(trial_of(search, decision.today.setup), search.case),)


def _is_urgent(together: Subject, decision: Decision) -> bool:
    chance = trial_of(search_in(together, NONE), decision.today.setup).breach_probability or 0.0
    return chance > together.limits.memory_breach_probability * URGENT_MEMORY_RISK


def _is_known(demand: Demand) -> bool:
    return bool((demand.frame["state"] != GAP).any())
