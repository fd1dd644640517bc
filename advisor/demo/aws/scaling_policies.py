"""Scaling policies: put, describe, delete.  [B44:application-autoscaling, FACTS 5]"""

from advisor.demo.aws.ecs_state import Wire
from advisor.demo.aws.scaling_alarms import alarms_naming, delete_alarms, put_alarms
from advisor.demo.aws.scaling_policy_rules import CONFIGURATIONS, check_policy
from advisor.demo.aws.scaling_state import (
    DIMENSION,
    Scaler,
    invalid,
    is_asked_for,
    not_found,
    of_ecs,
    page,
    scaler,
    target_of,
)
from advisor.demo.aws.wire import AwsError, Call, LocalAws

MOST_POLICIES = 50  # of one scalable target [FACTS 5]
_DEFAULTS: dict[str, Wire] = {
    "TargetTrackingScaling": {"DisableScaleIn": False},
    "StepScaling": {},
    "PredictiveScaling": {"Mode": "ForecastOnly"},
}


@of_ecs("PutScalingPolicy")
def put_scaling_policy(aws: LocalAws, call: Call) -> Wire:
    """A policy needs its target; put again, it keeps its ARN and replaces its alarms (PROBES 1.2).

    PredictiveScaling is a type like the others [FACTS 5.5]; moto does not know it.
    """
    params, held = call.params, scaler(aws, call.account, call.region)
    target_of(held, params)
    key = (params["ResourceId"], params["PolicyName"])
    before = held.policies.get(key)
    others = [policy for there, policy in held.policies.items() if there[0] == key[0] and there != key]
    if len(others) >= MOST_POLICIES:
        raise AwsError("LimitExceededException", f"At most {MOST_POLICIES} policies for a scalable target.")
    policy = _made(aws, held, params, before)
    check_policy(policy, others)
    if before:
        delete_alarms(aws, call, before)
    if policy["PolicyType"] == "TargetTrackingScaling":
        policy["Alarms"] = put_alarms(aws, call, held, policy)
    held.policies[key] = policy
    return {"PolicyARN": policy["PolicyARN"], "Alarms": policy.get("Alarms", [])}


@of_ecs("DescribeScalingPolicies")
def describe_scaling_policies(aws: LocalAws, call: Call) -> Wire:
    """By exact resource and by names, pages of at most 10 [FACTS 5]; moto matches parts (PROBES 1.2)."""
    names = call.params.get("PolicyNames")
    policies = [
        policy
        for (_, name), policy in sorted(scaler(aws, call.account, call.region).policies.items())
        if (not names or name in names) and is_asked_for(policy, call.params)
    ]
    shown = page(policies, call, "ScalingPolicies", most=10)
    stepped = {p["PolicyARN"] for p in shown["ScalingPolicies"] if p["PolicyType"] == "StepScaling"}
    users = alarms_naming(aws, call, stepped)
    whole = [policy | {"Alarms": _alarms(policy, users)} for policy in shown["ScalingPolicies"]]
    return shown | {"ScalingPolicies": whole}


@of_ecs("DeleteScalingPolicy")
def delete_scaling_policy(aws: LocalAws, call: Call) -> Wire:
    """The policy goes, and the alarms that it made with it [B44:application-autoscaling]."""
    held = scaler(aws, call.account, call.region)
    policy = held.policies.pop((call.params["ResourceId"], call.params["PolicyName"]), None)
    if policy is None:
        raise not_found("scaling policy", call.params)
    delete_alarms(aws, call, policy)
    return {}


@of_ecs("GetPredictiveScalingForecast")
def get_predictive_scaling_forecast(aws: LocalAws, call: Call) -> Wire:
    """A forecast needs a day of data that AWS itself has gathered [FACTS 5.5]; the local AWS makes none."""
    held, params = scaler(aws, call.account, call.region), call.params
    policy = held.policies.get((params["ResourceId"], params["PolicyName"]))
    if policy is None or policy["PolicyType"] != "PredictiveScaling":
        raise invalid(f"No predictive scaling policy named {params['PolicyName']} on {params['ResourceId']}.")
    raise invalid("There is no forecast for this policy yet: it needs at least 24 hours of data.")


def _made(aws: LocalAws, held: Scaler, params: Wire, before: Wire | None) -> Wire:
    kind = params.get("PolicyType") or (before or {}).get("PolicyType", "StepScaling")
    if kind not in CONFIGURATIONS:
        raise invalid(f"PolicyType must be one of {sorted(CONFIGURATIONS)}")
    resource, name = params["ResourceId"], params["PolicyName"]
    rest = f"scalingPolicy:{held.new_id()}:resource/ecs/{resource}:policyName/{name}"
    policy: Wire = {
        "PolicyARN": before["PolicyARN"] if before else held.arn("autoscaling", rest),
        "PolicyName": name,
        "ServiceNamespace": "ecs",
        "ResourceId": resource,
        "ScalableDimension": DIMENSION,
        "PolicyType": kind,
        "CreationTime": before["CreationTime"] if before else aws.clock(),
    }
    configuration = CONFIGURATIONS[kind]
    same = before if before and before["PolicyType"] == kind else {}
    given = {key: params[key] for key in CONFIGURATIONS.values() if params.get(key)}
    policy |= {configuration: same[configuration]} if configuration in same else {}
    policy |= given
    if policy.get(configuration):
        policy[configuration] = _DEFAULTS[kind] | policy[configuration]
    return policy


def _alarms(policy: Wire, users: dict[str, list[dict[str, str]]]) -> list[dict[str, str]]:
    held: list[dict[str, str]] = policy.get("Alarms", [])
    return held or users.get(policy["PolicyARN"], [])
