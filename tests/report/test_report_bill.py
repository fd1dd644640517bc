"""The bill in the report: every class with its dollars, in both formats; nothing where no bill was held."""

from dataclasses import replace
from decimal import Decimal

from report_sample import HOSTILE, review
from report_sample_bill import reconciliation

from advisor.report.bill import MOST_OWNERS, bill_view
from advisor.report.markdown import markdown
from advisor.report.page import html


def test_the_steps_lead_from_modelled_to_billed() -> None:
    view = bill_view(reconciliation("jobs"))
    usd = [step[1] for step in view.steps]
    assert sum(usd[:-1]) == usd[-1] == Decimal("86.875")
    assert "99.71 % of it is explained" in view.lead
    assert view.lead.startswith("Billed 1 to 31 October 2026: $86.88.")
    assert "$3.00 was billed where the store holds no usage" in view.lead
    assert [mostly for _, mostly, _ in view.owners] == [
        "Savings Plans, off the on-demand price",
        "tasks without a service",
    ]


def test_page_and_markdown_tell_the_same_dollars_and_escape_names() -> None:
    page, text = html(review()), markdown(review())
    for shown in (page, text):
        assert "The bill against the model" in shown
        assert "−$20.50" in shown
        assert "$79.75" in shown
        assert HOSTILE[0] not in shown


def test_what_split_cost_columns_measured_is_shown() -> None:
    text = markdown(review())
    assert "40 % of vCPU, 61 % of memory" in text
    assert "40 % of vCPU, 61 % of memory" in html(review())


def test_a_review_without_a_bill_says_nothing_of_one() -> None:
    bare = replace(review(), reconciliation=None)
    assert "The bill against" not in html(bare) + markdown(bare)


def test_only_the_dearest_owners_are_shown_and_the_rest_is_counted() -> None:
    made = reconciliation("jobs")
    many = replace(made, owners=made.owners * MOST_OWNERS)
    view = bill_view(many)
    assert (len(view.owners), view.more) == (MOST_OWNERS, MOST_OWNERS)
    assert f"{MOST_OWNERS} more in" in markdown(replace(review(), reconciliation=many))
