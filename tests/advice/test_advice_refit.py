"""The memory tail refitted on a fleet of one's own."""

import math
from datetime import timedelta

import numpy as np
import pytest

from advisor.advice.refit import FEWEST_SERVICES, grouping, refit, series_of
from advisor.advice.reliability import Stated, log_loss
from advisor.advice.tail_fit import Series
from advisor.domain.errors import NoData
from advisor.domain.inventory import SizeChange
from advisor.domain.service import ServiceId, TaskSize
from advisor.profile import infer_demand
from tests.service_worlds import PER_DAY, START, World, daily, fixed, level, service_of, usage_of


def walks(group: str, count: int, move: float = 0.05) -> list[Series]:
    random = np.random.default_rng(7)
    made = [300 * np.exp(move * random.standard_normal(14 * 24)) for _ in range(count)]
    return [Series(source=group, values=values, step_seconds=3600, is_memory=True) for values in made]


def test_a_fit_says_what_it_rests_on_and_what_came_true_in_groups_that_it_did_not_see() -> None:
    fitted = refit(walks("a", 20) + walks("b", 10, 0.2), by="cluster", store="here")
    assert fitted.series == {"a": (20, 0), "b": (10, 0)}
    assert fitted.model.headroom < 0 < fitted.model.days_ahead
    assert max(band.services for band in fitted.reliability) <= 30
    # The wild group was scored by a model that saw only the calm one, and the other way round: a fit of both differs.
    assert fitted.reliability != refit(walks("a", 20) + walks("b", 10), by="cluster", store="here").reliability


def test_a_fit_is_held_against_the_shipped_model_on_the_groups_that_it_did_not_see() -> None:
    # Ten times as wild as any trace: the shipped model, which never saw such, is farther from what happened.
    wild = refit(walks("a", 20, 0.5) + walks("b", 20, 0.5), by="cluster", store="here", until=START)
    assert wild.until == START
    assert wild.log_loss < wild.shipped_log_loss
    # What one group teaches is not true of the other, where the shipped model has seen both kinds.
    mixed = refit(walks("a", 20, 0.002) + walks("b", 20, 0.5), by="cluster", store="here")
    assert mixed.log_loss > mixed.shipped_log_loss


def test_the_log_loss_is_that_of_what_happened() -> None:
    said = [
        Stated(service=0, chance=0.8, happened=True, weight=1),
        Stated(service=1, chance=0.5, happened=False, weight=3),
    ]
    assert log_loss(said) == pytest.approx((math.log(1 / 0.8) + 3 * math.log(2)) / 4)


@pytest.mark.parametrize(
    ("series", "said"),
    [
        (walks("a", FEWEST_SERVICES - 2) + walks("b", 1), "29 services.*at least 30 services in 2 groups"),
        (walks("a", FEWEST_SERVICES), "30 services .* 1 groups"),
        ([], "0 services"),
    ],
)
def test_too_few_services_or_groups_are_refused_with_the_least(series: list[Series], said: str) -> None:
    with pytest.raises(NoData, match=said):
        refit(series, by="cluster", store="here")


def test_a_fleet_in_which_nothing_was_ever_outgrown_teaches_nothing() -> None:
    flat = [
        Series(source=group, values=np.full(14 * 24, 300.0), step_seconds=3600, is_memory=True)
        for group in "ab"
        for _ in range(20)
    ]
    with pytest.raises(NoData, match="never"):
        refit(flat, by="cluster", store="here")


def test_services_are_held_apart_by_account_where_there_are_several() -> None:
    one, two = (ServiceId(account=account, region="us-east-1", service="a/b") for account in "12")
    assert grouping([one, two]) == "account"
    assert grouping([one]) == "cluster"


def test_only_cpu_that_stayed_below_its_ceiling_teaches() -> None:
    service = service_of(fixed(1, vcpu=1, gib=4))
    for work, kinds in ((daily(0.1, 0.9), [True, False]), (daily(0.1, 0.99), [True])):
        usage = usage_of(World(vcpu=work), np.ones(len(work)), service.setup.size)
        found = list(series_of(infer_demand(usage, service), by="cluster"))
        assert [one.is_memory for one in found] == kinds
        assert found[0].source == "prod"


def test_days_before_a_change_of_size_and_short_histories_do_not_teach() -> None:
    size = TaskSize.of(vcpu=1, gib=4)
    changes = (
        SizeChange(at=START, size=TaskSize.of(vcpu=2, gib=4)),
        SizeChange(at=START + timedelta(days=7), size=size),
    )
    usage = usage_of(World(vcpu=level(0.4, days=10)), np.ones(10 * PER_DAY), size)
    found = {
        len(one.values)
        for sizes in ((), changes)
        for one in series_of(infer_demand(usage, service_of(fixed(1, vcpu=1, gib=4), sizes=sizes)), by="account")
    }
    assert found == {10 * PER_DAY}  # three days since the change leave none to look ahead to
