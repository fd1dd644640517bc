"""What every format shows, worked out once from a finished review: rows in order, sums, words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from advisor.domain.finding import Advice, Review
from advisor.domain.settings import Limits
from advisor.domain.units import DAY_SECONDS, Usd

ORDER = {"change": 0, "keep": 1, "no-advice": 2}
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One service with its money per month; None = no price is known."""

    number: int
    advice: Advice
    now: Usd | None
    then: Usd | None
    low: Usd | None
    high: Usd | None

    @property
    def saving(self) -> Usd | None:
        """What the recommendation saves in a month; negative where it costs more."""
        return None if self.now is None or self.then is None else self.now - self.then

    @property
    def saving_share(self) -> float | None:
        """The saving as a share of today's cost."""
        return None if self.saving is None or not self.now else float(self.saving / self.now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The headline: sums per month, their range, and how many services got which verdict."""

    now: Usd
    then: Usd
    low: Usd
    high: Usd
    counts: Mapping[str, int]
    unpriced: int
    unexplained: Usd

    @property
    def saving(self) -> Usd:
        """Sum of the savings."""
        return self.now - self.then

    @property
    def saving_share(self) -> float:
        """The saving as a share of today's cost; 0 where nothing costs anything."""
        return float(self.saving / self.now) if self.now else 0.0


def rows(review: Review) -> tuple[Row, ...]:
    """One row per service: changes first, then by saving, by cost, by name."""
    unsorted = [_row(0, advice) for advice in review.services]
    ordered = sorted(unsorted, key=_rank)
    return tuple(_row(number, row.advice) for number, row in enumerate(ordered, start=1))


def _rank(row: Row) -> tuple[int, Decimal, Decimal, str]:
    verdict = ORDER[row.advice.verdict]
    return (verdict, -(row.saving or ZERO), -(row.now or ZERO), str(row.advice.id))


def _row(number: int, advice: Advice) -> Row:
    money = advice.usd_month
    then, low, high = money.recommended, money.low, money.high
    if advice.recommended is None or then is None:
        then, low, high = money.current, None, None
    return Row(
        number=number,
        advice=advice,
        now=money.current,
        then=then,
        low=then if low is None else low,
        high=then if high is None else high,
    )


def summary(review: Review, shown: tuple[Row, ...]) -> Summary:
    """The headline of a review. `unexplained` is what the rows do not add up to; 0 for an unbroken review."""
    priced = [row for row in shown if row.now is not None and row.then is not None]
    spread_low = sum(((row.low or ZERO) - (row.then or ZERO) for row in priced), ZERO)
    spread_high = sum(((row.high or ZERO) - (row.then or ZERO) for row in priced), ZERO)
    now, then = review.totals.current_usd_month, review.totals.recommended_usd_month
    by_row = (sum((row.now or ZERO for row in priced), ZERO), sum((row.then or ZERO for row in priced), ZERO))
    verdicts: list[str] = [row.advice.verdict for row in shown]
    return Summary(
        now=now,
        then=then,
        low=then + spread_low,
        high=then + spread_high,
        counts={**{verdict: verdicts.count(verdict) for verdict in ORDER}, "skipped": len(review.totals.skipped)},
        unpriced=len(shown) - len(priced),
        unexplained=max(abs(now - by_row[0]), abs(then - by_row[1])),
    )


def breaks(summary: Summary, shown: tuple[Row, ...]) -> bool:
    """Whether totals and rows differ by more than the cents that rounding each row can explain."""
    return summary.unexplained > Decimal("0.01") * max(1, len(shown))


def limits(review: Review) -> Limits:
    """The limits that the review's configuration states; the defaults where it states none."""
    stated = review.config.get("limits")
    if not isinstance(stated, Mapping):
        return Limits()
    usual = Limits()
    return Limits(
        memory_breach_probability=_share(stated, "memory_breach_probability", usual.memory_breach_probability),
        cpu_throttled_share=_share(stated, "cpu_throttled_share", usual.cpu_throttled_share),
        unmet_share=_share(stated, "unmet_share", usual.unmet_share),
    )


def _share(stated: Mapping[str, object], name: str, usual: float) -> float:
    value = stated.get(name)
    return float(value) if isinstance(value, int | float) else usual


def places(review: Review) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The accounts and the regions that the review speaks of, skipped services and other tasks included."""
    seen = [(a.id.account, a.id.region) for a in review.services]
    seen += [(s.account, s.region) for s in review.totals.skipped]
    seen += [(family.account, family.region) for family in review.standalone]
    accounts, regions = {account for account, _ in seen}, {region for _, region in seen}
    return tuple(sorted(accounts)), tuple(sorted(regions))


def history_days(start: datetime, end: datetime) -> float:
    """The length of a window  [days]."""
    return (end - start).total_seconds() / DAY_SECONDS
