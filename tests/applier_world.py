"""A small AWS in memory for the applier's tests: one account and region, faults at any call."""

import copy
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from applier_scaling import ScalingWorld, refused
from applier_watching import STATES

from advisor.domain.finding import Advice, Review, Totals, UsdMonth
from advisor.domain.inventory import Container, NamedPolicy, Scaling, Service, TaskDefinition
from advisor.domain.policy import TargetTracking
from advisor.domain.service import ServiceId, Setup, TaskSize

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
REGION, ACCOUNT = "us-east-1", "111122223333"
SECRETS = ("canary-env-5f1c", "arn:aws:secretsmanager:us-east-1:111122223333:secret:canary-9a2b", "canary-arg-77")
WRITES = {
    "register_task_definition",
    "deregister_task_definition",
    "update_service",
    "register_scalable_target",
    "deregister_scalable_target",
    "put_scaling_policy",
    "delete_scaling_policy",
    "put_metric_alarm",
    "delete_alarms",
    "put_scheduled_action",
    "delete_scheduled_action",
}


class Killed(BaseException):
    """The process ends here, as by kill -9."""


class World(ScalingWorld):
    """What AWS holds; `before` and `after` see each call as (operation, parameters) and may raise."""

    def __init__(self) -> None:
        super().__init__()
        self.definitions: dict[str, dict[str, Any]] = {}
        self.before: list[Callable[[str, Mapping[str, Any]], None]] = []
        self.after: list[Callable[[str, Mapping[str, Any]], None]] = []
        self.calls: list[str] = []
        self.polls_until_steady = 0

    def client(self, account: str, service: str, region: str) -> "World":
        assert (account, region) == (ACCOUNT, REGION)
        assert service in ("ecs", "application-autoscaling", "cloudwatch")
        return self

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        answer = object.__getattribute__(self, f"_{operation}")

        def call(**parameters: Any) -> Any:
            for hook in self.before:
                hook(operation, parameters)
            self.calls.append(operation)
            result = copy.deepcopy(answer(**copy.deepcopy(parameters)))
            for hook in self.after:
                hook(operation, parameters)
            return result

        return call

    def state(self) -> dict[str, Any]:
        """What a user sees: services (no count where scaling moves it), active revisions, scaling, alarms."""
        active = sorted(a for a, d in self.definitions.items() if d["taskDefinition"]["status"] == "ACTIVE")
        services = {
            n: (s["taskDefinition"], None if f"service/{n}" in self.targets else s["desiredCount"])
            for n, s in self.services.items()
        }
        scaling = {
            "targets": self.targets,
            "policies": {i: p for i, p in self.policies.items() if p},
            "alarms": self.alarms,
            "alarm_tags": self.alarm_tags,
            "actions": {i: a for i, a in self.actions.items() if a},
            "tags": self.tags,
        }
        return self._without_chosen_arns(copy.deepcopy({"services": services, "active": active, **scaling}))

    def _without_chosen_arns(self, state: dict[str, Any]) -> dict[str, Any]:
        """Each policy's ARN by the policy's own name: AWS chooses it anew."""
        names = {p.pop("PolicyARN"): (i, n) for i, held in state["policies"].items() for n, p in held.items()}
        for alarm in state["alarms"].values():
            for key in STATES:
                alarm[key] = [names.get(arn, arn) for arn in alarm[key]]
        return state

    def writes(self) -> list[str]:
        return [call for call in self.calls if call in WRITES]

    def _register_task_definition(self, *, family: str, tags: Any = (), **fields: Any) -> dict[str, Any]:
        revision = 1 + sum(d["taskDefinition"]["family"] == family for d in self.definitions.values())
        arn = f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/{family}:{revision}"
        definition = {**fields, "family": family, "taskDefinitionArn": arn, "revision": revision}
        definition |= {"status": "ACTIVE", "registeredAt": NOW, "registeredBy": "somebody"}
        definition |= {"requiresAttributes": [{"name": "x"}], "compatibilities": ["EC2", "FARGATE"]}
        self.definitions[arn] = {"taskDefinition": definition, "tags": list(tags)}
        return self.definitions[arn]

    def _describe_task_definition(self, *, taskDefinition: str, include: Any = ()) -> Any:  # noqa: N803
        assert include == ["TAGS"]
        if taskDefinition in self.definitions:
            return self.definitions[taskDefinition]
        if ":" in taskDefinition:
            return next(d for a, d in self.definitions.items() if a.endswith(f"/{taskDefinition}"))
        found = [d for d in self.definitions.values() if d["taskDefinition"]["family"] == taskDefinition]
        active = [d for d in found if d["taskDefinition"]["status"] == "ACTIVE"]
        if not active:
            raise refused("ClientException", "Unable to describe task definition.", "DescribeTaskDefinition")
        return active[-1]

    def _deregister_task_definition(self, *, taskDefinition: str) -> Any:  # noqa: N803
        self.definitions[taskDefinition]["taskDefinition"]["status"] = "INACTIVE"
        return self.definitions[taskDefinition]

    def _describe_services(self, *, cluster: str, services: list[str], include: Any = ()) -> Any:
        assert include == ["TAGS"]
        found = [self.services[f"{cluster}/{name}"] for name in services if f"{cluster}/{name}" in self.services]
        for service in found:
            primary = service["deployments"][0]
            if primary["rolloutState"] == "IN_PROGRESS":
                service["polls"] -= 1
                primary["rolloutState"] = "COMPLETED" if service["polls"] < 0 else "IN_PROGRESS"
        return {"services": found, "failures": []}

    def _update_service(self, *, cluster: str, service: str, **fields: Any) -> dict[str, Any]:
        held = self.services[f"{cluster}/{service}"]
        held |= fields
        if arn := fields.get("taskDefinition"):
            assert self.definitions[arn]["taskDefinition"]["status"] == "ACTIVE"
            held["polls"] = self.polls_until_steady
            state = "IN_PROGRESS" if self.polls_until_steady else "COMPLETED"
            held["deployments"] = [{"status": "PRIMARY", "taskDefinition": arn, "rolloutState": state}]
        return {"service": held}


