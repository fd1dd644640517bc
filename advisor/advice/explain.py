"""Sentences, made of the same numbers that the choice used."""

from advisor.advice.decide import Decision
from advisor.advice.rules import IDLE_MEAN_VCPU, IDLE_PEAK_VCPU
from advisor.advice.subject import Subject
from advisor.advice.words import setup_words, share, usd
from advisor.domain.errors import printable
from advisor.domain.finding import Advice, Backtest, Risk, Verdict
from advisor.domain.units import MIB_PER_GIB


def reasons(decision: Decision) -> tuple[str, ...]:
    """Why this verdict, in plain sentences with numbers and units."""
    subject = decision.subject
    said = [*_idle(subject), decision.why, *_cpu(decision), *_memory(decision)]
    return tuple(sentence for sentence in said if sentence)


def explain(advice: Advice) -> str:
    """The advice in words: what, money, risk, reasons, cautions, what lost."""
    lines = [_headline(advice)]
    lines += [f"  why: {reason}" for reason in advice.reasons]
    if advice.backtest is not None:
        lines.append(f"  proof: {_scored(advice.backtest, advice.verdict)}")
    lines += [f"  risk: {words}" for words in _risk_words(advice.risk)]
    if advice.replay_error is not None:
        lines.append(f"  replay error: {share(advice.replay_error)} of the recorded task-seconds")
    lines.append(f"  confidence: {advice.confidence:.2f} of 1")
    lines += [f"  caution: {caution.text}" for caution in advice.cautions]
    for lost in advice.alternatives:
        lines.append(f"  instead: {setup_words(lost.setup)} at {usd(lost.usd_month)} a month: {lost.why_not}")
    return "\n".join(lines)


def _headline(advice: Advice) -> str:
    name, money, new = printable(advice.id.service), advice.usd_month, advice.recommended
    now = "" if money.current is None else f" at {usd(money.current)} a month"
    if advice.verdict != "change" or new is None or money.current is None or money.recommended is None:
        words = {"keep": "keep", "no-advice": "no advice on", "change": "change"}[advice.verdict]
        return f"{name}: {words} {setup_words(advice.current)}{now}"
    between = "" if money.low is None or money.high is None else f" (between {usd(money.low)} and {usd(money.high)})"
    return (
        f"{name}: change {setup_words(advice.current)}{now}"
        f" to {setup_words(new)} at {usd(money.recommended)}{between}: saves {usd(money.current - money.recommended)}"
    )


def _idle(subject: Subject) -> tuple[str, ...]:
    work = subject.work
    ran = work.known & (work.tasks > 0)
    if not ran.any():
        return ("No task ran in the whole history: is the service still needed?",)
    mean, peak = (
        float((work.vcpu[ran] / work.tasks[ran]).mean()),
        float(work.hot_vcpu[ran & ~work.starting].max(initial=0.0)),
    )
    if mean > IDLE_MEAN_VCPU or peak > IDLE_PEAK_VCPU:
        return ()
    return (
        f"It is idle: a task does {mean:.4f} vCPU of work on average and {peak:.3f} vCPU at most."
        " Ask whether it is still needed: no task costs nothing.",
    )


def _cpu(decision: Decision) -> tuple[str, ...]:
    subject, then, today = decision.subject, decision.then, decision.today
    hot = float(subject.work.hot_vcpu[~subject.work.starting].max(initial=0.0))
    text = (
        f"CPU: the hottest task used {hot:.2f} of its {today.setup.size.vcpu:g} vCPU at most,"
        f" the whole service {subject.profile.cpu_peak_vcpu:.2f} vCPU"
    )
    if then.setup.size.cpu == today.setup.size.cpu:
        return (f"{text}.",)
    return (f"{text}; the recommended tasks have {then.setup.size.vcpu:g} vCPU each.",)


def _memory(decision: Decision) -> tuple[str, ...]:
    subject, then, today = decision.subject, decision.then, decision.today
    if not subject.profile.memory_daily_peaks:
        return ("Memory was never measured, so it gets no smaller.",)
    model = subject.profile.memory_model
    text = (
        f"Memory: the fullest task held {subject.profile.memory_peak_gib:.2f} GiB of its"
        f" {today.setup.size.gib:g} GiB at most"
        f" ({model.base_mib / MIB_PER_GIB:.2f} GiB plus {model.mib_per_vcpu:.0f} MiB per vCPU of work)"
    )
    if then.setup.size.memory == today.setup.size.memory:
        return (f"{text}.",)
    return (f"{text}; recommended are {then.setup.size.gib:g} GiB.",)


def _scored(backtest: Backtest, verdict: Verdict) -> str:
    breach = "memory was breached" if backtest.memory_breached else "memory was not breached"
    how = f"Chosen in the same way on {backtest.days_fitted:.1f} days and replayed over the next"
    if verdict == "keep":
        how = "As it is, replayed over the last days,"
    return (
        f"{how} {backtest.days_held_out:.1f}: {usd(backtest.cost_usd)} a month, hottest task throttled in"
        f" {share(backtest.cpu_throttled_share)} of the time, {share(backtest.unmet_share)} of the work unmet,"
        f" {breach}."
    )


def _risk_words(risk: Risk) -> tuple[str, ...]:
    found = []
    if risk.memory_breach_probability is not None:
        chance = share(risk.memory_breach_probability)
        found.append(f"{chance} chance that a task outgrows its memory within 30 days")
    if risk.cpu_throttled_share is not None:
        found.append(f"the hottest task out of CPU in {share(risk.cpu_throttled_share)} of the time that was seen")
    if risk.cpu_over_limit_probability is not None:
        chance = share(risk.cpu_over_limit_probability)
        found.append(f"{chance} chance that it is so for longer than the limit allows within 30 days")
    if risk.unmet_share is not None:
        found.append(f"{share(risk.unmet_share)} of the work unmet in its minute")
    return tuple(found)
