from datetime import UTC, datetime, timedelta
from functools import cache

import numpy as np
import pytest

from advisor.demo import fleet_services as fleet
from advisor.demo.fleet_history import History, Statistics, make_history, spread_over_tasks
from advisor.demo.fleet_spec import DemoService

# A Monday evening, a Thursday night in the other week of the fortnight, a Saturday noon.
NOWS = (
    datetime(2026, 11, 23, 20, 15, tzinfo=UTC),
    datetime(2026, 12, 3, 1, 7, 31, tzinfo=UTC),
    datetime(2027, 2, 27, 12, 0, tzinfo=UTC),
)
DAY = 24 * 60


def history(service: DemoService, now: datetime = NOWS[0]) -> History:
    return _history(fleet.SERVICES.index(service), now)


@cache
def _history(number: int, now: datetime) -> History:
    return make_history(fleet.SERVICES[number], now=now)


def mean_of(values: Statistics) -> np.ndarray:
    seen = values.samples > 0
    return values.sum[seen] / values.samples[seen]


def test_the_same_now_gives_the_same_history() -> None:
    first = make_history(fleet.STOREFRONT_API, now=NOWS[0], days=2)
    again = make_history(fleet.STOREFRONT_API, now=NOWS[0], days=2)
    for name in ("samples", "sum", "minimum", "maximum"):
        np.testing.assert_array_equal(getattr(first.cpu, name), getattr(again.cpu, name))


@pytest.mark.parametrize("service", fleet.SERVICES, ids=lambda s: s.id.service)
def test_statistic_sets_are_possible(service: DemoService) -> None:
    made = history(service)
    assert len(made.running) == 15 * DAY
    assert made.start == NOWS[0] - timedelta(days=15)
    for values in (made.cpu, made.memory):
        seen = values.samples > 0
        mean = mean_of(values)
        assert (values.samples[seen] == made.running[seen] * (60 // service.resolution_seconds)).all()
        assert (values.minimum[seen] >= 0).all()
        assert (values.minimum[seen] <= mean + 1e-9).all()
        assert (values.maximum[seen] >= mean - 1e-9).all()
        assert (values.maximum[seen] <= 100).all()
        alone = made.running[seen] == 1
        np.testing.assert_allclose(values.maximum[seen][alone], mean[alone])


@pytest.mark.parametrize("service", fleet.SERVICES, ids=lambda s: s.id.service)
def test_no_task_no_datapoint(service: DemoService) -> None:
    made = history(service)
    assert (made.cpu.samples[made.running == 0] == 0).all()
    assert (made.cpu.samples > 0).sum() > 0.9 * (made.running > 0).sum()


@pytest.mark.parametrize("now", NOWS, ids=str)
def test_each_service_shows_what_it_is_in_the_fleet_for(now: datetime) -> None:
    assert mean_of(history(fleet.CHECKOUT, now).cpu).max() < 35  # over-provisioned
    cache_service = history(fleet.CATALOG_CACHE, now)
    assert np.quantile(mean_of(cache_service.memory), 0.99) > 75  # bound by memory, not by CPU
    assert np.quantile(mean_of(cache_service.cpu), 0.99) < 60
    assert (mean_of(history(fleet.MEDIA_ENCODER, now).cpu) > 99.5).mean() > 0.3  # saturated
    idle = history(fleet.LEGACY_SOAP, now)
    assert np.quantile(mean_of(idle.cpu), 0.99) < 2
    assert mean_of(idle.memory).max() < 25


@pytest.mark.parametrize("now", NOWS, ids=str)
def test_autoscaled_services_scale_within_their_bounds(now: datetime) -> None:
    for service in fleet.SERVICES:
        if not service.setup.policies:
            continue
        made = history(service, now)
        low, high = service.setup.bounds
        assert low <= made.running.min() < made.running.max() <= high, service.id.service
        changes = np.count_nonzero(np.diff(made.running))
        assert changes > 30, service.id.service
        assert low <= made.desired <= high


@pytest.mark.parametrize("now", NOWS, ids=str)
def test_the_nightly_batch_runs_by_night_and_only_then(now: datetime) -> None:
    made = history(fleet.NIGHTLY_ETL, now)
    minute = (made.start.hour * 60 + made.start.minute + np.arange(len(made.running))) % DAY
    by_day = (minute > 2 * 60 + 20) & (minute < 22 * 60 + 40)
    assert (made.running[by_day] == 0).all()
    assert (made.running[(minute > 23 * 60) | (minute < 2 * 60)] == 4).all()


def test_a_service_told_to_report_every_20_seconds_has_three_samples_a_task() -> None:
    made = history(fleet.INGEST)
    seen = made.cpu.samples > 0
    assert (made.cpu.samples[seen] == 3 * made.running[seen]).all()


def test_percent_of_cpu_falls_where_the_size_doubled() -> None:
    made = history(fleet.SEARCH)
    resize = fleet.SEARCH.resize
    assert resize is not None
    cut = len(made.running) - resize.ago // timedelta(minutes=1)
    percent = np.where(made.cpu.samples > 0, made.cpu.sum / np.maximum(made.cpu.samples, 1), np.nan)
    before, after = percent[cut - 7 * DAY : cut], percent[cut : cut + 5 * DAY]
    assert np.nanmax(before) > 1.6 * np.nanmax(after)


def test_a_blind_meter_leaves_a_hole_of_its_length() -> None:
    made = history(fleet.SESSIONS)
    silent = np.concatenate([[0], (made.cpu.samples == 0).astype(int), [0]])
    edges = np.flatnonzero(np.diff(silent))
    assert (edges[1::2] - edges[::2]).max() >= fleet.SESSIONS.work.blind_minutes


def test_two_tasks_lie_equally_far_from_their_mean() -> None:
    mean, running = np.array([40.0, 40.0, 40.0]), np.array([1, 2, 9])
    low, high = spread_over_tasks(mean, running, 0.1, np.random.default_rng(3))
    assert (low[0], high[0]) == (40, 40)
    assert low[1] + high[1] == pytest.approx(80)
    assert low[2] < 40 < high[2]
