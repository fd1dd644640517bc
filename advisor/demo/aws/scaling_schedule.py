"""Scheduled actions; their expressions are read by the product's own reader.  [FACTS 5.4]"""

from advisor.demo.aws.ecs_state import Wire
from advisor.demo.aws.scaling_state import (
    DIMENSION,
    Scaler,
    instant,
    invalid,
    is_asked_for,
    not_found,
    of_ecs,
    page,
    scaler,
    target_of,
)
from advisor.demo.aws.wire import AwsError, Call, LocalAws
from advisor.domain.errors import SetupRefused
from advisor.fargate.schedule import check_schedule

MOST_ACTIONS = 200  # of one scalable target [FACTS 5]
_KEPT = ("Schedule", "Timezone", "ScalableTargetAction")  # kept by an update that does not name them
_INSTANTS = ("StartTime", "EndTime")  # removed by an update that does not name them [B44]


@of_ecs("PutScheduledAction")
def put_scheduled_action(aws: LocalAws, call: Call) -> Wire:
    """Only at(...), rate(...) and cron(...) that can be read, with a known time zone; moto takes anything."""
    params, held = call.params, scaler(aws, call.account, call.region)
    target_of(held, params)
    key = (params["ResourceId"], params["ScheduledActionName"])
    before = held.schedule.get(key)
    if before is None and sum(resource == key[0] for resource, _ in held.schedule) >= MOST_ACTIONS:
        raise AwsError("LimitExceededException", f"At most {MOST_ACTIONS} scheduled actions for a scalable target.")
    action = _made(aws, held, params, before)
    _check(action)
    held.schedule[key] = action
    return {}


@of_ecs("DescribeScheduledActions")
def describe_scheduled_actions(aws: LocalAws, call: Call) -> Wire:
    """By exact resource and by names, pages of at most 50 [FACTS 5]."""
    names = call.params.get("ScheduledActionNames")
    actions = [
        action
        for (_, name), action in sorted(scaler(aws, call.account, call.region).schedule.items())
        if (not names or name in names) and is_asked_for(action, call.params)
    ]
    return page(actions, call, "ScheduledActions", most=50)


@of_ecs("DeleteScheduledAction")
def delete_scheduled_action(aws: LocalAws, call: Call) -> Wire:
    """Delete one by name; an unknown one raises ObjectNotFoundException."""
    held = scaler(aws, call.account, call.region)
    if held.schedule.pop((call.params["ResourceId"], call.params["ScheduledActionName"]), None) is None:
        raise not_found("scheduled action", call.params)
    return {}


def _made(aws: LocalAws, held: Scaler, params: Wire, before: Wire | None) -> Wire:
    resource, name = params["ResourceId"], params["ScheduledActionName"]
    rest = f"scheduledAction:{held.new_id()}:resource/ecs/{resource}:scheduledActionName/{name}"
    fixed = {
        "ScheduledActionName": name,
        "ScheduledActionARN": before["ScheduledActionARN"] if before else held.arn("autoscaling", rest),
        "ServiceNamespace": "ecs",
        "ResourceId": resource,
        "ScalableDimension": DIMENSION,
        "CreationTime": before["CreationTime"] if before else aws.clock(),
    }
    kept = {key: before[key] for key in _KEPT if before and key in before}
    given = {key: params[key] for key in _KEPT if params.get(key) is not None}
    return fixed | kept | given | {key: instant(params[key]) for key in _INSTANTS if params.get(key) is not None}


def _check(action: Wire) -> None:
    schedule, bounds = action.get("Schedule"), action.get("ScalableTargetAction", {})
    low, high = bounds.get("MinCapacity"), bounds.get("MaxCapacity")
    if not schedule:
        raise invalid("A schedule is needed.")
    try:
        check_schedule(schedule, action.get("Timezone", "UTC"))
    except SetupRefused as error:
        raise invalid(f"Invalid Schedule Expression or Timezone: {error}") from None
    if low is None and high is None:
        raise invalid("At least one of MinCapacity and MaxCapacity is needed.")
    if min(low or 0, high or 0) < 0 or (low is not None and high is not None and low > high):
        raise invalid("Maximum capacity cannot be less than minimum capacity, nor either below 0")
    if all(key in action for key in _INSTANTS) and action["StartTime"] >= action["EndTime"]:
        raise invalid("StartTime must be before EndTime.")
