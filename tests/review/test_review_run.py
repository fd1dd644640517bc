"""The review: every service of a store in one record; bad data are listed, other errors stop the run."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from advisor.codec import config_to_dict, review_from_json, review_to_json
from advisor.domain.activities import ScalingActivity
from advisor.domain.errors import NoData, StoreDamaged
from advisor.domain.inventory import Inventory, Service, SizeChange, Skipped
from advisor.domain.reconciliation import BillNote, ReconciledTotals, Reconciliation, Residual
from advisor.domain.runs import TaskRun
from advisor.domain.service import TaskSize
from advisor.domain.settings import Config, Override
from advisor.fargate.prices import PriceBook
from advisor.fargate.savings_plans import OwnedPlan, SavingsPlans
from advisor.report.markdown import markdown
from advisor.review import run_review
from advisor.store import Store, open_store
from tests.service_worlds import START, World, daily, fixed, level, lived, said, service_of, tracking

ROOMY, WEB = fixed(2, vcpu=1, gib=4), tracking(2, 20, vcpu=1, gib=4)
CALM, WAVE = World(vcpu=level(0.4), base_mib=700), World(vcpu=daily(0.5, 4), hot=1.2, base_mib=400, slope=100)
EC2 = Skipped(service="prod/legacy", account="111122223333", region="us-east-1", reason="runs on EC2")


def store_of(folder: Path, fleet: Mapping[str, tuple[Service, pd.DataFrame | None]], *, skipped=()) -> Store:
    """A store with these services and usages (None = no usage)."""
    store = open_store(folder / "store", create=True)
    services = tuple(service for service, _ in fleet.values())
    inventory = Inventory(taken_at=START, services=services, skipped=tuple(skipped))
    for region in sorted({service.id.region for service in services} | {s.region for s in skipped}):
        store.add_inventory(inventory, account="111122223333", region=region, complete=True)
    store.add_usage({service.id: usage for service, usage in fleet.values() if usage is not None})
    return store


def calm(name: str, **more: object) -> tuple[Service, pd.DataFrame]:
    return service_of(ROOMY, name=name, **more), lived(CALM, ROOMY)


def fleet() -> dict[str, tuple[Service, pd.DataFrame | None]]:
    saturated = lived(World(vcpu=level(3)), ROOMY)
    return {
        "calm": calm("prod/calm", tags={"team": "shop"}),
        "web": (service_of(WEB, name="prod/web"), lived(WAVE, WEB)),
        "hot": (service_of(ROOMY, name="prod/hot"), saturated),
        "mars": calm("prod/mars", region="mars-east-1"),
        "silent": (service_of(ROOMY, name="prod/silent"), None),
    }


def test_every_service_stands_in_the_review_with_its_verdict(tmp_path: Path) -> None:
    review = run_review(store_of(tmp_path, fleet(), skipped=[EC2]))
    verdicts = {advice.id.service: advice.verdict for advice in review.services}
    assert verdicts == {
        "prod/calm": "change",
        "prod/web": "change",
        "prod/hot": "no-advice",
        "prod/mars": "no-advice",
        "prod/silent": "no-advice",
    }
    assert review.totals.skipped == (EC2,)
    assert review.totals.covered_services == 5
    found = {advice.id.service: said(advice) for advice in review.services}
    assert "no-data" in found["prod/silent"]
    assert "price-missing" in found["prod/mars"]


def test_totals_are_the_sums_of_services_with_a_known_price(tmp_path: Path) -> None:
    review = run_review(store_of(tmp_path, fleet()))
    money = {advice.id.service: advice.usd_month for advice in review.services}
    priced = [money[f"prod/{name}"] for name in ("calm", "web", "hot")]
    assert review.totals.current_usd_month == sum(m.current for m in priced)
    # The saturated one has no recommendation: it counts with its current cost on both sides.
    then = money["prod/calm"].recommended + money["prod/web"].recommended + money["prod/hot"].current
    assert review.totals.recommended_usd_month == then
    assert money["prod/calm"].current == Decimal("85.06")  # 2 x 730 x (0.04048 + 4 x 0.004445) = 85.0596


def test_the_window_spans_all_histories_and_the_fit_ends_a_third_before_its_end(tmp_path: Path) -> None:
    window = run_review(store_of(tmp_path, fleet())).window
    assert window.start == START
    assert window.end == START + timedelta(days=6)
    assert window.fitted_until == START + timedelta(days=4)


def test_two_runs_give_the_same_json_and_it_reads_back(tmp_path: Path) -> None:
    store = store_of(tmp_path, fleet(), skipped=[EC2])
    first = review_to_json(run_review(store))
    assert review_to_json(run_review(open_store(tmp_path / "store"))) == first
    assert review_to_json(review_from_json(first, where="review.json")) == first


def test_the_latest_bill_that_was_held_against_the_store_stands_in_the_review(tmp_path: Path) -> None:
    store = store_of(tmp_path, fleet())
    bill = BillNote(source="b", formats=(), files=1, rows_read=1, rows_kept=1, start=START, end=START)
    none = {name: Decimal("0.00") for name in ("modelled_usd", "billed_usd", "outside_usd")}
    totals = ReconciledTotals(**none, residual=Residual(), explained_share=None)
    for days in (1, 3, 2):
        span = replace(bill, end=START + timedelta(days=days))
        store.add_reconciliation(Reconciliation(store="s", bill=span, totals=totals, owners=()))
    review = run_review(store)
    assert review.reconciliation is not None
    assert review.reconciliation.bill.end == START + timedelta(days=3)
    assert review_from_json(review_to_json(review), where="test") == review


def test_savings_plans_stand_in_the_review_and_change_no_number(tmp_path: Path) -> None:
    store = store_of(tmp_path, fleet())
    before = run_review(store)
    plan = OwnedPlan(
        arn="arn:1", account="1", years=3, payment="No Upfront", commitment_usd=Decimal("1.25"), start=START,
        end=START + timedelta(days=1095), rates=(),
    )  # fmt: skip
    store.add_savings_plans(
        SavingsPlans(taken_at=START, offers=(), owned=(plan,), accounts=("1", "2"), failures=("3",))
    )
    review = run_review(store)
    told = review.savings_plans
    assert told is not None
    assert (told.taken_at, told.accounts, told.failures) == (START, ("1", "2"), ("3",))
    assert [(p.account, p.commitment_usd, p.end) for p in told.owned] == [("1", Decimal("1.25"), plan.end)]
    assert replace(review, savings_plans=None) == before
    assert review_from_json(review_to_json(review), where="test") == review


def test_prices_that_are_given_are_those_that_count(tmp_path: Path) -> None:
    store = store_of(tmp_path, fleet())
    dearer = run_review(store, prices=PriceBook.shipped().scaled(Decimal(3)))
    assert dearer.totals.current_usd_month == 3 * run_review(store).totals.current_usd_month
    assert all("times 3" in price.source for price in dearer.prices)


def test_every_price_of_the_review_stands_there_with_its_origin(tmp_path: Path) -> None:
    prices = run_review(store_of(tmp_path, fleet())).prices
    assert {(price.region, price.unit) for price in prices} == {("us-east-1", "vcpu-hour"), ("us-east-1", "gb-hour")}
    assert all(price.source and price.as_of and price.certainty for price in prices)


def test_the_configuration_stands_in_the_review(tmp_path: Path) -> None:
    config = Config(levers=("size",), overrides=(Override(service="prod/web", action="keep"),))
    review = run_review(store_of(tmp_path, fleet()), config)
    assert review.config == config_to_dict(config)
    assert next(a for a in review.services if a.id.service == "prod/web").verdict == "keep"


def test_an_ignored_service_is_left_out_and_listed(tmp_path: Path) -> None:
    config = Config(overrides=(Override(tags={"team": "shop"}, action="ignore"),))
    review = run_review(store_of(tmp_path, fleet(), skipped=[EC2]), config)
    assert "prod/calm" not in {advice.id.service for advice in review.services}
    assert [(s.service, s.reason) for s in review.totals.skipped] == [
        ("prod/legacy", "runs on EC2"),
        ("prod/calm", "the configuration says: ignore"),
    ]
    assert review.totals.covered_services == 4


def test_everything_ignored_is_an_empty_review_and_no_error(tmp_path: Path) -> None:
    review = run_review(store_of(tmp_path, fleet()), Config(overrides=(Override(action="ignore"),)))
    assert review.services == ()
    assert review.window is None
    assert review.totals.current_usd_month == 0


def test_an_empty_store_and_one_without_any_usage_are_no_data(tmp_path: Path) -> None:
    with pytest.raises(NoData, match=r"holds no services.*Next: `advisor collect`"):
        run_review(open_store(tmp_path / "new", create=True))
    silent = {name: (service, None) for name, (service, _) in fleet().items()}
    with pytest.raises(NoData, match="no usage of any service"):
        run_review(store_of(tmp_path, silent))


def test_usage_off_the_step_is_bad_data_of_one_service_only(tmp_path: Path) -> None:
    odd, usage = calm("prod/odd")
    usage = usage.set_axis(usage.index + pd.Timedelta(seconds=60))
    review = run_review(store_of(tmp_path, {"odd": (odd, usage), "calm": calm("prod/calm")}))
    verdicts = {advice.id.service: advice for advice in review.services}
    assert verdicts["prod/calm"].verdict == "change"
    assert verdicts["prod/odd"].verdict == "no-advice"
    assert verdicts["prod/odd"].confidence == 0
    assert "instant off the step" in verdicts["prod/odd"].cautions[0].text


def test_a_service_of_gaps_only_is_bad_data_of_one_service_only(tmp_path: Path) -> None:
    blind, usage = calm("prod/blind")
    usage[["cpu_avg", "cpu_max"]] = np.nan
    review = run_review(store_of(tmp_path, {"blind": (blind, usage), "calm": calm("prod/calm")}))
    assert {a.id.service: a.verdict for a in review.services} == {"prod/blind": "no-advice", "prod/calm": "change"}


def test_a_damaged_store_stops_the_run(tmp_path: Path) -> None:
    store_of(tmp_path, fleet())
    for path in (tmp_path / "store").rglob("*.parquet"):
        path.write_bytes(b"not parquet")
    with pytest.raises(StoreDamaged):
        run_review(open_store(tmp_path / "store"))


def test_an_error_that_is_not_of_the_data_stops_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a mistake of ours")

    monkeypatch.setattr("advisor.review.advise", broken)
    with pytest.raises(ZeroDivisionError):
        run_review(store_of(tmp_path, fleet()))


def test_a_hostile_name_goes_through_as_data(tmp_path: Path) -> None:
    name = "prod/=cmd|'/C calc'!A1 <script>\x1b[31m../..\u202e,\""
    hostile = service_of(ROOMY, name=name, tags={"<b>": "\x00"})
    off = lived(CALM, ROOMY)
    off = off.set_axis(off.index + pd.Timedelta(seconds=60))
    review = run_review(store_of(tmp_path, {"calm": calm("prod/calm"), "x": (hostile, off)}))
    advice = next(a for a in review.services if a.id.service == name)
    assert all(caution.text.isprintable() for caution in advice.cautions)
    assert review_from_json(review_to_json(review), where="x").services == review.services


def test_progress_counts_every_judged_service(tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    run_review(store_of(tmp_path, fleet()), progress=lambda done, of: steps.append((done, of)))
    assert steps == [(1, 5), (2, 5), (3, 5), (4, 5), (5, 5)]


def test_a_task_run_of_the_store_that_ran_out_of_memory_speaks_for_its_service_only(tmp_path: Path) -> None:
    store = store_of(tmp_path, {"calm": calm("prod/calm"), "other": calm("prod/other")})
    stopped = START + timedelta(days=2)
    run = TaskRun(
        account="111122223333",
        region="us-east-1",
        cluster="prod",
        service="calm",
        task="1",
        family="calm",
        revision=1,
        size=ROOMY.size,
        created=START,
        stopped=stopped,
        seen=stopped,
        reason="out-of-memory",
    )
    store.add_runs([run])
    killed, other = run_review(store).services
    assert "out-of-memory" in said(killed)
    assert killed.recommended.size.memory > ROOMY.size.memory
    assert "out-of-memory" not in said(other)


def test_a_store_of_nothing_but_task_runs_is_reviewed_and_reported(tmp_path: Path) -> None:
    store = open_store(tmp_path / "batch", create=True)
    store.add_runs(
        TaskRun(
            account="111122223333",
            region="us-east-1",
            cluster="ci",
            task=f"t{day}",
            family="build",
            revision=1,
            size=TaskSize.of(vcpu=1, gib=2),
            created=START + timedelta(days=day),
            pulled=START + timedelta(days=day),
            stopped=START + timedelta(days=day, hours=1),
            seen=START + timedelta(days=day, hours=1),
        )
        for day in range(5)
    )
    review = run_review(store)
    (family,) = review.standalone
    assert (family.service, family.runs, review.services, review.window) == ("ci/build", 5, (), None)
    assert family.usd_month == round(5 * Decimal("0.04937") * 730 / 97, 2)  # 97 hours from the first to the last
    assert {price.region for price in review.prices} == {"us-east-1"}
    assert review_from_json(review_to_json(review), where="review.json") == review
    assert "1 account and 1 region (us-east-1)" in markdown(review)


def test_scaling_that_was_refused_or_failed_in_the_days_reviewed_is_a_caution(tmp_path: Path) -> None:
    store = store_of(tmp_path, {"web": (service_of(WEB, name="prod/web"), lived(WAVE, WEB))})
    refused: dict[str, Any] = {"status": "Failed", "not_scaled": ("AlreadyAtMaxCapacity",)}
    told = [(-1, refused), (1, refused), (2, refused), (3, {"status": "Unfulfilled"}), (4, {"status": "Successful"})]
    store.add_activities(
        ScalingActivity(
            id=service_of(WEB, name="prod/web").id,
            started=START + timedelta(hours=hours),
            activity=str(hours),
            cause="policy",
            **more,
        )
        for hours, more in told
    )
    (advice,) = run_review(store).services
    said = {caution.code: caution.text for caution in advice.cautions}
    assert "2 times in the days reviewed" in said["scaling-at-maximum"]
    assert "once in the days reviewed" in said["scaling-failed"]


def test_older_days_in_longer_steps_speak_where_their_size_is_known_and_warn_elsewhere(tmp_path: Path) -> None:
    sizes = (SizeChange(at=START - timedelta(days=90), size=ROOMY.size),)
    known, unknown = calm("prod/known", sizes=sizes), calm("prod/unknown")
    store = store_of(tmp_path, {"known": known, "unknown": unknown})
    index = pd.date_range(START - timedelta(days=70), periods=48, freq="1h")
    hot = pd.DataFrame({"tasks": 2.0, "cpu_avg": 5.0, "memory_avg": 60.0, "memory_max": 75.0}, index=index)
    store.add_usage({service.id: hot for service, _ in (known, unknown)}, step_seconds=3600)
    of_known, of_unknown = run_review(store).services
    assert of_known.recommended is None or of_known.recommended.size.gib >= 3 * 1.15
    assert of_unknown.recommended is not None
    assert of_unknown.recommended.size.gib < 3
    assert "older-memory-peak" in said(of_unknown)
