"""Savings Plans in one line: what is owned, and what that means for a saving."""

from advisor.domain.finding import PlanNote, PlansNote

MOST_PLANS = 5  # named one by one


def plans_line(told: PlansNote) -> str:
    """What is known of Compute Savings Plans, beside advice that knows none.

    An hour's commitment is lost where nothing uses it, whichever account's usage it covers.  [FACTS 3: SP26]
    """
    parts = [f"Advice is at on-demand prices. {_known(told)}"]
    if told.owned:
        parts.append("Until they end, a saving may not lower the bill unless something else uses the commitment.")
    if told.failures:
        parts.append(f"Not read: {'; '.join(told.failures[:MOST_PLANS])}")
    return " ".join(parts)


def _known(told: PlansNote) -> str:
    if not told.accounts:
        return "Which Compute Savings Plans are owned is not known."
    of = f"account {told.accounts[0]}" if len(told.accounts) == 1 else f"{len(told.accounts)} accounts"
    return f"Compute Savings Plans of {of} on {told.taken_at.day} {told.taken_at:%B %Y}: {_owned(told.owned)}."


def _owned(plans: tuple[PlanNote, ...]) -> str:
    if not plans:
        return "none"
    named = [
        f"${plan.commitment_usd:f} an hour until {plan.end.day} {plan.end:%B %Y} "
        f"(account {plan.account}, {plan.years} {'year' if plan.years == 1 else 'years'}, {plan.payment})"
        for plan in plans[:MOST_PLANS]
    ]
    total = sum(plan.commitment_usd for plan in plans)
    rest = [f"{len(plans)} in all, ${total:f} an hour"] if len(plans) > MOST_PLANS else []
    return "; ".join((*named, *rest))
