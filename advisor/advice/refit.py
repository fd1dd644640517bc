"""Refit the memory tail on a fleet's own history, scored by models that never saw the group that they score."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from advisor.advice.reliability import bands, log_loss, statements
from advisor.advice.tail import shipped
from advisor.advice.tail_fit import MEMORY, Series, Tail, fit, looks
from advisor.advice.work import current_stretch, last_size
from advisor.domain.errors import NoData
from advisor.domain.scoreboard import TailFit
from advisor.domain.service import ServiceId
from advisor.domain.settings import TailModel
from advisor.domain.units import MIB_PER_GIB
from advisor.profile import Demand

FEWEST_SERVICES = 30  # chosen: services with memory; six exponents of fewer would be those of single services
FEWEST_GROUPS = 2  # one to fit on, another to score on
CEILING = 0.95  # chosen: of the CPU of a task; what comes so near cannot go above it


def grouping(ids: Sequence[ServiceId]) -> str:
    """What the services are held apart by: `account` where there are several, else `cluster`."""
    return "account" if len({id.account for id in ids}) > 1 else "cluster"


def series_of(demand: Demand, *, by: str) -> Iterator[Series]:
    """Memory [MiB], and CPU [vCPU] that never came near its ceiling, of the hottest task since its last change of size.

    Series that are too short to look ahead from are left out.
    """
    spoken = current_stretch(demand, last_size(demand))
    memory, cpu = spoken.frame["hot_gib"].to_numpy() * MIB_PER_GIB, spoken.frame["hot_vcpu"].to_numpy()
    free = bool((cpu > CEILING * spoken.frame["task_vcpu"].to_numpy()).sum() == 0)
    group = demand.id.account if by == "account" else demand.id.cluster
    for values, is_memory in ((memory, True), *(((cpu, False),) if free else ())):
        series = Series(source=group, values=values, step_seconds=demand.step_seconds, is_memory=is_memory)
        if next(looks(series), None) is not None:
            yield series


def left_out(series: Sequence[Series], tail: Tail = MEMORY) -> dict[str, TailModel]:
    """For every source, the model of all others."""
    sources = sorted({one.source for one in series})
    return {name: fit([one for one in series if one.source != name], tail) for name in sources}


def refit(series: Sequence[Series], *, by: str, store: str, until: datetime | None = None) -> TailFit:
    """The model of all series, with its reliability on groups that it was not fitted on, the shipped one beside it.

    Raises NoData where there are too few services with memory, or only one group.
    """
    groups, services = sorted({one.source for one in series}), sum(one.is_memory for one in series)
    if services < FEWEST_SERVICES or len(groups) < FEWEST_GROUPS:
        raise NoData(
            f"memory tail: {services} services with enough days of memory, in {len(groups)} groups (by {by}). Rule: at"
            f" least {FEWEST_SERVICES} services in {FEWEST_GROUPS} groups, so that each is scored by a model that never"
            " saw it. Next: keep the model that is shipped, or collect more services and days."
        )
    counts = {
        group: (
            sum(one.source == group and one.is_memory for one in series),
            sum(one.source == group and not one.is_memory for one in series),
        )
        for group in groups
    }
    own = list(statements(series, left_out(series)))
    theirs = statements(series, dict.fromkeys(groups, shipped()))
    return TailFit(
        model=fit(series),
        made_by="advisor fit-tails",
        store=store,
        until=until,
        groups=by,
        series=counts,
        reliability=bands(own),
        log_loss=round(log_loss(own), 6) if own else None,
        shipped_log_loss=round(log_loss(theirs), 6) if own else None,
    )
