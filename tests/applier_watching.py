"""CloudWatch's alarms in memory, for the applier's small AWS."""

from typing import Any

STATES = ("AlarmActions", "OKActions", "InsufficientDataActions")


class AlarmWorld:
    """Alarms with their tags, by name; `composites`: by alarm, the composite alarms whose rule names it."""

    def __init__(self) -> None:
        self.alarms: dict[str, dict[str, Any]] = {}
        self.alarm_tags: dict[str, list[dict[str, str]]] = {}
        self.composites: dict[str, list[str]] = {}

    def alarms_naming(self, arn: str) -> list[dict[str, str]]:
        return [
            {"AlarmName": name, "AlarmARN": alarm["AlarmArn"]}
            for name, alarm in self.alarms.items()
            if any(arn in alarm.get(state, ()) for state in STATES)
        ]

    def _describe_alarms(
        self,
        *,
        AlarmNames: Any = (),  # noqa: N803
        ParentsOfAlarmName: Any = None,  # noqa: N803
        MaxRecords: int = 50,  # noqa: N803
    ) -> Any:
        parents = self.composites.get(ParentsOfAlarmName, [])
        found = [self.alarms[name] for name in AlarmNames if name in self.alarms]
        assert len(found) <= MaxRecords
        return {"MetricAlarms": found, "CompositeAlarms": [{"AlarmName": name} for name in parents]}

    def _put_metric_alarm(self, *, AlarmName: str, Tags: Any = (), **fields: Any) -> Any:  # noqa: N803
        """All of it is overwritten; documented: tags are for a new alarm only."""
        if AlarmName not in self.alarms:
            self.alarm_tags[AlarmName] = list(Tags)
        read = {"AlarmArn": f"arn:alarm:{AlarmName}", "StateValue": "INSUFFICIENT_DATA", "ActionsEnabled": True}
        empty = {state: [] for state in STATES}
        self.alarms[AlarmName] = {"AlarmName": AlarmName, **read, **empty, **fields}
        return {}

    def _delete_alarms(self, *, AlarmNames: list[str]) -> Any:  # noqa: N803
        for name in AlarmNames:
            self.alarms.pop(name)
            self.alarm_tags.pop(name)
        return {}
