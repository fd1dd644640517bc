import math
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from advisor.demo import fleet
from advisor.demo import fleet_services as services
from advisor.demo.aws.wire import LocalAws
from advisor.demo.fleet_balancer import response_seconds
from advisor.demo.fleet_control import ask, target_group
from advisor.demo.fleet_history import Statistics
from advisor.demo.fleet_scaling import bounds_in_force
from advisor.demo.fleet_spec import DATA, VIRGINIA, DemoService
from advisor.domain.service import ServiceId
from advisor.fargate.sizes import check_size

NOW = datetime(2026, 11, 23, 20, 15, tzinfo=UTC)


@pytest.fixture(scope="module")
def aws() -> LocalAws:
    made = LocalAws(clock=lambda: NOW)
    fleet.build_fleet(made, now=NOW, days=1)
    return made


def described(aws: LocalAws, id: ServiceId) -> dict[str, Any]:
    answer = ask(aws, id, "ecs", "DescribeServices", cluster=id.cluster, services=[id.name], include=["TAGS"])
    return dict(answer["services"][0])


def newest(
    aws: LocalAws, id: ServiceId, metric: str, statistic: str, minutes: int = 10, namespace: str = "AWS/ECS"
) -> list[float]:
    names = {"ClusterName": id.cluster, "ServiceName": id.name}
    if namespace != "AWS/ECS":
        names = dict(zip(("LoadBalancer", "TargetGroup"), target_group(id), strict=True))
    stat = {
        "Metric": {
            "Namespace": namespace,
            "MetricName": metric,
            "Dimensions": [{"Name": name, "Value": value} for name, value in names.items()],
        },
        "Period": 60,
        "Stat": statistic,
    }
    answer = ask(
        aws,
        id,
        "cloudwatch",
        "GetMetricData",
        MetricDataQueries=[{"Id": "q", "MetricStat": stat}],
        StartTime=(NOW - timedelta(minutes=minutes)).timestamp(),
        EndTime=NOW.timestamp(),
        ScanBy="TimestampAscending",
    )
    return list(answer["MetricDataResults"][0]["Values"])


def test_the_fleet_is_large_enough_and_spread_over_accounts_and_regions() -> None:
    ids = [service.id for service in services.SERVICES]
    assert len(set(ids)) >= 14
    assert {id.account for id in ids} == set(fleet.ACCOUNTS)
    assert {id.region for id in ids} == set(fleet.REGIONS)
    assert len({(id.account, id.region) for id in ids}) == 4


@pytest.mark.parametrize("service", services.SERVICES, ids=lambda s: s.id.service)
def test_every_size_is_one_that_fargate_has(service: DemoService) -> None:
    sizes = [service.setup.size, *([service.resize.before] if service.resize else [])]
    for size in sizes:
        check_size(size, os=service.setup.os, architecture=service.setup.architecture, where=service.id.service)


@pytest.mark.parametrize("service", services.SERVICES, ids=lambda s: s.id.service)
def test_aws_tells_of_each_service_what_its_spec_says(aws: LocalAws, service: DemoService) -> None:
    told = described(aws, service.id)
    low, high = service.setup.bounds
    assert service.setup.schedule or low <= told["desiredCount"] <= high
    assert told["runningCount"] == told["desiredCount"]
    assert told["createdAt"] == pytest.approx((NOW - service.age).timestamp())
    assert {tag["key"]: tag["value"] for tag in told["tags"]} == service.tags
    definition = ask(aws, service.id, "ecs", "DescribeTaskDefinition", taskDefinition=told["taskDefinition"])
    size = service.setup.size
    assert (definition["taskDefinition"]["cpu"], definition["taskDefinition"]["memory"]) == (
        str(size.cpu),
        str(size.memory),
    )


@pytest.mark.parametrize("service", services.SERVICES, ids=lambda s: s.id.service)
def test_the_newest_metrics_agree_with_what_runs(aws: LocalAws, service: DemoService) -> None:
    counts = newest(aws, service.id, "CPUUtilization", "SampleCount")
    running = described(aws, service.id)["runningCount"]
    per_task = 60 // service.resolution_seconds
    if running == 0:
        assert counts == []
    else:
        assert counts[-1] / per_task == pytest.approx(running, rel=0.3)
        assert max(newest(aws, service.id, "MemoryUtilization", "Maximum")) <= 100


def test_a_spot_mix_has_a_strategy_and_no_launch_type(aws: LocalAws) -> None:
    told = described(aws, services.NOTIFICATIONS.id)
    assert "launchType" not in told
    assert {share["capacityProvider"] for share in told["capacityProviderStrategy"]} == {"FARGATE", "FARGATE_SPOT"}


