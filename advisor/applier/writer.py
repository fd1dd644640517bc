"""The writes to one service: each is announced in the journal, made, and its result written down.

A step of a plan names fields; here it becomes the parameters of a call: the registered revision's ARN takes
the place of `REGISTERED`, changed policy fields are laid over the live policy, and the minimum that keeps
capacity is worked out from the tasks desired at that moment.
"""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from advisor.applier.alarms import live_alarm, put_parameters, whole_alarm, with_arns
from advisor.applier.aws import Aws
from advisor.applier.bounds import in_force
from advisor.applier.definitions import describe, fields_not_carried, latest_revision, request_for, revision_of
from advisor.applier.description import action_fields, live_policy_fields
from advisor.applier.journal import Journal
from advisor.applier.live import read_actions, read_arns, read_live, read_service, read_target
from advisor.applier.policies import CONFIGURATIONS, laid_over
from advisor.applier.raising import BY_CLOCK, KEEP, RAISE
from advisor.applier.steps import REGISTERED, sets_of
from advisor.domain.errors import AwsFailed
from advisor.domain.plan import Step

_CALLS = {  # the calls of Application Auto Scaling that are made as they stand
    "register-scalable-target",
    "deregister-scalable-target",
    "delete-scaling-policy",
    "put-scheduled-action",
    "delete-scheduled-action",
}
STRIKES = 3  # chosen: a read right after a write may be stale, three in a row are not


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a rollout is waited for [s], how often it is looked at [s], and how to sleep."""

    wait_seconds: float = 900.0
    poll_seconds: float = 5.0
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True, slots=True, kw_only=True)
class Exact:
    """What stood before, as the parameters that give it again: policies, alarms and actions by name, the target's tags.

    `arns`: those that the policies had. `since`: when it was read; scheduled actions that ran after it have moved the
    bounds.
    """

    policies: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    alarms: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    arns: Mapping[str, str] = field(default_factory=dict)
    actions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    since: datetime | None = None


class Writer:
    """Makes the calls of one change; `registered`, `put`: ARNs of the new revision, of the policies by name."""

    def __init__(
        self,
        aws: Aws,
        journal: Journal,
        *,
        number: int,
        patience: Patience,
        exact: Exact | None = None,
    ) -> None:
        self.aws, self.journal, self.number, self.patience = aws, journal, number, patience
        self.exact = exact or Exact()
        self.registered: str | None = None
        self.put: dict[str, str] = {}
        self.rolling = False
        self.sets: list[Mapping[str, Any]] = []

    def do(self, step: Step) -> None:
        """One step: announced, made, written down; raises AwsFailed, and that is written down too."""
        parameters = self._resolved(step)
        sets = self._sets(step, parameters)
        self._note("before", step, says=step.says, parameters=parameters, sets=sets)
        try:
            result = self._call(step, parameters)
        except AwsFailed as error:
            self._note("failed", step, error=str(error))
            raise
        self._note("after", step, result=result)
        self.sets.append(sets)
        if step.kind == "register-task-definition":
            self._check_carried(parameters)
        if step.kind == "update-service" and "taskDefinition" in parameters:
            self.rolling = not wait_for_rollout(self.aws, parameters["taskDefinition"], self.patience)

    def _note(self, event: str, step: Step, **fields: Any) -> None:
        self.journal.write(event, change=self.number, kind=step.kind, **fields)

    def _resolved(self, step: Step) -> dict[str, Any]:
        whole = {
            "register-task-definition": self._numbered,
            "update-service": self._with_revision,
            "register-scalable-target": self._bounds,
            "put-scaling-policy": self._whole_policy,
            "put-metric-alarm": self._whole_alarm,
            "put-scheduled-action": self._whole_action,
        }.get(step.kind, dict)
        return whole(step.parameters)

    def _numbered(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        after = revision_of(parameters["from"])
        return {**parameters, "after": latest_revision(self.aws, parameters["family"], default=after)}

    def _with_revision(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        rolls = parameters.get("taskDefinition") == REGISTERED
        return {**parameters, **({"taskDefinition": self.registered} if rolls else {})}

    def _bounds(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        low, high = parameters["MinCapacity"], parameters["MaxCapacity"]
        if how := parameters.get(BY_CLOCK):
            low, high = self._by_clock(low, high, how=how)
        if KEEP in parameters:
            desired = read_service(self.aws)["desiredCount"]
            low = min(high, max(low, math.ceil(desired * parameters[KEEP] - 1e-9)))
        own = {key: value for key, value in parameters.items() if key not in (KEEP, BY_CLOCK)}
        tags = {"Tags": dict(self.exact.tags)} if "SuspendedState" in own and self.exact.tags else {}
        return own | {"MinCapacity": low, "MaxCapacity": high} | tags

    def _by_clock(self, low: int, high: int, *, how: str) -> tuple[int, int]:
        target = read_target(self.aws) or {}
        asleep = target.get("SuspendedState", {}).get("ScheduledScalingSuspended", False)
        actions = {} if asleep else read_actions(self.aws)
        low, high = in_force((low, high), actions, now=self.journal.now(), since=self.exact.since)
        if how == RAISE:
            low, high = max(low, target.get("MinCapacity", low)), max(high, target.get("MaxCapacity", high))
        return low, high

    def _whole_policy(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        name = parameters["PolicyName"]
        if name in self.exact.policies:
            return dict(self.exact.policies[name])
        held = read_live(self.aws).policies.get(name, {})
        key = CONFIGURATIONS[parameters["PolicyType"]]
        return {**parameters, key: laid_over(held.get(key, {}), parameters[key])}

    def _whole_action(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        name = parameters["ScheduledActionName"]
        if name in self.exact.actions:
            return dict(self.exact.actions[name])
        return {**read_actions(self.aws).get(name, {}), **parameters}

    def _sets(self, step: Step, parameters: Mapping[str, Any]) -> dict[str, Any]:
        match step.kind:
            case "put-scaling-policy":
                return {"policies": {parameters["PolicyName"]: live_policy_fields(parameters)}}
            case "put-metric-alarm":
                fields = live_alarm(parameters, self._arns(), self.aws.id)
                return {"alarms": {parameters["AlarmName"]: fields}}
            case "put-scheduled-action":
                return {"scheduled_actions": {parameters["ScheduledActionName"]: action_fields(parameters)}}
            case _:
                return sets_of(parameters, step.kind)

    def _whole_alarm(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        name, arns = parameters["AlarmName"], self._arns()
        if before := self.exact.alarms.get(name):
            kept = self.exact.arns.keys() & arns
            return with_arns(before, {self.exact.arns[policy]: arns[policy] for policy in kept})
        held = self.aws.alarms([name]).get(name)
        return whole_alarm(parameters, held and put_parameters(held), arns, self.aws.id)

    def _arns(self) -> dict[str, str]:
        """Of the service's policies, by name; those of its own puts even where a read is still stale."""
        return read_arns(self.aws) | self.put

    def _call(self, step: Step, parameters: Mapping[str, Any]) -> dict[str, Any]:
        match step.kind:
            case "register-task-definition":
                return self._register(parameters)
            case "update-service":
                self.aws.ecs("update_service", **self.aws.service, **parameters)
            case "deregister-task-definition":
                self.aws.ecs("deregister_task_definition", **parameters)
            case "put-metric-alarm" | "delete-alarms" as kind:
                self.aws.watch(kind.replace("-", "_"), **parameters)
            case "put-scaling-policy":
                answer = self.aws.scaling("put_scaling_policy", **self.aws.resource, **parameters)
                self.put[parameters["PolicyName"]] = answer["PolicyARN"]
            case kind if kind in _CALLS:
                self.aws.scaling(kind.replace("-", "_"), **self.aws.resource, **parameters)
            case _:
                raise AwsFailed(f"{self.aws.id}: apply does not know the step {step.kind}")
        return {}

    def _register(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        answer = self.aws.ecs("register_task_definition", **self._request(parameters))
        self.registered = str(answer["taskDefinition"]["taskDefinitionArn"])
        return {"arn": self.registered}

    def _request(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        source = describe(self.aws, parameters["from"])
        return request_for(source["taskDefinition"], source.get("tags", ()), parameters)

    def _check_carried(self, parameters: Mapping[str, Any]) -> None:
        arn = self.registered or ""
        if names := fields_not_carried(self._request(parameters), describe(self.aws, arn)):
            raise AwsFailed(f"{self.aws.id}: {arn} does not carry over {', '.join(names)}")


def wait_for_rollout(aws: Aws, definition: str, patience: Patience) -> bool:
    """Wait until the rollout of a revision is steady; False where the time ran out first.

    Raises AwsFailed where ECS gave it up: the deployment failed, or the circuit breaker rolled it back.
    """
    strikes = 0
    for _ in range(max(1, math.ceil(patience.wait_seconds / patience.poll_seconds))):
        service = read_service(aws)
        primary = primary_of(service)
        strikes = strikes + 1 if primary.get("taskDefinition", definition) != definition else 0
        if primary.get("rolloutState") == "FAILED":
            raise AwsFailed(f"{aws.id}: ECS says that the deployment of {definition} failed.")
        if strikes >= STRIKES:
            raise AwsFailed(f"{aws.id}: ECS rolled the deployment of {definition} back.")
        if not strikes and is_steady(service):
            return True
        patience.sleep(patience.poll_seconds)
    return False


def primary_of(service: Mapping[str, Any]) -> Mapping[str, Any]:
    """The deployment that a service is on or going to; empty where it has none."""
    return next((d for d in service.get("deployments", ()) if d.get("status") == "PRIMARY"), {})


def is_steady(service: Mapping[str, Any]) -> bool:
    """Whether only one deployment is left, and finished."""
    if len(service.get("deployments", ())) > 1:
        return False
    state = primary_of(service).get("rolloutState")
    if state is not None:
        return bool(state == "COMPLETED")
    return bool(service.get("runningCount") == service.get("desiredCount"))