def definition_request(*, cpu: int = 1024, memory: int = 2048, family: str = "checkout") -> dict[str, Any]:
    """A task definition with all sorts of fields, some of them secret."""
    return {
        "family": family,
        "networkMode": "awsvpc",
        "cpu": str(cpu),
        "memory": str(memory),
        "requiresCompatibilities": ["FARGATE"],
        "runtimePlatform": {"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"},
        "ephemeralStorage": {"sizeInGiB": 30},
        "volumes": [{"name": "scratch"}],
        "containerDefinitions": [
            {
                "name": "app",
                "image": "example/app:1",
                "cpu": cpu,
                "memory": memory,
                "essential": True,
                "command": ["serve", SECRETS[2]],
                "environment": [{"name": "DB_PASSWORD", "value": SECRETS[0]}],
                "secrets": [{"name": "TOKEN", "valueFrom": SECRETS[1]}],
                "healthCheck": {"command": ["CMD", "true"], "interval": 30},
                "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "g"}},
            }
        ],
        "tags": [{"key": "team", "value": "shop"}],
    }


def make_service(
    world: World, name: str = "checkout", *, scaled: bool = True, desired: int = 4, size: tuple[int, int] = (1024, 2048)
) -> Service:
    """Put a service into the world, and the record that a collection would make of it."""
    cpu, memory = size
    answer = world._register_task_definition(**definition_request(cpu=cpu, memory=memory, family=name))
    definition = answer["taskDefinition"]
    world.services[f"prod/{name}"] = {
        "serviceName": name,
        "status": "ACTIVE",
        "taskDefinition": definition["taskDefinitionArn"],
        "desiredCount": desired,
        "launchType": "FARGATE",
        "deployments": [
            {"status": "PRIMARY", "taskDefinition": definition["taskDefinitionArn"], "rolloutState": "COMPLETED"}
        ],
        "tags": [{"key": "team", "value": "shop"}],
    }
    policy = TargetTracking(metric="cpu", target=70.0)
    if scaled:
        _scale(world, name)
    setup = Setup(size=TaskSize(cpu=cpu, memory=memory), ephemeral_gib=30, desired=desired)
    scaling = Scaling(minimum=2, maximum=10, policies=(NamedPolicy(name="cpu70", arn="arn:cpu70", policy=policy),))
    if scaled:
        setup = replace(setup, minimum=2, maximum=10, policies=(policy,))
    return Service(
        id=ServiceId(account=ACCOUNT, region=REGION, service=f"prod/{name}"),
        setup=setup,
        seen_at=NOW,
        task_definition=TaskDefinition(
            arn=definition["taskDefinitionArn"],
            family=name,
            revision=definition["revision"],
            size=setup.size,
            containers=(Container(name="app", cpu=cpu, memory=memory),),
        ),
        scaling=scaling if scaled else None,
        service_arn=f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/prod/{name}",
        tags={"team": "shop"},
    )


def _scale(world: World, name: str) -> None:
    resource = f"service/prod/{name}"
    suspended = {"ScheduledScalingSuspended": False}
    world._register_scalable_target(ResourceId=resource, MinCapacity=2, MaxCapacity=10, SuspendedState=suspended)
    world._put_scaling_policy(
        ResourceId=resource,
        PolicyName="cpu70",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": 70.0,
            "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
        },
    )


def advice_for(service: Service, recommended: Setup) -> Advice:
    money = UsdMonth(current=Decimal("72.10"), recommended=Decimal("36.05"))
    return Advice(
        id=service.id,
        verdict="change",
        current=service.setup,
        recommended=recommended,
        usd_month=money,
        owner=service.owner,
        tags=service.tags,
    )


def smaller(service: Service) -> Setup:
    """Half the size; where scaled, also another target, cooldown and minimum."""
    half = replace(service.setup, size=TaskSize.of(vcpu=0.5, gib=1))
    if service.setup.minimum is None:
        return half
    policy = TargetTracking(metric="cpu", target=55.0, scale_out_cooldown=60)
    return replace(half, minimum=1, policies=(policy,))


def review_of(*advice: Advice) -> Review:
    totals = Totals(current_usd_month=Decimal(0), recommended_usd_month=Decimal(0), covered_services=len(advice))
    return Review(store="store", window=None, config={}, totals=totals, services=advice)


class Faults:
    """Raises at the n-th write: before it is made, or after (made, but the answer was lost)."""

    def __init__(self, world: World, *, at: int, when: str, error: Callable[[str], BaseException]) -> None:
        self.left, self.error = at, error
        getattr(world, when).append(self)

    def __call__(self, operation: str, _: Mapping[str, Any]) -> None:
        if operation in WRITES:
            self.left -= 1
            if self.left == -1:
                raise self.error(operation)
