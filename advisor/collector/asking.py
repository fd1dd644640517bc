"""Asking AWS: one call or all its pages, and every foreign error as our own, with the IAM action it needs."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
)
from botocore.parsers import ResponseParserError

from advisor.collector.answers import harmless, reading
from advisor.domain.errors import AwsFailed, one_line

if TYPE_CHECKING:
    from advisor.collector.sessions import AwsSession

_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotAuthorized", "403"}
_THROTTLED = {"Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded"}
_BAD_CREDENTIALS = {
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
}


def ask(session: "AwsSession", region: str, service: str, action: str, /, **parameters: Any) -> dict[str, Any]:
    """The answer to one call; raises AwsFailed naming the IAM action, the account and the region.

    Instants in the answer to GetMetricData are epoch numbers. Lone surrogates in it are written out.
    """
    operation = "".join(f"_{c.lower()}" if c.isupper() else c for c in action).lstrip("_")
    try:
        with session.turn(region, service, action, parameters):
            client = session.metrics_client(region) if action == "GetMetricData" else session.client(service, region)
            call = getattr(client, operation)
            with reading(f"{service}:{action}", account=session.account, region=region):
                return dict(harmless(call(**parameters)))
    except (ClientError, BotoCoreError, ResponseParserError) as error:
        if (reach := _reach(error, region, service, action)) is not None:
            session.give_up(reach, error)
        raise aws_failed(error, f"{service}:{action}", account=session.account, region=region) from error


def pages(
    session: "AwsSession", region: str, service: str, action: str, key: str, /, **parameters: Any
) -> Iterator[Any]:
    """What all pages hold under `key`, in order; raises AwsFailed, also where a page token comes twice."""
    seen: set[str] = set()
    name = "nextToken" if service in ("ecs", "savingsplans") else "NextToken"
    while True:
        answer = ask(session, region, service, action, **parameters)
        yield from answer.get(key, ())
        token = answer.get(name)
        if not token:
            return
        if token in seen:
            place = f"{service}:{action} in {session.account}/{region}"
            raise AwsFailed(f"AWS: {place} gave the same page token twice. Next: run this again.")
        seen.add(token)
        parameters = {**parameters, name: token}


def _reach(error: Exception, region: str, service: str, action: str) -> tuple[str, ...] | None:
    """For which calls an error will come again, after botocore's retries; None where it may be this one's alone."""
    if isinstance(error, NoCredentialsError | CredentialRetrievalError) or _is_of_role(error):
        return ()
    if isinstance(error, ConnectionError | HTTPClientError):
        return (region, service)
    code = _code(error) if isinstance(error, ClientError) else ""
    if code in _BAD_CREDENTIALS:
        return ()
    return (region, service, action) if code in _THROTTLED else None


def _is_of_role(error: Exception) -> bool:
    """Whether it was not the call itself that failed, but assuming the session's role on the way."""
    return getattr(error, "operation_name", "") == "AssumeRole"


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def aws_failed(error: Exception, action: str, *, account: str = "", region: str = "") -> AwsFailed:
    """A foreign error as AwsFailed: what failed, where, why, and what to do next."""
    place = f" in {account}/{region}" if account else ""
    if isinstance(error, ClientError):
        if _is_of_role(error):
            action = "sts:AssumeRole"
        return AwsFailed(f"AWS{place}: {action} {_client_error(error, action)}")
    return AwsFailed(f"AWS{place}: {action} {_other_error(error)}")


def _client_error(error: ClientError, action: str) -> str:
    code = _code(error)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    said = one_line(str(error.response.get("Error", {}).get("Message", "")), 160)
    if code in _BAD_CREDENTIALS:
        return f"refused the credentials ({one_line(code)}). Next: renew them, then run this again."
    if code in _DENIED or status == 403:
        return f"was denied ({one_line(code)}). Next: allow {action}, then run this again."
    if code in _THROTTLED:
        return f"was throttled, also after retries ({one_line(code)}). Next: run this again later."
    return f"failed ({one_line(code)}: {said}). Next: run this again; if it stays, look the code up in AWS's manual."


def _other_error(error: Exception) -> str:
    if isinstance(error, NoCredentialsError | CredentialRetrievalError):
        return "found no usable credentials. Next: set AWS_PROFILE, pass --profile or check --role-arn."
    if isinstance(error, ConnectionError | HTTPClientError):
        return "could not reach AWS. Next: check network, region and AWS_ENDPOINT_URL, then run this again."
    if isinstance(error, ResponseParserError):  # its text quotes the answer, which may hold credentials
        return "gave an answer that cannot be read. Next: run this again."
    return f"failed ({type(error).__name__}: {one_line(str(error), 160)}). Next: check profile and region."
