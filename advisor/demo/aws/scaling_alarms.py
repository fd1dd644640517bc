"""The CloudWatch alarms that a target tracking policy owns; moto gives each the threshold 6 (PROBES 1.6).

[FACTS 5.1, from real alarms (TF) and observation (STACKD)]; they are kept where DescribeAlarms sees them.
"""

from typing import Any

from advisor.demo.aws.ecs_state import Wire, inner
from advisor.demo.aws.scaling_state import Scaler
from advisor.demo.aws.wire import Call, LocalAws

LOW_SHARE = 0.9  # AlarmLow's threshold as a share of the target [FACTS 5.1]
STANDARD = (60, 3, 15)  # period [s], datapoints of AlarmHigh, of AlarmLow [FACTS 5.1]
HIGH_RESOLUTION = (20, 3, 30)  # the same, for the types whose names end so [FACTS 5.1, STACKD only]
_UTILIZATION = {"ECSServiceAverageCPUUtilization": "CPUUtilization"} | {
    "ECSServiceAverageMemoryUtilization": "MemoryUtilization"
}


def put_alarms(aws: LocalAws, call: Call, held: Scaler, policy: Wire) -> list[dict[str, str]]:
    """Make the alarms of a policy; AlarmLow is absent where scaling in is disabled."""
    configuration = policy["TargetTrackingScalingPolicyConfiguration"]
    target, sides = configuration["TargetValue"], ["High"]
    if not configuration.get("DisableScaleIn"):
        sides.append("Low")
    return [_put(aws, call, held, policy, side=side, target=target) for side in sides]


def delete_alarms(aws: LocalAws, call: Call, policy: Wire) -> None:
    """Take the alarms of a policy away; those that a user made for a step policy stay."""
    names = [alarm["AlarmName"] for alarm in policy.get("Alarms", ())]
    if names:
        inner(aws, call, "cloudwatch", "DeleteAlarms", AlarmNames=names)


def alarms_naming(aws: LocalAws, call: Call, arns: set[str]) -> dict[str, list[dict[str, str]]]:
    """For each policy ARN the alarms whose actions name it: those of step policies are the user's own."""
    found: dict[str, list[dict[str, str]]] = {arn: [] for arn in arns}
    token: dict[str, str] = {}
    while arns:
        answer = inner(aws, call, "cloudwatch", "DescribeAlarms", **token)
        for alarm in answer["MetricAlarms"]:
            for arn in arns.intersection(alarm.get("AlarmActions", ())):
                found[arn].append({"AlarmName": alarm["AlarmName"], "AlarmARN": alarm["AlarmArn"]})
        if not answer.get("NextToken"):
            break
        token = {"NextToken": answer["NextToken"]}
    return found


def _put(aws: LocalAws, call: Call, held: Scaler, policy: Wire, *, side: str, target: float) -> dict[str, str]:
    name = f"TargetTracking-{policy['ResourceId']}-Alarm{side}-{held.new_id()}"
    metric, (period, high, low) = _metric(policy)
    points = high if side == "High" else low
    inner(
        aws,
        call,
        "cloudwatch",
        "PutMetricAlarm",
        AlarmName=name,
        AlarmDescription=f"DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {policy['PolicyARN']}.",
        AlarmActions=[policy["PolicyARN"]],
        ComparisonOperator="GreaterThanThreshold" if side == "High" else "LessThanThreshold",
        Threshold=target if side == "High" else round(LOW_SHARE * target, 10),
        EvaluationPeriods=points,
        DatapointsToAlarm=points,
        TreatMissingData="missing",
        ActionsEnabled=True,
        **(metric if "Metrics" in metric else metric | {"Period": period}),
    )
    return {"AlarmName": name, "AlarmARN": held.arn("cloudwatch", f"alarm:{name}")}


def _metric(policy: Wire) -> tuple[dict[str, Any], tuple[int, int, int]]:
    """What an alarm watches, as PutMetricAlarm takes it, and its (period, points high, points low)."""
    configuration = policy["TargetTrackingScalingPolicyConfiguration"]
    if custom := configuration.get("CustomizedMetricSpecification"):
        return _customized(custom), STANDARD
    predefined = configuration["PredefinedMetricSpecification"]
    kind = predefined["PredefinedMetricType"]
    if kind == "ALBRequestCountPerTarget":
        return _requests(predefined["ResourceLabel"]), STANDARD
    standard = kind.removesuffix("HighResolution")
    _, cluster, service = policy["ResourceId"].split("/")
    names = {"ClusterName": cluster, "ServiceName": service}
    timing = STANDARD if kind == standard else HIGH_RESOLUTION
    return _watch("AWS/ECS", _UTILIZATION[standard], names, "Average"), timing


def _requests(label: str) -> dict[str, Any]:
    balancer, _, group = label.partition("/targetgroup/")
    names = {"LoadBalancer": balancer, "TargetGroup": f"targetgroup/{group}"}
    return _watch("AWS/ApplicationELB", "RequestCountPerTarget", names, "Sum")


def _watch(namespace: str, name: str, dimensions: dict[str, str], statistic: str) -> dict[str, Any]:
    return {
        "Namespace": namespace,
        "MetricName": name,
        "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
        "Statistic": statistic,
    }


def _customized(specification: Wire) -> dict[str, Any]:
    """One metric as it is given, or metric math with a period of 60 s in each metric [FACTS 5.1]."""
    if "Metrics" not in specification:
        return {"Dimensions": []} | specification
    queries = []
    for query in specification["Metrics"]:
        stat = {"MetricStat": query["MetricStat"] | {"Period": 60}} if "MetricStat" in query else {}
        queries.append({"ReturnData": True} | query | stat)
    return {"Metrics": queries}
