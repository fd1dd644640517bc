"""Opening sessions: of the credentials at hand, of roles, of every account of an organisation; and their regions."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from advisor.collector.answers import reading
from advisor.collector.asking import ask, aws_failed, pages
from advisor.collector.credentials import Assumed, Assuming, account_of, core_of, cores_of
from advisor.collector.meter import Meter
from advisor.collector.pace import Pace, usual_rates
from advisor.collector.sessions import AwsSession
from advisor.domain.errors import AwsFailed, InputRefused
from advisor.fargate.rights import Policy, actions


def open_sessions(
    *,
    profile: str | None,
    role_arns: Sequence[str] = (),
    organisation_role: str | None = None,
    external_id: str | None = None,
    session_name: str = "advisor",
    duration: int | None = None,
    policy: Policy = "read",
    meter: Meter | None = None,
    pace: Callable[[], Pace] = lambda: Pace(usual_rates()),
) -> tuple[AwsSession, ...]:
    """One session per role, or one with the credentials that boto3 finds (or those of `profile`).

    `organisation_role`: the role of this name in each active account of the organisation, and the credentials
    themselves in their own account. Roles are assumed at their first call and again before they expire. `policy`:
    calls outside of it are never sent. Raises AwsFailed where there are no credentials, InputRefused for an ARN
    that is none or two roles in one account.
    """
    opener = _Opener(
        profile=profile,
        how=Assuming(external_id=external_id, session_name=session_name, duration=duration),
        allowed=actions(policy),
        meter=meter or Meter(),
        pace=pace,
    )
    try:
        if organisation_role:
            return tuple(opener.organisation(organisation_role))
        if not role_arns:
            return (opener.own()[0],)
        return tuple(opener.roles(role_arns))
    except (BotoCoreError, ClientError, ResponseParserError) as error:
        raise aws_failed(error, "sts:GetCallerIdentity") from error


def regions_of(session: AwsSession) -> tuple[str, ...]:
    """The regions that are enabled in the session's account, sorted; raises AwsFailed."""
    enabled = [{"Name": "opt-in-status", "Values": ["opt-in-not-required", "opted-in"]}]
    answer = ask(session, session.home, "ec2", "DescribeRegions", Filters=enabled)
    return tuple(sorted(region["RegionName"] for region in answer["Regions"]))


def client_for(sessions: Sequence[AwsSession]) -> Callable[[str, str, str], Any]:
    """A function (account, service, region) -> client; it raises AwsFailed for an account without a session."""
    by_account = {session.account: session for session in sessions}

    def client(account: str, service: str, region: str) -> Any:
        if account not in by_account:
            have = ", ".join(sorted(by_account))
            raise AwsFailed(f"no credentials for account {account} (have: {have}). Next: pass --role-arn for it.")
        return by_account[account].client(service, region)

    return client


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opener:
    profile: str | None
    how: Assuming
    allowed: Collection[str]
    meter: Meter
    pace: Callable[[], Pace]

    def own(self, *more: Policy) -> tuple[AwsSession, str]:
        """The session of the credentials at hand, and their partition (aws, aws-cn ...)."""
        allowed = {*self.allowed, *actions(*more)}
        session = AwsSession(
            account="", cores=cores_of(self.profile), allowed=allowed, meter=self.meter, pace=self.pace()
        )
        with reading("sts:GetCallerIdentity"):
            caller = session.client("sts", session.home).get_caller_identity()
            session.account, partition = str(caller["Account"]), str(caller["Arn"]).split(":")[1]
        self.meter.sent(session.account, session.home, "sts:GetCallerIdentity")
        return session, partition

    def roles(self, arns: Sequence[str]) -> Iterator[AwsSession]:
        """A session for each role."""
        accounts = [account_of(arn) for arn in arns]
        if twice := [account for account in accounts if accounts.count(account) > 1]:
            raise InputRefused("two roles in one account", where="--role-arn", value=twice[0], rule="one per account")
        base = core_of(self.profile)
        for arn, account in zip(arns, accounts, strict=True):
            assumed = Assumed(base, arn, self.how, sent=partial(self._assumed, account))
            cores = cores_of(None, provider=assumed)
            yield AwsSession(account=account, cores=cores, allowed=self.allowed, meter=self.meter, pace=self.pace())

    def organisation(self, role: str) -> list[AwsSession]:
        """A session for each active account, by number; the caller's own account needs no role."""
        own, partition = self.own("organisation")
        found = pages(own, own.home, "organizations", "ListAccounts", "Accounts", MaxResults=20)
        with reading("organizations:ListAccounts", account=own.account, region=own.home):
            active = [str(a["Id"]) for a in found if a.get("State", a.get("Status")) == "ACTIVE"]
        others = [account for account in active if account != own.account]
        assumed = self.roles([f"arn:{partition}:iam::{account}:role/{role}" for account in others])
        own_too = [own] if own.account in active else []
        return sorted([*own_too, *assumed], key=lambda session: session.account)

    def _assumed(self, account: str, region: str) -> None:
        self.meter.sent(account, region, "sts:AssumeRole")
