"""Which load balancer counts a service's requests: its target groups, as CloudWatch names them."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from advisor.collector.asking import pages
from advisor.collector.sessions import AwsSession
from advisor.domain.errors import AwsFailed

NAMESPACE = "AWS/ApplicationELB"
DIMENSIONS = ("LoadBalancer", "TargetGroup")
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
    try:
        counted = _counted(session, region)
    except AwsFailed as error:
        return {}, (error,)
    alone = {arn: [group for group in mine if users[group] == 1] for arn, mine in groups.items()}
    return {arn: tuple(sorted(c for g in mine for c in counted.get(g, ()))) for arn, mine in alone.items()}, ()


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
