"""For every test: no network but loopback. On request: a local AWS, and one that boto3 talks to."""

import ipaddress
import os
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from advisor.demo.aws.wire import LocalAws, serve
from tests.aws_watch import watched

# A slow or busy machine is no failure; continuous integration draws the same examples every time.
settings.register_profile(
    "advisor", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize="CI" in os.environ
)
settings.load_profile("advisor")

_GUARDED = {"socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo", "socket.gethostbyname"}


def _host(event: str, args: tuple[Any, ...]) -> str | None:
    """The host that an audited socket call asks for; None if it is no internet address."""
    target = args[0] if event in ("socket.getaddrinfo", "socket.gethostbyname") else args[1]
    if isinstance(target, tuple):
        target = target[0]
    elif event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        return None  # a path (AF_UNIX), or no address at all
    return target.decode() if isinstance(target, bytes) else target


def _is_loopback(host: str | None) -> bool:
    if host in (None, "", "localhost"):
        return True
    try:
        return ipaddress.ip_address(str(host)).is_loopback or host in ("0.0.0.0", "::")
    except ValueError:
        return False


def _guard(event: str, args: tuple[Any, ...]) -> None:
    if event in _GUARDED and not _is_loopback(host := _host(event, args)):
        pytest.fail(f"A test reached for the network: {event} to {host!r}. Rule: loopback only.")


# An audit hook, not a patch of `socket`: it also sees connections made in C, in threads and during collection.
sys.addaudithook(_guard)


@pytest.fixture
def local_aws() -> Iterator[LocalAws]:
    """A local AWS that is watched."""
    with watched(LocalAws()) as aws:
        yield aws


@pytest.fixture
def endpoint(local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of `local_aws`, served; boto3 finds it, and dummy credentials, in the environment."""
    with serve(local_aws) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIALOCALTESTS000000")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION"):
            monkeypatch.delenv(name, raising=False)
        yield url
