"""Alarms: kept by moto, read as AWS reads them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from advisor.demo.aws.metric_reading import checked_key
from advisor.demo.aws.paging import page_of
from advisor.demo.aws.wire import AwsError, Call, LocalAws, answers

PAGE, MOST = 50, 100
LISTS = {"MetricAlarm": "MetricAlarms", "CompositeAlarm": "CompositeAlarms"}  # AlarmTypes -> list of the answer
_UNCHECKED = "Unchecked: Initial alarm creation"


@answers("cloudwatch", "DescribeAlarms")
def describe_alarms(aws: LocalAws, call: Call) -> dict[str, Any]:
    """By name, 50 a page or up to 100; all filters together; metric alarms only unless asked.  [B44:cloudwatch]

    moto gives them all at once, takes only the first filter it meets, knows no parents, and calls new alarms OK.
    """
    params = call.params
    size = params.get("MaxRecords", PAGE)
    if not 1 <= size <= MOST:
        raise AwsError("ValidationError", f"The parameter MaxRecords must be 1 to {MOST}: {size}")
    if "AlarmNames" in params and "AlarmNamePrefix" in params:
        raise AwsError("InvalidParameterCombination", "AlarmNamePrefix and AlarmNames cannot be used together.")
    wanted = params.get("AlarmTypes") or ["MetricAlarm"]
    alarms = [(kind, alarm) for kind, alarm in _alarms(aws, call) if kind in wanted and _is_asked(alarm, params)]
    alarms = _no_parents(params) if "ParentsOfAlarmName" in params else alarms
    page, token = page_of(alarms, params, size=size, error_code="InvalidNextToken")
    lists = {name: [alarm for of, alarm in page if of == kind] for kind, name in LISTS.items()}
    return {**lists, **token}


@answers("cloudwatch", "DeleteAlarms")
def delete_alarms(aws: LocalAws, call: Call) -> dict[str, Any]:
    """An alarm's tags go with it.  [B44:cloudwatch PutMetricAlarm: tags are given when an alarm is made]

    moto keeps them for the next alarm of that name.
    """
    names = call.params.get("AlarmNames") or []
    for arn in (str(alarm["AlarmArn"]) for _, alarm in _alarms(aws, call) if alarm["AlarmName"] in names):
        if tags := _ask(aws, call, "ListTagsForResource", ResourceARN=arn)["Tags"]:
            _ask(aws, call, "UntagResource", ResourceARN=arn, TagKeys=[tag["Key"] for tag in tags])
    return aws.moto(call)


@answers("cloudwatch", "DescribeAlarmsForMetric")
def describe_alarms_for_metric(aws: LocalAws, call: Call) -> dict[str, Any]:
    """The alarms on exactly this metric: dimensions too, and statistic, period, unit if asked.  [B44:cloudwatch]

    moto does not look at the dimensions.
    """
    key = checked_key(call.params)
    asked = {name: call.params[name] for name in ("Statistic", "Period", "Unit") if name in call.params}
    return {
        "MetricAlarms": [
            alarm
            for kind, alarm in _alarms(aws, call)
            if kind == "MetricAlarm"
            and checked_key(alarm) == key
            and all(alarm.get(name) == value for name, value in asked.items())
        ]
    }


def _ask(aws: LocalAws, call: Call, action: str, **params: Any) -> dict[str, Any]:
    return aws.moto(replace(call, action=action, params=params))


def _no_parents(params: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The local AWS makes no composite alarms, so no alarm has a parent."""
    if set(params) - {"ParentsOfAlarmName", "MaxRecords", "NextToken"}:
        raise AwsError("ValidationError", "ParentsOfAlarmName goes with MaxRecords and NextToken only.")
    return []


def _alarms(aws: LocalAws, call: Call) -> list[tuple[str, dict[str, Any]]]:
    """All alarms of the account and region, by name; new ones have not been evaluated yet."""
    whole = Call(service=call.service, action="DescribeAlarms", account=call.account, region=call.region)
    answer = aws.moto(whole)
    alarms = [(kind, alarm) for kind, name in LISTS.items() for alarm in answer.get(name) or []]
    for _, alarm in alarms:
        if alarm.get("StateReason") == _UNCHECKED:
            alarm["StateValue"] = "INSUFFICIENT_DATA"
    return sorted(alarms, key=lambda item: str(item[1]["AlarmName"]))


def _is_asked(alarm: Mapping[str, Any], params: Mapping[str, Any]) -> bool:
    name, prefix = str(alarm["AlarmName"]), str(params.get("ActionPrefix", ""))
    actions = alarm.get("AlarmActions") or []
    return (
        name in (params.get("AlarmNames") or [name])
        and name.startswith(params.get("AlarmNamePrefix", ""))
        and params.get("StateValue") in (None, alarm.get("StateValue"))
        and (not prefix or any(action.startswith(prefix) for action in actions))
    )
