"""Deployments in the store: in whatever order looks come, each is held once, with the most that is known of it."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from store_samples import HOSTILE, NOW, bytes_of, some_id

from advisor.codec import from_json, to_json
from advisor.domain.deployments import STATUSES, Deployment, merge_deployments
from advisor.store import open_store

START = datetime(2026, 10, 31, 23, 59, 50, tzinfo=UTC)


@st.composite
def looks(draw: st.DrawFn) -> list[Deployment]:
    """Looks at a few deployments; each look as it may be at some time."""

    def one() -> Deployment:
        number, ended = draw(st.integers(0, 2)), draw(st.booleans())
        created = START + timedelta(seconds=20 * number)
        return Deployment(
            id=some_id(draw(st.sampled_from(["prod/api", HOSTILE]))),
            deployment=f"d{number}",
            created=created,
            started=draw(st.sampled_from([None, created + timedelta(seconds=15)])),
            finished=created + timedelta(minutes=5) if ended else None,
            status=draw(st.sampled_from(STATUSES)),
            task_definition=draw(st.sampled_from(["", "arn:aws:ecs:eu-west-1:000000000042:task-definition/api:7"])),
        )

    return [one() for _ in range(draw(st.integers(1, 8)))]


@given(looks(), st.randoms())
def test_the_order_of_looks_and_their_repetition_change_nothing(seen: list[Deployment], dice: object) -> None:
    shuffled = seen * 2
    dice.shuffle(shuffled)  # type: ignore[attr-defined]
    assert merge_deployments(shuffled) == merge_deployments(seen) == merge_deployments(merge_deployments(seen))


@given(looks())
def test_a_known_end_is_never_unlearnt(seen: list[Deployment]) -> None:
    ended = {(d.id, d.deployment) for d in seen if d.finished}
    merged = merge_deployments(seen)
    assert {(d.id, d.deployment) for d in merged if d.finished} == ended
    assert all((a.id, a.created) <= (b.id, b.created) for a, b in pairwise(merged))


def test_they_come_back_as_they_were_and_twice_changes_no_byte(tmp_path: Path) -> None:
    given_ = [
        Deployment(id=some_id(name), deployment="d", created=START, started=START, status="IN_PROGRESS")
        for name in ("prod/api", HOSTILE)
    ]
    store = open_store(tmp_path, create=True)
    store.add_deployments(given_)
    store.compact(NOW)
    before = bytes_of(tmp_path)
    store.add_deployments(given_)
    store.compact(NOW)
    assert bytes_of(tmp_path) == before
    assert open_store(tmp_path).deployments == merge_deployments(given_)
    assert from_json(Deployment, to_json(given_[1]), where="test") == given_[1]
