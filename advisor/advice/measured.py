"""What a bill measured, as words: means of hours and of days. They ask questions, and never choose a size."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from math import ceil

import pandas as pd

from advisor.domain.finding import Advice, Caution, TaskFamily
from advisor.domain.measured import MeasuredDay, MeasuredMonth, MeasuredUse
from advisor.domain.units import DAY_SECONDS, SECONDS_PER_HOUR
from advisor.profile import Demand

SPAN = timedelta(days=30)  # chosen: so far back from the newest measured day; it lies in two months
# Of the reservation. The CPU of Fargate's sizes doubles from one to the next (documented), so that below a half the
# next smaller one would have held every mean; the same is taken for memory (chosen).
LOW = 0.5
FAR = 0.1  # chosen: of what was reserved; half as much would move no size of Fargate's ladder


def measured_use(months: Iterable[MeasuredMonth]) -> MeasuredUse | None:
    """The use over the last days that were measured of one owner; None without any."""
    dated = {at: day for month in months for at, day in month.dated.items()}
    if not dated:
        return None
    end = max(dated)
    days = [day for at, day in dated.items() if at > end - SPAN]
    return MeasuredUse(
        start=min(at for at in dated if at > end - SPAN),
        end=end,
        days=len(days),
        vcpu_share=_share((day.vcpu_used, day.vcpu_reserved) for day in days),
        gb_share=_share((day.gb_used, day.gb_reserved) for day in days),
        vcpu_highest=_highest(days, "vcpu_highest"),
        gb_highest=_highest(days, "gb_highest"),
    )


def over_sized(family: TaskFamily) -> Iterator[Caution]:
    """The question whether a family's tasks are larger than they need be; none where a peak has answered it."""
    low = [f"{ceil(100 * share)} % of the {what}" for what, share in _low(family)]
    if low:
        text = (
            f"over-sized? In no hour that was billed did a task use more than {' and '.join(low)} that it was given, "
            "but a mean of an hour hides its peaks, so measure these (Container Insights) before giving less"
        )
        peak = f", and never less memory than the {family.peak_gib:.2g} GiB that one held" if family.peak_gib else ""
        yield Caution(code="maybe-over-sized", text=f"{text}{peak}.")


def with_billed(advice: Advice, demand: Demand, months: Iterable[MeasuredMonth]) -> Advice:
    """The advice with a caution where the bill measured another use of CPU than the metrics did.

    Over the days (UTC) that both have whole: |used by the bill - work by the metrics| / billed > FAR.
    """
    seen = _whole_days(demand)
    both = {at: day for month in months for at, day in month.dated.items() if at in seen and day.vcpu_reserved}
    reserved = sum(day.vcpu_reserved for day in both.values())
    billed, measured = sum(day.vcpu_used for day in both.values()), sum(seen[at] for at in both)
    if not both or abs(billed - measured) <= FAR * reserved:
        return advice
    text = (
        f"Of {reserved:,.1f} vCPU-hours on {len(both)} whole days (UTC) up to {max(both)} the bill measured "
        f"{billed:,.1f} as used, CloudWatch {measured:,.1f}; the advice is made of CloudWatch's."
    )
    return replace(advice, cautions=(*advice.cautions, Caution(code="billed-use-differs", text=text)))


def _whole_days(demand: Demand) -> dict[date, float]:
    """The work of each day of which no step is missing  [vCPU-hours]."""
    work = demand.frame["vcpu"] * demand.step_seconds / SECONDS_PER_HOUR
    days = work.groupby(pd.DatetimeIndex(work.index).date).agg(["sum", "count"])
    whole = days.loc[days["count"] * demand.step_seconds == DAY_SECONDS, "sum"]
    return dict(zip(whole.index.tolist(), whole.tolist(), strict=True))


def _low(family: TaskFamily) -> Iterator[tuple[str, float]]:
    """Whose highest hour is low, and which is not known to peak above that: not memory that ran out."""
    use = family.measured
    if use is None:
        return
    cpu, memory = _peaks(family)
    if use.vcpu_highest is not None and max(use.vcpu_highest, cpu) < LOW:
        yield "CPU", use.vcpu_highest
    if use.gb_highest is not None and max(use.gb_highest, memory) < LOW and not family.out_of_memory:
        yield "memory", use.gb_highest


def _peaks(family: TaskFamily) -> tuple[float, float]:
    """The measured peaks of CPU and memory  [share of the size]; 0 where none is known."""
    if family.size is None:
        return 0.0, 0.0
    return (family.peak_vcpu or 0.0) / family.size.vcpu, (family.peak_gib or 0.0) / family.size.gib


def _share(parts: Iterable[tuple[float, float]]) -> float | None:
    used, reserved = (sum(of) for of in zip(*parts, strict=True))
    return round(used / reserved, 4) if reserved else None


def _highest(days: Iterable[MeasuredDay], name: str) -> float | None:
    return max((share for day in days if (share := getattr(day, name)) is not None), default=None)
