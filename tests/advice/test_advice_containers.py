"""What Container Insights saw of single containers: told with numbers, a floor at most, never a smaller size."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from advisor.advice import advise
from advisor.advice.containers import restarts_of
from advisor.advice.work import cut
from advisor.domain.finding import Advice
from advisor.domain.insights import InsightsMonth
from advisor.domain.inventory import Container, Heap, TaskDefinition
from advisor.domain.units import Mib
from advisor.profile import fit_profile, infer_demand
from advisor.profile.records import Kill
from tests.service_worlds import PRICES, START, World, fixed, level, lived, said, service_of

ROOMY = fixed(2, vcpu=1, gib=4)
CALM = World(vcpu=level(0.3, days=10), base_mib=500)  # from 2026-11-02 on
APP, LOGS = Container(name="app", memory=3072, cpu=768), Container(name="logs", memory=512, cpu=256)


def month(container: str, *, of: str = "2026-11", days: int = 10, service: str = "prod/web", **seen: Any) -> Any:
    id = service_of(ROOMY, name=service).id
    return InsightsMonth(id=id, container=container, month=of, days=tuple(range(1, days + 1)), **seen)


def judged(
    *insights: InsightsMonth,
    containers: tuple[Container, ...] = (APP, LOGS),
    world: World = CALM,
    kills: tuple[Kill, ...] = (),
) -> Advice:
    definition = TaskDefinition(arn="arn", family="web", revision=1, size=ROOMY.size, containers=containers)
    service = service_of(ROOMY, task_definition=definition)
    demand = replace(infer_demand(lived(world, ROOMY), service, insights=insights), kills=kills)
    return advise(service, demand, fit_profile(demand), prices=PRICES)


def told(advice: Advice, code: str) -> str:
    return next(caution.text for caution in advice.cautions if caution.code == code)


def test_what_each_container_holds_stands_beside_what_it_states() -> None:
    older = month("app", of="2026-09", days=20, memory_mib=450.0)
    text = told(judged(older, month("app", memory_mib=400.0), month("logs", memory_mib=100.4)), "containers")
    assert "app at most 3 GiB (held 0.439 GiB at most in 30 days)" in text
    assert "logs at most 0.5 GiB (held 0.098 GiB at most in 10 days)" in text
    assert "containers" not in said(judged()), "memory stays, and nothing was measured"
    assert "containers" not in said(judged(month("app", service="prod/other", memory_mib=400.0)))


def test_limits_that_hold_memory_up_are_named_with_what_would_do() -> None:
    # app: 450 MiB x 1.15 = 517.5, up to 576; logs: 500 x 1.15 = 575, up to 576, which is more than its 512.
    seen = (month("app", memory_mib=450.0), month("logs", memory_mib=500.0))
    text = told(judged(*seen), "containers-hold-memory")
    assert "state 3.5 GiB together and hold 0.49 GiB at most" in text
    assert "What they held, and 15% more: app 0.562 GiB instead of 3 GiB." in text
    assert judged(*seen).recommended.size == judged().recommended.size, "a plan never changes limits"


@pytest.mark.parametrize(
    ("app", "seen"),
    [
        (APP, {"days": 6}),
        (Container(name="app", memory=3072, heap=Heap(runtime="jvm")), {}),
        (APP, {"restarts": ((5, 1),)}),
    ],
)
def test_no_lower_limit_is_named_of_what_may_need_more_than_was_seen(app: Container, seen: dict[str, Any]) -> None:
    advice = judged(month("app", memory_mib=450.0, **seen), containers=(app, LOGS))
    assert "What they held" not in told(advice, "containers-hold-memory")


@pytest.mark.parametrize(("container", "told_of"), [("app", ""), ("", ""), ("logs", "app 0.562 GiB")])
def test_no_lower_limit_is_named_of_what_was_killed(container: str, told_of: str) -> None:
    kill = Kill(at=START + timedelta(days=5), memory=Mib(400), container=container)
    text = told(judged(month("app", memory_mib=450.0), kills=(kill,)), "containers-hold-memory")
    assert told_of in text
    assert ("What they held" in text) == bool(told_of)


def test_no_lower_limit_is_named_where_memory_leaks() -> None:
    leaking = replace(CALM, noise=np.linspace(0, 600, len(CALM.vcpu)))
    advice = judged(month("app", memory_mib=450.0), world=leaking)
    assert {"leak", "memory-grows"} & said(advice)
    assert "What they held" not in told(advice, "containers-hold-memory")


@pytest.mark.parametrize(
    ("held", "near"),
    [(460.0, False), (461.0, True), (512.0, True), (513.0, False)],  # 90 % of 512 MiB is 460.8
)
def test_a_container_near_its_own_limit_is_warned_of(held: float, near: bool) -> None:
    advice = judged(month("logs", memory_mib=held))
    assert ("container-near-limit" in said(advice)) == near
    if near:
        assert "The container logs held 0." in told(advice, "container-near-limit")
        assert "of the 0.5 GiB that is its own limit: at its limit it is killed, whatever the task has" in told(
            advice, "container-near-limit"
        )


def test_an_only_container_has_a_limit_of_its_own_where_it_is_below_the_task_s() -> None:
    seen = month("app", memory_mib=950.0)
    for memory, near in ((1000, True), (4096, False), (None, False)):
        advice = judged(seen, containers=(Container(name="app", memory=memory),))
        assert ("container-near-limit" in said(advice)) == near


def test_nearness_of_months_before_the_days_reviewed_is_not_told() -> None:
    assert "container-near-limit" not in said(judged(month("logs", of="2026-10", memory_mib=500.0)))


def test_restarts_are_told_with_their_days_and_likely_cause() -> None:
    seen = month("logs", restarts=((3, 1), (4, 3), (5, 3), (8, 1)))
    text = told(judged(seen), "container-restarts")
    assert text == "The container logs restarted at least 4 times, on 2026-11-03, 2026-11-04, 2026-11-08."
    near = month("logs", restarts=((3, 1),), memory_mib=500.0)
    assert told(judged(near), "container-restarts") == (
        "The container logs restarted at least once, on 2026-11-03. Its memory came near its own limit: likely it was"
        " killed there."
    )


def test_a_count_that_only_stays_or_follows_a_day_not_measured_proves_no_restart() -> None:
    start = START.date().replace(day=1)
    stays = InsightsMonth(id=service_of(ROOMY).id, container="a", month="2026-11", days=(1, 2, 4), restarts=((1, 5),))
    assert restarts_of([stays], start) == ()
    gap = InsightsMonth(id=stays.id, container="a", month="2026-11", days=(1, 3), restarts=((3, 2),))
    assert restarts_of([gap], start) == ()
    before = InsightsMonth(id=stays.id, container="a", month="2026-10", days=(31,), restarts=((31, 2),))
    after = InsightsMonth(id=stays.id, container="a", month="2026-11", days=(1,), restarts=((1, 3),))
    assert [(f"{day}", count) for day, count in restarts_of([before, after], start)] == [("2026-11-01", 1)]


def test_what_one_container_held_is_a_floor_but_no_more_than_today() -> None:
    free = (Container(name="app"), Container(name="logs"))
    assert judged(containers=free).recommended.size.gib == 1
    for held, gib in ((1500.0, 2), (9000.0, 4)):
        advice = judged(month("app", memory_mib=held), containers=free)
        assert advice.recommended.size.gib == gib
    gone = judged(month("sidecar", memory_mib=1500.0), containers=free)
    assert gone.recommended.size.gib == 1, "a container that is no longer there needs nothing"


def test_cpu_that_containers_used_stands_beside_shares_that_do_not_fit() -> None:
    text = told(judged(month("app", cpu_units=153.4)), "containers-cpu")
    assert (
        "CPU shares of 1024 units do not fit 512: a plan cuts them in proportion. Units used at most: app 153." in text
    )


def test_days_held_out_are_judged_by_months_that_were_over_before_them() -> None:
    seen = (month("app", of="2026-10", memory_mib=1.0), month("app", of="2026-11", memory_mib=2.0))
    demand = infer_demand(lived(CALM, ROOMY), service_of(ROOMY), insights=seen)
    steps = len(demand.frame)
    assert [m.month for m in cut(demand, 0, steps // 2).insights] == ["2026-10"]
    assert cut(demand, steps // 2, steps).insights == seen


def test_hostile_names_are_printed_without_their_control_characters() -> None:
    name = "=1+1\x1b[31m <script>"
    advice = judged(
        month(name, memory_mib=250.0, restarts=((4, 1),)), containers=(Container(name=name, memory=256), LOGS)
    )
    for code in ("containers", "container-near-limit", "container-restarts"):
        assert "=1+1?[31m <script>" in told(advice, code)
