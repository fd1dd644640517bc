"""The local AWS on the wire: boto3 talks to it, errors have AWS's shape, and no test reaches further."""

import json
import socket
import urllib.error
import urllib.request
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from advisor.demo.aws.faults import denied, fault, throttled, unavailable
from advisor.demo.aws.wire import ACCOUNT, ANSWERS, AwsError, Call, LocalAws, serve

ONCE = Config(retries={"total_max_attempts": 1})
READS: list[tuple[str, str, dict[str, Any]]] = [
    ("cloudwatch", "ListMetrics", {}),
    ("ecs", "ListClusters", {}),
    ("application-autoscaling", "DescribeScalableTargets", {"ServiceNamespace": "ecs"}),
    ("pricing", "GetProducts", {"ServiceCode": "AmazonECS"}),
]


def client(service: str, config: Config | None = None) -> Any:
    return boto3.client(service, config=config)  # the endpoint comes from the environment


def method(action: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in action).lstrip("_")


@pytest.mark.usefixtures("endpoint")
@pytest.mark.parametrize(("service", "action", "params"), READS, ids=[read[0] for read in READS])
def test_boto3_reads_every_service_with_nothing_but_an_endpoint(
    service: str, action: str, params: dict[str, Any]
) -> None:
    answer = getattr(client(service), method(action))(**params)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert answer["ResponseMetadata"]["RequestId"]


@pytest.mark.usefixtures("endpoint")
@pytest.mark.parametrize(("service", "action", "params"), READS, ids=[read[0] for read in READS])
def test_a_denial_has_the_code_that_the_service_gives(
    local_aws: LocalAws, service: str, action: str, params: dict[str, Any]
) -> None:
    with (
        fault(local_aws, denied(service, action), service=service) as made,
        pytest.raises(ClientError, match=f"not authorized to perform: {service}:{action}") as refused,
    ):
        getattr(client(service), method(action))(**params)
    code = refused.value.response["Error"]["Code"]
    status = refused.value.response["ResponseMetadata"]["HTTPStatusCode"]
    assert (code, status) == (("AccessDenied", 403) if service == "cloudwatch" else ("AccessDeniedException", 400))
    assert made.hits == 1, "botocore does not try a denial again"


@pytest.mark.usefixtures("endpoint")
@pytest.mark.parametrize(("service", "action", "params"), READS, ids=[read[0] for read in READS])
def test_throttling_is_recognised_and_tried_again_by_botocore(
    local_aws: LocalAws, service: str, action: str, params: dict[str, Any]
) -> None:
    with fault(local_aws, throttled(service), service=service, action=action, times=1) as made:
        answer = getattr(client(service), method(action))(**params)
    assert (made.hits, answer["ResponseMetadata"]["RetryAttempts"]) == (1, 1)
    with fault(local_aws, throttled(service)), pytest.raises(ClientError, match="Rate exceeded") as refused:
        getattr(client(service, ONCE), method(action))(**params)
    code = refused.value.response["Error"]["Code"]
    assert code == ("Throttling" if service == "cloudwatch" else "ThrottlingException")


@pytest.mark.usefixtures("endpoint")
def test_a_service_that_fails_is_tried_again(local_aws: LocalAws) -> None:
    with fault(local_aws, unavailable(), service="ecs", times=1):
        assert client("ecs").list_clusters()["ResponseMetadata"]["RetryAttempts"] == 1


def test_faults_hit_the_calls_they_are_made_for(local_aws: LocalAws) -> None:
    def passes(action: str, region: str) -> bool:
        try:
            local_aws.call("ecs", action, account=ACCOUNT, region=region)
        except AwsError:
            return False
        return True

    with fault(local_aws, unavailable(), action="ListClusters", region="eu-west-1", after=1, times=2) as made:
        assert [passes("ListClusters", "eu-west-1") for _ in range(5)] == [True, False, False, True, True]
        assert passes("ListClusters", "us-east-1")
        assert passes("ListTaskDefinitions", "eu-west-1")
    assert made.hits == 2
    assert passes("ListClusters", "eu-west-1")


@pytest.mark.usefixtures("endpoint")
def test_faults_reach_the_services_that_only_moto_answers(local_aws: LocalAws) -> None:
    with fault(local_aws, AwsError("AccessDenied", "No <role>.", status=403), service="sts", action="AssumeRole"):
        assert client("sts").get_caller_identity()["Account"] == ACCOUNT
        with pytest.raises(ClientError, match="No <role>") as refused:
            client("sts").assume_role(RoleArn="arn:aws:iam::210987654321:role/reader", RoleSessionName="test")
        assert refused.value.response["Error"]["Code"] == "AccessDenied"
    with (
        fault(local_aws, denied("events", "ListRules"), service="events"),
        pytest.raises(ClientError, match="AccessDeniedException"),
    ):
        client("events").list_rules()


