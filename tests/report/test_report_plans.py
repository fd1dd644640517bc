"""Savings Plans in the report: one line that says what is owned and what that means; none where nothing is known."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from report_sample import HOSTILE, review

from advisor.domain.finding import PlanNote, PlansNote
from advisor.report.markdown import markdown
from advisor.report.page import html
from advisor.report.plans import MOST_PLANS, plans_line

AT = datetime(2026, 11, 24, tzinfo=UTC)
PLAN = PlanNote(
    account="111122223333",
    years=3,
    payment="No Upfront",
    commitment_usd=Decimal("0.001"),
    end=datetime(2027, 12, 31, 23, 59, 59, tzinfo=UTC),
)
OWNED = PlansNote(taken_at=AT, accounts=(PLAN.account,), owned=(PLAN,))


def test_an_owned_plan_is_told_with_its_commitment_its_end_and_what_it_means_for_a_saving() -> None:
    assert plans_line(OWNED) == (
        "Advice is at on-demand prices. Compute Savings Plans of account 111122223333 on 24 November 2026: $0.001 an "
        "hour until 31 December 2027 (account 111122223333, 3 years, No Upfront). Until they end, a saving may not "
        "lower the bill unless something else uses the commitment."
    )


def test_where_none_is_owned_that_is_said_of_the_accounts_that_were_read() -> None:
    line = plans_line(replace(OWNED, owned=(), accounts=("1", "2")))
    assert line.endswith("Compute Savings Plans of 2 accounts on 24 November 2026: none.")


def test_what_was_not_read_is_not_taken_for_none() -> None:
    line = plans_line(PlansNote(taken_at=AT, accounts=(), failures=("no right",)))
    assert "none" not in line
    assert line.endswith("Which Compute Savings Plans are owned is not known. Not read: no right")


def test_many_plans_are_summed() -> None:
    line = plans_line(replace(OWNED, owned=(PLAN,) * (MOST_PLANS + 1)))
    assert line.count("No Upfront") == MOST_PLANS
    assert f"{MOST_PLANS + 1} in all, $0.006 an hour" in line


def test_page_and_markdown_have_the_line_and_escape_what_is_foreign() -> None:
    told = replace(OWNED, failures=HOSTILE)
    for shown in (html(replace(review(), savings_plans=told)), markdown(replace(review(), savings_plans=told))):
        assert "Until they end, a saving may not lower the bill" in shown
        assert HOSTILE[0] not in shown
    assert "Savings Plans of" not in html(review()) + markdown(review())
