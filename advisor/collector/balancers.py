"""What a load balancer says of a service: its target groups, as CloudWatch names them, and what they say together.

===============  =====================================  ==============================================
column           of a target group                      of several
===============  =====================================  ==============================================
requests         RequestCount, Sum                      the sum of those that are known
response_avg     TargetResponseTime, Average  [s]       sum(requests x average) / sum(requests)
response_p99     TargetResponseTime, p99  [s]           the highest: 99 of 100 requests took no longer
===============  =====================================  ==============================================

UNCONFIRMED (general knowledge): these metrics, their units and dimensions, and that a step without requests has no
response time.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from advisor.collector.asking import pages
from advisor.collector.sessions import AwsSession
from advisor.collector.several import tried
from advisor.domain.errors import AwsFailed

NAMESPACE = "AWS/ApplicationELB"
DIMENSIONS = ("LoadBalancer", "TargetGroup")
SERIES: tuple[tuple[str, str, str], ...] = (  # of every target group: our column, metric, statistic
    ("requests", "RequestCount", "Sum"),
    ("response_avg", "TargetResponseTime", "Average"),
    ("response_p99", "TargetResponseTime", "p99"),
)
Labels = Mapping[str, tuple[str, ...]]


def request_labels(
    session: AwsSession, region: str, services: Iterable[Mapping[str, Any]]
) -> tuple[Labels, tuple[AwsFailed, ...]]:
    """By service ARN, the labels `app/<name>/<id>/targetgroup/<name>/<id>` whose requests are the service's alone.

    A label is there where CloudWatch has counted requests in the last two weeks: of an Application Load Balancer.
    A target group that two services share says of neither what it was asked. What failed comes second.
    """
    groups = {service["serviceArn"]: _groups(service) for service in services}
    users = Counter(group for mine in groups.values() for group in mine)
    if not users:
        return {}, ()
    counted = tried(session, region, "cloudwatch:ListMetrics", lambda: _counted(session, region))
    if isinstance(counted, AwsFailed):
        return {}, (counted,)
    alone = {arn: [group for group in mine if users[group] == 1] for arn, mine in groups.items()}
    return {arn: tuple(sorted(c for g in mine for c in counted.get(g, ()))) for arn, mine in alone.items()}, ()


def place_of(label: str) -> dict[str, str]:
    """The dimensions that a label stands for.

    >>> place_of("app/web/1a/targetgroup/blue/2b")
    {'LoadBalancer': 'app/web/1a', 'TargetGroup': 'targetgroup/blue/2b'}
    """
    balancer, _, group = label.partition("/targetgroup/")
    return dict(zip(DIMENSIONS, (balancer, f"targetgroup/{group}"), strict=True))


def as_one(column: str, told: Mapping[str, np.ndarray]) -> np.ndarray:
    """A column of what was told by each: one row per target group, in one order for all columns; NaN = nothing."""
    rows = told[column]
    if column == "response_avg" and len(rows) > 1:
        return _average(rows, told["requests"])
    if column == "response_p99":
        return np.asarray(np.fmax.reduce(rows))
    return np.where(np.isnan(rows).all(axis=0), np.nan, np.nansum(rows, axis=0))


def _average(averages: np.ndarray, requests: np.ndarray) -> np.ndarray:
    """The average of all requests; NaN where some that have one were not counted."""
    counted = np.where(np.isnan(averages), 0, requests)
    total = counted.sum(axis=0)
    average = np.full(len(total), np.nan, dtype=averages.dtype)
    np.divide(np.nansum(counted * averages, axis=0), total, out=average, where=total > 0)
    return average


def _groups(service: Mapping[str, Any]) -> set[str]:
    """`targetgroup/<name>/<id>` of every target group that a described service registers its tasks in."""
    entries = service.get("loadBalancers", ())
    arns = [entry.get("targetGroupArn") for entry in entries]
    arns += [entry.get("advancedConfiguration", {}).get("alternateTargetGroupArn") for entry in entries]
    return {str(arn).rpartition(":")[2] for arn in arns if arn}


def _counted(session: AwsSession, region: str) -> dict[str, list[str]]:
    """By target group, the labels that CloudWatch has requests of."""
    asked = {"Namespace": NAMESPACE, "MetricName": "RequestCount", "Dimensions": [{"Name": "TargetGroup"}]}
    found: dict[str, list[str]] = {}
    for metric in pages(session, region, "cloudwatch", "ListMetrics", "Metrics", **asked):
        named = {each["Name"]: each["Value"] for each in metric.get("Dimensions", ())}
        if set(named) == set(DIMENSIONS):
            found.setdefault(named["TargetGroup"], []).append(f"{named['LoadBalancer']}/{named['TargetGroup']}")
    return found
