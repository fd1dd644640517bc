import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from advisor.codec import (
    config_from_dict,
    from_json,
    inventory_from_file_json,
    review_from_json,
    review_to_json,
    setup_from_dict,
    setup_to_dict,
    simulation_from_json,
    to_json,
)
from advisor.domain.errors import InputRefused
from advisor.domain.finding import Advice, Alternative, Caution, History, Review, Totals, UsdMonth, Window
from advisor.domain.policy import ScheduledAction, StepScaling, TargetTracking
from advisor.domain.service import CapacityShare, ServiceId, Setup, TaskSize

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
SETUP = Setup(
    size=TaskSize.of(vcpu=1, gib=2),
    capacity=(CapacityShare(base=1), CapacityShare(provider="FARGATE_SPOT", weight=3)),
    desired=3,
    minimum=2,
    maximum=10,
    policies=(
        TargetTracking(metric="cpu", target=70),
        StepScaling(metric="cpu", direction="out", threshold=75, steps=((0, 10, 1), (10, None, 3))),
    ),
    schedule=(ScheduledAction(expression="cron(0 8 ? * MON-FRI *)", timezone="Asia/Tokyo", minimum=4),),
)
ADVICE = Advice(
    id=ServiceId(account="000111222333", region="eu-west-1", service="prod/<b>"),
    verdict="change",
    current=SETUP,
    recommended=SETUP,
    usd_month=UsdMonth(current=Decimal("12.30"), recommended=Decimal("4.10")),
    cautions=(Caution(code="five-minute-data", text="peaks: inside 5 minutes are not seen"),),
    alternatives=(Alternative(setup=SETUP, usd_month=Decimal("5.00"), why_not="dearer"),),
    tags={"team": "=HYPERLINK()"},
    history=History(start=NOON, step_seconds=3600, demand_vcpu=(1.5, None)),
)
REVIEW = Review(
    store="store",
    window=Window(start=NOON, end=NOON, fitted_until=NOON),
    config={"levers": ["size"]},
    totals=Totals(current_usd_month=Decimal("12.30"), recommended_usd_month=Decimal("4.10"), covered_services=1),
    services=(ADVICE,),
)


def inventory_text(**changes: object) -> str:
    service = {"service": "prod/checkout", "cpu": 1024, "memory": 2048, "desired": 2} | changes
    return json.dumps({"format": 1, "account": "111122223333", "region": "us-east-1", "services": [service]})


def read_inventory(text: str) -> object:
    return inventory_from_file_json(text, where="services.json", seen_at=NOON)


def test_a_review_survives_its_json() -> None:
    assert review_from_json(review_to_json(REVIEW), where="review.json") == REVIEW


def test_a_setup_survives_its_flat_form() -> None:
    assert setup_from_dict(setup_to_dict(SETUP), where="setup") == SETUP


def test_a_record_survives_its_json() -> None:
    assert from_json(Advice, to_json(ADVICE), where="advice") == ADVICE


def test_review_json_has_the_documented_shape() -> None:
    data = json.loads(review_to_json(REVIEW))
    service = data["services"][0]
    assert service["current"]["cpu"] == 1024
    assert service["usd_month"]["current"] == "12.30"
    assert service["cautions"] == ["five-minute-data: peaks: inside 5 minutes are not seen"]
    assert service["service"] == "prod/<b>"
    assert service["account"] == "000111222333"
    assert data["totals"]["skipped"] == []


def test_a_fixed_count_needs_no_bounds() -> None:
    inventory = inventory_from_file_json(inventory_text(), where="services.json", seen_at=NOON)
    assert inventory.services[0].setup.bounds == (2, 2)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not JSON"),
        ("[]", "not an object"),
        ('{"format": 1}', "missing key: 'services'"),
        (inventory_text(colour="red"), "unknown key at colour"),
        (inventory_text(cpu="1024"), "size.cpu"),
        (inventory_text(cpu=True), "size.cpu"),
        (inventory_text(desired=-1), "bounds cross"),
        (inventory_text(minimum=3), "one bound alone"),
        (inventory_text(minimum=3, maximum=2), "bounds cross"),
        (inventory_text(service="checkout"), "cluster/service"),
        (inventory_text(service="a/" + "b" * 511), "512 characters"),
        (inventory_text(tags={"a": 1}), "Rule"),
        (inventory_text(policies=[{"type": "TargetTracking", "metric": "disk", "target": 1}]), "'cpu', 'memory'"),
        (inventory_text(policies=[{"type": "Magic"}]), "type"),
        (inventory_text().replace('"format": 1', '"format": 2'), "format is 1"),
        (inventory_text().replace('"format": 1', '"format": 1, "format": 1'), "stands twice"),
        (inventory_text().replace("1024", "NaN"), "NaN is not a JSON number"),
    ],
)
def test_a_wrong_inventory_is_refused_with_the_reason(text: str, said: str) -> None:
    with pytest.raises(InputRefused, match=r"services\.json") as refused:
        read_inventory(text)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_service_listed_twice_is_refused() -> None:
    data = json.loads(inventory_text())
    data["services"] *= 2
    with pytest.raises(InputRefused, match="listed twice"):
        read_inventory(json.dumps(data))


def test_the_setup_file_gives_setup_delays_and_floor() -> None:
    data = {"cpu": 256, "memory": 512, "initial": 3, "minimum": 1, "maximum": 9, "tick_seconds": 20}
    data |= {"startup_ticks": 4, "memory_model": {"base_mib": 100, "mib_per_vcpu": 7.5}, "floor": [1, 2]}
    setup, initial, tick, conditions, floor = simulation_from_json(json.dumps(data), where="setup.json")
    assert (setup.bounds, initial, tick, floor) == ((1, 9), 3, 20, [1, 2])
    assert conditions == {"startup_ticks": 4, "memory_base_mib": 100, "memory_mib_per_vcpu": 7.5}


@pytest.mark.parametrize(
    "changes",
    [{"tick_seconds": 30}, {"startup_ticks": -1}, {"drain_ticks": 1.5}, {"floor": ["a"]}, {"memory_model": {"x": 1}}],
)
def test_a_wrong_setup_file_is_refused(changes: dict[str, object]) -> None:
    data = {"cpu": 256, "memory": 512, "minimum": 1, "maximum": 9} | changes
    with pytest.raises(InputRefused, match=r"setup\.json"):
        simulation_from_json(json.dumps(data), where="setup.json")


def test_an_override_inherits_the_limits_it_does_not_state() -> None:
    data = {"limits": {"unmet_share": 0.05}, "override": [{"service": "a/*", "limits": {"minimum_tasks": 3}}]}
    limits = config_from_dict(data, where="advisor.toml").overrides[0].limits
    assert limits is not None
    assert (limits.unmet_share, limits.minimum_tasks) == (0.05, 3)
