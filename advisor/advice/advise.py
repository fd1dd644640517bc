"""Advice for one service: what speaks, what is decided, what is said."""

from dataclasses import replace

from advisor.advice.confidence import confidence
from advisor.advice.days import Days, days_of, settled, shift_cautions
from advisor.advice.decide import Decision, decide
from advisor.advice.evidence import alternatives, frontier, history, price_cautions, risk, schedule_cautions
from advisor.advice.explain import reasons
from advisor.advice.inside import inside_cautions
from advisor.advice.insights import insights_cautions
from advisor.advice.memory import growth_cautions, leak_cautions
from advisor.advice.money import usd_range
from advisor.advice.response import response_cautions
from advisor.advice.rules import FEWEST_DAYS, HELD_OUT_SHARE, MOST_GAP_SHARE, override_of
from advisor.advice.subject import Subject, history_cautions, replayed_in, subject_of
from advisor.advice.words import share, shares_apart
from advisor.advice.work import split
from advisor.domain.errors import PriceMissing, SetupRefused
from advisor.domain.finding import Advice, Caution, UsdMonth
from advisor.domain.inventory import Service
from advisor.domain.schema import GAP
from advisor.domain.settings import Config
from advisor.domain.units import Usd
from advisor.fargate.prices import PriceBook
from advisor.profile import Demand, Profile, fit_profile

_DEFAULTS = Config()


def advise(
    service: Service, demand: Demand, profile: Profile, *, prices: PriceBook, config: Config = _DEFAULTS
) -> Advice:
    """What to change of one service, or why nothing is said (verdict `no-advice`, with the reason).

    `profile` is that of `demand`. Only the days since the last change of size speak, and of them those since a
    deployment that changed behaviour; the days before it showed that it did, so they count for confidence. Where none
    was measured with today's size, the work of the days before may confirm the setup, but never change it. A missing
    price is no error here: there is no advice then, and no money.
    """
    days = days_of(demand, service)
    sized = fit_profile(days.sized) if days.told else profile
    told = (*(_size_changed(profile, sized) if days.told else ()), *shift_cautions(days))
    profile = sized if days.speak is days.sized else fit_profile(days.speak)
    try:
        subject = subject_of(service, days.speak, profile, prices, config)
        advice = _not_yet_run(subject, config, days) if days.unseen else _judged(subject, config, days)
    except PriceMissing as error:
        advice = without_advice(service, Caution(code="price-missing", text=str(error)), profile=profile)
    except SetupRefused as error:
        advice = without_advice(service, Caution(code="not-replayable", text=str(error)), profile=profile)
    if days.speak is not days.sized and advice.confidence > 0:
        advice = replace(advice, confidence=round(confidence(sized.informative_days), 4))
    more = insights_cautions(demand, service, prices)
    return replace(advice, cautions=tuple(dict.fromkeys((*told, *advice.cautions, *more))))


def without_advice(
    service: Service, why: Caution, *, profile: Profile | None = None, usd_month: Usd | None = None
) -> Advice:
    """The advice to say nothing, with the reason first among the cautions."""
    return Advice(
        id=service.id,
        verdict="no-advice",
        current=service.setup,
        usd_month=UsdMonth(current=usd_month),
        confidence=0.0 if profile is None else round(confidence(profile.informative_days), 4),
        reasons=(f"No advice, because: {why.text}",),
        cautions=(why, *(() if profile is None else profile.cautions)),
        owner=service.owner,
        tags=dict(service.tags),
    )


def _size_changed(whole: Profile, spoken: Profile) -> tuple[Caution, ...]:
    text = (
        f"The task size changed {spoken.days:.1f} days before the end of the history:"
        f" only those days speak, not the {whole.days - spoken.days:.1f} before."
    )
    if whole.memory_peak_gib > spoken.memory_peak_gib:
        text += f" Before it, a task held up to {whole.memory_peak_gib:.2f} GiB of memory."
    return (Caution(code="size-changed", text=text),)


def _not_yet_run(subject: Subject, config: Config, days: Days) -> Advice:
    """The advice without confidence on a size that no task was measured with: kept where it keeps its limits."""
    text = (
        f"nothing was measured of tasks of today's size, {subject.service.setup.size}; it takes {FEWEST_DAYS:g} days."
    )
    why = Caution(code="thin-history", text=text)
    advice = _judged(subject, config, days, may_change=False)
    if advice.verdict == "keep":
        return replace(advice, confidence=0.0, cautions=(why, *advice.cautions))
    return replace(_withheld(subject, why, advice.usd_month.current), confidence=0.0)


