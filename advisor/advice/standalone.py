"""What tasks without a service cost, and what is measured of them. Nothing is advised on them: it is not enough."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from advisor.advice.measured import measured_use, over_sized
from advisor.domain.errors import PriceMissing, SetupRefused, one_line
from advisor.domain.finding import TaskFamily
from advisor.domain.inventory import TaskSchedule
from advisor.domain.measured import MeasuredMonth
from advisor.domain.peaks import MonthPeak
from advisor.domain.runs import TaskRun
from advisor.domain.service import ServiceId, by_service
from advisor.domain.units import HOURS_PER_MONTH, Usd
from advisor.fargate.billing import bill_task_seconds, billed_seconds
from advisor.fargate.prices import PriceBook
from advisor.fargate.schedule import occurrences

MONTH = timedelta(hours=HOURS_PER_MONTH)
LEAST_SPAN = timedelta(days=1)  # chosen: runs of less than a day say nothing of a month
WHY = "AWS/ECS has no metrics of tasks without a service, so what they need is not known"
WHY_MEASURED = "Container Insights gives the highest use alone; how the runs differ is not known"
WHY_BILLED = "a bill measures means of hours: what tasks need at their peaks is not known"
WHY_BOTH = "the highest use and the bill's means of hours are known; how often a task is near its peak is not"


def task_families(
    runs: Iterable[TaskRun],
    schedules: Iterable[TaskSchedule],
    prices: PriceBook,
    peaks: Iterable[MonthPeak] = (),
    measured: Iterable[MeasuredMonth] = (),
) -> tuple[TaskFamily, ...]:
    """One line per family of tasks without a service, sorted by id.

    Cost per month = the larger of two that can only be too low, as ECS lists a stopped task for about an hour:

        what the runs seen cost        x month / span of the runs of the account and region, from a day on
        mean cost of a run that ended  x starts that the enabled schedules set for the next month
    """
    known = list(runs)
    mine, starting = by_service(run for run in known if run.service is None), by_service(schedules)
    highest = by_service(peaks)
    billed = by_service(month for month in measured if month.of == "family")
    found: list[TaskFamily] = []
    for id in sorted({*mine, *starting}):
        family = _family(id, mine.get(id, []), starting.get(id, []), span=_span(known, id), prices=prices)
        found.append(_with_use(_with_peaks(family, highest.get(id, ())), billed.get(id, ())))
    return tuple(found)


def run_cost(run: TaskRun, prices: PriceBook) -> Usd:
    """What a run cost, as far as it was seen  [USD]: per second from the image pull on; raises PriceMissing."""
    pulled = run.pulled or run.started
    if pulled is None:
        return Decimal(0)
    seconds = billed_seconds(pulled, max(pulled, run.seen), run.os)
    return bill_task_seconds(
        {run.provider: seconds},
        size=run.size,
        region=run.region,
        prices=prices,
        os=run.os,
        architecture=run.architecture,
        ephemeral_gib=run.ephemeral_gib,
    ).total


def _family(
    id: ServiceId, runs: Sequence[TaskRun], schedules: Sequence[TaskSchedule], *, span: timedelta, prices: PriceBook
) -> TaskFamily:
    ordered = sorted(runs, key=lambda run: (run.created, run.task))
    defined = [schedule.task_definition for schedule in schedules if schedule.task_definition]
    sizes = [run.size for run in ordered] or [definition.size for definition in defined]
    try:
        usd, basis = _per_month(ordered, schedules, span=span, prices=prices)
    except PriceMissing as error:
        usd, basis = None, f"not priced: {error}"
    return TaskFamily(
        service=id.service,
        account=id.account,
        region=id.region,
        size=sizes[-1] if sizes else None,
        runs=len(ordered),
        failed=sum(map(_failed, ordered)),
        out_of_memory=sum(run.out_of_memory for run in ordered),
        usd_month=None if usd is None else round(usd, 2),
        basis=basis,
        started_by=tuple(map(_words, schedules)),
        why=WHY,
    )


def _with_peaks(family: TaskFamily, peaks: Iterable[MonthPeak]) -> TaskFamily:
    known = list(peaks)
    vcpu = max((peak.task_vcpu_max for peak in known if peak.task_vcpu_max is not None), default=None)
    gib = max((peak.task_gib_max for peak in known if peak.task_gib_max is not None), default=None)
    if vcpu is None and gib is None:
        return family
    return replace(family, peak_vcpu=vcpu, peak_gib=gib, why=WHY_MEASURED)


def _with_use(family: TaskFamily, months: Iterable[MeasuredMonth]) -> TaskFamily:
    """With what a bill measured; means alone never advise a size, so that they only ask."""
    use = measured_use(months)
    if use is None:
        return family
    told = replace(family, measured=use, why=WHY_BOTH if family.why == WHY_MEASURED else WHY_BILLED)
    return replace(told, cautions=tuple(over_sized(told)))


def _per_month(
    runs: Sequence[TaskRun], schedules: Sequence[TaskSchedule], *, span: timedelta, prices: PriceBook
) -> tuple[Usd | None, str]:
    if not runs:
        return None, _never_seen(schedules, prices)
    costs = [run_cost(run, prices) for run in runs]
    ended = [cost for cost, run in zip(costs, runs, strict=True) if run.stopped is not None]
    ways: list[tuple[Usd, str]] = []
    if span >= LEAST_SPAN:
        total, days = sum(costs, Decimal(0)), span / timedelta(days=1)
        what = "one run" if len(runs) == 1 else f"{len(runs)} runs"
        ways.append((total * Decimal(MONTH / span), f"{what} seen in {days:.1f} days"))
    starts = sum(_starts(schedule, runs) for schedule in schedules if schedule.enabled)
    if starts and ended:
        mean = sum(ended, Decimal(0)) / len(ended)
        seen = "the one run that was seen" if len(ended) == 1 else f"the {len(ended)} runs that were seen"
        ways.append((mean * starts, f"{starts:,} starts a month, each as {seen}"))
    few = f"runs were seen for {span / timedelta(hours=1):.1f} hours only, and no schedule says how often they start"
    return max(ways) if ways else (None, few)


def _never_seen(schedules: Sequence[TaskSchedule], prices: PriceBook) -> str:
    """What is known of tasks that never ran while it was looked: what an hour of one costs; raises PriceMissing."""
    defined = [(schedule.region, schedule.task_definition) for schedule in schedules if schedule.task_definition]
    if not defined:
        return "no run of it was seen, so its size and its length are not known"
    region, task = defined[-1]
    hour = bill_task_seconds(
        {"FARGATE": 3600},
        size=task.size,
        region=region,
        prices=prices,
        os=task.os,
        architecture=task.architecture,
        ephemeral_gib=task.ephemeral_gib,
    )
    return f"no run of it was seen, so its length is not known; an hour of a task is ${hour.total:.4f} on demand"


def _span(runs: Iterable[TaskRun], id: ServiceId) -> timedelta:
    """From the first to the last instant that the runs of an account and region tell of.

    A service's task that runs says nothing of how long was looked: it may be as old as the service.
    """
    told = (run for run in runs if run.stopped is not None or run.service is None)
    mine = [run for run in told if (run.account, run.region) == (id.account, id.region)]
    return max(run.seen for run in mine) - min(run.created for run in mine) if mine else timedelta(0)


def _starts(schedule: TaskSchedule, runs: Sequence[TaskRun]) -> int:
    """How many tasks the schedule starts in the month after the last run."""
    start = max(run.seen for run in runs)
    try:
        due = occurrences(schedule.expression or "", schedule.timezone, start, start + MONTH)
    except SetupRefused:  # a rule that waits for events, or a form that is not known
        return 0
    return len(due) * schedule.count


def _failed(run: TaskRun) -> bool:
    bad = run.reason == "exited" and any(end.exit_code for end in run.containers)
    return bad or run.reason in ("failed-to-start", "out-of-memory")


def _words(schedule: TaskSchedule) -> str:
    when = f"{schedule.expression} ({schedule.timezone})" if schedule.expression else "when an event comes"
    off = "" if schedule.enabled else ", off"
    return f"EventBridge {schedule.kind} {one_line(schedule.name)}: {schedule.count} at {one_line(when)}{off}"
