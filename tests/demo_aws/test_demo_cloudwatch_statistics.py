"""CloudWatch of the local AWS: percentiles, trimmed means and their kin."""

from datetime import timedelta

import numpy as np
import pytest
from cloudwatch_tools import NOW, Cloud, query
from hypothesis import given
from hypothesis import strategies as st

from advisor.demo.aws.metric_statistics import percentile, statistic
from advisor.demo.aws.metrics import statistic_sets
from advisor.demo.aws.wire import AwsError


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


def test_percentiles_come_from_raw_values_only(cloud: Cloud) -> None:
    raw = {"Namespace": "Shop", "MetricName": "Latency"}
    datum = {"MetricName": "Latency", "Timestamp": NOW - timedelta(minutes=1)}
    cloud.ask(
        "PutMetricData", Namespace="Shop", MetricData=[{**datum, "Values": [1, 2, 3, 40], "Counts": [7, 1, 1, 1]}]
    )
    asked = [query(stat, name=f"q{n}", dimensions={}, **raw) for n, stat in enumerate(("p50", "p90", "p99.9", "tm90"))]
    assert cloud.read(*asked) == [[1], [3], [40], [pytest.approx((7 * 1 + 2 + 3) / 9)]]
    sets = {"SampleCount": 2, "Sum": 3, "Minimum": 1, "Maximum": 2}
    cloud.ask("PutMetricData", Namespace="Shop", MetricData=[{**datum, "StatisticValues": sets}])
    assert cloud.read(*asked) == [[], [], [], []]


def test_percentiles_come_from_statistic_sets_whose_samples_are_known(cloud: Cloud) -> None:
    cloud.seed([7, 7, 7, -1], samples=[1, 3, 2, 1], sum=[7, 21, 14, -1], minimum=[7, 7, 6, -1], maximum=[7, 7, 8, -1])
    assert cloud.read(query("p99")) == [[7, 7]]


@pytest.mark.parametrize("stat", ["p101", "bogus", "average", "tm", "TM(5%:10)", "PR(1%:2%)", "PR(:)", ""])
def test_an_unknown_statistic_is_refused(cloud: Cloud, stat: str) -> None:
    with pytest.raises(AwsError, match="Stat is not supported") as refused:
        cloud.read(query(stat))
    assert refused.value.code == "ValidationError"


@pytest.mark.parametrize(
    ("stat", "value"),
    [
        ("p0", 1),
        ("p50", 5),
        ("p100", 10),
        ("tm90", 5),
        ("TM(10%:90%)", 5.5),
        ("TM(2:4)", 3.5),
        ("IQM", 5.5),
        ("wm80", (36 + 8 + 8) / 10),
        ("tc20", 2),
        ("TC(8:)", 2),
        ("ts20", 3),
        ("TS(:3)", 6),
        ("PR(:3)", 30),
        ("PR(2:5)", 30),
    ],
)
def test_statistics_of_one_to_ten_are_those_of_the_guide(stat: str, value: float) -> None:
    samples = np.arange(10.0, 0.0, -1.0)
    sets = statistic_sets(np.zeros(10), np.ones(10), samples, samples, samples)
    found = statistic(stat)
    assert found is not None
    assert found(sets, np.array([0])) == pytest.approx([value])


@given(st.lists(st.integers(0, 50), min_size=1), st.floats(0, 1), st.floats(0, 1))
def test_percentiles_grow_with_their_share_and_are_samples(values: list[int], one: float, two: float) -> None:
    samples = np.sort(np.array(values, dtype=float))
    low, high = (percentile(samples, np.ones(len(samples)), share) for share in sorted((one, two)))
    assert low <= high
    assert {low, high} <= set(samples)
