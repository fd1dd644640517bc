"""CloudWatch of the local AWS: the pages of GetMetricData."""

import time
from datetime import timedelta
from typing import Any

import pytest
from cloudwatch_tools import NOW, REGION, Cloud, query
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from advisor.demo.aws.faults import hiccup
from advisor.demo.aws.wire import ACCOUNT, AwsError


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


def test_newest_first_unless_asked_otherwise(cloud: Cloud) -> None:
    cloud.seed([1, 2, 3])
    window = {"MetricDataQueries": [query()], "StartTime": NOW - timedelta(hours=1), "EndTime": NOW}
    (result,) = cloud.ask("GetMetricData", **window)["MetricDataResults"]
    assert result["Values"] == [3, 2, 1]
    assert result["Timestamps"] == sorted(result["Timestamps"], reverse=True)
    assert cloud.read(query()) == [[1, 2, 3]]


def all_pages(cloud: Cloud, **params: Any) -> list[dict[str, Any]]:
    pages = [cloud.ask("GetMetricData", **params)]
    while "NextToken" in pages[-1]:
        pages.append(cloud.ask("GetMetricData", **params, NextToken=pages[-1]["NextToken"]))
    return pages


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(size=st.integers(3, 40), order=st.sampled_from(["TimestampAscending", "TimestampDescending"]))
def test_pages_put_together_are_the_whole(cloud: Cloud, size: int, order: str) -> None:
    if not cloud.read(query())[0]:
        cloud.seed(list(range(30)))
        cloud.seed(list(range(7)), name="MemoryUtilization")
    queries = [query(), query(name="m2", MetricName="Nothing"), query(name="m3", MetricName="MemoryUtilization")]
    window = {"StartTime": NOW - timedelta(hours=1), "EndTime": NOW, "ScanBy": order, "MetricDataQueries": queries}
    joined: dict[str, list[float]] = {}
    for page in all_pages(cloud, **window, MaxDatapoints=size):
        assert sum(len(result["Values"]) for result in page["MetricDataResults"]) <= size
        for result in page["MetricDataResults"]:
            joined.setdefault(result["Id"], []).extend(result["Values"])
    (whole,) = all_pages(cloud, **window)
    assert joined == {result["Id"]: result["Values"] for result in whole["MetricDataResults"]}


def test_unfinished_queries_are_partial_and_pages_come_in_no_order(cloud: Cloud) -> None:
    cloud.seed(list(range(10)))
    queries = [query(name=name) for name in ("m1", "m2", "m3")]
    window = {"StartTime": NOW - timedelta(hours=1), "EndTime": NOW, "MetricDataQueries": queries}
    first, second = all_pages(cloud, **window, MaxDatapoints=15)
    states = [
        [(r["Id"], r["StatusCode"], len(r["Values"])) for r in page["MetricDataResults"]] for page in (first, second)
    ]
    assert states[0] == [("m1", "Complete", 10), ("m2", "PartialData", 5), ("m3", "PartialData", 0)]
    assert states[1] == [("m3", "Complete", 10), ("m2", "Complete", 5)]


def test_an_internal_error_leaves_a_token_that_leads_to_the_missing_data(cloud: Cloud) -> None:
    cloud.seed(list(range(10)))
    window = {"StartTime": NOW - timedelta(hours=1), "EndTime": NOW, "MetricDataQueries": [query()]}
    hiccup(cloud.aws, account=ACCOUNT, region=REGION, times=2)
    pages = all_pages(cloud, **window, MaxDatapoints=6)
    found = [(result["StatusCode"], len(result["Values"])) for page in pages for result in page["MetricDataResults"]]
    assert found == [("InternalError", 0), ("InternalError", 0), ("PartialData", 6), ("Complete", 4)]
    tokens = [page["NextToken"] for page in pages[:-1]]
    assert len(set(tokens)) == len(tokens)


def test_a_page_holds_100800_datapoints_and_is_built_quickly(cloud: Cloud) -> None:
    for number in range(5):
        cloud.seed([50.125] * 21_600, dimensions={"ServiceName": str(number)})
    queries = [query(name=f"q{number}", dimensions={"ServiceName": str(number)}) for number in range(5)]
    window = {"StartTime": NOW - timedelta(days=15), "EndTime": NOW, "MetricDataQueries": queries}
    began = time.process_time()  # not by the clock on the wall: other tests run beside this one
    page = cloud.aws.call("cloudwatch", "GetMetricData", account=ACCOUNT, region=REGION, **window)
    assert time.process_time() - began < 0.5  # [s], with the reading of the JSON; 0.1 s as measured
    assert sum(len(result["Values"]) for result in page["MetricDataResults"]) == 100_800
    assert page["NextToken"]
    with pytest.raises(AwsError, match="MaxDatapoints"):
        cloud.ask("GetMetricData", **window, MaxDatapoints=100_801)


def test_a_token_of_another_request_is_refused(cloud: Cloud) -> None:
    cloud.seed(list(range(10)))
    window = {"StartTime": NOW - timedelta(hours=1), "EndTime": NOW, "MaxDatapoints": 3}
    token = cloud.ask("GetMetricData", **window, MetricDataQueries=[query()])["NextToken"]
    for wrong in (token, "rubbish", "bnVsbA=="):
        with pytest.raises(AwsError) as refused:
            cloud.ask("GetMetricData", **window, MetricDataQueries=[query("Sum")], NextToken=wrong)
        assert refused.value.code == "InvalidNextToken"
