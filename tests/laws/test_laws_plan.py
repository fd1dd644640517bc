"""Law 8: a plan is the same after JSON, and apply then undo restores the description read before."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_args

from applier_rich import BURST, CALM, DAY, FORECAST, NIGHT, rich, stepped
from applier_world import NOW, Faults, Killed, World, advice_for, make_service, review_of
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.applier import apply_plan, make_plan, undo
from advisor.codec import from_json, to_json
from advisor.domain.inventory import Service
from advisor.domain.plan import Change, NotPlanned, Plan, Step, StepKind
from advisor.domain.policy import Metric, Policy, PredictiveScaling, ScheduledAction, StepScaling, TargetTracking
from advisor.domain.service import ServiceId, Setup, TaskSize
from advisor.fargate.sizes import legal_sizes

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NUMBERS = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
IDS = st.builds(ServiceId, account=TEXT, region=TEXT, service=TEXT)
FIELDS = st.dictionaries(TEXT, VALUES, max_size=3)
STEPS = st.lists(
    st.builds(Step, kind=st.sampled_from(get_args(StepKind)), says=TEXT, parameters=FIELDS),
    max_size=3,
).map(tuple)
CHANGES = st.builds(Change, id=IDS, summary=TEXT, usd_month_saved=TEXT, expects=FIELDS, steps=STEPS, undo=STEPS)
PLANS = st.builds(
    Plan,
    made_at=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    made_from=TEXT,
    changes=st.lists(CHANGES, max_size=2).map(tuple),
    not_planned=st.lists(st.builds(NotPlanned, id=IDS, reason=TEXT, patch=TEXT), max_size=2).map(tuple),
)
SIZES = st.sampled_from(legal_sizes())


@st.composite
def wanted_setups(draw: st.DrawFn) -> Setup:
    low = draw(st.integers(0, 5))
    policy = TargetTracking(
        metric="cpu",
        target=draw(st.floats(1, 100)),
        scale_out_cooldown=draw(st.integers(0, 600)),
        scale_in_cooldown=draw(st.integers(0, 600)),
        disable_scale_in=draw(st.booleans()),
    )
    scaled = draw(st.booleans())
    if not scaled:
        return Setup(size=draw(SIZES), ephemeral_gib=30, desired=draw(st.integers(0, 9)))
    bounds = {"minimum": low, "maximum": low + draw(st.integers(0, 20))}
    return Setup(size=draw(SIZES), ephemeral_gib=30, desired=4, policies=(policy,), **bounds)


@given(PLANS)
def test_plan_to_json_and_back_is_equality(plan: Plan) -> None:
    assert from_json(Plan, to_json(plan), where="plan.json") == plan


@given(wanted_setups(), SIZES)
@settings(deadline=None)
def test_apply_then_undo_restores_the_description_read_before(wanted: Setup, held: TaskSize) -> None:
    world = World()
    service = make_service(world, scaled=wanted.minimum is not None, size=(held.cpu, held.memory))
    before = world.state()
    plan = make_plan(review_of(advice_for(service, wanted)), [service], made_at=NOW, made_from="review.json")
    read = from_json(Plan, to_json(plan), where="plan.json")
    assert read == plan
    assert len(plan.changes) == (wanted != service.setup)
    with TemporaryDirectory() as folder:
        journal = Path(folder) / "plan.journal"
        apply_plan(read, world.client, journal=journal, now=lambda: NOW, sleep=lambda _: None)
        assert not plan.changes or world.state() != before
        if plan.changes:
            undo(journal, world.client, now=lambda: NOW, sleep=lambda _: None)
    assert world.state() == before


SERVICES = {
    "fixed": lambda world: make_service(world, scaled=False),
    "tracked": make_service,
    "stepped": stepped,
    "of every kind": rich,
}
RUNNING = 4
EXPRESSIONS = (DAY.expression, NIGHT.expression, "cron(0 12 * * ? *)", "cron(15 6 ? * MON-FRI *)", "rate(1 day)")


@st.composite
def actions(draw: st.DrawFn) -> ScheduledAction:
    low, high = draw(st.none() | st.integers(0, 4)), draw(st.none() | st.integers(4, 20))
    return ScheduledAction(
        expression=draw(st.sampled_from(EXPRESSIONS)),
        timezone=draw(st.sampled_from(["UTC", "Asia/Tokyo"])),
        minimum=1 if low is None and high is None else low,
        maximum=high,
    )


SCHEDULES = st.lists(
    st.sampled_from([DAY, NIGHT]) | actions(), max_size=4, unique_by=lambda a: (a.expression, a.timezone)
)
COOLDOWNS = st.integers(0, 600)
METRICS: st.SearchStrategy[Metric] = st.sampled_from(["cpu", "memory"])
FORECASTS = st.just(FORECAST) | st.builds(
    PredictiveScaling,
    metric=METRICS,
    target=st.floats(1, 100),
    mode=st.sampled_from(["ForecastOnly", "ForecastAndScale"]),
)


@st.composite
def steps(draw: st.DrawFn) -> StepScaling:
    """Another number of steps of a policy that is there, or another alarm, or both, or a new one."""
    held = draw(st.sampled_from([BURST, CALM]))
    fields: dict[str, st.SearchStrategy[Any]] = {
        "metric": METRICS,
        "threshold": st.floats(1, 100),
        "points": st.integers(1, 15),
        "cooldown": COOLDOWNS,
    }
    chosen = draw(st.lists(st.sampled_from(sorted(fields)), unique=True))
    return replace(held, **{name: draw(fields[name]) for name in chosen})


@st.composite
def policies(draw: st.DrawFn) -> tuple[Policy, ...]:
    found: list[Policy] = [
        TargetTracking(metric=metric, target=draw(st.floats(1, 100)), scale_in_cooldown=draw(COOLDOWNS))
        for metric in draw(st.lists(METRICS, unique=True))
    ]
    found += draw(st.lists(FORECASTS, max_size=1))
    return (*found, *draw(st.lists(steps(), max_size=3)))


@st.composite
def scaling_changes(draw: st.DrawFn) -> tuple[str, Setup]:
    """A kind of service, and any setup that a plan can hold for it."""
    name = draw(st.sampled_from(sorted(SERVICES)))
    setup = Setup(size=draw(SIZES), ephemeral_gib=30, desired=draw(st.integers(0, 9)))
    if draw(st.booleans()):
        return name, setup
    bounds = {"minimum": draw(st.integers(0, 4)), "maximum": draw(st.integers(4, 20))}
    return name, replace(setup, policies=draw(policies()), schedule=tuple(draw(SCHEDULES)), **bounds)


def plan_of(service: Service, wanted: Setup) -> Plan:
    return make_plan(review_of(advice_for(service, wanted)), [service], made_at=NOW, made_from="review.json")


@given(scaling_changes())
@settings(deadline=None)
def test_any_change_of_scaling_is_put_and_taken_back_exactly(change: tuple[str, Setup]) -> None:
    name, wanted = change
    world = World()
    service = SERVICES[name](world)
    before, plan = world.state(), plan_of(service, wanted)
    assert from_json(Plan, to_json(plan), where="plan.json") == plan
    if not plan.changes:  # the present setup, or bounds under a schedule that stays
        assert set(wanted.schedule) == set(service.setup.schedule)
        return
    with TemporaryDirectory() as folder:
        journal = Path(folder) / "plan.journal"
        apply_plan(plan, world.client, journal=journal, now=lambda: NOW, sleep=lambda _: None)
        assert_holds(world, wanted)
        undo(journal, world.client, now=lambda: NOW, sleep=lambda _: None)
    assert_restored(world, before)


def assert_restored(world: World, before: dict[str, Any]) -> None:
    """All as before; where scaling moves the count, at least as many tasks as ran before."""
    assert world.state() == before
    assert world.services["prod/checkout"]["desiredCount"] >= RUNNING


def assert_holds(world: World, wanted: Setup) -> None:
    """As many policies, alarms and actions as recommended, and the bounds where no action sets them."""
    resource = "service/prod/checkout"
    assert len(world.policies.get(resource, {})) == len(wanted.policies)
    stepping = sum(isinstance(policy, StepScaling) for policy in wanted.policies)
    assert sum(len(world.alarms_naming(p["PolicyARN"])) for p in world.policies.get(resource, {}).values()) == stepping
    assert len(world.actions.get(resource, {})) == len(wanted.schedule)
    assert (resource in world.targets) == (wanted.minimum is not None)
    if wanted.minimum is None:
        assert world.services["prod/checkout"]["desiredCount"] == wanted.desired
    elif not wanted.schedule:
        target = world.targets[resource]
        assert (target["MinCapacity"], target["MaxCapacity"]) == wanted.bounds


@given(scaling_changes(), st.integers(0, 12), st.integers(0, 12), st.sampled_from(["before", "after"]))
@settings(deadline=None)
def test_an_apply_and_an_undo_killed_anywhere_are_finished_by_the_next_undo(
    change: tuple[str, Setup], at: int, again: int, when: str
) -> None:
    name, wanted = change
    world = World()
    service = SERVICES[name](world)
    before, plan = world.state(), plan_of(service, wanted)
    if not plan.changes:
        return
    with TemporaryDirectory() as folder:
        journal = Path(folder) / "plan.journal"
        Faults(world, at=at, when=when, error=lambda _: Killed())
        with suppress(Killed):
            apply_plan(plan, world.client, journal=journal, now=lambda: NOW, sleep=lambda _: None)
        Faults(world, at=again, when=when, error=lambda _: Killed())
        with suppress(Killed):
            undo(journal, world.client, now=lambda: NOW, sleep=lambda _: None)
        world.before.clear()
        world.after.clear()
        undo(journal, world.client, now=lambda: NOW, sleep=lambda _: None)
    assert_restored(world, before)
