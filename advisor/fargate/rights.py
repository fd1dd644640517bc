"""Every call that advisor makes to AWS, as the IAM action that it needs. Policies, clients and tests read this table.

Names are those of the service authorization reference; which of them AWS checks was not tried on a real account.
Resources hold names in braces, which `policy_document` fills in; a partition is aws, aws-cn, aws-us-gov ...
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Policy = Literal["read", "apply", "organisation", "role", "store", "exports"]
ANY = "*"
_SCALING_ROLE = "arn:{partition}:iam::*:role/aws-service-role/ecs.application-autoscaling.amazonaws.com/*"
_ASSUMED = "arn:{partition}:iam::*:role/{role}"
_TASKS_ONLY = {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
_IAM_PREFIX = {"monitoring": "cloudwatch"}  # name in the signature -> IAM prefix, where they differ


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """One IAM action: in which policy, what for, on which resources, under which condition."""

    policy: Policy
    action: str
    why: str
    resource: str = ANY
    condition: Mapping[str, Any] = field(default_factory=dict)


def _rights(policy: Policy, service: str, actions: Mapping[str, str], **more: Any) -> tuple[Right, ...]:
    return tuple(Right(policy=policy, action=f"{service}:{a}", why=why, **more) for a, why in actions.items())


RIGHTS: tuple[Right, ...] = (
    *_rights("read", "sts", {"GetCallerIdentity": "which account the credentials are of"}),
    *_rights("read", "ec2", {"DescribeRegions": "which regions are enabled, for --all-regions"}),
    *_rights(
        "read",
        "ecs",
        {
            "ListClusters": "which clusters there are",
            "DescribeClusters": "where Container Insights measures tasks and containers",
            "ListServices": "which services they run",
            "DescribeServices": "counts, capacity providers, deployments and tags of services",
            "DescribeTaskDefinition": "sizes, architecture and containers; environment and secrets are not kept",
            "ListServiceDeployments": "when services were deployed",
            "DescribeServiceDeployments": "what ran before the first of them",
            "DescribeServiceRevisions": "with which size they were deployed",
            "ListTasks": "tasks without a service, and tasks that stopped within the hour",
            "DescribeTasks": "their size, instants and exit codes; of overrides, only the size is kept",
        },
    ),
    *_rights(
        "read",
        "application-autoscaling",
        {
            "DescribeScalableTargets": "bounds of autoscaled services",
            "DescribeScalingPolicies": "their policies",
            "DescribeScheduledActions": "their scheduled actions",
            "DescribeScalingActivities": "where scaling was refused at the maximum, or failed",
        },
    ),
    *_rights(
        "read",
        "cloudwatch",
        {
            "DescribeAlarms": "periods and thresholds of the policies' alarms",
            "ListMetrics": "which target groups have their requests counted",
            "GetMetricData": "CPU, memory, task counts, requests and response times, minute by minute",
        },
    ),
    *_rights(
        "read",
        "events",
        {
            "ListRuleNamesByTarget": "which rules start tasks",
            "ListTargetsByRule": "which tasks they start",
            "DescribeRule": "when they start them",
        },
    ),
    *_rights(
        "read",
        "scheduler",
        {"ListSchedules": "which schedules start tasks", "GetSchedule": "when, and which tasks they start"},
    ),
    *_rights("read", "pricing", {"GetProducts": "on-demand prices, for `advisor prices`"}),
    *_rights(
        "read",
        "savingsplans",
        {
            "DescribeSavingsPlansOfferingRates": "what Fargate costs under a plan, for `advisor savings-plans`",
            "DescribeSavingsPlans": "the plans that are owned",
            "DescribeSavingsPlanRates": "what Fargate costs under each of them",
        },
    ),
    *_rights("organisation", "organizations", {"ListAccounts": "which accounts the organisation has"}),
    *_rights("organisation", "sts", {"AssumeRole": "the role in each account"}, resource=_ASSUMED),
    *_rights("role", "sts", {"AssumeRole": "the role that is given"}, resource="{role_arn}"),
    *_rights("store", "s3", {"ListBucket": "which files the store has"}, resource="arn:{partition}:s3:::{bucket}"),
    *_rights(
        "store",
        "s3",
        {
            "GetObject": "what they hold",
            "PutObject": "a new file; none is ever changed",
            "DeleteObject": "files that were merged into others",
        },
        resource="arn:{partition}:s3:::{store}/*",
    ),
    *_rights("exports", "s3", {"ListBucket": "which files there are"}, resource="arn:{partition}:s3:::{bucket}"),
    *_rights("exports", "s3", {"GetObject": "what they hold"}, resource="arn:{partition}:s3:::{exports}/*"),
    *_rights("exports", "s3", {"GetObject": "whether it is one file"}, resource="arn:{partition}:s3:::{exports}"),
    *_rights("apply", "sts", {"GetCallerIdentity": "which account the credentials are of"}),
    *_rights(
        "apply",
        "ecs",
        {
            "DescribeServices": "what stands, before and after each write",
            "DescribeTaskDefinition": "the revision that is carried over",
            "RegisterTaskDefinition": "the revision with the new size",
            "DeregisterTaskDefinition": "undo takes it away again",
            "TagResource": "the tags that it carries over",
            "UpdateService": "a new size or a fixed count",
        },
    ),
    *_rights(
        "apply",
        "application-autoscaling",
        {
            "DescribeScalableTargets": "what stands",
            "DescribeScalingPolicies": "what stands",
            "DescribeScheduledActions": "what stands",
            "RegisterScalableTarget": "new bounds",
            "DeregisterScalableTarget": "a fixed count instead of scaling",
            "PutScalingPolicy": "a new or changed policy",
            "DeleteScalingPolicy": "a policy that goes",
            "PutScheduledAction": "a new or changed scheduled action",
            "DeleteScheduledAction": "a scheduled action that goes",
            "ListTagsForResource": "the tags of a target that goes, for undo",
            "TagResource": "the tags of a target that comes back",
        },
    ),
    *_rights(
        "apply",
        "cloudwatch",
        {
            "DescribeAlarms": "what stands",
            "PutMetricAlarm": "the alarm of a step policy; AWS asks for it for target tracking too",
            "DeleteAlarms": "likewise",
            "ListTagsForResource": "the tags of an alarm that goes, for undo",
            "TagResource": "the tags of an alarm that comes back",
        },
    ),
    *_rights("apply", "iam", {"CreateServiceLinkedRole": "the first service that scales"}, resource=_SCALING_ROLE),
    *_rights("apply", "iam", {"PassRole": "the roles that a revision carries over"}, condition=_TASKS_ONLY),
)


def action_of(signing_name: str, operation: str) -> str:
    """The IAM action of an API operation, from the service's name in the signature.

    >>> action_of("monitoring", "GetMetricData")
    'cloudwatch:GetMetricData'
    """
    return f"{_IAM_PREFIX.get(signing_name, signing_name)}:{operation}"


def actions(*policies: Policy) -> frozenset[str]:
    """The actions of these policies."""
    return frozenset(right.action for right in RIGHTS if right.policy in policies)


def policy_document(
    policy: Policy,
    *,
    role: str | None = None,
    role_arns: Iterable[str] = (),
    store: str = "",
    exports: Iterable[str] = (),
    partition: str = "aws",
) -> dict[str, Any]:
    """An IAM policy that allows a policy's actions and nothing else: one statement per resource and condition.

    `role`: with the rights to find an organisation's accounts and to assume the role of this name in them.
    `role_arns`: with the right to assume each. `store`: with the rights to keep a store at this `bucket/prefix`.
    `exports`: with the rights to read a bill or events at each `bucket/prefix`. That service principals are named alike
    in every partition is UNCONFIRMED.
    """
    parts: list[tuple[Policy, dict[str, str]]] = [(policy, {})]
    parts += [("organisation", {"role": role})] if role else []
    parts += [("role", {"role_arn": arn}) for arn in role_arns]
    parts += [("store", {"store": store, "bucket": _bucket(store)})] if store else []
    parts += [("exports", {"exports": place, "bucket": _bucket(place)}) for place in exports]
    statements: list[dict[str, Any]] = []
    for wanted, names in parts:
        for right in (right for right in RIGHTS if right.policy == wanted):
            _add(statements, right, right.resource.format(partition=partition, **names))
    return {"Version": "2012-10-17", "Statement": statements}


def _bucket(place: str) -> str:
    return place.partition("/")[0]


def _add(statements: list[dict[str, Any]], right: Right, resource: str) -> None:
    """Into the statement of the same resource and condition, or a new one."""
    place: dict[str, Any] = {"Effect": "Allow", "Resource": resource}
    place |= {"Condition": dict(right.condition)} if right.condition else {}
    same = next((s for s in statements if {**s, "Action": []} == {**place, "Action": []}), None)
    if same is None:
        statements.append(same := {**place, "Action": []})
    same["Action"] = sorted({*same["Action"], right.action})
