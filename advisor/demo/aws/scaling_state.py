"""What the local Application Auto Scaling holds of ECS; other namespaces stay with moto."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from advisor.demo.aws.ecs_paging import BadSize, BadToken, cut
from advisor.demo.aws.ecs_state import Wire, partition
from advisor.demo.aws.wire import Answer, AwsError, Call, LocalAws, answers

SERVICE = "application-autoscaling"
DIMENSION = "ecs:service:DesiredCount"
Key = tuple[str, str]  # resource and name


@dataclass(slots=True, kw_only=True)
class Scaler:
    """One account's scaling of ECS in one region: targets by resource, the rest by (resource, name)."""

    account: str
    region: str
    targets: dict[str, Wire] = field(default_factory=dict)
    policies: dict[Key, Wire] = field(default_factory=dict)
    schedule: dict[Key, Wire] = field(default_factory=dict)
    activities: list[Wire] = field(default_factory=list)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    made: int = 0

    def new_id(self) -> str:
        """A UUID, unique here; the same calls give the same ones."""
        self.made += 1
        text = sha256(f"scaling {self.account} {self.region} {self.made}".encode()).hexdigest()
        return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:32]))

    def arn(self, service: str, rest: str) -> str:
        """An ARN in this account and region."""
        return f"arn:{partition(self.region)}:{service}:{self.region}:{self.account}:{rest}"


def scaler(aws: LocalAws, account: str, region: str) -> Scaler:
    """The scaler of an account and region."""
    held: Scaler = aws.state(SERVICE, account, region).setdefault("scaler", Scaler(account=account, region=region))
    return held


def of_ecs(action: str) -> Callable[[Answer], Answer]:
    """Register a correction for one action, for the namespace `ecs` only."""

    def register(answer: Answer) -> Answer:
        @answers(SERVICE, action)
        def chosen(aws: LocalAws, call: Call) -> Wire:
            return answer(aws, call) if call.params.get("ServiceNamespace") == "ecs" else aws.moto(call)

        return answer

    return register


def page(entries: list[Any], call: Call, key: str, *, most: int) -> Wire:
    """One page, AWS's largest unless asked for less: 10 policies, 50 of anything else [FACTS 5]."""
    try:
        shown, token = cut(entries, call, most=most, default=most)
    except BadToken:
        raise AwsError("InvalidNextTokenException", "The next token is invalid.") from None
    except BadSize as error:
        raise invalid(str(error)) from None
    return {key: shown} | ({"NextToken": token} if token else {})


def invalid(message: str) -> AwsError:
    """A ValidationException."""
    return AwsError("ValidationException", message)


def not_found(kind: str, params: Wire) -> AwsError:
    """An ObjectNotFoundException that names the resource."""
    where = f"service namespace: ecs, resource ID: {params['ResourceId']}, scalable dimension: {DIMENSION}"
    return AwsError("ObjectNotFoundException", f"No {kind} found for {where}")


def target_of(held: Scaler, params: Wire) -> Wire:
    """The scalable target that a call is about; raises ObjectNotFoundException."""
    if params["ResourceId"] not in held.targets or params["ScalableDimension"] != DIMENSION:
        raise AwsError(
            "ObjectNotFoundException",
            f"No scalable target registered for service namespace: ecs, resource ID: {params['ResourceId']}, "
            f"scalable dimension: {params['ScalableDimension']}",
        )
    return held.targets[params["ResourceId"]]


def is_asked_for(entry: Wire, params: Wire) -> bool:
    """Whether an entry is of the resource and dimension that a call names, matched exactly.

    A dimension without a resource is refused [B44:application-autoscaling].
    """
    if params.get("ScalableDimension") and not (params.get("ResourceId") or params.get("ResourceIds")):
        raise invalid("A scalable dimension needs a resource ID.")
    wanted = {key: params[key] for key in ("ResourceId", "ScalableDimension") if params.get(key)}
    return all(entry[key] == value for key, value in wanted.items())


def instant(value: Any) -> datetime:
    """An instant of a request: epoch seconds on the wire, datetime in process."""
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, tz=UTC)
    if isinstance(value, str):
        return datetime.fromisoformat(value)
    held: datetime = value
    return held
