"""Sessions: whose credentials, which account, and refusals that say what to do."""

from pathlib import Path
from typing import Never

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from advisor.collector import client_for, open_sessions
from advisor.collector.asking import ask, aws_failed
from advisor.demo.aws.proxy import flaky
from advisor.demo.aws.wire import Call, LocalAws
from advisor.domain.errors import AwsFailed, InputRefused

ROLE = "arn:aws:iam::{}:role/advisor-read"


@pytest.fixture
def _no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.mark.usefixtures("endpoint")
def test_roles_give_a_session_per_account_and_share_clients(local_aws: LocalAws) -> None:
    accounts = ("000000000042", "111122223333")
    sessions = open_sessions(profile=None, role_arns=[ROLE.format(a) for a in accounts])
    assert tuple(s.account for s in sessions) == accounts
    for session in sessions:
        local_aws.call("ecs", "CreateCluster", account=session.account, region="eu-west-1", clusterName="prod")
        assert session.client("ecs", "eu-west-1") is session.client("ecs", "eu-west-1")
    for session in sessions:
        (arn,) = session.client("ecs", "eu-west-1").list_clusters()["clusterArns"]
        assert session.account in arn
        assert session.client("ecs", "us-east-1").list_clusters()["clusterArns"] == []
    ecs = client_for(sessions)("111122223333", "ecs", "eu-west-1")
    assert ecs is sessions[1].client("ecs", "eu-west-1")
    with pytest.raises(AwsFailed, match="--role-arn"):
        client_for(sessions)("999999999999", "ecs", "eu-west-1")


@pytest.mark.usefixtures("endpoint")
def test_own_credentials_say_their_account() -> None:
    (session,) = open_sessions(profile=None, role_arns=())
    assert session.account == "123456789012"


@pytest.mark.usefixtures("_no_credentials")
@pytest.mark.parametrize("roles", [(), (ROLE.format("000000000042"),)])
def test_no_credentials_say_what_to_do(roles: tuple[str, ...]) -> None:
    with pytest.raises(AwsFailed, match="AWS_PROFILE"):
        open_sessions(profile=None, role_arns=roles)


@pytest.mark.usefixtures("endpoint")
@pytest.mark.parametrize("roles", [(), (ROLE.format("000000000042"),)])
def test_the_credentials_and_the_region_of_a_profile_count_and_not_those_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, local_aws: LocalAws, roles: tuple[str, ...]
) -> None:
    (tmp_path / "credentials").write_text("[mine]\naws_access_key_id = AKIAMINE\naws_secret_access_key = local\n")
    (tmp_path / "config").write_text("[profile mine]\nregion = ap-northeast-1\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    asked: list[Call] = []
    local_aws.before.append(asked.append)
    (session,) = open_sessions(profile="mine", role_arns=roles)
    ask(session, "eu-west-1", "ecs", "ListClusters")
    assert [call.identity for call in asked] == ["AKIAMINE", roles[0] if roles else "AKIAMINE"]
    assert [call.action for call in asked] == ["AssumeRole" if roles else "GetCallerIdentity", "ListClusters"]
    if not roles:
        assert session.home == "ap-northeast-1"


@pytest.mark.usefixtures("_no_credentials")
def test_an_unknown_profile_is_told() -> None:
    with pytest.raises(AwsFailed, match="nobody"):
        open_sessions(profile="nobody", role_arns=())


@pytest.mark.parametrize("arn", ["", "advisor", "arn:aws:iam::42:role/x", "arn:aws:iam::000000000042:user/x"])
def test_what_is_no_role_is_refused(arn: str) -> None:
    with pytest.raises(InputRefused, match="--role-arn"):
        open_sessions(profile=None, role_arns=[arn])


def test_two_roles_in_one_account_are_refused() -> None:
    with pytest.raises(InputRefused, match="one per account"):
        open_sessions(profile=None, role_arns=[ROLE.format("000000000042")] * 2)


@pytest.mark.usefixtures("endpoint")
def test_a_server_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    once = Config(retries={"total_max_attempts": 1}, connect_timeout=1)
    monkeypatch.setattr("advisor.collector.sessions.CONFIG", once)
    with pytest.raises(AwsFailed, match="could not reach AWS"):
        open_sessions(profile=None, role_arns=())


def test_a_role_is_asked_for_again_where_the_answer_was_cut_short(
    endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with flaky(endpoint, share=0, seed=1) as faults:
        kinds = iter(["truncated", "truncated"])
        monkeypatch.setattr(faults, "draw", lambda: next(kinds, None))
        monkeypatch.setenv("AWS_ENDPOINT_URL", faults.url)
        (session,) = open_sessions(profile=None, role_arns=[ROLE.format("000000000042")])
        assert ask(session, "eu-west-1", "ecs", "ListClusters")["clusterArns"] == []
        assert session.calls == {"sts:AssumeRole": 3, "ecs:ListClusters": 1}


def test_an_answer_that_cannot_be_read_is_told_without_what_it_holds(
    endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    (session,) = open_sessions(profile=None, role_arns=())

    def unreadable(*_: object) -> Never:
        raise ResponseParserError("invalid XML: b'<SecretAccessKey>canary'")

    monkeypatch.setattr(session, "client", unreadable)
    with pytest.raises(AwsFailed, match="cannot be read") as told:
        ask(session, "eu-west-1", "ecs", "ListClusters")
    assert "canary" not in str(told.value)


def test_every_botocore_error_becomes_one_line_of_ours() -> None:
    import inspect

    from botocore import exceptions

    for name, kind in inspect.getmembers(exceptions, inspect.isclass):
        if not issubclass(kind, exceptions.BotoCoreError | exceptions.ClientError):
            continue
        error = kind.__new__(kind)
        Exception.__init__(error, f"{name}\x1b[31m\nsecond line")
        error.response = {"Error": {"Code": name, "Message": "\x07"}}
        found = str(aws_failed(error, "ecs:ListClusters", account="1", region="r"))
        assert found.isprintable()
        assert "Next: " in found


def test_a_role_that_may_not_be_assumed_is_told_as_that() -> None:
    said = {"Error": {"Code": "AccessDenied", "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": 403}}
    error = ClientError(said, "AssumeRole")  # type: ignore[arg-type]
    found = str(aws_failed(error, "ecs:ListClusters", account="000000000042", region="eu-west-1"))
    assert "sts:AssumeRole was denied" in found
    assert "ListClusters" not in found


@pytest.mark.usefixtures("endpoint")
def test_a_call_that_is_not_in_the_table_is_never_sent(local_aws: LocalAws) -> None:
    seen: list[str] = []
    local_aws.before.append(lambda call: seen.append(call.action))
    for policy, operation in (("read", "delete_cluster"), ("apply", "list_clusters")):
        (session,) = open_sessions(profile=None, role_arns=(), policy=policy)
        given = {"cluster": "prod"} if operation == "delete_cluster" else {}
        with pytest.raises(RuntimeError, match="not in the table of calls"):
            getattr(session.client("ecs", "eu-west-1"), operation)(**given)
    assert set(seen) == {"GetCallerIdentity"}
