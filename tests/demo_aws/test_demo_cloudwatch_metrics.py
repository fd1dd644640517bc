"""CloudWatch of the local AWS: ListMetrics, GetMetricStatistics, PutMetricData."""

from datetime import timedelta
from typing import Any

import pytest
from cloudwatch_tools import DIMENSIONS, NOW, Cloud, query

from advisor.demo.aws.wire import AwsError

HOUR = {"StartTime": NOW - timedelta(hours=1), "EndTime": NOW}
CPU = {
    "Namespace": "AWS/ECS",
    "MetricName": "CPUUtilization",
    "Dimensions": [{"Name": key, "Value": value} for key, value in DIMENSIONS.items()],
}


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


def listed(cloud: Cloud, **params: Any) -> list[str]:
    """Metric/first dimension value of everything listed, all pages."""
    found: list[str] = []
    while True:
        page = cloud.ask("ListMetrics", **params)
        found += [f"{m['MetricName']}/{m['Dimensions'][-1]['Value']}" for m in page["Metrics"]]
        if "NextToken" not in page:
            return found
        params["NextToken"] = page["NextToken"]


def test_list_metrics_names_each_metric_once(cloud: Cloud) -> None:
    cloud.seed([1.0] * 50)
    cloud.seed([1.0] * 50, name="MemoryUtilization")
    assert listed(cloud) == ["CPUUtilization/api", "MemoryUtilization/api"]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"Namespace": "AWS/ECS"}, ["api", "web"]),
        ({"Namespace": "AWS/EC"}, []),
        ({"MetricName": "CPU"}, []),
        ({"Dimensions": [{"Name": "ServiceName", "Value": "web"}]}, ["web"]),
        ({"Dimensions": [{"Name": "ServiceName"}]}, ["api", "web"]),
        ({"Dimensions": [{"Name": "TaskId"}]}, []),
        ({"Dimensions": [{"Name": "ServiceName", "Value": "api"}, {"Name": "ClusterName", "Value": "web"}]}, []),
    ],
)
def test_list_metrics_filters_exactly_by_fewer_dimensions_too(
    cloud: Cloud, asked: dict[str, Any], found: list[str]
) -> None:
    for service in ("api", "web"):
        cloud.seed([1.0], dimensions={"ClusterName": "prod", "ServiceName": service})
    assert [name.partition("/")[2] for name in listed(cloud, **asked)] == found


def test_list_metrics_gives_500_a_page(cloud: Cloud) -> None:
    for number in range(1001):
        cloud.seed([1.0], dimensions={"ServiceName": f"{number:04}"})
    assert len(cloud.ask("ListMetrics")["Metrics"]) == 500
    assert listed(cloud) == [f"CPUUtilization/{number:04}" for number in range(1001)]


def test_list_metrics_forgets_what_had_no_data_for_two_weeks(cloud: Cloud) -> None:
    for days, hours in ((15, 0), (13, 0), (0, 2)):
        start = NOW - timedelta(days=days, hours=hours)
        cloud.seed([1.0], dimensions={"ServiceName": f"{days}d{hours}h"}, start=start)
    assert listed(cloud) == ["CPUUtilization/0d2h", "CPUUtilization/13d0h"]
    assert listed(cloud, RecentlyActive="PT3H") == ["CPUUtilization/0d2h"]


def test_list_metrics_names_the_owners_when_asked(cloud: Cloud) -> None:
    cloud.seed([1.0])
    assert "OwningAccounts" not in cloud.ask("ListMetrics")
    assert cloud.ask("ListMetrics", IncludeLinkedAccounts=True)["OwningAccounts"] == ["123456789012"]


def test_get_metric_statistics_reads_as_get_metric_data_does_in_no_order(cloud: Cloud) -> None:
    cloud.seed([1, 2, 3, 4], samples=[2] * 4)
    answer = cloud.ask("GetMetricStatistics", **CPU, **HOUR, Period=60, Statistics=["Average", "SampleCount"])
    points = answer["Datapoints"]
    instants = [point["Timestamp"] for point in points]
    assert instants != sorted(instants)
    in_order = sorted(points, key=lambda point: point["Timestamp"])
    assert [point["Average"] for point in in_order] == cloud.read(query())[0]
    assert {(point["SampleCount"], point["Unit"]) for point in points} == {(2.0, "Percent")}


def test_get_metric_statistics_keeps_units_apart(cloud: Cloud) -> None:
    cloud.seed([1])
    cloud.seed([3], unit="Count")
    asked = {**CPU, **HOUR, "Period": 60, "Statistics": ["Sum"]}
    found = cloud.ask("GetMetricStatistics", **asked)["Datapoints"]
    assert sorted((point["Sum"], point["Unit"]) for point in found) == [(1, "Percent"), (3, "Count")]
    assert [p["Sum"] for p in cloud.ask("GetMetricStatistics", **asked, Unit="Count")["Datapoints"]] == [3]


def test_get_metric_statistics_gives_percentiles_apart_from_simple_ones(cloud: Cloud) -> None:
    cloud.seed([5])
    asked = {**CPU, **HOUR, "Period": 60}
    (point,) = cloud.ask("GetMetricStatistics", **asked, ExtendedStatistics=["p99"])["Datapoints"]
    assert point["ExtendedStatistics"] == {"p99": 5}
    for wrong in ({}, {"Statistics": ["Sum"], "ExtendedStatistics": ["p99"]}):
        with pytest.raises(AwsError) as refused:
            cloud.ask("GetMetricStatistics", **asked, **wrong)
        assert refused.value.code == "InvalidParameterCombination"


