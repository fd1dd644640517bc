"""A task that was killed for want of memory beats every quantile; a task that was stopped is no such evidence."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from advisor.advice import advise
from advisor.domain.finding import Advice
from advisor.domain.inventory import Container, SizeChange, TaskDefinition
from advisor.domain.policy import OtherPolicy
from advisor.domain.runs import ContainerEnd, StopReason, TaskRun
from advisor.domain.service import Setup, TaskSize
from advisor.profile import fit_profile, infer_demand
from tests.service_worlds import PER_DAY, PRICES, START, World, fixed, level, lived, said, service_of, usage_of

TWO = fixed(2, vcpu=0.25, gib=1)
CALM = World(vcpu=level(0.2, days=10), base_mib=500)


def killed(
    day: float,
    *,
    gib: float = 1,
    reason: StopReason = "out-of-memory",
    ends: Sequence[tuple[str, int | None, bool]] = (("app", 137, True),),
) -> TaskRun:
    stopped = START + timedelta(days=day)
    return TaskRun(
        account="111122223333",
        region="us-east-1",
        cluster="prod",
        service="web",
        task=f"task{day}",
        family="web",
        revision=1,
        size=TaskSize.of(vcpu=0.25, gib=gib),
        created=START,
        stopped=stopped,
        seen=stopped,
        reason=reason,
        containers=tuple(ContainerEnd(name=name, exit_code=code, out_of_memory=oom) for name, code, oom in ends),
    )


def advice_with(*runs: TaskRun, setup: Setup = TWO, world: World = CALM, **more: object) -> Advice:
    service = service_of(setup, **more)
    demand = infer_demand(lived(world, setup), service, runs=runs)
    return advise(service, demand, fit_profile(demand), prices=PRICES)


def test_without_a_kill_500_mib_in_1_gib_are_kept() -> None:
    assert advice_with().verdict == "keep"
    assert "out-of-memory" not in said(advice_with())


@pytest.mark.parametrize("day", [0.5, 5, 9.5])
def test_memory_that_was_killed_is_neither_kept_nor_advised_whenever_it_was(day: int) -> None:
    advice = advice_with(killed(day))
    assert advice.verdict == "change"
    assert advice.recommended.size.gib >= 2
    assert "a task with 1 GiB was killed for want of memory" in advice.reasons[0]
    text = next(caution.text for caution in advice.cautions if caution.code == "out-of-memory")
    assert text.startswith("Once a task was killed")
    assert (START + timedelta(days=day)).strftime("%Y-%m-%d") in text


def test_a_roomy_size_does_not_shrink_to_what_was_killed_before_the_change() -> None:
    # Ten days at 1 GiB with a kill, then ten at 4 GiB with 500 MiB in use, which 1 GiB would hold.
    roomy, small = TaskSize.of(vcpu=0.5, gib=4), TWO.size
    world = World(vcpu=level(0.2, days=20), base_mib=500)
    usage = usage_of(world, np.full(len(world.vcpu), 2.0), roomy)
    usage.iloc[: 10 * PER_DAY] = usage_of(world, np.full(len(world.vcpu), 2.0), small).iloc[: 10 * PER_DAY]
    changes = (SizeChange(at=START, size=small), SizeChange(at=START + timedelta(days=10), size=roomy))
    service = service_of(replace(TWO, size=roomy), sizes=changes)

    def sized(*runs: TaskRun) -> Advice:
        demand = infer_demand(usage, service, runs=runs)
        return advise(service, demand, fit_profile(demand), prices=PRICES)

    assert sized().recommended.size.gib == 1
    assert sized(killed(3)).recommended.size.gib == 2
    assert "out-of-memory" in said(sized(killed(3)))


def test_ecs_is_believed_whichever_exit_code_it_names() -> None:
    advice = advice_with(killed(5, reason="exited", ends=(("app", 0, True),)))
    assert advice.recommended.size.gib >= 2


def test_137_of_a_lone_container_that_nobody_stopped_is_a_kill_and_the_doubt_is_told() -> None:
    advice = advice_with(killed(5, reason="exited", ends=(("app", 137, False),)))
    assert advice.recommended.size.gib >= 2
    assert any("ended by SIGKILL, and nobody had stopped it" in caution.text for caution in advice.cautions)


@pytest.mark.parametrize("reason", ["user", "scheduler", "spot", "unhealthy", "platform"])
def test_137_at_the_end_of_the_stop_timeout_is_no_evidence(reason: StopReason) -> None:
    advice = advice_with(killed(5, reason=reason, ends=(("app", 137, False),)))
    assert (advice.verdict, said(advice)) == (advice_with().verdict, said(advice_with()))


def test_137_of_a_container_that_stopped_because_another_ended_is_no_evidence() -> None:
    advice = advice_with(killed(5, reason="exited", ends=(("app", 1, False), ("logs", 137, False))))
    assert (advice.verdict, advice.recommended) == (advice_with().verdict, advice_with().recommended)
    assert said(advice) == said(advice_with()) | {"killed-or-stopped"}


def test_runs_of_another_service_are_not_counted() -> None:
    assert advice_with(replace(killed(5), service="other")) == advice_with()


def test_a_container_with_a_limit_of_its_own_is_not_helped_by_a_larger_task() -> None:
    containers = (Container(name="app", memory=600), Container(name="logs", memory=200))
    definition = TaskDefinition(arn="arn", family="web", revision=1, size=TWO.size, containers=containers)
    advice = advice_with(killed(5, ends=(("app", 137, True), ("logs", 137, False))), task_definition=definition)
    assert advice.verdict == "keep"
    assert "out-of-memory" not in said(advice)
    text = next(caution.text for caution in advice.cautions if caution.code == "container-out-of-memory")
    assert "only a higher limit of its own helps" in text


def test_where_the_size_may_not_change_a_kill_leaves_no_advice() -> None:
    custom = replace(TWO, minimum=2, maximum=4, policies=(OtherPolicy(why="a custom metric"),))
    service = service_of(custom)
    demand = infer_demand(lived(CALM, TWO), service, runs=[killed(5)])
    advice = advise(service, demand, fit_profile(demand), prices=PRICES)
    assert advice.verdict == "no-advice"
    assert "killed for want of memory" in advice.reasons[0]


def test_memory_that_was_never_measured_grows_after_a_kill() -> None:
    usage = lived(CALM, TWO)
    usage[["memory_avg", "memory_max"]] = np.nan
    service = service_of(TWO)
    demand = infer_demand(usage, service, runs=[killed(5)])
    advice = advise(service, demand, fit_profile(demand), prices=PRICES)
    assert advice.recommended.size.gib == 2
    assert any("never measured" in reason for reason in advice.reasons)


def test_what_was_killed_later_never_enters_the_scores_of_the_days_before() -> None:
    late = advice_with(killed(9.9))
    assert late.backtest.memory_breached, "the procedure had chosen 1 GiB on the days before, as anyone would"
    assert "held-out-miss" in said(late)
