"""The store keeps scaling activities: each once; in whichever pieces they come, the bytes are the same."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from store_samples import HOSTILE, NOW, bytes_of

from advisor.domain.activities import ScalingActivity
from advisor.domain.service import ServiceId
from advisor.store import open_store
from advisor.store.place import Folder


def some_activity(number: int) -> ScalingActivity:
    return ScalingActivity(
        id=ServiceId(account="000000000042", region="eu-west-1", service=f"prod/{HOSTILE}"),
        started=NOW - timedelta(days=9 * number, microseconds=number),
        activity=f"id{number}",
        status="Successful" if number else "Failed",
        cause="policy",
        tasks=number or None,
        not_scaled=() if number else ("AlreadyAtMaxCapacity",),
    )


def test_they_are_read_back_in_order_and_pieces_leave_no_trace(tmp_path: Path) -> None:
    made = [some_activity(number) for number in range(6)]
    once, pieces = open_store(tmp_path / "once", create=True), open_store(tmp_path / "pieces", create=True)
    once.add_activities(made)
    assert open_store(tmp_path / "once").scaling_activities == tuple(reversed(made))
    for some in (made[3:], made[:4], made):
        pieces.add_activities(some)
    for store in (once, pieces):
        store.compact(NOW)
    assert bytes_of(tmp_path / "pieces") == bytes_of(tmp_path / "once")
    assert pieces.scaling_activities == once.scaling_activities == tuple(reversed(made))


@pytest.mark.parametrize("writes", [0, 1, 2])
def test_a_kill_between_two_months_leaves_no_hole_before_the_newest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writes: int
) -> None:
    made = [some_activity(number) for number in range(10)]
    left, write = [writes + 1], Folder.write  # one more: the mark of the key

    def killed(*given: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return write(*given)

    store = open_store(tmp_path / "killed", create=True)
    with monkeypatch.context() as patched:
        patched.setattr(Folder, "write", killed)
        with pytest.raises(KeyboardInterrupt):
            store.add_activities(made)
    again, once = open_store(tmp_path / "killed", create=True), open_store(tmp_path / "once", create=True)
    held = again.scaling_activities
    assert held == tuple(reversed(made))[: len(held)]
    assert bool(held) == bool(writes)
    again.add_activities(activity for activity in made if not held or activity.started > held[-1].started)
    once.add_activities(made)
    for store in (again, once):
        store.compact(NOW)
    assert bytes_of(tmp_path / "killed") == bytes_of(tmp_path / "once")
