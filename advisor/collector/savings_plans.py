"""Compute Savings Plans for Fargate: rates on offer, owned plans and their rates.  [B44:savingsplans]"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any

from advisor.collector.asking import pages
from advisor.collector.prices import HOME
from advisor.collector.sessions import AwsSession
from advisor.collector.several import each, tried
from advisor.domain.errors import AwsFailed, one_line
from advisor.fargate.savings_plans import OwnedPlan, Payment, PlanOffer, PlanRate, SavingsPlans
from advisor.fargate.usage_types import usage_type_of

_YEARS = {31_536_000: 1, 94_608_000: 3}  # documented: the two lengths of a plan [s]
_SERVICE, _PER_PAGE = "AmazonECS", 1000
_OF_PLANS = "savingsplans:DescribeSavingsPlans"
_ASKED = {"savingsPlanTypes": ["Compute"], "products": ["Fargate"], "serviceCodes": [_SERVICE]}


def collect_savings_plans(sessions: Sequence[AwsSession], regions: Sequence[str], *, now: datetime) -> SavingsPlans:
    """Offers for Fargate in these regions, and the active Compute plans of each session's account.

    A region or an account that cannot be read is told in `failures`; raises AwsFailed where none can.
    """
    wanted = tuple(dict.fromkeys(regions))
    asked = partial(each, sessions[0], HOME)
    offered, unknown = asked(f"{_OF_PLANS}OfferingRates", lambda region: _offered(sessions[0], region), wanted)
    owned, unread = asked(_OF_PLANS, lambda session: [_of_account(session, wanted)], sessions)
    failures = (*unknown, *unread)
    if failures and not offered and not owned:
        raise failures[0]
    return SavingsPlans(
        taken_at=now.astimezone(UTC),
        offers=_offers(offered),
        owned=tuple(plan for _, plans in owned for plan in plans),
        accounts=tuple(account for account, _ in owned),
        failures=tuple(dict.fromkeys(map(str, failures))),
    )


def _offered(session: AwsSession, region: str) -> Iterator[tuple[int, Payment, PlanRate]]:
    given = {**_ASKED, "filters": [{"name": "region", "values": [region]}], "maxResults": _PER_PAGE}
    for one in pages(session, HOME, "savingsplans", "DescribeSavingsPlansOfferingRates", "searchResults", **given):
        offer = one["savingsPlanOffering"]
        if offer.get("currency") == "USD" and (rate := _rate(one, region)) is not None:
            yield _years(offer["durationSeconds"]), offer["paymentOption"], rate


def _offers(offered: Iterable[tuple[int, Payment, PlanRate]]) -> tuple[PlanOffer, ...]:
    rates: dict[tuple[int, Payment], set[PlanRate]] = {}
    for years, payment, rate in offered:
        rates.setdefault((years, payment), set()).add(rate)
    return tuple(
        PlanOffer(years=years, payment=payment, rates=tuple(sorted(held)))
        for (years, payment), held in sorted(rates.items())
    )


def _of_account(session: AwsSession, regions: Sequence[str]) -> tuple[str, tuple[OwnedPlan, ...]] | AwsFailed:
    """The account of a session with its plans, or why they cannot be read."""
    return tried(session, HOME, _OF_PLANS, lambda: (session.account, tuple(_owned(session, regions))))


def _owned(session: AwsSession, regions: Sequence[str]) -> Iterator[OwnedPlan]:
    given = {"states": ["active"], "filters": [{"name": "savings-plan-type", "values": ["Compute"]}]}
    for plan in pages(session, HOME, "savingsplans", "DescribeSavingsPlans", "savingsPlans", **given):
        if plan.get("currency") == "USD":
            yield OwnedPlan(
                arn=str(plan["savingsPlanArn"]),
                account=session.account,
                years=_years(plan["termDurationInSeconds"]),
                payment=plan["paymentOption"],
                commitment_usd=_usd(plan["commitment"]),
                start=_instant(plan["start"]),
                end=_instant(plan["end"]),
                rates=tuple(sorted(set(_rates_of(session, plan["savingsPlanId"], regions)))),
            )


def _rates_of(session: AwsSession, plan: str, regions: Iterable[str]) -> Iterator[PlanRate]:
    for region in regions:
        wanted = {"productType": "Fargate", "serviceCode": _SERVICE, "region": region}
        filters = [{"name": name, "values": [value]} for name, value in wanted.items()]
        given = {"savingsPlanId": plan, "filters": filters, "maxResults": _PER_PAGE}
        for one in pages(session, HOME, "savingsplans", "DescribeSavingsPlanRates", "searchResults", **given):
            if (rate := _rate(one, region)) is not None:
                yield rate


def _rate(one: Mapping[str, Any], region: str) -> PlanRate | None:
    usage_type = str(one.get("usageType", ""))
    kind = usage_type_of(usage_type)
    if kind is None:
        return None
    return PlanRate(
        region=region,
        os=kind.os,
        architecture=kind.architecture,
        unit=kind.unit,
        usd=_usd(one["rate"]),
        usage_type=usage_type,
    )


def _years(seconds: int) -> int:
    if seconds not in _YEARS:
        raise _undocumented("a plan's length", seconds, "365 or 1,095 days")
    return _YEARS[seconds]


def _usd(text: str) -> Decimal:
    try:
        usd = Decimal(text).normalize()
    except InvalidOperation:
        usd = Decimal("nan")
    if not (usd.is_finite() and usd > 0):
        raise _undocumented("a plan's money", text, "a number above 0")
    return usd


def _instant(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        raise _undocumented("a plan's time", text, "ISO 8601") from None


def _undocumented(what: str, value: object, rule: str) -> AwsFailed:
    return AwsFailed(f"AWS: savingsplans: {what} is not as documented: {one_line(value)}. Rule: {rule}.")
