"""Laws 5, 6 and 9 on histories with deployments that change behaviour, leaks, kills and starts."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from advisor.advice import advise, explain
from advisor.domain.finding import Advice
from advisor.domain.insights import InsightsMonth
from advisor.domain.inventory import Container, Service, SizeChange, TaskDefinition
from advisor.domain.runs import TaskRun
from advisor.domain.service import TaskSize
from advisor.fargate.sizes import legal_sizes
from advisor.profile import fit_profile, infer_demand
from tests.service_worlds import PER_DAY, PRICES, START, World, fixed, service_of, usage_of

SIZES = [size for size in legal_sizes() if size.cpu <= 2048 and size.memory <= 8192]
generated = settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.too_slow])
History = tuple[pd.DataFrame, Service, tuple[TaskRun, ...]]


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Up to 24 days of one or two tasks: waves, days that differ, gaps, a change at a deployment, a leak, kills."""
    days, size, count = draw(st.integers(3, 24)), draw(st.sampled_from(SIZES)), draw(st.integers(1, 2))
    random, at = np.random.default_rng(draw(st.integers(0, 2**16))), np.arange(days * PER_DAY) / PER_DAY
    base = size.memory * draw(st.floats(0.05, 0.6))
    deployed = sorted(draw(st.lists(st.integers(1, days), max_size=3, unique=True)))
    moved = base * draw(st.sampled_from((0.0, 0.5, -0.4))) * (at >= (deployed[-1] if deployed else days))
    leaking = draw(st.sampled_from((0.0, 0.0, 0.3))) * base * (at % draw(st.sampled_from((2, 5, 40))))
    noise = np.repeat(random.normal(0, 0.02 * base, days), PER_DAY) + moved + leaking
    work = size.vcpu * count * draw(st.floats(0.02, 0.6)) * (1 - 0.6 * np.cos(2 * np.pi * at))
    world = World(vcpu=work * random.uniform(0.9, 1, len(at)), base_mib=base, noise=noise)
    usage = usage_of(world, np.full(len(at), float(count)), size)
    if draw(st.booleans()):
        usage.iloc[PER_DAY : PER_DAY + draw(st.integers(1, 2 * PER_DAY))] = np.nan
    changes = tuple(SizeChange(at=START + timedelta(days=day), size=size) for day in (0, *deployed))
    kills = tuple(killed(day, size) for day in draw(st.lists(st.floats(0, days), max_size=2)))
    return usage, service_of(fixed(count, vcpu=size.vcpu, gib=size.gib), sizes=changes), kills


def killed(day: float, size: TaskSize) -> TaskRun:
    at = START + timedelta(days=day)
    return TaskRun(
        account="111122223333",
        region="us-east-1",
        cluster="prod",
        service="web",
        task=str(day),
        family="web",
        revision=1,
        size=size,
        created=START,
        stopped=at,
        seen=at,
        reason="out-of-memory",
    )


def advised(
    usage: pd.DataFrame, service: Service, runs: tuple[TaskRun, ...], insights: tuple[InsightsMonth, ...] = ()
) -> Advice:
    demand = infer_demand(usage, service, runs=runs, insights=insights)
    return advise(service, demand, fit_profile(demand), prices=PRICES)


@given(histories())
@generated
def test_law_5_advice_stands_when_it_is_asked_again_on_the_same_history(history: History) -> None:
    usage, service, runs = history
    first = advised(usage, service, runs)
    event(first.verdict)
    assume(first.verdict == "change")
    old = SizeChange(at=START, size=service.setup.size)
    followed = replace(service, setup=first.recommended, sizes=(old, *service.sizes[1:]))
    second = advised(usage, followed, runs)
    assert second.verdict == "keep", f"{explain(first)}\n{explain(second)}"


@given(histories())
@generated
def test_law_6_no_size_is_below_the_peak_of_the_days_that_speak_nor_as_small_as_what_was_killed(
    history: History,
) -> None:
    usage, service, runs = history
    advice = advised(usage, service, runs)
    assert advice.verdict != "keep" or not runs, "as much as was killed is not kept"
    if advice.verdict != "change":
        return
    memory, size = advice.recommended.size.memory, service.setup.size
    assert advice.recommended.size in legal_sizes()
    assert memory > max((run.size.memory for run in runs), default=0)
    changed = any(caution.code == "behaviour-changed" for caution in advice.cautions)
    speaks = usage.loc[usage.index >= service.sizes[-1].at] if changed else usage
    assert memory >= float(speaks["memory_max"].max()) / 100 * size.memory


@given(st.data(), histories())
@generated
def test_law_9_less_history_never_raises_confidence_whatever_was_deployed(
    data: st.DataObject, history: History
) -> None:
    usage, service, runs = history
    whole = data.draw(st.integers(PER_DAY, len(usage)))
    low = data.draw(st.integers(0, whole - 1))
    high = data.draw(st.integers(low + 1, whole))
    longer, shorter = usage.iloc[:whole], usage.iloc[low:high]
    assume(all(frame["cpu_avg"].notna().any() for frame in (longer, shorter)))
    assert advised(shorter, service, runs).confidence <= advised(longer, service, runs).confidence


@st.composite
def container_months(draw: st.DrawFn) -> tuple[InsightsMonth, ...]:
    """Whatever Container Insights may say of two containers of `prod/web`."""
    days = tuple(sorted(draw(st.sets(st.integers(1, 28)))))
    return tuple(
        InsightsMonth(
            id=service_of(fixed(1, vcpu=1, gib=2)).id,
            container=name,
            month=month,
            days=days,
            memory_mib=draw(st.none() | st.sampled_from((90.0, 1500.5, 3000.0, 9000.0))),
            cpu_units=draw(st.none() | st.floats(0, 5_000)),
            storage_gib=draw(st.none() | st.floats(0, 300)),
            restarts=tuple((day, draw(st.integers(1, 9))) for day in days[:3]),
            pending=days[:2],
        )
        for name in ("", "app", "logs")
        for month in ("2026-10", "2026-11")
    )


@given(histories(), container_months())
@generated
def test_evidence_of_containers_never_makes_a_size_smaller(
    history: History, insights: tuple[InsightsMonth, ...]
) -> None:
    usage, service, _ = history  # kills alone would hold most sizes up
    containers = (Container(name="app"), Container(name="logs", memory=256))
    definition = TaskDefinition(arn="arn", family="web", revision=1, size=service.setup.size, containers=containers)
    service = replace(service, task_definition=definition)
    without, told = advised(usage, service, ()), advised(usage, service, (), insights)
    sizes = [(advice.recommended or advice.current).size for advice in (without, told)]
    event(f"{without.verdict}, then {told.verdict}, raised: {sizes[1] != sizes[0]}")
    assert sizes[1].memory >= sizes[0].memory or told.verdict != "change"
    assert sizes[1].cpu >= sizes[0].cpu or told.verdict != "change"
