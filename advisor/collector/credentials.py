"""Credentials as botocore sessions: those that it finds itself, and roles that it assumes and refreshes."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.credentials import AssumeRoleCredentialFetcher, CredentialProvider, DeferredRefreshableCredentials

from advisor.collector.whole import refuse_half_answers
from advisor.domain.errors import AwsFailed, InputRefused

THREADS = 8  # chosen: so many calls of one account and region are under way at most
DEFAULT_REGION = "us-east-1"  # for STS and Organizations only, where the environment names no region
CONFIG = Config(
    retries={"mode": "standard", "max_attempts": 8},
    max_pool_connections=2 * THREADS,  # at least the threads, or connections are thrown away (docs/moto.md, section 2)
    connect_timeout=10,
    read_timeout=60,
    user_agent_extra="advisor",
)
NO_CREDENTIALS = (
    "AWS: no credentials found. Rule: environment, profile or role, as boto3 takes them. "
    "Next: set AWS_PROFILE or pass --profile."
)
logging.getLogger("botocore").addHandler(logging.NullHandler())  # its warnings quote accounts; we tell failures


@dataclass(frozen=True, slots=True, kw_only=True)
class Assuming:
    """How roles are assumed: external id, name of the role session, its length [s] (None = AWS's own, one hour)."""

    external_id: str | None = None
    session_name: str = "advisor"
    duration: int | None = None

    def parameters(self) -> dict[str, Any]:
        """As sts:AssumeRole takes them."""
        given = {"ExternalId": self.external_id, "DurationSeconds": self.duration}
        return {"RoleSessionName": self.session_name} | {name: value for name, value in given.items() if value}


class Assumed(CredentialProvider):  # type: ignore[misc]  # botocore has no annotations
    """A role, as a botocore credential provider: assumed at the first call, and again before it expires.

    `sent` is called with the region each time that sts:AssumeRole is sent.
    """

    METHOD = "advisor-assume-role"
    CANONICAL_NAME = None

    def __init__(self, base: Any, arn: str, how: Assuming, *, sent: Callable[[str], None]) -> None:
        super().__init__()

        def client(name: str, **given: Any) -> Any:
            made = base.create_client(name, **{"region_name": DEFAULT_REGION, "config": CONFIG, **given})
            made.meta.events.register("before-parse", refuse_half_answers)
            made.meta.events.register("before-send", lambda **_: sent(made.meta.region_name))
            return made

        fetcher = AssumeRoleCredentialFetcher(
            client_creator=client,
            source_credentials=base.get_credentials(),
            role_arn=arn,
            extra_args=how.parameters(),
        )
        self._credentials = DeferredRefreshableCredentials(method=self.METHOD, refresh_using=fetcher.fetch_credentials)

    def load(self) -> Any:
        """The credentials, as botocore asks a provider for them."""
        return self._credentials


def cores_of(profile: str | None, *, provider: CredentialProvider | None = None) -> dict[bool, Any]:
    """Two botocore sessions with the same credentials; the one under True leaves instants unparsed.

    Raises AwsFailed where there are no credentials.
    """
    cores = {raw: core_of(profile, provider) for raw in (False, True)}
    cores[True].get_component("response_parser_factory").set_parser_defaults(timestamp_parser=_as_it_is)
    return cores


def core_of(profile: str | None, provider: CredentialProvider | None = None) -> Any:
    """A botocore session; raises AwsFailed where it has no credentials."""
    core = botocore.session.Session(profile=profile)
    core.register_component("data_loader", _service_models())
    if core.get_config_variable("region") is None:
        core.set_config_variable("region", DEFAULT_REGION)
    if provider is not None:
        core.get_component("credential_provider").providers[:] = [provider]
    if core.get_credentials() is None:
        raise AwsFailed(NO_CREDENTIALS)
    return core


@cache
def _service_models() -> Any:
    """Botocore's loader, shared: each session would read the same service models again, at 15 ms a client."""
    return botocore.session.Session().get_component("data_loader")


def account_of(arn: str) -> str:
    """The account of a role's ARN; raises InputRefused for what is none."""
    parts = arn.split(":")
    fits = len(parts) == 6 and parts[0] == "arn" and parts[2] == "iam" and parts[5].startswith("role/")
    if not (fits and len(parts[4]) == 12 and parts[4].isdecimal()):
        rule = "arn:aws:iam::<account of 12 digits>:role/<name>"
        raise InputRefused("not the ARN of a role", where="--role-arn", value=arn, rule=rule)
    return parts[4]


def _as_it_is(value: Any) -> Any:
    return value
