"""Scaling activities: what scaled, when, why; put in by whoever plays the scaler.  [FACTS 5]"""

from datetime import datetime, timedelta

from advisor.demo.aws.ecs_state import Wire
from advisor.demo.aws.scaling_state import DIMENSION, is_asked_for, of_ecs, page, scaler
from advisor.demo.aws.wire import Call, LocalAws

KEPT = timedelta(weeks=6)  # [FACTS 5]


@of_ecs("DescribeScalingActivities")
def describe_scaling_activities(aws: LocalAws, call: Call) -> Wire:
    """The last six weeks, newest first, pages of at most 50; what did not scale only on request [FACTS 5]."""
    wants_all = call.params.get("IncludeNotScaledActivities", False)
    since = aws.clock() - KEPT
    activities = [
        activity
        for activity in scaler(aws, call.account, call.region).activities
        if is_asked_for(activity, call.params)
        and activity["StartTime"] >= since
        and (wants_all or not activity.get("NotScaledReasons"))
    ]
    activities.sort(key=lambda activity: activity["StartTime"], reverse=True)
    return page(activities, call, "ScalingActivities", most=50)


def record_activity(
    aws: LocalAws,
    account: str,
    region: str,
    resource: str,
    *,
    start: datetime,
    end: datetime | None,
    desired: int,
    cause: str,
    status: str = "Successful",
    not_scaled: str | None = None,
) -> None:
    """Put an activity into the history of `resource` ("service/<cluster>/<service>").

    `not_scaled` is a code as AWS gives it (AlreadyAtMaxCapacity ...), None = it scaled.
    """
    held = scaler(aws, account, region)
    activity: Wire = {
        "ActivityId": held.new_id(),
        "ServiceNamespace": "ecs",
        "ResourceId": resource,
        "ScalableDimension": DIMENSION,
        "Description": f"Setting desired count to {desired}.",
        "Cause": cause,
        "StartTime": start,
        "StatusCode": status,
    }
    activity |= {"EndTime": end} if end else {}
    activity |= {"NotScaledReasons": [{"Code": not_scaled}]} if not_scaled else {}
    held.activities.append(activity)
