"""One service's AWS: every call goes through `Aws.call`, and no error text can carry a task's values out."""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from advisor.domain.errors import AwsFailed, one_line
from advisor.domain.service import ServiceId

Client = Callable[[str, str, str], Any]
"""(account, service name as boto3 has it, region) -> boto3 client."""

_SILENT = {"register_task_definition"}  # its errors may quote environment values and secrets
DIMENSION = "ecs:service:DesiredCount"
ALARMS_PER_CALL = 100  # documented: names, and records, of one DescribeAlarms


class Aws:
    """The calls about one ECS service, with the clients of its account and region."""

    def __init__(self, client: Client, identity: ServiceId) -> None:
        self._client, self.id = client, identity

    @property
    def resource(self) -> dict[str, str]:
        """How Application Auto Scaling names the service."""
        return {
            "ServiceNamespace": "ecs",
            "ResourceId": f"service/{self.id.cluster}/{self.id.name}",
            "ScalableDimension": DIMENSION,
        }

    @property
    def service(self) -> dict[str, str]:
        """How ECS names the service."""
        return {"cluster": self.id.cluster, "service": self.id.name}

    def ecs(self, operation: str, **parameters: Any) -> Mapping[str, Any]:
        """One ECS call; raises AwsFailed."""
        return self._call("ecs", operation, parameters)

    def scaling(self, operation: str, **parameters: Any) -> Mapping[str, Any]:
        """One Application Auto Scaling call; raises AwsFailed."""
        return self._call("application-autoscaling", operation, parameters)

    def watch(self, operation: str, **parameters: Any) -> Mapping[str, Any]:
        """One CloudWatch call; raises AwsFailed."""
        return self._call("cloudwatch", operation, parameters)

    def alarms(self, names: Collection[str]) -> Mapping[str, Mapping[str, Any]]:
        """The CloudWatch alarms of these names that are there, by name; raises AwsFailed."""
        found: dict[str, Mapping[str, Any]] = {}
        asked = sorted(names)
        for first in range(0, len(asked), ALARMS_PER_CALL):
            some = asked[first : first + ALARMS_PER_CALL]
            answer = self.watch("describe_alarms", AlarmNames=some, MaxRecords=ALARMS_PER_CALL)
            found |= {alarm["AlarmName"]: alarm for alarm in answer.get("MetricAlarms", ())}
        return found

    def composites_over(self, alarm: str) -> list[str]:
        """The composite alarms whose rule names an alarm; raises AwsFailed."""
        answer = self.watch("describe_alarms", ParentsOfAlarmName=alarm, MaxRecords=ALARMS_PER_CALL)
        return [found["AlarmName"] for found in answer.get("CompositeAlarms", ())]

    def scaling_pages(self, operation: str, key: str, **parameters: Any) -> Iterator[Mapping[str, Any]]:
        """All entries of a paged Application Auto Scaling read that are about this service."""
        token: dict[str, str] = {}
        while True:
            page = self.scaling(operation, ServiceNamespace="ecs", **parameters, **token)
            yield from (e for e in page.get(key, ()) if e["ResourceId"] == self.resource["ResourceId"])
            if not page.get("NextToken") or page["NextToken"] == token.get("NextToken"):
                return
            token = {"NextToken": page["NextToken"]}

    def _call(self, service: str, operation: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.parsers import ResponseParserError

        try:
            client = self._client(self.id.account, service, self.id.region)
            answer: Mapping[str, Any] = getattr(client, operation)(**parameters)
            return answer
        except (BotoCoreError, ClientError, ResponseParserError) as error:
            said = _said(error, operation)
        # Raised outside the handler, so that the foreign error and the request in it are not kept.
        raise AwsFailed(f"{self.id}: {operation} failed: {said}. Next: check rights and limits, then run again.")


def _said(error: Any, operation: str) -> str:
    answer = getattr(error, "response", None)
    if answer is None:  # a request that never left, or no answer: the text may quote the parameters
        return type(error).__name__
    details = answer.get("Error", {})
    code = one_line(details.get("Code", "unknown"), 60)[1:-1]
    if operation in _SILENT or not details.get("Message"):
        return code
    return f"{code}, {one_line(details['Message'], 160)}"
