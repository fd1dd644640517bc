"""The backtest and the refit of the memory tail: every service of a store, one at a time, into one record."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd

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
    shortages_of,
    stated_of,
    with_advice,
)
from advisor.advice.refit import grouping, refit, series_of
from advisor.advice.reliability import Stated, bands
from advisor.advice.rules import FEWEST_DAYS
from advisor.advice.tail_fit import Series
from advisor.codec import config_to_dict
from advisor.domain.errors import AdvisorError, NoData
from advisor.domain.inventory import Service, Skipped
from advisor.domain.runs import TaskRun
from advisor.domain.scoreboard import Marks, Scoreboard, TailFit
from advisor.domain.service import by_service
from advisor.domain.settings import Config, FittedOn
from advisor.domain.units import DAY_SECONDS
from advisor.fargate.prices import PriceBook
from advisor.profile import Demand, infer_demand
from advisor.store import Store

Progress = Callable[[int, int], None]
_DEFAULTS = Config()


def run_backtest(
    store: Store, config: Config = _DEFAULTS, *, origins: int = 2, progress: Progress | None = None
) -> Scoreboard:
    """Every rule on every service of the store; `progress` gets (services done, services in all).

    A service that cannot be scored is listed with the reason. Raises NoData where none can be, StoreDamaged where the
    store cannot be read.
    """
    found: list[Marks] = []
    begun: list[datetime] = []
    prices = store.prices
    skipped = list(store.skipped)
    said: list[Stated] = []
    sized: list[Stated] = []
    short: list[Stated] = []
    for number, (service, usage, runs) in enumerate(_read(store, progress)):
        try:
            at = _origins(service, infer_demand(usage, service, runs=runs), prices, config, origins)
            found.append(marks_of(service, at, rules()))
            begun.append(at[0].after.work.start)
        except AdvisorError as error:
            skipped.append(_skipped(service, str(error)))
            continue
        said += stated_of(number, at, rooms)
        short += shortages_of(number, at)
        sized += stated_of(number, at, lambda origin, _: [float(ours(origin.before).size.memory)])
    if not found:
        raise NoData(f"{store.url}: no service can be scored. The first says: {skipped[0].reason}")
    return Scoreboard(
        store=store.url,
        config=config_to_dict(config),
        origins=origins,
        rules=scores(found),
        services_with_memory=sum(marks.marks[0].memory_breached is not None for marks in found),
        reliability=bands(said),
        cpu_reliability=bands(short),
        sized=next(iter(bands(sized, (0.0, 1.0))), None),
        model_saw_days=_saw(config.memory_tail_from, store, min(begun)),
        services=tuple(found),
        skipped=tuple(skipped),
    )


def run_refit(store: Store, *, progress: Progress | None = None) -> tuple[TailFit, tuple[Skipped, ...]]:
    """The memory tail of a store's own services, and the services that could not take part, with the reason.

    Raises NoData where there are too few of them.
    """
    by, skipped = grouping([service.id for service in store.services]), list(store.skipped)
    series: list[Series] = []
    ends: list[datetime] = []
    for service, usage, runs in _read(store, progress):
        try:
            demand = infer_demand(usage, service, runs=runs)
            series += series_of(demand, by=by)
            ends.append(demand.frame.index[-1].to_pydatetime() + timedelta(seconds=demand.step_seconds))
        except AdvisorError as error:
            skipped.append(_skipped(service, str(error)))
    return refit(series, by=by, store=store.url, until=max(ends, default=None)), tuple(skipped)


def _saw(origin: FittedOn | None, store: Store, begun: datetime) -> bool:
    """Whether a model was fitted on days of this store after `begun`; folders are the same where their paths lead."""
    if origin is None or (origin.until is not None and origin.until <= begun):
        return False
    local = "://" not in origin.store + store.url
    return origin.store == store.url or (local and Path(origin.store).resolve() == Path(store.url).resolve())


def _read(store: Store, progress: Progress | None) -> Iterator[tuple[Service, pd.DataFrame, Sequence[TaskRun]]]:
    """Every service with its usage and the runs of its tasks; raises NoData where there is none."""
    services, runs = store.services, by_service(store.task_runs)
    if not services:
        raise NoData(f"{store.url}: the store holds no services. Next: `advisor collect` or `advisor import`.")
    for done, service in enumerate(services, start=1):
        yield service, store.usage(service), runs.get(service.id, ())
        if progress is not None:
            progress(done, len(services))


def _origins(service: Service, demand: Demand, prices: PriceBook, config: Config, count: int) -> Sequence[Origin]:
    """The origins at which there was advice; raises NoData with the reason where there is none."""
    rule = override_of(config, service)
    if rule is not None and rule.action == "ignore":
        raise NoData("the configuration says: ignore")
    days = len(demand.frame) * demand.step_seconds / DAY_SECONDS
    if days < 2 * FEWEST_DAYS:
        half = f"{FEWEST_DAYS:g} to be fitted on, as many to be scored on"
        raise NoData(f"{days:.1f} days of history are too few; it takes {2 * FEWEST_DAYS:g}: {half}.")
    found, why = [], ""
    for before, after in rolling(demand, count):
        try:
            found.append(with_advice(origin_of(service, before, after, prices, config), config))
        except NoData as error:
            why = str(error)
    if not found:
        raise NoData(f"no advice before any origin: {why}")
    return found


def _skipped(service: Service, why: str) -> Skipped:
    id = service.id
    return Skipped(service=id.service, account=id.account, region=id.region, reason=why)
