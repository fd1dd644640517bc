"""The review: every service of a store, one at a time, into one record."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from advisor.advice import (
    HELD_OUT_SHARE,
    advise,
    override_of,
    task_families,
    with_billed,
    with_older,
    with_refusals,
    without_advice,
)
from advisor.codec import config_to_dict
from advisor.domain.activities import ScalingActivity
from advisor.domain.errors import AdvisorError, NoData, PriceMissing
from advisor.domain.finding import Advice, Caution, PlanNote, PlansNote, PriceNote, Review, Totals, Window
from advisor.domain.insights import InsightsMonth
from advisor.domain.inventory import Service, Skipped
from advisor.domain.measured import MeasuredMonth
from advisor.domain.peaks import MonthPeak, merge_peaks
from advisor.domain.runs import TaskRun
from advisor.domain.schema import LONG_STEPS, SHORT_STEP
from advisor.domain.service import (
    INCLUDED_EPHEMERAL_GIB,
    Architecture,
    OperatingSystem,
    Provider,
    by_service,
)
from advisor.domain.settings import Config
from advisor.fargate.prices import Price, PriceBook
from advisor.fargate.savings_plans import SavingsPlans
from advisor.profile import fit_profile, infer_demand, months_of
from advisor.store import Store

Progress = Callable[[int, int], None]
_Use = tuple[str, OperatingSystem, Architecture, Provider, bool]
BILLED_MONTHS = 2  # hold the last 30 days that bills measured
_DEFAULTS = Config()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reviewed:
    """One service's advice, with the first instant of its history, the one after its last, and the months before."""

    advice: Advice
    start: datetime | None = None
    end: datetime | None = None
    months: tuple[MonthPeak, ...] = ()


def run_review(
    store: Store, config: Config = _DEFAULTS, *, prices: PriceBook | None = None, progress: Progress | None = None
) -> Review:
    """Advice for every service of the store; `progress` gets (services done, services in all).

    `prices` default to the store's.

    A service whose data are bad is listed without advice and with the reason; any other error stops the run.
    Raises NoData for a store without services or usage, and without task runs beside them, StoreDamaged where its files
    cannot be read.
    """
    services, book = store.services, prices or store.prices
    measured = store.measured(newest=BILLED_MONTHS)
    families = task_families(store.task_runs, store.schedules, book, store.month_peaks, measured)
    if not services and not families:
        raise NoData(f"{store.url}: the store holds no services. Next: `advisor collect` or `advisor import`.")
    ignored = [service for service in services if _is_ignored(service, config)]
    judged = [service for service in services if not _is_ignored(service, config)]
    results = _all(store, judged, measured, config, prices=book, progress=progress)
    window = _window(results)
    if window is None and judged and not families:
        raise NoData(f"{store.url}: no usage of any service. Next: collect or import usage for the same services.")
    advices = tuple(result.advice for result in results)
    return Review(
        store=store.url,
        window=window,
        config=config_to_dict(config),
        totals=_totals(advices, (*store.skipped, *map(_skipped, ignored))),
        services=advices,
        standalone=families,
        reconciliation=next(reversed(store.reconciliations), None),
        savings_plans=_plans(store.savings_plans),
        prices=_notes(_used(judged, store.task_runs), book),
    )


def _all(
    store: Store,
    services: Sequence[Service],
    measured: Iterable[MeasuredMonth],
    config: Config,
    *,
    prices: PriceBook,
    progress: Progress | None,
) -> list[_Reviewed]:
    results: list[_Reviewed] = []
    runs, peaks = by_service(store.task_runs), by_service(store.month_peaks)
    billed = by_service(month for month in measured if month.of == "service")
    activities, insights = by_service(store.scaling_activities), by_service(store.insights)
    for service in services:
        found = _one(
            store,
            service,
            runs.get(service.id, ()),
            insights.get(service.id, ()),
            billed.get(service.id, ()),
            prices=prices,
            config=config,
        )
        told = with_older(found.advice, service, merge_peaks((*peaks.get(service.id, ()), *found.months)))
        told = with_refusals(told, _within(found, activities.get(service.id, ())))
        results.append(replace(found, advice=told))
        if progress is not None:
            progress(len(results), len(services))
    return results


def _within(found: _Reviewed, activities: Iterable[ScalingActivity]) -> Iterator[ScalingActivity]:
    if found.start is not None and found.end is not None:
        yield from (activity for activity in activities if found.start <= activity.started < found.end)


