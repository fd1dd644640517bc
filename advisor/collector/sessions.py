"""A session: the credentials of one account, its clients, and how they are used: counted, paced, within bounds."""

import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import boto3

from advisor.collector.credentials import CONFIG, THREADS
from advisor.collector.meter import Meter, asked_by
from advisor.collector.pace import Pace
from advisor.collector.whole import read_points_quickly, refuse_half_answers
from advisor.fargate.rights import action_of

Reach = tuple[str, ...]
"""What a lasting error holds for: () the account, (region, service), or (region, service, action)."""


class AwsSession:
    """Credentials of one account. Clients are made once per service and region, and may be shared by threads.

    They refuse every call whose IAM action is not in `allowed`, whatever the credentials may do.
    """

    def __init__(
        self,
        *,
        account: str,
        cores: Mapping[bool, Any],
        allowed: Collection[str],
        meter: Meter | None = None,
        pace: Pace | None = None,
    ) -> None:
        self.account, self.meter = account, meter or Meter()
        self._cores, self._allowed, self._pace = cores, allowed, pace or Pace()
        self._clients: dict[tuple[str, str, bool], Any] = {}
        self._places: dict[str, threading.BoundedSemaphore] = {}
        self._given_up: dict[Reach, Exception] = {}
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"AwsSession(account={self.account!r})"

    @property
    def home(self) -> str:
        """The region of the credentials, for calls that are about no region."""
        return str(self._cores[False].get_config_variable("region"))

    @property
    def calls(self) -> Mapping[str, int]:
        """How often each action was sent, retries included: {"ecs:ListClusters": 1}."""
        found: dict[str, int] = {}
        for (account, _, action), count in self.meter.calls.items():
            if account == self.account:
                found[action] = found.get(action, 0) + count
        return found

    def client(self, service: str, region: str) -> Any:
        """The client of a service in a region."""
        return self._client(service, region, raw=False)

    def metrics_client(self, region: str) -> Any:
        """A CloudWatch client that leaves instants as epoch numbers: parsing them takes 88 % of the time."""
        return self._client("cloudwatch", region, raw=True)

    @contextmanager
    def turn(self, region: str, service: str, action: str, asked: Mapping[str, Any]) -> Iterator[None]:
        """Wait for a place and for room in AWS's buckets; raises the error that was found to be lasting."""
        for reach in ((), (region, service), (region, service, action)):
            if reach in self._given_up:
                raise self._given_up[reach]
        self._pace.wait(region, f"{service}:{action}", asked)
        with self._lock:
            place = self._places.setdefault(region, threading.BoundedSemaphore(THREADS))
        with place:
            yield

    def give_up(self, reach: Reach, error: Exception) -> None:
        """From now on, calls within `reach` fail at once with this error: trying them all again takes hours."""
        self._given_up[reach] = error

    def _client(self, service: str, region: str, *, raw: bool) -> Any:
        key = (service, region, raw)
        with self._lock:
            if key not in self._clients:
                made = boto3.Session(botocore_session=self._cores[raw])
                client = made.client(service, region_name=region, config=CONFIG)
                signed_as = client.meta.service_model.signing_name
                client.meta.events.register("before-parameter-build", self._check)
                client.meta.events.register("before-parse", read_points_quickly if raw else refuse_half_answers)
                client.meta.events.register("before-send", partial(self._count, signed_as, region))
                self._clients[key] = client
            return self._clients[key]

    def _check(self, params: Mapping[str, Any], model: Any, **_: Any) -> None:
        action = action_of(model.service_model.signing_name, model.name)
        if action not in self._allowed:
            raise RuntimeError(f"{action} is not in the table of calls (advisor/fargate/rights.py)")
        if action == "cloudwatch:GetMetricData":
            self.meter.spend(asked_by(params["MetricDataQueries"], page=2 if "NextToken" in params else 1))

    def _count(self, signed_as: str, region: str, event_name: str, **_: Any) -> None:
        if self.account:  # not known before the first call, which asks for it
            self.meter.sent(self.account, region, action_of(signed_as, event_name.rpartition(".")[2]))
