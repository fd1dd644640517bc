"""Law 8: a plan is the same after JSON, and apply then undo restores the description read before."""

from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from applier_world import NOW, World, advice_for, make_service, review_of
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.applier import apply_plan, make_plan, undo
from advisor.codec import from_json, to_json
from advisor.domain.plan import Change, NotPlanned, Plan, Step
from advisor.domain.policy import TargetTracking
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
    st.builds(Step, kind=st.sampled_from(["update-service", "put-scaling-policy"]), says=TEXT, parameters=FIELDS),
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
