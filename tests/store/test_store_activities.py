"""The store keeps scaling activities: each once; in whichever pieces they come, the bytes are the same."""

from datetime import timedelta
from pathlib import Path

from store_samples import HOSTILE, NOW, bytes_of

from advisor.domain.activities import ScalingActivity
from advisor.domain.service import ServiceId
from advisor.store import open_store


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
