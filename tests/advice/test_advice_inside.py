"""Heaps and containers do not follow a task's size by themselves: what is a floor, and what is told."""

from datetime import timedelta

import numpy as np
import pytest

from advisor.domain.finding import Advice
from advisor.domain.inventory import Container, Heap, SizeChange, TaskDefinition
from advisor.domain.service import TaskSize
from tests.service_worlds import PER_DAY, START, World, advice_of, fixed, level, lived, said, service_of, usage_of

ROOMY = fixed(2, vcpu=1, gib=4)
CALM = World(vcpu=level(0.3, days=10), base_mib=500)


def judged(*containers: Container, world: World = CALM) -> Advice:
    definition = TaskDefinition(arn="arn", family="web", revision=1, size=ROOMY.size, containers=containers)
    return advice_of(lived(world, ROOMY), service_of(ROOMY, task_definition=definition))


def told(advice: Advice, code: str) -> str:
    return next(caution.text for caution in advice.cautions if caution.code == code)


def test_without_evidence_of_a_heap_nothing_is_said_of_one() -> None:
    advice = judged(Container(name="app"))
    assert advice.recommended.size.gib == 1
    assert not said(advice) & {"heap", "containers", "memory-follows-size"}


@pytest.mark.parametrize(("most", "gib"), [(900, 1), (1500, 2), (9000, 4)])
def test_a_heap_that_may_grow_to_its_own_limit_is_a_floor_but_no_more_than_today(most: int, gib: int) -> None:
    advice = judged(Container(name="app", heap=Heap(runtime="jvm", most=most)))
    assert advice.recommended.size.gib == gib
    if gib < 4:
        assert "(-Xmx), whatever the task has: change it with the size" in told(advice, "heap")
    else:
        assert "heap" not in said(advice), "memory stays, so there is nothing to change"


def test_a_heap_in_percent_says_that_what_it_held_is_not_what_it_needs() -> None:
    text = told(judged(Container(name="app", heap=Heap(runtime="jvm", share=75.0))), "heap")
    assert "takes up to 75 % of its memory as heap (MaxRAMPercentage), so 0.75 GiB of 1 GiB" in text
    assert "not what it needs" in text


@pytest.mark.parametrize(
    ("heap", "says"),
    [
        (Heap(runtime="node"), "Node.js in the container app? sizes its heap by the memory that it sees"),
        (Heap(runtime="jvm"), "(-Xmx or MaxRAMPercentage)"),
        (Heap(runtime="node", most=600), "(--max-old-space-size)"),
    ],
)
def test_a_heap_of_unknown_size_is_looked_for_by_name(heap: Heap, says: str) -> None:
    assert says in told(judged(Container(name="app\x1b", heap=heap)), "heap")


def test_what_each_of_several_containers_keeps_is_told() -> None:
    world = World(vcpu=level(0.3, days=10), base_mib=1000)
    app, logs = Container(name="app", memory=1024, memory_reservation=512), Container(name="logs", memory=256)
    text = told(judged(app, logs, Container(name="x"), world=world), "containers")
    assert "Of 2 GiB the containers keep what they state: app 0.5 GiB set aside and at most 1 GiB" in text
    assert "logs at most 0.25 GiB, x nothing stated; 1.25 GiB are left to all" in text


def test_limits_of_containers_that_keep_the_task_larger_than_need_be_are_told() -> None:
    advice = judged(Container(name="app", memory=3072), Container(name="logs", memory=512))
    assert advice.recommended.size.gib == 4
    text = told(advice, "containers-hold-memory")
    assert "state 3.5 GiB together and hold 0.49 GiB at most" in text
    snug = judged(Container(name="app", memory=400), Container(name="logs", memory=200))
    assert "containers-hold-memory" not in said(snug)


def test_more_memory_that_reaches_no_container_is_told() -> None:
    full = World(vcpu=level(0.3, days=10), base_mib=3900)
    limited = judged(Container(name="app", memory=3584), Container(name="logs", memory=512), world=full)
    assert limited.recommended.size.gib > 4
    assert "more memory for the task reaches none" in told(limited, "containers-limited")
    free = judged(Container(name="app"), Container(name="logs", memory=512), world=full)
    assert "containers-limited" not in said(free)


def test_cpu_shares_that_do_not_fit_are_told() -> None:
    text = told(judged(Container(name="app", cpu=768), Container(name="logs", cpu=256)), "containers-cpu")
    assert "CPU shares of 1024 units do not fit 256: a plan cuts them in proportion" in text
    assert "containers-cpu" not in said(judged(Container(name="app", cpu=128), Container(name="logs", cpu=64)))


@pytest.mark.parametrize(("share", "follows"), [(0.7, True), (0.5, False)])
def test_memory_that_followed_the_size_is_told(share: float, follows: bool) -> None:
    # 70 % of 8 GiB for ten days; then 4 GiB, of which 70 % (the heap followed) or 50 %.
    old, steps = TaskSize.of(vcpu=1, gib=8), 10 * PER_DAY
    usage = usage_of(World(vcpu=level(0.3, days=20), base_mib=share * 4096), np.full(2 * steps, 2.0), ROOMY.size)
    before = usage_of(World(vcpu=level(0.3, days=10), base_mib=0.7 * 8192), np.full(steps, 2.0), old)
    usage.iloc[:steps] = before
    sizes = (SizeChange(at=START, size=old), SizeChange(at=START + timedelta(days=10), size=ROOMY.size))
    advice = advice_of(usage, service_of(ROOMY, sizes=sizes))
    assert ("memory-follows-size" in said(advice)) == follows
    if follows:
        assert "70% of 8 GiB and 70% of 4 GiB" in told(advice, "memory-follows-size")