def _one(
    store: Store,
    service: Service,
    runs: Sequence[TaskRun],
    insights: Sequence[InsightsMonth],
    billed: Sequence[MeasuredMonth],
    *,
    prices: PriceBook,
    config: Config,
) -> _Reviewed:
    usage = store.usage(service)
    if usage.empty:
        text = "the store holds no usage of it: nothing ran, or nothing was collected."
        return _Reviewed(advice=without_advice(service, Caution(code="no-data", text=text)))
    start, last = usage.index[0].to_pydatetime(), usage.index[-1].to_pydatetime()
    older = [store.usage(service, step_seconds=step) for step in LONG_STEPS]
    try:
        demand = infer_demand(
            usage,
            service,
            runs=runs,
            insights=insights,
            older=older,
            shorter=store.usage(service, step_seconds=SHORT_STEP),
        )
        advice = advise(service, demand, fit_profile(demand), prices=prices, config=config)
        advice = with_billed(advice, demand, billed)
    except AdvisorError as error:
        advice = without_advice(service, Caution(code="bad-data", text=str(error)))
    end = last + timedelta(seconds=service.step_seconds)
    return _Reviewed(advice=advice, start=start, end=end, months=months_of(service.id, older))


def _window(results: Iterable[_Reviewed]) -> Window | None:
    """From the first to the last step of all services.

    `fitted_until`: the scored choices saw nothing after it, for a service with history over the whole window.
    What is recommended in the end is chosen in the same way on the whole of it.
    """
    spans = [(result.start, result.end) for result in results if result.start and result.end]
    if not spans:
        return None
    start, end = min(start for start, _ in spans), max(end for _, end in spans)
    held_out = timedelta(days=max(1, int((end - start) / timedelta(days=1) * HELD_OUT_SHARE)))
    return Window(start=start, end=end, fitted_until=max(start, end - held_out))


def _totals(advices: Sequence[Advice], skipped: tuple[Skipped, ...]) -> Totals:
    priced = [a.usd_month for a in advices if a.usd_month.current is not None]
    now = sum((money.current or Decimal(0) for money in priced), Decimal("0.00"))
    then = sum((_then(a) for a in advices if a.usd_month.current is not None), Decimal("0.00"))
    return Totals(current_usd_month=now, recommended_usd_month=then, covered_services=len(advices), skipped=skipped)


def _then(advice: Advice) -> Decimal:
    money = advice.usd_month
    return (money.recommended if money.recommended is not None else money.current) or Decimal(0)


def _is_ignored(service: Service, config: Config) -> bool:
    rule = override_of(config, service)
    return rule is not None and rule.action == "ignore"


def _skipped(service: Service) -> Skipped:
    id = service.id
    return Skipped(service=id.service, account=id.account, region=id.region, reason="the configuration says: ignore")


def _used(services: Iterable[Service], runs: Iterable[TaskRun]) -> set[_Use]:
    """What is priced: (region, OS, architecture, provider, whether storage is paid for)."""
    return {
        (s.id.region, s.setup.os, s.setup.architecture, share.provider, s.setup.ephemeral_gib > INCLUDED_EPHEMERAL_GIB)
        for s in services
        for share in s.setup.capacity
    } | {
        (run.region, run.os, run.architecture, run.provider, run.ephemeral_gib > INCLUDED_EPHEMERAL_GIB)
        for run in runs
        if run.service is None
    }


def _notes(uses: Iterable[_Use], book: PriceBook) -> tuple[PriceNote, ...]:
    """Every price that could enter the review, once, with its origin."""
    used: dict[Price, None] = {}
    for region, os, architecture, provider, stored in uses:
        try:
            rates = book.rates(region=region, os=os, architecture=architecture, provider=provider)
        except PriceMissing:
            continue
        used |= dict.fromkeys(p for p in rates.prices if stored or p.unit != "storage-gb-hour")
    return tuple(_note(price) for price in sorted(used, key=lambda p: (p.region, p.architecture, p.capacity, p.unit)))


def _note(price: Price) -> PriceNote:
    return PriceNote(
        region=price.region,
        what=f"{price.os} {price.architecture} {price.capacity}",
        usd=price.usd,
        unit=price.unit,
        source=price.source,
        as_of=price.as_of,
        certainty=price.certainty,
    )


def _plans(told: SavingsPlans | None) -> PlansNote | None:
    if told is None:
        return None
    owned = tuple(
        PlanNote(
            account=plan.account,
            years=plan.years,
            payment=plan.payment,
            commitment_usd=plan.commitment_usd,
            end=plan.end,
        )
        for plan in sorted(told.owned, key=lambda plan: (plan.end, plan.account, plan.arn))
    )
    return PlansNote(taken_at=told.taken_at, accounts=told.accounts, owned=owned, failures=told.failures)
