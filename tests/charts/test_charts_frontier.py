from dataclasses import replace
from decimal import Decimal

import pytest

from advisor.charts import frontier, to_svg
from advisor.domain.errors import NoData
from advisor.domain.finding import Advice, FrontierPoint
from advisor.domain.policy import StepScaling, TargetTracking
from advisor.domain.service import ServiceId, Setup, TaskSize

NOW = Setup(
    size=TaskSize.of(vcpu=1, gib=2),
    desired=4,
    minimum=2,
    maximum=10,
    policies=(TargetTracking(metric="cpu", target=70),),
)
POINTS = tuple(
    FrontierPoint(of="current", target=t, usd_month=Decimal(u), unmet_share=0.001, cpu_throttled_share=s)
    for t, u, s in ((60.0, "120.00", 0.002), (70.0, "100.00", 0.0125), (80.0, "90.00", 0.03))
)
ADVICE = Advice(
    id=ServiceId(account="1", region="us-east-1", service="prod/<b>"), verdict="keep", current=NOW, frontier=POINTS
)


def test_the_frontier_shows_every_target_in_percent_and_marks_the_one_in_force() -> None:
    layers = frontier(ADVICE).layer
    drawn = layers[0].data["values"]
    assert [(row["usd"], row["share"]) for row in drawn] == [(120.0, 0.2), (100.0, 1.25), (90.0, 3.0)]
    assert [row["label"] for row in layers[1].data["values"]] == ["target 70 %"]


def test_the_other_failing_is_unmet_work() -> None:
    assert {row["share"] for row in frontier(ADVICE, "unmet").layer[0].data["values"]} == {0.1}


def test_the_frontier_becomes_a_static_picture_and_a_service_without_one_is_refused() -> None:
    assert "target 70 %" in to_svg(frontier(ADVICE))
    with pytest.raises(NoData, match="no frontier"):
        frontier(replace(ADVICE, frontier=()))


def test_setups_of_ones_own_are_marked_beside_the_frontier_in_its_units() -> None:
    chart = frontier(ADVICE, trials={"a morning floor": (105.0, 0.001)})
    assert [(row["usd"], row["share"]) for row in chart.layer[1].data["values"]] == [(100.0, 1.25), (105.0, 0.1)]
    assert "a morning floor" in to_svg(chart)


def test_a_setup_without_a_target_is_one_spot_as_it_is() -> None:
    steps = StepScaling(metric="cpu", direction="out", threshold=60, steps=((0.0, None, 2),))
    point = replace(POINTS[0], of="current", target=None)
    advice = replace(ADVICE, current=replace(NOW, policies=(steps,)), frontier=(point,))
    rows = frontier(advice).layer[0].data["values"]
    assert [(row["chosen"], row["label"]) for row in rows] == [(True, "as it is")]


def test_a_target_of_requests_is_not_told_in_percent() -> None:
    by_requests = replace(NOW, policies=(TargetTracking(metric="requests", target=600),))
    advice = replace(ADVICE, current=by_requests, frontier=(replace(POINTS[0], of="current", target=600),))
    assert frontier(advice).layer[0].data["values"][0]["label"] == "target 600 requests a minute"


def test_what_was_tried_is_drawn_where_nothing_cheaper_fails_less() -> None:
    costs = (("80.00", 0.5), ("85.00", 0.02), ("95.00", 0.03), ("99.00", 0.001))
    tried = tuple(
        replace(POINTS[0], of="tried", usd_month=Decimal(usd), cpu_throttled_share=share) for usd, share in costs
    )
    layers = frontier(replace(ADVICE, frontier=(*POINTS, *tried))).layer
    drawn = [(row["usd"], row["share"]) for row in layers[0].data["values"] if row["series"] == "best that was tried"]
    assert drawn == [(85.0, 2.0), (99.0, 0.1)], "50 % is far above all else; 3 % is beaten by a cheaper one"
    assert [row["label"] for row in layers[1].data["values"]] == ["target 70 %"]