def test_a_body_that_is_no_json_object_is_refused(local_aws: LocalAws) -> None:
    head = {
        "Authorization": "AWS4-HMAC-SHA256 Credential=A/1/us-east-1/ecs/aws4_request",
        "X-Amz-Target": "x.ListClusters",
    }
    for body in (b"{", b"5", b"\xff"):
        with serve(local_aws) as url, pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(urllib.request.Request(url, data=body, headers=head))
        with refused.value as reply:
            assert json.load(reply)["__type"] == "SerializationException"


@pytest.mark.usefixtures("endpoint")
def test_what_the_local_aws_does_not_have_is_refused_at_once() -> None:
    with pytest.raises(ClientError, match="does not have cloudwatch DescribeAlarmHistory") as refused:
        client("cloudwatch").describe_alarm_history()
    assert refused.value.response["ResponseMetadata"]["RetryAttempts"] == 0
    with pytest.raises(ClientError) as refused:
        client("elbv2").describe_trust_store_associations(TrustStoreArn="x")
    assert refused.value.response["ResponseMetadata"]["RetryAttempts"] == 0


@pytest.mark.usefixtures("endpoint")
def test_a_correction_that_breaks_says_so_to_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_aws: LocalAws, _call: Call) -> dict[str, Any]:
        raise KeyError("nonsense")

    monkeypatch.setitem(ANSWERS, ("ecs", "ListClusters"), broken)
    with pytest.raises(ClientError, match=r"ListClusters .* KeyError: 'nonsense'"):
        client("ecs", ONCE).list_clusters()


@pytest.mark.usefixtures("endpoint")
def test_compressed_requests_are_read() -> None:
    datums = [{"MetricName": f"Orders{number}", "Value": 1.0} for number in range(1000)]
    client("cloudwatch").put_metric_data(Namespace="Shop", MetricData=datums)  # botocore compresses above 10 KiB
    pages = client("cloudwatch").get_paginator("list_metrics").paginate(Namespace="Shop")
    assert sum(len(page["Metrics"]) for page in pages) == 1000


@pytest.mark.usefixtures("endpoint")
def test_another_account_is_reached_by_its_role() -> None:
    client("ecs").create_cluster(clusterName="mine")
    role = {"RoleArn": "arn:aws:iam::210987654321:role/reader", "RoleSessionName": "test"}
    keys = client("sts").assume_role(**role)["Credentials"]
    other = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    assert other.client("sts").get_caller_identity()["Account"] == "210987654321"
    assert other.client("ecs").list_clusters()["clusterArns"] == []
    other.client("ecs").create_cluster(clusterName="theirs")
    (arn,) = other.client("ecs").list_clusters()["clusterArns"]
    assert arn == "arn:aws:ecs:us-east-1:210987654321:cluster/theirs"


@pytest.mark.usefixtures("endpoint")
def test_services_without_corrections_go_to_moto() -> None:
    assert client("elbv2").describe_load_balancers()["LoadBalancers"] == []
    assert client("events").list_rules()["Rules"] == []


def test_a_new_local_aws_is_empty() -> None:
    LocalAws().call("ecs", "CreateCluster", account=ACCOUNT, region="us-east-1", clusterName="old")
    assert LocalAws().call("ecs", "ListClusters", account=ACCOUNT, region="us-east-1")["clusterArns"] == []


def test_it_listens_on_loopback_only(local_aws: LocalAws) -> None:
    with serve(local_aws) as url:
        assert url.startswith("http://127.0.0.1:")


def test_a_request_that_nobody_signed_gets_no_answer_of_a_correction(local_aws: LocalAws) -> None:
    with serve(local_aws) as url, urllib.request.urlopen(f"{url}/moto-api/data.json") as reply:
        assert isinstance(json.load(reply), dict)


@pytest.mark.parametrize(
    "reach",
    [
        lambda: socket.create_connection(("192.0.2.1", 80), timeout=0.1),
        lambda: socket.create_connection(("example.com", 80), timeout=0.1),
        lambda: socket.getaddrinfo("ecs.us-east-1.amazonaws.com", 443),
        lambda: socket.gethostbyname("example.com"),
        lambda: _send_datagram(("192.0.2.1", 53)),
        lambda: _connect_six(("2001:db8::1", 80)),
    ],
    ids=["address", "name", "look-up", "old look-up", "datagram", "six"],
)
def test_no_test_reaches_the_network(reach: Any) -> None:
    with pytest.raises(pytest.fail.Exception, match="reached for the network"):
        reach()


def test_boto3_without_an_endpoint_is_stopped_too(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert endpoint
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    with pytest.raises(pytest.fail.Exception, match="reached for the network"):
        client("ecs").list_clusters()


def _send_datagram(address: tuple[str, int]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"?", address)


def _connect_six(address: tuple[str, int]) -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as six:
        six.connect(address)
