"""Faults on purpose: throttling, denials and outages, put in `aws.before`.

with fault(aws, throttled("ecs"), service="ecs", action="DescribeServices", times=2) as made:
    ...
assert made.hits == 2
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from advisor.demo.aws.wire import AwsError, Call, LocalAws

# CloudWatch keeps the codes of its query protocol (`awsQueryCompatible` in B44:cloudwatch); the others are JSON.
_THROTTLED = {"cloudwatch": "Throttling"}
_DENIED = {
    "ec2": ("UnauthorizedOperation", 403),
    **dict.fromkeys(("cloudwatch", "elasticloadbalancing", "iam", "s3", "sts"), ("AccessDenied", 403)),
}


def throttled(service: str) -> AwsError:
    """What a service answers above its rate."""
    return AwsError(_THROTTLED.get(service, "ThrottlingException"), "Rate exceeded")


def denied(service: str, action: str, *, account: str = "123456789012") -> AwsError:
    """What a service answers to one who may not."""
    code, status = _DENIED.get(service, ("AccessDeniedException", 400))
    right = f"{service}:{action}"
    return AwsError(
        code,
        f"User: arn:aws:iam::{account}:user/local is not authorized to perform: {right} on resource: * because no "
        f"identity-based policy allows the {right} action",
        status=status,
    )


def unavailable() -> AwsError:
    """What a service answers when it fails itself; clients try again."""
    return AwsError("ServiceUnavailable", "The service is unavailable. Please try again shortly.", status=503)


@dataclass(slots=True, kw_only=True)
class Fault:
    """A hook that fails the calls it is made for: the first `times` after the first `after`, or all for ever.

    `service`, `action`, `account`, `region`: None stands for any. `hits` counts the calls that were failed.
    """

    error: AwsError
    service: str | None = None
    action: str | None = None
    account: str | None = None
    region: str | None = None
    times: int | None = None
    after: int = 0
    hits: int = 0
    _seen: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, call: Call) -> None:
        """Raise the error if this call is one of those."""
        if not self._is_meant(call):
            return
        with self._lock:
            self._seen += 1
            if self._seen <= self.after or (self.times is not None and self.hits >= self.times):
                return
            self.hits += 1
        raise AwsError(self.error.code, self.error.message, status=self.error.status)

    def _is_meant(self, call: Call) -> bool:
        return (
            self.service in (None, call.service)
            and self.action in (None, call.action)
            and self.account in (None, call.account)
            and self.region in (None, call.region)
        )


@contextmanager
def fault(
    aws: LocalAws,
    error: AwsError,
    *,
    service: str | None = None,
    action: str | None = None,
    account: str | None = None,
    region: str | None = None,
    times: int | None = None,
    after: int = 0,
) -> Iterator[Fault]:
    """A fault for the length of the block; yields it, so that its hits can be counted."""
    made = Fault(error=error, service=service, action=action, account=account, region=region, times=times, after=after)
    aws.before.append(made)
    try:
        yield made
    finally:
        aws.before.remove(made)


def hiccup(aws: LocalAws, *, account: str, region: str, times: int = 1) -> None:
    """Let CloudWatch's next pages of GetMetricData come empty, with InternalError and a token to try again with."""
    aws.state("cloudwatch", account, region)["hiccups"] = times


def take_hiccup(aws: LocalAws, *, account: str, region: str) -> bool:
    """Whether a page is to fail; counts it."""
    state = aws.state("cloudwatch", account, region)
    left = state.get("hiccups", 0)
    state["hiccups"] = max(left - 1, 0)
    return bool(left)
