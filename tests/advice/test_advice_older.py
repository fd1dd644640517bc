"""What earlier months say against a change: a caution, with the month and the number."""

from datetime import UTC, datetime

import pytest

from advisor.advice import with_older
from advisor.domain.finding import Advice
from advisor.domain.inventory import Service, SizeChange
from advisor.domain.peaks import MonthPeak
from advisor.domain.policy import TargetTracking
from advisor.domain.service import ServiceId, Setup, TaskSize

ID = ServiceId(account="111122223333", region="us-east-1", service="prod/api")
LARGE, SMALL = TaskSize.of(vcpu=2, gib=4), TaskSize.of(vcpu=1, gib=2)
POLICY = TargetTracking(metric="cpu", target=60.0)
NOW = Setup(size=LARGE, desired=4, minimum=2, maximum=10, policies=(POLICY,))
THEN = Setup(size=SMALL, desired=4, minimum=2, maximum=10)
SERVICE = Service(
    id=ID,
    setup=NOW,
    seen_at=datetime(2026, 11, 1, tzinfo=UTC),
    sizes=(
        SizeChange(at=datetime(2026, 1, 10, tzinfo=UTC), size=SMALL),
        SizeChange(at=datetime(2026, 6, 10, tzinfo=UTC), size=LARGE),
    ),
)


def codes(verdict: str = "change", then: Setup | None = THEN, now: Setup = NOW, **peak: object) -> list[str]:
    advice = Advice(id=ID, verdict=verdict, current=now, recommended=then)  # type: ignore[arg-type]
    known = MonthPeak(id=ID, **{"month": "2026-08", **peak})  # type: ignore[arg-type]
    return [
        caution.code for caution in with_older(advice, SERVICE, [MonthPeak(id=ID, month="2025-09"), known]).cautions
    ]


@pytest.mark.parametrize(
    ("month", "percent", "said"),
    [
        ("2026-08", 60.0, ["older-memory-peak"]),  # of 4 GiB: 2.4 GiB do not fit into 2
        ("2026-08", 49.0, []),
        ("2026-03", 90.0, []),  # of 2 GiB, which it had then
        ("2025-11", 90.0, []),  # before the first size that is known
    ],
)
def test_memory_that_would_not_have_fitted_is_told(month: str, percent: float, said: list[str]) -> None:
    assert codes(month=month, memory_max=percent) == said


def test_load_that_would_not_have_fitted_is_told_where_the_bounds_shrink() -> None:
    assert codes(tasks_max=6.0) == ["older-load-peak"]  # 12 vCPU; 10 tasks of 1 vCPU are recommended
    assert codes(tasks_max=4.0) == []
    wider = Setup(size=SMALL, desired=4, minimum=2, maximum=20)
    assert codes(tasks_max=11.0, then=wider) == []  # today's bounds would not have held it either


def test_how_many_tasks_ran_of_a_fixed_count_says_nothing_of_its_load() -> None:
    assert codes(now=Setup(size=LARGE, desired=4), then=Setup(size=SMALL, desired=4), tasks_max=4.0) == []


def test_only_a_change_is_spoken_against() -> None:
    assert codes(verdict="keep", then=None, memory_max=99.0, tasks_max=99.0) == []