@pytest.mark.parametrize("wrong", [{"Statistics": ["p99"]}, {"ExtendedStatistics": ["Sum"]}])
def test_get_metric_statistics_refuses_statistics_of_the_other_kind(cloud: Cloud, wrong: dict[str, Any]) -> None:
    with pytest.raises(AwsError, match="not supported"):
        cloud.ask("GetMetricStatistics", **CPU, **HOUR, Period=60, **wrong)


def test_get_metric_statistics_gives_at_most_1440_datapoints(cloud: Cloud) -> None:
    day = {**CPU, "EndTime": NOW, "Period": 60, "Statistics": ["Sum"]}
    cloud.ask("GetMetricStatistics", **day, StartTime=NOW - timedelta(days=1))
    with pytest.raises(AwsError, match="limit of 1,440"):
        cloud.ask("GetMetricStatistics", **day, StartTime=NOW - timedelta(days=1, minutes=1))


def put(cloud: Cloud, *datums: dict[str, Any], namespace: str = "Shop") -> None:
    cloud.ask("PutMetricData", Namespace=namespace, MetricData=list(datums))


def read_back(cloud: Cloud, *stats: str, period: int = 60) -> list[list[float]]:
    metric = {"Namespace": "Shop", "MetricName": "Orders", "dimensions": {}}
    end = NOW + timedelta(minutes=1)
    return cloud.read(*(query(s, name=f"q{n}", period=period, **metric) for n, s in enumerate(stats)), EndTime=end)


def test_what_is_put_is_read(cloud: Cloud) -> None:
    sets = {"SampleCount": 2, "Sum": 8, "Minimum": 3, "Maximum": 5}
    put(cloud, {"MetricName": "Orders", "Value": 4}, {"MetricName": "Orders", "StatisticValues": sets})
    put(cloud, {"MetricName": "Orders", "Values": [1, 10], "Counts": [3, 1]})
    assert read_back(cloud, "SampleCount", "Sum", "Minimum", "Maximum") == [[7], [25], [1], [10]]


def test_only_high_resolution_metrics_keep_their_second(cloud: Cloud) -> None:
    second = NOW - timedelta(seconds=40)
    put(cloud, {"MetricName": "Orders", "Value": 1, "Timestamp": second})
    assert read_back(cloud, "Sum", period=20) == [[1]]
    stamps = cloud.ask(
        "GetMetricData",
        **HOUR,
        MetricDataQueries=[query(Namespace="Shop", MetricName="Orders", dimensions={}, period=20)],
    )
    assert stamps["MetricDataResults"][0]["Timestamps"] == [(NOW - timedelta(seconds=60)).timestamp()]
    put(cloud, {"MetricName": "Orders", "Value": 5, "Timestamp": second, "StorageResolution": 1})
    assert read_back(cloud, "Sum", period=20) == [[1, 5]]


@pytest.mark.parametrize(
    ("age", "taken"),
    [
        (timedelta(days=14), True),
        (timedelta(days=14, seconds=1), False),
        (-timedelta(hours=2), True),
        (-timedelta(hours=2, seconds=1), False),
    ],
)
def test_put_metric_data_takes_two_weeks_back_and_two_hours_ahead(cloud: Cloud, age: timedelta, taken: bool) -> None:
    datum = {"MetricName": "Orders", "Value": 1, "Timestamp": NOW - age}
    if taken:
        return put(cloud, datum)
    with pytest.raises(AwsError, match="Timestamp"):
        put(cloud, datum)
    return None


@pytest.mark.parametrize(
    "wrong",
    [
        [{"MetricName": "Orders", "Value": 1}] * 1001,
        [{"MetricName": "Orders", "Value": 1}, {"MetricName": "Orders", "Value": float("nan")}],
        [{"MetricName": "Orders", "Value": 2.0**361}],
        [{"MetricName": "Orders"}],
        [{"MetricName": "Orders", "Value": 1, "Values": [1]}],
        [{"MetricName": "Orders", "Values": [1, 2], "Counts": [1]}],
        [{"MetricName": "Orders", "Values": [1] * 151}],
        [{"MetricName": "Orders", "Value": 1, "Dimensions": [{"Name": str(n), "Value": "x"} for n in range(31)]}],
        [{"MetricName": "Orders", "Value": 1, "Dimensions": [{"Name": "a", "Value": "x"}] * 2}],
    ],
    ids=["1001", "nan", "too big", "no value", "two kinds", "counts", "151 values", "31 dimensions", "twice"],
)
def test_put_metric_data_that_breaks_a_limit_leaves_nothing(cloud: Cloud, wrong: list[dict[str, Any]]) -> None:
    with pytest.raises(AwsError) as refused:
        put(cloud, *wrong)
    assert refused.value.code.startswith("InvalidParameter")
    assert cloud.ask("ListMetrics")["Metrics"] == []


def test_namespaces_of_aws_are_closed_to_put_metric_data(cloud: Cloud) -> None:
    with pytest.raises(AwsError, match="Namespace"):
        put(cloud, {"MetricName": "CPUUtilization", "Value": 1}, namespace="AWS/ECS")
