"""The CloudWatch alarms that step policies act on: fields to compare, names, and PutMetricAlarm's parameters.

===========  ====================================================================================
field        value
===========  ====================================================================================
policies     names of the service's own policies that the alarm acts on
watches      cpu or memory, where it is the average of this service; else "other"
period       of a datapoint [s]; `datapoints` of the newest `periods` must breach
threshold    in the metric's unit; None where it moves
comparison   as CloudWatch has it
missing      how missing data is treated
enabled      whether it acts at all
actions      ARNs of all else that it does, in whichever state
===========  ====================================================================================
"""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

from advisor.domain.errors import one_line
from advisor.domain.inventory import Alarm, NamedPolicy, Scaling
from advisor.domain.plan import Step
from advisor.domain.policy import StepScaling
from advisor.domain.service import ServiceId

Fields = Mapping[str, Any]

ACTS_ON = "PolicyNames"  # of a step: the policies whose ARNs the alarm's actions name
WATCHED = {"cpu": "CPUUtilization", "memory": "MemoryUtilization"}
PERIOD = 60  # seconds; what the replay of a step policy watches
POLICY_ARN = ":scalingPolicy:"
_STATES = ("AlarmActions", "OKActions", "InsufficientDataActions")
_COMPARISONS = {"out": "GreaterThanOrEqualToThreshold", "in": "LessThanOrEqualToThreshold"}  # as the first step's bound
_SIGNS = {
    "GreaterThanOrEqualToThreshold": ">=",
    "GreaterThanThreshold": ">",
    "LessThanOrEqualToThreshold": "<=",
    "LessThanThreshold": "<",
}
_NAMES = {
    "policies": ACTS_ON,
    "watches": "MetricName",
    "threshold": "Threshold",
    "comparison": "ComparisonOperator",
    "periods": "EvaluationPeriods",
    "datapoints": "DatapointsToAlarm",
}
ALARM_FIELDS = frozenset({"AlarmName", *_NAMES.values()})  # that a step may name
_LONGEST_NAME = 255  # documented: AlarmName
_READ_ONLY = {
    "AlarmArn",
    "AlarmConfigurationUpdatedTimestamp",
    "EvaluationState",
    "StateReason",
    "StateReasonData",
    "StateTransitionedTimestamp",
    "StateUpdatedTimestamp",
    "StateValue",
}


def alarm_name(service: ServiceId, policy: str) -> str:
    """The name of the alarm that advisor makes for a policy: no other service's or policy's, and always the same.

    Neither clusters nor services have a slash in their names.
    """
    name = f"advisor-service/{service.cluster}/{service.name}/{policy}"
    if len(name) <= _LONGEST_NAME:
        return name
    mark = sha256(name.encode()).hexdigest()[:16]
    return f"{name[: _LONGEST_NAME - len(mark) - 1]}-{mark}"


def recorded_alarms(scaling: Scaling) -> dict[str, dict[str, Any]]:
    """The alarms of a collected service's step policies, by name."""
    return {
        alarm.name: _recorded(alarm, policy, scaling)
        for entry in scaling.policies
        if isinstance(policy := entry.policy, StepScaling)
        for alarm in entry.alarms
    }


def live_alarm(raw: Fields, arns: Mapping[str, str], service: ServiceId) -> dict[str, Any]:
    """The fields of an entry of DescribeAlarms, or of PutMetricAlarm's parameters; `arns` of policies, by name."""
    acts = {arn for state in _STATES for arn in raw.get(state, ())}
    return {
        "policies": sorted(name for name, arn in arns.items() if arn in acts),
        "watches": _watched(raw, service),
        "period": raw.get("Period", PERIOD),
        "datapoints": raw.get("DatapointsToAlarm", raw.get("EvaluationPeriods", 1)),
        "periods": raw.get("EvaluationPeriods", 1),
        "threshold": float(raw["Threshold"]) if "Threshold" in raw else None,
        "comparison": raw.get("ComparisonOperator", ""),
        "missing": raw.get("TreatMissingData") or "missing",
        "enabled": raw.get("ActionsEnabled", True),
        "actions": sorted(acts - set(arns.values())),
    }


def new_alarm(policy: StepScaling, name: str) -> dict[str, Any]:
    """The alarm that a new step policy of this name needs."""
    return {
        "policies": [name],
        "watches": policy.metric,
        "period": PERIOD,
        "datapoints": policy.points,
        "periods": policy.points,
        "threshold": policy.threshold,
        "comparison": _COMPARISONS[policy.direction],
        "missing": "missing",
        "enabled": True,
        "actions": [],
    }


def moved_alarm(held: Fields, policy: StepScaling) -> dict[str, Any]:
    """An alarm with the threshold and the datapoints of a policy, and all else as it is."""
    return {**held, "datapoints": policy.points, "periods": policy.points, "threshold": policy.threshold}


def shared_with(held: Fields, policy: str) -> list[str]:
    """The other scaling policies that an alarm acts on, of this service and of others."""
    return [name for name in held["policies"] if name != policy] + [a for a in held["actions"] if POLICY_ARN in a]


