"""The backtest and the refit of the memory tail: every service of a store, one at a time, into one record."""

from collections.abc import Callable, Iterator, Sequence

from advisor.advice import override_of
from advisor.advice.board import (
    Origin,
    marks_of,
    origin_of,
    ours,
    rolling,
    rooms,
    rules,
    scores,
    stated_of,
    with_advice,
)
from advisor.advice.refit import grouping, refit, series_of
from advisor.advice.reliability import Stated, bands
from advisor.advice.rules import FEWEST_DAYS
from advisor.advice.tail_fit import Series
from advisor.advice.work import DAY_SECONDS
from advisor.codec import config_to_dict
from advisor.domain.errors import AdvisorError, NoData
from advisor.domain.inventory import Service, Skipped
from advisor.domain.scoreboard import Marks, Scoreboard, TailFit
from advisor.domain.settings import Config
from advisor.profile import Demand, infer_demand
from advisor.store import Store

Progress = Callable[[int, int], None]
_DEFAULTS = Config()


def run_backtest(
    store: Store, config: Config = _DEFAULTS, *, origins: int = 2, progress: Progress | None = None
) -> Scoreboard:
    """Every rule on every service of the store; `progress` gets (services done, services in all).

    A service that cannot be scored is listed with the reason. Raises NoData where none can be.
    """
    found: list[Marks] = []
    skipped = list(store.skipped)
    said: list[Stated] = []
    sized: list[Stated] = []
    for number, service in enumerate(_services(store, progress)):
        try:
            at = _origins(store, service, config, origins)
            found.append(marks_of(service, at, rules()))
        except AdvisorError as error:
            skipped.append(_skipped(service, str(error)))
            continue
        said += stated_of(number, at, rooms)
        sized += stated_of(number, at, lambda origin, _: [float(ours(origin.before).size.memory)])
    if not found:
        raise NoData(f"{store.url}: no service can be scored. The first says: {skipped[0].reason if skipped else ''}")
    return Scoreboard(
        store=store.url,
        config=config_to_dict(config),
        origins=origins,
        rules=scores(found),
        services_with_memory=sum(marks.marks[0].memory_breached is not None for marks in found),
        reliability=bands(said),
        sized=next(iter(bands(sized, (0.0, 1.0))), None),
        services=tuple(found),
        skipped=tuple(skipped),
    )


def run_refit(store: Store, *, progress: Progress | None = None) -> tuple[TailFit, tuple[Skipped, ...]]:
    """The memory tail of a store's own services, and the services that could not take part, with the reason.

    Raises NoData where there are too few of them.
    """
    by, skipped = grouping([service.id for service in store.services]), list(store.skipped)
    series: list[Series] = []
    for service in _services(store, progress):
        try:
            series += series_of(_demand(store, service), by=by)
        except AdvisorError as error:
            skipped.append(_skipped(service, str(error)))
    return refit(series, by=by), tuple(skipped)


def _services(store: Store, progress: Progress | None) -> Iterator[Service]:
    services = store.services
    for done, service in enumerate(services, start=1):
        yield service
        if progress is not None:
            progress(done, len(services))


def _demand(store: Store, service: Service) -> Demand:
    return infer_demand(store.usage(service), service)


def _origins(store: Store, service: Service, config: Config, count: int) -> Sequence[Origin]:
    """The origins at which there was advice; raises NoData with the reason where there is none."""
    rule = override_of(config, service)
    if rule is not None and rule.action == "ignore":
        raise NoData("the configuration says: ignore")
    demand = _demand(store, service)
    days = len(demand.frame) * demand.step_seconds / DAY_SECONDS
    if days < 2 * FEWEST_DAYS:
        half = f"{FEWEST_DAYS:g} to be fitted on, as many to be scored on"
        raise NoData(f"{days:.1f} days of history are too few; it takes {2 * FEWEST_DAYS:g}: {half}.")
    found, why = [], ""
    for before, after in rolling(demand, count):
        try:
            found.append(with_advice(origin_of(service, before, after, store.prices, config), config))
        except NoData as error:
            why = str(error)
    if not found:
        raise NoData(f"no advice before any origin: {why}")
    return found


def _skipped(service: Service, why: str) -> Skipped:
    id = service.id
    return Skipped(service=id.service, account=id.account, region=id.region, reason=why)
