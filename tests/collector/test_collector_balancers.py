"""Which requests are a service's own: those of target groups that no other service shares."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from advisor.collector import open_sessions
from advisor.collector.balancers import request_labels
from advisor.demo.aws.faults import Fault, denied
from advisor.demo.aws.metrics import put_series
from advisor.demo.aws.wire import LocalAws

pytestmark = pytest.mark.usefixtures("endpoint")
ACCOUNT, REGION = "123456789012", "eu-west-1"
PREFIX = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:"
NOW = datetime.now(UTC).replace(second=0, microsecond=0)


def put(aws: LocalAws, metric: str = "RequestCount", **dimensions: str) -> None:
    one = np.ones(1)
    put_series(
        aws,
        account=ACCOUNT,
        region=REGION,
        namespace="AWS/ApplicationELB",
        name=metric,
        dimensions=dimensions,
        start=NOW - timedelta(hours=1),
        step_seconds=60,
        samples=one,
        sum=one,
        minimum=one,
        maximum=one,
        unit="Count",
    )


def service(name: str, *groups: str, **more: Any) -> dict[str, Any]:
    return {"serviceArn": name, "loadBalancers": [{"targetGroupArn": PREFIX + group, **more} for group in groups]}


def test_labels_are_those_that_cloudwatch_counts_for_one_service_alone(local_aws: LocalAws) -> None:
    for group in ("targetgroup/own/1", "targetgroup/other/2", "targetgroup/shared/3"):
        put(local_aws, LoadBalancer="app/lb/9", TargetGroup=group)
        put(local_aws, LoadBalancer="app/lb/9", TargetGroup=group, AvailabilityZone="eu-west-1a")
    put(local_aws, LoadBalancer="app/lb/9")
    put(local_aws, "TargetResponseTime", LoadBalancer="app/lb/9", TargetGroup="targetgroup/own/1")
    put(local_aws, "TargetResponseTime", LoadBalancer="app/lb/9", TargetGroup="targetgroup/uncounted/5")
    other = {"alternateTargetGroupArn": PREFIX + "targetgroup/other/2"}
    services = [
        service("both", "targetgroup/own/1", advancedConfiguration=other),
        service("one", "targetgroup/shared/3"),
        service("two", "targetgroup/shared/3"),
        service("network", "targetgroup/nlb/4"),
        service("uncounted", "targetgroup/uncounted/5"),
        {"serviceArn": "alone"},
    ]
    (session,) = open_sessions(profile=None, role_arns=())
    labels, failures = request_labels(session, REGION, services)
    assert failures == ()
    assert labels == {
        "both": ("app/lb/9/targetgroup/other/2", "app/lb/9/targetgroup/own/1"),
        **dict.fromkeys(("one", "two", "network", "uncounted", "alone"), ()),
    }


def test_without_target_groups_nothing_is_asked_and_a_denial_is_a_failure(local_aws: LocalAws) -> None:
    local_aws.before.append(Fault(error=denied("cloudwatch", "ListMetrics"), action="ListMetrics"))
    (session,) = open_sessions(profile=None, role_arns=())
    assert request_labels(session, REGION, [{"serviceArn": "alone"}]) == ({}, ())
    labels, (failure,) = request_labels(session, REGION, [service("x", "targetgroup/own/1")])
    assert labels == {}
    assert "allow cloudwatch:ListMetrics" in str(failure)
