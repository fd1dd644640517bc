"""Sessions: one per account, with shared clients and a count of every call."""

import threading
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.credentials import AssumeRoleCredentialFetcher, CredentialProvider, DeferredRefreshableCredentials
from botocore.exceptions import BotoCoreError, ClientError

from advisor.collector.asking import aws_failed
from advisor.domain.errors import AwsFailed, InputRefused
from advisor.fargate.rights import Policy, action_of, actions

THREADS = 8  # chosen: well below the burst of every bucket in docs/facts.md, section 8
DEFAULT_REGION = "us-east-1"  # for STS only, where the environment names no region
_CONFIG = Config(
    retries={"mode": "standard", "max_attempts": 8},
    max_pool_connections=2 * THREADS,  # at least the threads, or connections are thrown away (docs/moto.md, section 2)
    connect_timeout=10,
    read_timeout=60,
    user_agent_extra="advisor",
)


class AwsSession:
    """Credentials of one account. Clients are made once per service and region, and may be shared by threads.

    They refuse every call whose IAM action is not in `allowed`, whatever the credentials may do.
    """

    def __init__(self, *, account: str, cores: Mapping[bool, Any], allowed: Collection[str]) -> None:
        self.account = account
        self._cores, self._allowed = cores, allowed
        self._clients: dict[tuple[str, str, bool], Any] = {}
        self._lock = threading.Lock()
        self._calls: Counter[str] = Counter()

    def __repr__(self) -> str:
        return f"AwsSession(account={self.account!r})"

    @property
    def calls(self) -> Mapping[str, int]:
        """How often each action was sent, retries included: {"ecs:ListClusters": 1}; but for sts:AssumeRole."""
        with self._lock:
            return dict(self._calls)

    def client(self, service: str, region: str) -> Any:
        """The client of a service in a region."""
        return self._client(service, region, raw=False)

    def metrics_client(self, region: str) -> Any:
        """A CloudWatch client that leaves instants as epoch numbers: parsing them takes 88 % of the time."""
        return self._client("cloudwatch", region, raw=True)

    def _client(self, service: str, region: str, *, raw: bool) -> Any:
        key = (service, region, raw)
        with self._lock:
            if key not in self._clients:
                made = boto3.Session(botocore_session=self._cores[raw])
                client = made.client(service, region_name=region, config=_CONFIG)
                client.meta.events.register("before-call", self._check)
                client.meta.events.register("before-send", partial(self._count, client.meta.service_model.signing_name))
                self._clients[key] = client
            return self._clients[key]

    def _check(self, model: Any, **_: Any) -> None:
        action = action_of(model.service_model.signing_name, model.name)
        if action not in self._allowed:
            raise RuntimeError(f"{action} is not in the table of calls (advisor/fargate/rights.py)")

    def _count(self, signing_name: str, event_name: str, **_: Any) -> None:
        with self._lock:
            self._calls[action_of(signing_name, event_name.rpartition(".")[2])] += 1


def open_sessions(
    *, profile: str | None, role_arns: Sequence[str], external_id: str | None = None, policy: Policy = "read"
) -> tuple[AwsSession, ...]:
    """One session per role, or one with the credentials that boto3 finds (or those of `profile`).

    Roles are assumed at their first call and again before they expire. `policy`: calls outside of it are never
    sent. Raises AwsFailed where there are no credentials, InputRefused for an ARN that is none or two roles in
    one account.
    """
    accounts = [_account_of(arn) for arn in role_arns]
    if twice := [account for account in accounts if accounts.count(account) > 1]:
        raise InputRefused("two roles in one account", where="--role-arn", value=twice[0], rule="one per account")
    allowed = actions(policy)
    try:
        if not role_arns:
            return (_own_session(profile, allowed),)
        base = _core(profile)
        if base.get_credentials() is None:
            raise AwsFailed(_NO_CREDENTIALS)
    except BotoCoreError as error:
        raise aws_failed(error, "sts:GetCallerIdentity") from error
    return tuple(
        AwsSession(account=account, cores=_cores(None, provider=_Assumed(base, arn, external_id)), allowed=allowed)
        for arn, account in zip(role_arns, accounts, strict=True)
    )


def client_for(sessions: Sequence[AwsSession]) -> Callable[[str, str, str], Any]:
    """A function (account, service, region) -> client; it raises AwsFailed for an account without a session."""
    by_account = {session.account: session for session in sessions}

    def client(account: str, service: str, region: str) -> Any:
        if account not in by_account:
            have = ", ".join(sorted(by_account))
            raise AwsFailed(f"no credentials for account {account} (have: {have}). Next: pass --role-arn for it.")
        return by_account[account].client(service, region)

    return client


class _Assumed(CredentialProvider):  # type: ignore[misc]  # botocore has no annotations
    """A role, as a botocore credential provider: both cores of a session share its credentials."""

    METHOD = "advisor-assume-role"
    CANONICAL_NAME = None

    def __init__(self, base: Any, arn: str, external_id: str | None) -> None:
        super().__init__()
        extra = {"RoleSessionName": "advisor"} | ({"ExternalId": external_id} if external_id else {})
        fetcher = AssumeRoleCredentialFetcher(
            client_creator=lambda name, **given: base.create_client(
                name, **{"region_name": DEFAULT_REGION, "config": _CONFIG, **given}
            ),
            source_credentials=base.get_credentials(),
            role_arn=arn,
            extra_args=extra,
        )
        self._credentials = DeferredRefreshableCredentials(method=self.METHOD, refresh_using=fetcher.fetch_credentials)

    def load(self) -> Any:
        return self._credentials


def _cores(profile: str | None, *, provider: CredentialProvider | None = None) -> dict[bool, Any]:
    """Two botocore sessions with the same credentials; the one under True leaves instants unparsed."""
    cores = {raw: _core(profile, provider) for raw in (False, True)}
    cores[True].get_component("response_parser_factory").set_parser_defaults(timestamp_parser=_as_it_is)
    return cores


def _core(profile: str | None, provider: CredentialProvider | None = None) -> Any:
    core = botocore.session.Session(profile=profile)
    if core.get_config_variable("region") is None:
        core.set_config_variable("region", DEFAULT_REGION)
    if provider is not None:
        core.get_component("credential_provider").providers[:] = [provider]
    return core


def _own_session(profile: str | None, allowed: Collection[str]) -> AwsSession:
    cores = _cores(profile)
    if cores[False].get_credentials() is None:
        raise AwsFailed(_NO_CREDENTIALS)
    session = AwsSession(account="", cores=cores, allowed=allowed)
    try:
        region = cores[False].get_config_variable("region")
        session.account = str(session.client("sts", region).get_caller_identity()["Account"])
    except (BotoCoreError, ClientError) as error:
        raise aws_failed(error, "sts:GetCallerIdentity") from error
    return session


def _as_it_is(value: Any) -> Any:
    return value


def _account_of(arn: str) -> str:
    parts = arn.split(":")
    fits = len(parts) == 6 and parts[0] == "arn" and parts[2] == "iam" and parts[5].startswith("role/")
    if not (fits and len(parts[4]) == 12 and parts[4].isdecimal()):
        rule = "arn:aws:iam::<account of 12 digits>:role/<name>"
        raise InputRefused("not the ARN of a role", where="--role-arn", value=arn, rule=rule)
    return parts[4]


_NO_CREDENTIALS = (
    "AWS: no credentials found. Rule: environment, profile or role, as boto3 takes them. "
    "Next: set AWS_PROFILE or pass --profile."
)
