"""What a bill measured of tasks without a service: shares by hand, a question, and never a size."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from advisor.advice import task_families
from advisor.advice.measured import measured_use
from advisor.domain.finding import TaskFamily
from advisor.domain.measured import MeasuredDay, MeasuredMonth, MeasuredUse
from advisor.domain.peaks import MonthPeak
from advisor.domain.runs import TaskRun
from advisor.domain.service import TaskSize
from advisor.fargate.prices import PriceBook

WRITTEN = datetime(2026, 11, 7, tzinfo=UTC)
RUN = TaskRun(
    account="111122223333",
    region="us-east-1",
    cluster="prod",
    task="t1",
    family="batch",
    revision=1,
    size=TaskSize.of(vcpu=2, gib=4),
    created=datetime(2026, 11, 1, tzinfo=UTC),
    seen=datetime(2026, 11, 1, 2, tzinfo=UTC),
)


def day(number: int = 5, *, cpu: float | None = 0.25, memory: float | None = 0.3) -> MeasuredDay:
    """A day of 4 vCPU-hours and 8 GB-hours, of which 1 and 2 were used; the highest hour of one task as given."""
    sums = {"vcpu_used": 1.0, "vcpu_reserved": 4.0, "gb_used": 2.0, "gb_reserved": 8.0}
    return MeasuredDay(day=number, written=WRITTEN, **sums, vcpu_highest=cpu, gb_highest=memory)


def month(*days: MeasuredDay, name: str = "2026-11") -> MeasuredMonth:
    return MeasuredMonth(of="family", id=RUN.id, month=name, days=days)


def family(*days: MeasuredDay, run: TaskRun = RUN, gib: float | None = None) -> TaskFamily:
    peaks = () if gib is None else (MonthPeak(id=run.id, month="2026-11", task_vcpu_max=0.2, task_gib_max=gib),)
    (found,) = task_families([run], (), PriceBook.shipped(), peaks, [month(*days)] if days else ())
    return found


def test_shares_are_of_sums_and_the_highest_is_the_highest_of_the_days() -> None:
    busy = replace(day(6, cpu=0.9), vcpu_used=2.0, vcpu_reserved=2.0)
    # CPU: (1 + 2) / (4 + 2); memory: (2 + 2) / (8 + 8)
    assert measured_use([month(day(5), busy)]) == MeasuredUse(
        start=date(2026, 11, 5),
        end=date(2026, 11, 6),
        days=2,
        vcpu_share=0.5,
        gb_share=0.25,
        vcpu_highest=0.9,
        gb_highest=0.3,
    )


def test_days_more_than_thirty_before_the_newest_do_not_count() -> None:
    use = measured_use([month(day(6, cpu=0.9), day(7, cpu=0.8), name="2026-10"), month(day(5))])
    assert use is not None  # 5 November and the 29 days before it begin on 7 October
    assert (use.start, use.days, use.vcpu_highest) == (date(2026, 10, 7), 2, 0.8)


def test_nothing_measured_leaves_the_line_as_it_was() -> None:
    found = family()
    assert (found.measured, found.cautions) == (None, ())
    assert "no metrics of tasks without a service" in found.why


def test_a_low_highest_hour_asks_and_advises_no_size() -> None:
    (caution,) = family(day(cpu=0.184, memory=0.3)).cautions
    assert caution.code == "maybe-over-sized"
    assert "more than 19 % of the CPU and 30 % of the memory" in caution.text  # never less than what was measured
    assert "a mean of an hour hides its peaks" in caution.text
    assert "vCPU" not in caution.text


@pytest.mark.parametrize(("cpu", "memory", "asked"), [(0.5, 0.3, "memory"), (0.2, 0.5, "CPU")])
def test_from_a_half_on_the_next_smaller_size_is_not_asked_about(cpu: float, memory: float, asked: str) -> None:
    (caution,) = family(day(cpu=cpu, memory=memory)).cautions
    assert {what for what in ("CPU", "memory") if f"% of the {what}" in caution.text} == {asked}


@pytest.mark.parametrize(("cpu", "memory"), [(0.5, 0.5), (None, None)])
def test_nothing_is_asked_where_hours_are_full_or_not_told(cpu: float | None, memory: float | None) -> None:
    found = family(day(cpu=cpu, memory=memory))
    assert found.measured is not None
    assert found.cautions == ()


def test_memory_that_peaked_or_ran_out_is_not_asked_about() -> None:
    for found in (family(day(), gib=2.1), family(day(), run=replace(RUN, reason="out-of-memory"))):
        (caution,) = found.cautions
        assert "of the memory" not in caution.text


def test_a_measured_peak_of_memory_is_named_as_the_floor() -> None:
    found = family(day(), gib=1.5)
    assert "never less memory than the 1.5 GiB" in found.cautions[0].text
    assert "means of hours" in found.why


def test_a_service_that_has_the_familys_name_says_nothing_of_it() -> None:
    other = replace(month(day()), of="service")
    (found,) = task_families([RUN], (), PriceBook.shipped(), (), [other])
    assert found.measured is None
