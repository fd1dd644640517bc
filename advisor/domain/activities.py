"""Scaling activities: what Application Auto Scaling did to services, or did not, and why. No free text is held."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from advisor.domain.service import ServiceId

ActivityStatus = Literal["Pending", "InProgress", "Successful", "Overridden", "Unfulfilled", "Failed", "other"]
ActivityCause = Literal["policy", "schedule", "manual", "other"]
NotScaled = Literal[
    "AutoScalingAnticipatedFlapping",
    "TargetServicePutResourceAsUnscalable",
    "AlreadyAtMaxCapacity",
    "AlreadyAtMinCapacity",
    "AlreadyAtDesiredCapacity",
    "other",
]
STATUSES, NOT_SCALED = frozenset(get_args(ActivityStatus)), frozenset(get_args(NotScaled))


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalingActivity:
    """One activity of a service, as it stood once it had settled; `activity` is AWS's id of it, `started` is UTC.

    `cause` "manual": the bounds were changed, by hand or by a schedule that AWS does not name. `tasks` is the count
    that was set, None where none is told. `not_scaled` says why nothing was set; then `status` says nothing.
    """

    id: ServiceId
    started: datetime
    activity: str
    status: ActivityStatus
    cause: ActivityCause
    tasks: int | None = None
    not_scaled: tuple[NotScaled, ...] = ()

    @property
    def refused_at_maximum(self) -> bool:
        """Whether more tasks were wanted than the maximum allows."""
        return "AlreadyAtMaxCapacity" in self.not_scaled

    @property
    def failed(self) -> bool:
        """Whether a count was to be set and was not reached."""
        return not self.not_scaled and self.status in ("Failed", "Unfulfilled")


def merge_activities(activities: Iterable[ScalingActivity]) -> tuple[ScalingActivity, ...]:
    """Each activity once, sorted; in whichever order they come."""
    best: dict[tuple[ServiceId, str], ScalingActivity] = {}
    for activity in activities:
        held = best.setdefault((activity.id, activity.activity), activity)
        if held is not activity:
            best[activity.id, activity.activity] = max(held, activity, key=repr)
    return tuple(sorted(best.values(), key=lambda a: (a.id, a.started, a.activity)))
