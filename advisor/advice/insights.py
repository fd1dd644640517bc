"""What Container Insights says of a service, beside what its metrics say: storage, waiting tasks, single containers.

====================  ==========================================================================================
code                  what was seen
====================  ==========================================================================================
storage-unused        ephemeral storage is paid for that no task came near to using
storage-near-full     a task nearly filled its ephemeral storage
tasks-pending         days on which some task was pending in each sample
container-near-limit  a container nearly filled a limit of its own       (`containers`)
container-restarts    a container restarted                              (`containers`)
====================  ==========================================================================================
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from math import ceil

from advisor.advice.containers import container_cautions, dates, highest, since, uses_of
from advisor.advice.rules import NEAR_LIMIT, STORAGE_MARGIN
from advisor.advice.tail import FEWEST_PEAKS_STATED
from advisor.advice.words import usd
from advisor.domain.errors import PriceMissing
from advisor.domain.finding import Caution
from advisor.domain.insights import TASK
from advisor.domain.inventory import Service
from advisor.domain.service import INCLUDED_EPHEMERAL_GIB
from advisor.domain.units import HOURS_PER_MONTH
from advisor.fargate.prices import PriceBook, check_storage
from advisor.profile import Demand


def insights_cautions(demand: Demand, service: Service, prices: PriceBook) -> tuple[Caution, ...]:
    """All of it, with numbers; nothing where nothing was measured."""
    uses = uses_of(demand, service.task_definition)
    return (
        *_storage(demand, service, prices),
        *_pending(demand),
        *container_cautions(uses, service.setup.size),
    )


def _storage(demand: Demand, service: Service, prices: PriceBook) -> Iterator[Caution]:
    """More than a task has cannot be of one task with today's storage: then nothing is told."""
    own = [month for month in demand.insights if month.container == TASK and month.storage_gib is not None]
    size, days = service.setup.ephemeral_gib, sum(len(month.days) for month in own)
    most = highest(month.storage_gib for month in own)
    recent = highest(month.storage_gib for month in since(own, demand.frame.index[0].date()))
    if recent is not None and NEAR_LIMIT * size < recent <= size:
        text = f"A task used {recent:.3g} GiB of its {size} GiB of ephemeral storage: one that has none left can fail."
        yield Caution(code="storage-near-full", text=text)
    if most is None or size <= INCLUDED_EPHEMERAL_GIB:
        return
    enough = max(INCLUDED_EPHEMERAL_GIB, ceil(most * STORAGE_MARGIN))
    if enough < size and days >= FEWEST_PEAKS_STATED:
        free = ", which are free," if enough == INCLUDED_EPHEMERAL_GIB else ""
        text = (
            f"Of {size} GiB of ephemeral storage a task used {most:.3g} GiB at most in {days} days: {enough} GiB{free}"
            f" hold that and {STORAGE_MARGIN - 1:.0%} more{_saved(demand, service, prices, gib=size - enough)}."
        )
        yield Caution(code="storage-unused", text=text)


def _saved(demand: Demand, service: Service, prices: PriceBook, *, gib: int) -> str:
    """What so much less storage saves in a month of as many tasks as ran; nothing where its price is not known."""
    setup, region = service.setup, service.id.region
    tasks = demand.frame["tasks"].mean()
    try:
        rates = prices.rates(region=region, os=setup.os, architecture=setup.architecture)
        rate = check_storage(rates, region=region)
    except PriceMissing:
        return ""
    if not tasks > 0:
        return ""
    saved = rate * gib * HOURS_PER_MONTH * Decimal(str(tasks))
    return f" and cost {usd(saved)} less a month, at {tasks:.3g} tasks on average"


def _pending(demand: Demand) -> Iterator[Caution]:
    start = demand.frame.index[0].date()
    own = [month for month in demand.insights if month.container == TASK]
    days = [date.fromisoformat(f"{month.month}-{day:02}") for month in own for day in month.pending]
    if waited := [day for day in days if day >= start]:
        text = (
            f"Tasks were pending in each sample of whole days, {dates(waited)}: they did not start, or others took"
            " their place. The events of the service say why."
        )
        yield Caution(code="tasks-pending", text=text)
