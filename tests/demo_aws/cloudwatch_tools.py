"""A local CloudWatch whose clock stands still, and short words to fill and to ask it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from shapes import assert_shape

from advisor.demo.aws.metrics import put_series
from advisor.demo.aws.wire import ACCOUNT, LocalAws

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
REGION = "us-east-1"
DIMENSIONS = {"ClusterName": "prod", "ServiceName": "api"}


class Cloud:
    """The local AWS at noon; every answer of `ask` fits botocore's model."""

    def __init__(self) -> None:
        self.aws = LocalAws(clock=lambda: NOW)

    def ask(self, action: str, *, region: str = REGION, account: str = ACCOUNT, **params: Any) -> dict[str, Any]:
        answer = self.aws.call("cloudwatch", action, account=account, region=region, **params)
        assert_shape("cloudwatch", action, answer)
        return answer

    def seed(self, values: list[float], **changed: Any) -> None:
        """One sample of each value a minute, ending now, unless changed."""
        step = changed.setdefault("step_seconds", 60)
        changed.setdefault("start", NOW - timedelta(seconds=step * len(values)))
        whole = {
            "account": ACCOUNT,
            "region": REGION,
            "namespace": "AWS/ECS",
            "name": "CPUUtilization",
            "dimensions": DIMENSIONS,
            "samples": np.ones(len(values)),
            "unit": "Percent",
            **dict.fromkeys(("sum", "minimum", "maximum"), values),
            **changed,
        }
        put_series(self.aws, **whole)

    def read(self, *queries: dict[str, Any], **params: Any) -> list[list[float]]:
        """The values of each query over the last hour, unless changed, oldest first."""
        window = {"StartTime": NOW - timedelta(hours=1), "EndTime": NOW, "ScanBy": "TimestampAscending"}
        answer = self.ask("GetMetricData", MetricDataQueries=list(queries), **{**window, **params})
        return [result["Values"] for result in answer["MetricDataResults"]]


def query(stat: str = "Average", *, name: str = "m1", period: int = 60, **metric: Any) -> dict[str, Any]:
    """A MetricDataQuery of the seeded metric, unless changed."""
    dimensions = metric.pop("dimensions", DIMENSIONS)
    unit = {"Unit": metric.pop("unit")} if "unit" in metric else {}
    asked = {"Namespace": "AWS/ECS", "MetricName": "CPUUtilization", **metric}
    asked["Dimensions"] = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    return {"Id": name, "MetricStat": {"Metric": asked, "Period": period, "Stat": stat, **unit}}
