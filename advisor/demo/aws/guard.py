"""IAM by action: what an identity may call. moto's own enforcement is wrong (docs/moto.md).

guard = enforce(aws)
guard.allow("arn:aws:iam::123456789012:role/advisor-read", policy_document("read"))

An identity is an access key, or the ARN of the role that was assumed; one without a policy may do everything.
"""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from advisor.demo.aws.faults import denied
from advisor.demo.aws.wire import Call, LocalAws


class Guard:
    """A hook that denies what an identity's policy does not allow: actions, and resources where a call names one.

    Conditions are not looked at; every statement is taken for an Allow.
    """

    def __init__(self) -> None:
        self._statements: dict[str, Sequence[Mapping[str, Any]]] = {}

    def allow(self, identity: str, policy: Mapping[str, Any]) -> None:
        """From now on the identity may do what the policy document says, and nothing else."""
        self._statements[identity] = policy["Statement"]

    def __call__(self, call: Call) -> None:
        """Raise AWS's denial if the caller may not make this call."""
        statements = self._statements.get(call.identity)
        if statements is not None and not any(_allows(statement, call) for statement in statements):
            raise denied(call.service, call.action, account=call.account)


def enforce(aws: LocalAws) -> Guard:
    """Let a local AWS enforce what the guard is told."""
    guard = Guard()
    aws.before.append(guard)
    return guard


def _allows(statement: Mapping[str, Any], call: Call) -> bool:
    action, resource = f"{call.service}:{call.action}", _resource(call)
    return _fits(statement["Action"], action) and (resource is None or _fits(statement["Resource"], resource))


def _fits(patterns: str | Sequence[str], value: str) -> bool:
    return any(fnmatchcase(value, p) for p in ([patterns] if isinstance(patterns, str) else patterns))


def _resource(call: Call) -> str | None:
    """The ARN of what is asked for, where policies of advisor narrow it."""
    if call.action == "AssumeRole":
        return str(call.params.get("RoleArn"))
    if call.service == "s3":
        return "arn:aws:s3:::" + "/".join(str(call.params[k]) for k in ("Bucket", "Key") if k in call.params)
    return None
