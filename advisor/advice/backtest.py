"""The procedure's score on days that it did not choose on."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from advisor.advice.candidates import resized
from advisor.advice.choose import choose
from advisor.advice.replay import CENT, Replay, conditions_of, replayed
from advisor.advice.rules import Margins
from advisor.advice.score import Score, score
from advisor.advice.subject import Stretch, Subject, policy_is_unknown, search_in, without_policy
from advisor.advice.words import share
from advisor.domain.finding import Backtest
from advisor.domain.service import Setup


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOut:
    """The procedure's score, today's setup on the same days, and which limits the procedure missed, in words."""

    backtest: Backtest
    today: Backtest
    missed: tuple[str, ...]


def score_held_out(subject: Subject, margins: Margins) -> HeldOut:
    """Choose on the days before each origin, replay the choice over the days after it, up to the next.

    Where the days before allow no setup at all, today's is scored. Nothing of the days after an origin enters the
    choice: profile, levers, limits and search see the days before only; so does the memory tail, unless it was fitted
    on the days after. Scoring knows all days: task counts are as recorded where they do not show what sets them.
    """
    today = subject.service.setup
    found = _scored(subject, lambda before: chosen_on(before, margins))
    return HeldOut(backtest=found, today=_scored(subject, lambda _: today), missed=_missed(found, subject))


def chosen_on(before: Subject, margins: Margins) -> Setup:
    """What the procedure chooses on these days; a policy whose replay misses them is left alone, as in the advice."""
    today = before.service.setup
    best = choose(search_in(before, margins)).best
    if best is not None and best.setup != today and policy_is_unknown(before):
        best = choose(search_in(without_policy(before), margins)).best
    return best.setup if best else today


def _scored(subject: Subject, chosen: Callable[[Subject], Setup]) -> Backtest:
    """The stretches together: shares are of all their ticks and all their work."""
    stretches = subject.stretches
    results = [_on(stretch, chosen(stretch.before), subject) for stretch in stretches]
    works = [stretch.work for stretch in stretches]
    active = [float(work.active.sum()) for work in works]
    asked = [float(work.vcpu[work.known].sum()) for work in works]
    money = sum((replay.usd_month * work.seconds for (replay, _), work in zip(results, works, strict=True)), Decimal(0))
    return Backtest(
        days_fitted=round(stretches[0].before.work.days, 2),
        days_held_out=round(sum(work.days for work in works), 2),
        cost_usd=(money / sum(work.seconds for work in works)).quantize(CENT),
        cpu_throttled_share=_mean([got.throttled_share for _, got in results], active),
        memory_breached=any(_breached(replay, got) for replay, got in results),
        unmet_share=_mean([got.unmet_share for _, got in results], asked),
    )


def _on(stretch: Stretch, setup: Setup, subject: Subject) -> tuple[Replay, Score]:
    before, model = stretch.before, stretch.before.profile.memory_model
    as_today = resized(subject.service.setup, setup.size) == setup
    counts = subject.levers.counts if as_today else before.levers.counts
    conditions = conditions_of(before.profile, stretch.work)
    replay = replayed(setup, stretch.work, counts, before.prices, conditions=conditions)
    return replay, score(replay.running, stretch.work, size=setup.size, memory=model)


def _breached(replay: Replay, got: Score) -> bool:
    return got.memory_peak_mib is not None and got.memory_peak_mib >= replay.setup.size.memory


def _mean(shares: list[float], weights: list[float]) -> float:
    """Weighted mean; 0 where nothing weighs anything."""
    total = math.fsum(weights)
    return math.fsum(s * w for s, w in zip(shares, weights, strict=True)) / total if total > 0 else 0.0


def _missed(backtest: Backtest, subject: Subject) -> tuple[str, ...]:
    limits, found = subject.limits, []
    if backtest.cpu_throttled_share > limits.cpu_throttled_share:
        found.append(f"the hottest task was throttled in {share(backtest.cpu_throttled_share)} of the time")
    if backtest.unmet_share > limits.unmet_share:
        found.append(f"{share(backtest.unmet_share)} of the work went unmet")
    if backtest.memory_breached:
        found.append("a task needed more memory than it would have had")
    return tuple(found)
