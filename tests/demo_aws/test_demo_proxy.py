"""A network that fails: each fault is what it says on the wire, and neither the collector nor the store lose by it."""

import urllib.request
from collections.abc import Callable
from http.client import IncompleteRead
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from advisor.collector import open_sessions
from advisor.collector.asking import pages
from advisor.demo.aws.proxy import KINDS, Faults, flaky
from advisor.domain.errors import AwsFailed
from advisor.store import bucket

ONCE = Config(retries={"total_max_attempts": 1})
CLUSTERS = [f"cluster-{n}" for n in range(20)]


def always(faults: Faults, kind: str, *, every: int = 1) -> None:
    """Every so many requests meet this fault, beginning with the first."""
    numbers = iter(range(10**6))
    faults.draw = lambda: kind if next(numbers) % every == 0 else None  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("kind", "error", "said"),
    [
        ("throttled", ClientError, "ThrottlingException"),
        ("unavailable", ClientError, "ServiceUnavailable"),
        ("reset", ConnectionClosedError, "closed"),
        ("lost", ConnectionClosedError, "closed"),
    ],
)
def test_each_fault_is_what_it_says(endpoint: str, kind: str, error: type[Exception], said: str) -> None:
    with flaky(endpoint, share=0, seed=1) as faults:
        ecs = boto3.client("ecs", endpoint_url=faults.url, config=ONCE)
        assert ecs.list_clusters()["clusterArns"] == []
        always(faults, kind)
        with pytest.raises(error, match=said):
            ecs.create_cluster(clusterName="made")
        always(faults, "slow")
        assert len(ecs.list_clusters()["clusterArns"]) == (kind == "lost"), "only a lost answer was a call that arrived"


def test_a_truncated_answer_stops_half_way(endpoint: str) -> None:
    with flaky(endpoint, share=0, seed=1) as faults:
        always(faults, "truncated")
        with pytest.raises(IncompleteRead), urllib.request.urlopen(f"{faults.url}/moto-api/data.json") as answer:
            answer.read()


def test_faults_are_drawn_by_share_and_seed() -> None:
    drawn = []
    for seed in (1, 1, 2):
        faults = Faults("http://127.0.0.1:1", share=0.1, seed=seed, slow_seconds=0)
        drawn.append([faults.draw() for _ in range(2000)])
        assert 150 < faults.made.total() < 250
        assert set(faults.made) == set(KINDS)
    assert drawn[0] == drawn[1] != drawn[2]


@pytest.mark.parametrize("kind", KINDS)
def test_the_collector_gets_every_cluster_whatever_goes_wrong(
    endpoint: str, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Half a JSON answer too: botocore alone takes it for an empty one."""
    for name in CLUSTERS:
        boto3.client("ecs").create_cluster(clusterName=name)
    with flaky(endpoint, share=0, seed=1, slow_seconds=0.01) as faults:
        monkeypatch.setenv("AWS_ENDPOINT_URL", faults.url)
        (session,) = open_sessions(profile=None, role_arns=())
        always(faults, kind, every=3)
        found = list(pages(session, "us-east-1", "ecs", "ListClusters", "clusterArns"))
    assert sorted(arn.rpartition("/")[2] for arn in found) == sorted(CLUSTERS)


@pytest.mark.parametrize("kind", KINDS)
def test_the_store_on_s3_gets_every_byte_whatever_goes_wrong(
    endpoint: str, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    boto3.client("s3").create_bucket(Bucket="stores")
    with flaky(endpoint, share=0, seed=1, slow_seconds=0.01) as faults:
        monkeypatch.setenv("AWS_ENDPOINT_URL", faults.url)
        place = bucket.place_of("s3://stores/of/us")
        always(faults, kind, every=4)
        path = place.write(lambda sink: _all(sink.write, b"x" * 100_000), lambda sha: f"usage/{sha[:16]}.bin")
        assert place.read(str(path)) == b"x" * 100_000
        assert place.list() == [path]


def test_an_upload_that_fails_half_way_leaves_no_half_file(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Arrow, left alone, gives the parts that arrived the name of the whole."""
    boto3.client("s3").create_bucket(Bucket="stores")
    monkeypatch.setattr(bucket, "MOST_ATTEMPTS", 1)
    with flaky(endpoint, share=0, seed=1) as faults:
        monkeypatch.setenv("AWS_ENDPOINT_URL", faults.url)
        place = bucket.place_of("s3://stores/of/us")
        numbers = iter(range(10**6))
        faults.draw = lambda: "unavailable" if next(numbers) == 3 else None  # type: ignore[method-assign]
        with pytest.raises(AwsFailed, match="uploading part"):
            place.write(lambda sink: _all(sink.write, bytes(25 << 20)), lambda sha: f"usage/{sha[:16]}.bin")
        assert place.list() == []


def _all(write: Callable[[bytes], Any], data: bytes) -> None:
    write(data)
