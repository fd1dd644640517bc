"""CloudWatch of the local AWS: alarms, kept by moto and read as AWS reads them."""

from typing import Any

import pytest
from cloudwatch_tools import DIMENSIONS, Cloud

from advisor.demo.aws.wire import AwsError


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


def put(cloud: Cloud, name: str, **changed: Any) -> None:
    asked = {
        "AlarmName": name,
        "Namespace": "AWS/ECS",
        "MetricName": "CPUUtilization",
        "Dimensions": [{"Name": key, "Value": value} for key, value in DIMENSIONS.items()],
        "ComparisonOperator": "GreaterThanThreshold",
        "EvaluationPeriods": 3,
        "Period": 60,
        "Threshold": 70.0,
        "Statistic": "Average",
        "AlarmActions": ["arn:aws:autoscaling:us-east-1:123456789012:scalingPolicy:1"],
        **changed,
    }
    cloud.ask("PutMetricAlarm", **asked)


def names(answer: dict[str, Any]) -> list[str]:
    return [alarm["AlarmName"] for alarm in answer["MetricAlarms"]]


def test_describe_alarms_gives_pages_by_name(cloud: Cloud) -> None:
    for number in range(60):
        put(cloud, f"a{59 - number:02}")
    first = cloud.ask("DescribeAlarms")
    assert names(first) == [f"a{number:02}" for number in range(50)]
    assert names(cloud.ask("DescribeAlarms", NextToken=first["NextToken"])) == [f"a{n:02}" for n in range(50, 60)]
    one = cloud.ask("DescribeAlarms", MaxRecords=1)
    assert names(one) == ["a00"]
    assert names(cloud.ask("DescribeAlarms", MaxRecords=100)) == [f"a{number:02}" for number in range(60)]
    with pytest.raises(AwsError, match="MaxRecords"):
        cloud.ask("DescribeAlarms", MaxRecords=101)


def test_describe_alarms_takes_all_filters_together(cloud: Cloud) -> None:
    put(cloud, "web-high")
    put(cloud, "web-low", AlarmActions=["arn:aws:sns:us-east-1:123456789012:other"])
    put(cloud, "api-high")
    scaling = "arn:aws:autoscaling"
    assert names(cloud.ask("DescribeAlarms", AlarmNamePrefix="web", ActionPrefix=scaling)) == ["web-high"]
    assert names(cloud.ask("DescribeAlarms", AlarmNames=["web-low", "api-high"])) == ["api-high", "web-low"]
    assert names(cloud.ask("DescribeAlarms", AlarmNames=["web-low"], ActionPrefix=scaling)) == []


def test_describe_alarms_gives_the_types_that_are_asked_for(cloud: Cloud) -> None:
    put(cloud, "plain")
    assert names(cloud.ask("DescribeAlarms", AlarmTypes=["MetricAlarm"])) == ["plain"]
    assert names(cloud.ask("DescribeAlarms", AlarmTypes=["CompositeAlarm"])) == []


def test_no_alarm_has_a_parent_where_none_is_composite(cloud: Cloud) -> None:
    put(cloud, "plain")
    assert cloud.ask("DescribeAlarms", ParentsOfAlarmName="plain")["CompositeAlarms"] == []
    with pytest.raises(AwsError, match="ParentsOfAlarmName"):
        cloud.ask("DescribeAlarms", ParentsOfAlarmName="plain", AlarmNames=["plain"])


def test_the_tags_of_an_alarm_go_with_it(cloud: Cloud) -> None:
    put(cloud, "plain", Tags=[{"Key": "team", "Value": "shop"}])
    arn = cloud.ask("DescribeAlarms")["MetricAlarms"][0]["AlarmArn"]
    assert cloud.ask("ListTagsForResource", ResourceARN=arn)["Tags"] == [{"Key": "team", "Value": "shop"}]
    cloud.ask("DeleteAlarms", AlarmNames=["plain"])
    put(cloud, "plain")
    assert cloud.ask("ListTagsForResource", ResourceARN=arn)["Tags"] == []


def test_a_new_alarm_has_not_enough_data_until_it_is_set(cloud: Cloud) -> None:
    put(cloud, "new")
    assert cloud.ask("DescribeAlarms")["MetricAlarms"][0]["StateValue"] == "INSUFFICIENT_DATA"
    assert names(cloud.ask("DescribeAlarms", StateValue="OK")) == []
    cloud.ask("SetAlarmState", AlarmName="new", StateValue="ALARM", StateReason="tested")
    assert names(cloud.ask("DescribeAlarms", StateValue="ALARM")) == ["new"]


def test_describe_alarms_for_metric_looks_at_the_dimensions(cloud: Cloud) -> None:
    put(cloud, "api")
    put(cloud, "web", Dimensions=[{"Name": "ClusterName", "Value": "prod"}, {"Name": "ServiceName", "Value": "web"}])
    metric = {"Namespace": "AWS/ECS", "MetricName": "CPUUtilization"}
    turned = [{"Name": key, "Value": value} for key, value in reversed(DIMENSIONS.items())]
    assert names(cloud.ask("DescribeAlarmsForMetric", **metric, Dimensions=turned)) == ["api"]
    assert names(cloud.ask("DescribeAlarmsForMetric", **metric, Dimensions=turned, Period=300)) == []