def test_a_resized_service_keeps_the_revision_of_its_old_size(aws: LocalAws) -> None:
    id = services.SEARCH.id
    listed = ask(aws, id, "ecs", "ListServiceDeployments", cluster=id.cluster, service=id.name)["serviceDeployments"]
    assert len(listed) == 2
    old = ask(aws, id, "ecs", "DescribeTaskDefinition", taskDefinition=f"{services.SEARCH.slug}:1")
    assert services.SEARCH.resize is not None
    assert old["taskDefinition"]["cpu"] == str(services.SEARCH.resize.before.cpu)


def test_limits_of_two_containers_are_their_own(aws: LocalAws) -> None:
    answer = ask(
        aws, services.RECOMMENDER.id, "ecs", "DescribeTaskDefinition", taskDefinition=services.RECOMMENDER.slug
    )
    limits = [(c["name"], c["cpu"], c["memory"]) for c in answer["taskDefinition"]["containerDefinitions"]]
    assert limits == [("app", 1536, 3072), ("envoy", 512, 512)]


def test_what_is_not_covered_is_there_to_be_found(aws: LocalAws) -> None:
    assert described(aws, services.ON_EC2)["launchType"] == "EC2"
    where = {"account": DATA, "region": VIRGINIA}
    rules = aws.call("events", "ListRules", **where)["Rules"]
    targets = aws.call("events", "ListTargetsByRule", **where, Rule=rules[0]["Name"])["Targets"]
    assert targets[0]["EcsParameters"]["TaskDefinitionArn"].endswith("data-hourly-report:1")


def test_step_policies_have_alarms_that_name_them(aws: LocalAws) -> None:
    id = services.ORDERS_WORKER.id
    alarms = ask(aws, id, "cloudwatch", "DescribeAlarms", AlarmNamePrefix="prod-orders-worker")["MetricAlarms"]
    policies = ask(aws, id, "application-autoscaling", "DescribeScalingPolicies", ServiceNamespace="ecs")
    named = {p["PolicyARN"] for p in policies["ScalingPolicies"] if p["PolicyType"] == "StepScaling"}
    assert len(named) == 2
    assert {action for alarm in alarms for action in alarm["AlarmActions"]} == named


@pytest.mark.parametrize(
    ("hour", "minute", "bounds"),
    [(22, 44, (0, 0)), (22, 46, (4, 4)), (2, 9, (4, 4)), (2, 11, (0, 0)), (12, 0, (0, 0))],
)
def test_the_bounds_in_force_are_those_of_the_newest_action(hour: int, minute: int, bounds: tuple[int, int]) -> None:
    now = datetime(2026, 11, 23, hour, minute, tzinfo=UTC)
    assert bounds_in_force(services.NIGHTLY_ETL.setup, now=now) == bounds


def test_every_service_holds_every_kind_of_secret(aws: LocalAws) -> None:
    for service in services.SERVICES:
        definition = ask(aws, service.id, "ecs", "DescribeTaskDefinition", taskDefinition=service.slug)
        missing = [value for value in fleet.canaries(service.slug).values() if value not in str(definition)]
        assert missing == []
    assert len(set(fleet.CANARIES)) == len(fleet.CANARIES) == 5 * (len(services.SERVICES) + 2)
    assert all(value.startswith(fleet.CANARY) for value in fleet.CANARIES)


@pytest.mark.parametrize("service", services.SERVICES, ids=lambda s: s.id.service)
def test_requests_take_the_longer_the_busier_the_tasks_are(aws: LocalAws, service: DemoService) -> None:
    def told(metric: str, statistic: str) -> list[float]:
        return newest(aws, service.id, metric, statistic, minutes=1440, namespace="AWS/ApplicationELB")

    average, p99 = told("TargetResponseTime", "Average"), told("TargetResponseTime", "p99")
    if not service.work.requests:
        assert average == p99 == told("RequestCount", "Sum") == []
        return
    assert sum(told("TargetResponseTime", "SampleCount")) <= sum(told("RequestCount", "Sum"))
    assert 0.04 <= min(average) < max(average) <= 0.04 / 0.05 * 1.0001
    assert p99 == pytest.approx([math.log(100) * one for one in average])


def test_a_queue_is_as_long_as_its_server_is_busy() -> None:
    samples = np.array([1, 2, 0, 1])
    cpu = Statistics(samples=samples, sum=np.array([0, 100, 0, 100.0]), minimum=np.zeros(4), maximum=np.zeros(4))
    np.testing.assert_allclose(response_seconds(cpu), [0.04, 0.08, np.nan, 0.8])
