"""CloudWatch of the local AWS: which datapoints a query reads."""

from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from cloudwatch_tools import DIMENSIONS, NOW, Cloud, query

from advisor.demo.aws.wire import AwsError


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


def test_get_metric_data_keeps_namespaces_apart(cloud: Cloud) -> None:
    cloud.seed([10.0])
    cloud.seed([99.0], namespace="ECS/ContainerInsights")
    assert cloud.read(query()) == [[10.0]]


def test_get_metric_data_never_aggregates_over_dimensions(cloud: Cloud) -> None:
    cloud.seed([10.0])
    assert cloud.read(query(dimensions={})) == [[]]
    assert cloud.read(query(dimensions={"ClusterName": "prod"})) == [[]]


def test_get_metric_data_takes_dimensions_in_any_order(cloud: Cloud) -> None:
    cloud.seed([10.0])
    assert cloud.read(query(dimensions=dict(reversed(DIMENSIONS.items())))) == [[10.0]]


def test_accounts_and_regions_are_apart(cloud: Cloud) -> None:
    cloud.seed([10.0])
    assert cloud.read(query(), region="eu-west-1") == [[]]
    assert cloud.read(query(), account="210987654321") == [[]]


def test_the_five_simple_statistics_are_those_of_the_statistic_sets(cloud: Cloud) -> None:
    cloud.seed([0, 0], samples=[4, 2], sum=[100, 20], minimum=[5, 6], maximum=[50, 12])
    stats = ("SampleCount", "Sum", "Average", "Minimum", "Maximum")
    queries = [query(stat, name=f"q{number}") for number, stat in enumerate(stats)]
    assert cloud.read(*queries) == [[4, 2], [100, 20], [25, 10], [5, 6], [50, 12]]


def test_a_longer_period_joins_its_minutes_weighted_by_samples(cloud: Cloud) -> None:
    cloud.seed([0, 0], samples=[4, 2], sum=[100, 20], minimum=[5, 6], maximum=[50, 12])
    asked = [query(stat, name=f"q{stat[0].lower()}", period=3600) for stat in ("Average", "Sum", "Maximum")]
    assert cloud.read(*asked) == [[20], [120], [50]]


def test_minutes_without_samples_have_no_datapoint(cloud: Cloud) -> None:
    cloud.seed([1, 2, 3], samples=[1, 0, np.nan])
    assert cloud.read(query()) == [[1]]


def test_start_is_inclusive_and_end_is_exclusive(cloud: Cloud) -> None:
    cloud.seed([1, 2, 3, 4])
    window = {"StartTime": NOW - timedelta(minutes=3), "EndTime": NOW - timedelta(minutes=1)}
    assert cloud.read(query(), **window) == [[2, 3]]


@pytest.mark.parametrize(
    ("age", "rounded_to"),
    [(timedelta(days=14), 60), (timedelta(days=20), 300), (timedelta(days=100), 3600)],
)
def test_the_start_is_rounded_down_by_its_age(cloud: Cloud, age: timedelta, rounded_to: int) -> None:
    start = NOW - age + timedelta(minutes=7, seconds=34)
    cloud.seed([5.0] * 200, start=NOW - age)
    answer = cloud.ask("GetMetricData", MetricDataQueries=[query(period=3600)], StartTime=start, EndTime=NOW)
    first = int(start.timestamp())
    assert answer["MetricDataResults"][0]["Timestamps"][-1] == first - first % rounded_to


def test_periods_follow_from_the_start_not_from_the_hour(cloud: Cloud) -> None:
    cloud.seed([1.0] * 20)
    window = {"StartTime": NOW - timedelta(minutes=13), "EndTime": NOW, "ScanBy": "TimestampAscending"}
    answer = cloud.ask("GetMetricData", MetricDataQueries=[query("SampleCount", period=300)], **window)
    (result,) = answer["MetricDataResults"]
    assert [NOW.timestamp() - second for second in result["Timestamps"]] == [13 * 60, 8 * 60, 3 * 60]
    assert result["Values"] == [5, 5, 3]


@pytest.mark.parametrize(("period", "kept_days"), [(60, 15), (300, 63), (3600, 455)])
def test_datapoints_are_kept_by_their_period(cloud: Cloud, period: int, kept_days: int) -> None:
    limit = NOW - timedelta(days=kept_days)
    cloud.seed([1.0] * 24, start=limit - timedelta(hours=12), step_seconds=3600)
    window = {"StartTime": limit - timedelta(hours=12), "EndTime": limit + timedelta(hours=12)}
    assert cloud.read(query(period=period), **window) == [[1.0] * 12]


def test_twenty_second_data_are_kept_three_hours(cloud: Cloud) -> None:
    cloud.seed([1.0] * 3 * 60 * 4, step_seconds=20)
    window = {"StartTime": NOW - timedelta(hours=4)}
    assert len(cloud.read(query(period=20), **window)[0]) == 3 * 60 * 3
    assert cloud.read(query("SampleCount"), **window) == [[3.0] * 60 * 4]


@pytest.mark.parametrize("period", [0, 7, 61, 90])
def test_periods_that_cloudwatch_does_not_have_are_refused(cloud: Cloud, period: int) -> None:
    with pytest.raises(AwsError, match="Period"):
        cloud.read(query(period=period))


def test_five_hundred_queries_are_answered_and_one_more_is_refused(cloud: Cloud) -> None:
    queries = [query(name=f"q{number}") for number in range(501)]
    assert cloud.read(*queries[:500]) == [[]] * 500
    with pytest.raises(AwsError, match="size greater than 500"):
        cloud.read(*queries)


@pytest.mark.parametrize(
    "queries",
    [
        [],
        [query(), query("Sum")],
        [query(name="M1")],
        [query(name="1m")],
        [query(name="m-1")],
        [{"Id": "m1"}],
        [{**query(), "Expression": "m2"}],
    ],
    ids=["none", "same id", "capital", "digit first", "dash", "nothing asked", "both asked"],
)
def test_queries_with_wrong_ids_or_contents_are_refused(cloud: Cloud, queries: list[dict[str, Any]]) -> None:
    with pytest.raises(AwsError) as refused:
        cloud.read(*queries)
    assert refused.value.code == "ValidationError"


def test_windows_that_are_empty_or_backwards_are_refused(cloud: Cloud) -> None:
    for start in (NOW, NOW + timedelta(hours=1)):
        with pytest.raises(AwsError, match="EndTime"):
            cloud.read(query(), StartTime=start)


def test_only_the_unit_asked_for_is_read_and_any_without_one(cloud: Cloud) -> None:
    cloud.seed([1.0])
    cloud.seed([3.0], unit="Count")
    queries = (query(), query(name="m2", unit="Count"), query(name="m3", unit="Bytes"))
    assert cloud.read(*queries) == [[2.0], [3.0], []]
