"""The procedure's score on days that it did not choose on."""

from dataclasses import dataclass

from advisor.advice.choose import choose
from advisor.advice.replay import replayed
from advisor.advice.rules import HELD_OUT_SHARE, Margins
from advisor.advice.score import score
from advisor.advice.subject import Subject, search_in
from advisor.advice.words import share
from advisor.advice.work import split, work_of
from advisor.domain.finding import Backtest
from advisor.profile import fit_profile


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOut:
    """The score, and which limits it missed, in words; empty = all were kept."""

    backtest: Backtest
    missed: tuple[str, ...]


def score_held_out(subject: Subject, margins: Margins) -> HeldOut:
    """Choose on the earlier two thirds of the days, replay the choice over the later third.

    Where the earlier days allow no setup at all, today's is scored. Nothing of the later days enters the
    choice: profile, memory tail and search see the earlier ones only.
    """
    earlier, later = split(subject.demand, HELD_OUT_SHARE)
    fitted, work = fit_profile(earlier), work_of(later)
    best = choose(search_in(subject, margins, work=work_of(earlier), profile=fitted)).best
    setup = best.setup if best else subject.service.setup
    replay = replayed(setup, work, subject.levers.counts, subject.prices)
    got = score(replay.running, work, size=setup.size, memory=fitted.memory_model)
    backtest = Backtest(
        days_fitted=round(len(earlier.frame) * earlier.step_seconds / 86_400, 2),
        days_held_out=round(work.days, 2),
        cost_usd=replay.usd_month,
        cpu_throttled_share=got.throttled_share,
        memory_breached=got.memory_peak_mib is not None and got.memory_peak_mib >= setup.size.memory,
        unmet_share=got.unmet_share,
    )
    return HeldOut(backtest=backtest, missed=_missed(backtest, subject))


def _missed(backtest: Backtest, subject: Subject) -> tuple[str, ...]:
    limits, found = subject.limits, []
    if backtest.cpu_throttled_share > limits.cpu_throttled_share:
        found.append(f"the hottest task was throttled in {share(backtest.cpu_throttled_share)} of the time")
    if backtest.unmet_share > limits.unmet_share:
        found.append(f"{share(backtest.unmet_share)} of the work went unmet")
    if backtest.memory_breached:
        found.append("a task needed more memory than it would have had")
    return tuple(found)