def alarm_steps(now: Mapping[str, Fields], wanted: Mapping[str, Fields]) -> Iterator[Step]:
    """Put the alarms that act on policies, then those that let go of one, then delete those that go."""
    changed = [(name, fields) for name, fields in wanted.items() if fields != now.get(name)]
    for name, fields in sorted(changed, key=lambda item: not item[1]["policies"]):
        yield _put_step(name, now.get(name), fields)
    for name in now:
        if name not in wanted:
            yield Step(kind="delete-alarms", says=f"delete the alarm {_shown(name)}", parameters={"AlarmNames": [name]})


def alarms_of_step(step: Step) -> tuple[str, ...]:
    """The names of the alarms that a step writes."""
    one = step.parameters.get("AlarmName")
    return names_in(step.parameters.get("AlarmNames")) if one is None else (str(one),)


def names_in(value: object) -> tuple[str, ...]:
    """The names that a field of a step lists; none where it is no list."""
    return tuple(map(str, value)) if isinstance(value, list | tuple) else ()


def alarm_parameters(held: Fields | None, fields: Fields) -> dict[str, Any]:
    """What a step sets of an alarm: all of a new one, else what changes."""
    return {
        theirs: WATCHED.get(fields[ours], fields[ours]) if ours == "watches" else fields[ours]
        for ours, theirs in _NAMES.items()
        if held is None or held.get(ours) != fields[ours]
    }


def put_parameters(described: Fields) -> dict[str, Any]:
    """The parameters of PutMetricAlarm that give an entry of DescribeAlarms again, all but its tags."""
    return {key: value for key, value in described.items() if key not in _READ_ONLY and value not in (None, [])}


def whole_alarm(parameters: Fields, held: Fields | None, arns: Mapping[str, str], service: ServiceId) -> dict[str, Any]:
    """The parameters of PutMetricAlarm: a step's laid over those that give the alarm, or a new one, again."""
    whole = {**(_bare(parameters, service) if held is None else held)}
    whole |= {key: value for key, value in parameters.items() if key != ACTS_ON}
    if ACTS_ON in parameters:
        own = set(arns.values())
        whole |= {state: [arn for arn in whole[state] if arn not in own] for state in _STATES if state in whole}
        whole["AlarmActions"] = [*whole.get("AlarmActions", ()), *(arns[name] for name in parameters[ACTS_ON])]
    return whole


def with_arns(parameters: Fields, new: Mapping[str, str]) -> dict[str, Any]:
    """The parameters of PutMetricAlarm with the policies' new ARNs in the place of the old ones."""
    moved = {state: [new.get(arn, arn) for arn in parameters[state]] for state in _STATES if state in parameters}
    return {**parameters, **moved}


def _recorded(alarm: Alarm, policy: StepScaling, scaling: Scaling) -> dict[str, Any]:
    named = {entry.name for entry in scaling.policies if _is_of(alarm, entry)}
    own = {entry.arn for entry in scaling.policies}
    return {
        "policies": sorted(named),
        "watches": policy.metric,
        "period": alarm.period,
        "datapoints": alarm.datapoints,
        "periods": alarm.datapoints,  # a collected step policy's alarm has no others
        "threshold": alarm.threshold,
        "comparison": alarm.comparison,
        "missing": alarm.missing,
        "enabled": True,
        "actions": sorted(set(alarm.actions) - own),
    }


def _is_of(alarm: Alarm, entry: NamedPolicy) -> bool:
    return entry.arn in alarm.actions or any(held.name == alarm.name for held in entry.alarms)


def _watched(raw: Fields, service: ServiceId) -> str:
    place = {d["Name"]: d["Value"] for d in raw.get("Dimensions", ())}
    if place != {"ClusterName": service.cluster, "ServiceName": service.name}:
        return "other"
    if (raw.get("Namespace"), raw.get("Statistic")) != ("AWS/ECS", "Average"):
        return "other"
    return next((ours for ours, theirs in WATCHED.items() if theirs == raw.get("MetricName")), "other")


def _bare(parameters: Fields, service: ServiceId) -> dict[str, Any]:
    policies = ", ".join(parameters.get(ACTS_ON, ()))
    place = {"ClusterName": service.cluster, "ServiceName": service.name}
    return {
        "AlarmDescription": f"Made by advisor for the scaling policy {policies} of {service.service}.",
        "Namespace": "AWS/ECS",
        "Dimensions": [{"Name": name, "Value": value} for name, value in place.items()],
        "Statistic": "Average",
        "Period": PERIOD,
        "TreatMissingData": "missing",
    }


def _put_step(name: str, held: Fields | None, fields: Fields) -> Step:
    if held is None or not held["policies"]:
        says = f"for the policy {_shown(', '.join(fields['policies']))}: {_condition(fields)}"
    elif not fields["policies"]:
        says = f"lets go of the policy {_shown(', '.join(held['policies']))}; its other actions stay"
    else:
        moves = (key for key in ("threshold", "periods") if held[key] != fields[key])
        says = ", ".join(f"{key} {held[key]:g} -> {fields[key]:g}" for key in moves)
    parameters = {"AlarmName": name, **alarm_parameters(held, fields)}
    return Step(kind="put-metric-alarm", says=f"alarm {_shown(name)}: {says}", parameters=parameters)


def _condition(fields: Fields) -> str:
    sign = _SIGNS.get(fields["comparison"], fields["comparison"])
    points = f"{fields['datapoints']} of {fields['periods']} datapoints of {fields['period']} s"
    return f"{fields['watches']} {sign} {fields['threshold']:g} on {points}"


def _shown(name: str) -> str:
    return one_line(name, _LONGEST_NAME)
