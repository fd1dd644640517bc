"""Scaling activities of all services of a region, newest first, down to those that are held.

AWS keeps six weeks of them. That they come newest first is seen in its examples, not documented: UNCONFIRMED.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from advisor.collector.asking import pages
from advisor.collector.sessions import AwsSession
from advisor.collector.several import tried
from advisor.domain.activities import NOT_SCALED, STATUSES, ActivityCause, ActivityStatus, NotScaled, ScalingActivity
from advisor.domain.errors import AwsFailed
from advisor.domain.service import ServiceId

FIRST = timedelta(days=15)  # chosen: as far back as minutes of metrics go
SETTLED = timedelta(hours=1)  # chosen: after it, the status of an activity is taken as its last
DIMENSION = "ecs:service:DesiredCount"
_TASKS = re.compile(r"Setting desired count to (\d{1,9})\.")  # documented; the count before is not told
_CAUSES: tuple[tuple[str, ActivityCause], ...] = (
    ("monitor alarm ", "policy"),
    ("scheduled action ", "schedule"),
    ("minimum capacity was set", "manual"),
    ("maximum capacity was set", "manual"),
)


def activities_of_region(
    session: AwsSession, region: str, *, since: datetime | None, now: datetime
) -> tuple[tuple[ScalingActivity, ...], tuple[AwsFailed, ...]]:
    """The activities that started after `since` and have settled, with what failed: then there are none at all.

    All or nothing, so that the newest that is held never hides older ones that are not. `since` None: 15 days.
    """
    action = "application-autoscaling:DescribeScalingActivities"
    found = tried(
        session, region, action, lambda: tuple(_settled(session, region, since or now - FIRST, now - SETTLED))
    )
    return ((), (found,)) if isinstance(found, AwsFailed) else (found, ())


def _settled(session: AwsSession, region: str, after: datetime, until: datetime) -> Iterator[ScalingActivity]:
    asked = {"ServiceNamespace": "ecs", "IncludeNotScaledActivities": True, "MaxResults": 50}
    for told in pages(
        session, region, "application-autoscaling", "DescribeScalingActivities", "ScalingActivities", **asked
    ):
        if told["StartTime"] <= after:
            return
        if told["StartTime"] <= until and _is_of_service(told):
            yield _activity(told, account=session.account, region=region)


def _is_of_service(told: Mapping[str, Any]) -> bool:
    return told["ScalableDimension"] == DIMENSION and str(told["ResourceId"]).startswith("service/")


def _activity(told: Mapping[str, Any], *, account: str, region: str) -> ScalingActivity:
    said, cause = _TASKS.match(str(told.get("Description"))), str(told.get("Cause"))
    codes = {str(reason.get("Code")) for reason in told.get("NotScaledReasons", ())}
    status = str(told.get("StatusCode"))
    return ScalingActivity(
        id=ServiceId(account=account, region=region, service=str(told["ResourceId"]).removeprefix("service/")),
        started=told["StartTime"].astimezone(UTC),
        activity=str(told["ActivityId"]),
        status=cast("ActivityStatus", status if status in STATUSES else "other"),
        cause=next((kind for start, kind in _CAUSES if cause.startswith(start)), "other"),
        tasks=int(said[1]) if said else None,
        not_scaled=cast("tuple[NotScaled, ...]", tuple(sorted({c if c in NOT_SCALED else "other" for c in codes}))),
    )
