"""CloudWatch of the local AWS: simple metric math, and honest refusals of the rest."""

from datetime import timedelta

import pytest
from cloudwatch_tools import NOW, Cloud, query

from advisor.demo.aws.wire import AwsError


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        ("m1*2", [2, 4, 6, 8]),
        ("m1/m2", [0.2, 0.15]),
        ("SUM([m1,m2])", [1, 12, 23, 4]),
        ("AVG([m1, m2])", [1, 6, 11.5, 4]),
        ("MAX([m1,m2]) - m1", [0, 8, 17, 0]),
        ("FILL(m2, 0)", [0.0] * 57 + [10, 20, 0]),
        ("m1 - SUM(m1)", [-9, -8, -7, -6]),
        ("-m1^2", [-1, -4, -9, -16]),
        ("m1/0", []),
    ],
)
def test_metric_math_works_period_by_period(cloud: Cloud, expression: str, values: list[float]) -> None:
    cloud.seed([1, 2, 3, 4])
    cloud.seed([10, 20], start=NOW - timedelta(minutes=3), name="Other")
    hidden = [{**query(), "ReturnData": False}, {**query(name="m2", MetricName="Other"), "ReturnData": False}]
    assert cloud.read(*hidden, {"Id": "e1", "Expression": expression})[0] == pytest.approx(values)


def test_expressions_may_use_expressions_but_not_in_a_circle(cloud: Cloud) -> None:
    cloud.seed([1, 2])
    assert cloud.read(query(), {"Id": "e1", "Expression": "e2+1"}, {"Id": "e2", "Expression": "m1*10"})[1] == [11, 21]
    with pytest.raises(AwsError, match="not the Id"):
        cloud.read(query(), {"Id": "e1", "Expression": "e2"}, {"Id": "e2", "Expression": "e1"})


def test_no_token_is_given_with_metric_math(cloud: Cloud) -> None:
    cloud.seed(list(range(10)))
    queries = [query(), {"Id": "e1", "Expression": "m1"}]
    window = {"StartTime": NOW - timedelta(hours=1), "EndTime": NOW, "MaxDatapoints": 3}
    page = cloud.ask("GetMetricData", MetricDataQueries=queries, **window)
    assert "NextToken" not in page
    assert page["MetricDataResults"][0]["StatusCode"] == "PartialData"


@pytest.mark.parametrize(
    "expression", ["SEARCH('x', 'Sum')", "ANOMALY_DETECTION_BAND(m1)", "m9", "m1 +", "5", "[m1]", "m1.real", "f(x=1)"]
)
def test_metric_math_that_is_not_there_is_refused_never_empty(cloud: Cloud, expression: str) -> None:
    cloud.seed([1.0])
    with pytest.raises(AwsError) as refused:
        cloud.read(query(), {"Id": "e1", "Expression": expression})
    assert refused.value.code == "ValidationError"