def _judged(subject: Subject, config: Config, days: Days, *, may_change: bool = True) -> Advice:
    why = _nothing_to_say(subject)
    if why is not None:
        today = replayed_in(subject, subject.service.setup)
        return _withheld(subject, why, today.usd_month)
    rule = override_of(config, subject.service)
    decision = settled(decide(subject), days)
    if decision.verdict == "no-advice":
        caution = Caution(code="no-setup-holds", text=decision.why)
        return _withheld(subject, caution, decision.today.usd_month)
    if not may_change and not decision.broken:
        why_kept = "Tasks of this size were not measured yet: what they show is awaited before another change."
        decision = replace(decision, verdict="keep", then=decision.today, why=why_kept)
    if rule is not None and rule.action == "keep" and decision.verdict == "change":
        decision = replace(decision, verdict="keep", then=decision.today, why="The configuration says: keep.")
    return _assembled(decision, days.whole)


def _nothing_to_say(subject: Subject) -> Caution | None:
    """Why no advice can be given, or None."""
    profile = subject.profile
    if profile.days < FEWEST_DAYS:
        text = f"{profile.days:.1f} days of history with today's size are too few; it takes {FEWEST_DAYS:g}."
        return Caution(code="thin-history", text=text)
    _, later = split(subject.demand, HELD_OUT_SHARE)
    latest = float((later.frame["state"] == GAP).mean())
    for missing, of in ((profile.gap_share, "the history"), (latest, "the days that it would be scored on")):
        if missing > MOST_GAP_SHARE:
            found, most = shares_apart(missing, MOST_GAP_SHARE)
            text = f"{found} of {of} is missing; at most {most} may be."
            return Caution(code="gaps", text=text)
    if subject.saturated and subject.levers.cpu:
        text = (
            f"CPU was at its limit in {share(profile.saturated_share)} of the time that tasks ran, so what the service"
            " really needs cannot be seen. Give it more CPU or more tasks for a week, then review again."
        )
        return Caution(code="saturated", text=text)
    return None


def _withheld(subject: Subject, why: Caution, today: Usd | None) -> Advice:
    said = without_advice(subject.service, why, profile=subject.profile, usd_month=today)
    more = (caution for caution in history_cautions(subject) if caution.code != why.code)
    return replace(
        said,
        replay_error=subject.error,
        cautions=(why, *leak_cautions(subject.leak, subject.service.setup.size, None), *more),
        history=history(subject, None, None),
    )


def _assembled(decision: Decision, whole: Demand) -> Advice:
    subject, then = decision.subject, decision.then
    counted = 0.0 if subject.levers.counts == "seen" else subject.error or 0.0
    low, high = usd_range(then, subject.work, replay_error=counted)
    stated, doubts = risk(decision)
    return Advice(
        id=subject.service.id,
        verdict=decision.verdict,
        current=subject.service.setup,
        recommended=then.setup,
        usd_month=UsdMonth(current=decision.today.usd_month, recommended=then.usd_month, low=low, high=high),
        risk=stated,
        backtest=decision.proof,
        replay_error=subject.error,
        confidence=round(confidence(subject.profile.informative_days), 4),
        reasons=reasons(decision),
        cautions=(
            *decision.cautions,
            *_of_memory(decision, whole),
            *response_cautions(subject.demand, subject.work, today=decision.today, then=then),
            *schedule_cautions(subject.service.setup, then.setup),
            *history_cautions(subject),
            *doubts,
            *price_cautions(then.bill),
        ),
        alternatives=alternatives(decision),
        owner=subject.service.owner,
        tags=dict(subject.service.tags),
        history=history(subject, decision.today, then),
        frontier=frontier(decision),
    )


def _of_memory(decision: Decision, whole: Demand) -> tuple[Caution, ...]:
    subject, today, then = decision.subject, decision.today.setup.size, decision.then.setup.size
    definition, profile = subject.service.task_definition, subject.profile
    grows = (
        *leak_cautions(subject.leak, today, then),
        *growth_cautions(profile.memory_daily_peaks, subject.leak, today, then),
    )
    margin = None if grows else decision.margins.memory
    return (
        *grows,
        *inside_cautions(definition, whole, profile.memory_peak_gib, today=today, then=then, margin=margin),
    )
