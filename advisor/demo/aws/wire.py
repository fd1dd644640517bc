"""The layer's wiring: which correction answers a call, how a call reaches moto, and the HTTP server.

A correction is a function `(aws, call) -> dict` under `@answers(service, action)`. It takes the parsed
request and returns the response as the botocore service model describes it (datetimes and NumPy arrays allowed),
or raises `AwsError`. It may ask moto with `aws.moto(call)` and mend the answer. Its own state is in `aws.state(...)`.
"""

import gzip
import importlib
import io
import json
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.test import Client
from werkzeug.wrappers import Request, Response

from advisor.demo.aws.requests import REST_SERVICES, caller_of, object_call, rest_call, scope_of

ACCOUNT = "123456789012"  # the account of credentials that assumed no role, as moto has it
NOT_IN_MOTO = ("pricing", "savingsplans")
CORRECTIONS = ("cloudwatch", "ecs", "scaling", "pricing", "savings_plans")  # modules of this package, imported on start

# service name in the credential scope -> (our name, X-Amz-Target prefix, content type)
JSON_SERVICES = {
    "monitoring": ("cloudwatch", "GraniteServiceVersion20100801", "application/x-amz-json-1.0"),
    "ecs": ("ecs", "AmazonEC2ContainerServiceV20141113", "application/x-amz-json-1.1"),
    "application-autoscaling": (
        "application-autoscaling",
        "AnyScaleFrontendService",
        "application/x-amz-json-1.1",
    ),
    "pricing": ("pricing", "AWSPriceListService", "application/x-amz-json-1.1"),
    "events": ("events", "AWSEvents", "application/x-amz-json-1.1"),
}
_XML_ERRORS = {
    "ec2": "<Response><Errors><Error>{}</Error></Errors><RequestID>local</RequestID></Response>",
    "s3": "<Error>{}</Error>",
    **dict.fromkeys(
        ("elasticloadbalancing", "iam", "sns", "sts"),
        "<ErrorResponse><Error>{}</Error><RequestId>local</RequestId></ErrorResponse>",
    ),
}
_BY_NAME = {name: (scope, target, kind) for scope, (name, target, kind) in JSON_SERVICES.items()}


class AwsError(Exception):
    """An error in AWS's shape: code, message, HTTP status."""

    def __init__(self, code: str, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request: service and action as botocore names them, who asks, where, with which parameters.

    `identity` is the access key, or the role that was assumed; empty within the process. `agent` is the User-Agent.
    """

    service: str
    action: str
    account: str
    region: str
    params: dict[str, Any] = field(default_factory=dict)
    identity: str = ""
    agent: str = ""


Answer = Callable[["LocalAws", Call], dict[str, Any]]
ANSWERS: dict[tuple[str, str], Answer] = {}


def answers(service: str, action: str) -> Callable[[Answer], Answer]:
    """Register a correction for one action."""

    def register(answer: Answer) -> Answer:
        ANSWERS[service, action] = answer
        return answer

    return register


class LocalAws:
    """The local AWS of this process; moto's state is the process's, so there is one at a time.

    `clock` gives the present, for tests. `before` are hooks that see each call first and may raise `AwsError`:
    throttling, denials and other faults are put in there. They see the calls that only moto answers too (STS,
    Elastic Load Balancing ...), with the service as it is in the credential scope.
    """

    def __init__(self, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        from moto.core.base_backend import BackendDict  # noqa: F401  (moto must load before its server)
        from moto.server import DomainDispatcherApplication, create_backend_app

        for module in CORRECTIONS:
            importlib.import_module(f"advisor.demo.aws.{module}")
        self.clock = clock
        self.before: list[Callable[[Call], None]] = []
        self.lock = threading.RLock()
        self._states: dict[tuple[str, str, str], dict[str, Any]] = {}
        self._moto = Client(DomainDispatcherApplication(create_backend_app), Response)
        self._moto.post("/moto-api/reset")

    def state(self, service: str, account: str, region: str) -> dict[str, Any]:
        """What the corrections of a service remember in an account and region; a mutable dictionary."""
        return self._states.setdefault((service, account, region), {})

    def call(self, service: str, action: str, /, *, account: str, region: str, **params: Any) -> dict[str, Any]:
        """Ask in process what a client would ask over HTTP; datetimes in the answer are epoch seconds."""
        asked = Call(service=service, action=action, account=account, region=region, params=params)
        return dict(json.loads(_dumps(self.answer(asked))))

    def answer(self, call: Call) -> dict[str, Any]:
        """The answer to one call: a correction's, or moto's."""
        for hook in self.before:
            hook(call)
        correction = ANSWERS.get((call.service, call.action))
        with self.lock:
            return correction(self, call) if correction else self.moto(call)

    def moto(self, call: Call, **changed: Any) -> dict[str, Any]:
        """What moto itself answers to this call, with some parameters changed; raises its error as `AwsError`."""
        if call.service in NOT_IN_MOTO:
            raise _not_here(call)
        asked = replace(call, params={**call.params, **changed})
        scope, target, kind = _BY_NAME[call.service]
        credential = f"AKIALOCAL/20260101/{call.region}/{scope}/aws4_request"
        headers = {
            "X-Amz-Target": f"{target}.{call.action}",
            "Authorization": f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0",
            "X-Moto-Account-Id": call.account,
            "Content-Type": kind,
        }
        try:
            reply = self._moto.post("/", data=_dumps(asked.params), headers=headers)
        except NotImplementedError:
            raise _not_here(call) from None
        except Exception as error:
            raise AwsError("InternalFailure", f"moto: {type(error).__name__}: {error}", status=500) from error
        if reply.status_code == 200:
            return dict(json.loads(reply.get_data() or b"{}"))
        raise _moto_error(call, reply)

    def wsgi(self, environ: dict[str, Any], start_response: Any) -> Any:
        """The WSGI application: corrected calls are answered here, everything else goes to moto untouched."""
        request = Request(environ)
        try:
            reply = self._reply(request)
        except AwsError as error:
            reply = _error_reply(request, error)
        except NotImplementedError as error:  # no HTTP 500, which clients would try again in vain
            reply = _error_reply(request, AwsError("UnknownOperationException", f"The local AWS: {error}"))
        except Exception as error:  # a broken correction must be heard
            reply = _error_reply(request, AwsError("InternalFailure", f"{type(error).__name__}: {error}", status=500))
        reply.headers.setdefault("x-amzn-RequestId", str(uuid.uuid4()))
        return reply(environ, start_response)

    def _reply(self, request: Request) -> Response:
        call = _parse(request)
        if call and (call.service in _BY_NAME or (call.service, call.action) in ANSWERS):
            kind = _BY_NAME[call.service][2] if call.service in _BY_NAME else "application/json"
            return Response(_dumps(self.answer(call)), status=200, content_type=kind)
        for hook in self.before if call else ():
            hook(cast(Call, call))
        request.environ["wsgi.input"] = io.BytesIO(request.get_data())  # `_parse` has read it
        with self.lock:
            return Response.from_app(self._moto.application, request.environ, buffered=True)


@contextmanager
def serve(aws: LocalAws, *, port: int = 0) -> Iterator[str]:
    """Serve on loopback for the length of the block; yields the endpoint URL."""
    server = make_server("127.0.0.1", port, aws.wsgi, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:
        """Requests are not news."""


def _parse(request: Request) -> Call | None:
    """The call in a signed request; None if it is none, or of a service that is not known here."""
    access_key, _, region, service, _ = scope_of(request)
    asked = _asked(request, service) if service else None
    if asked is None:
        return None
    account, identity = caller_of(access_key)
    return Call(
        service=JSON_SERVICES[service][0] if service in JSON_SERVICES else service,
        action=asked[0],
        account=account,
        region=region,
        params=asked[1],
        identity=identity,
        agent=request.headers.get("User-Agent", ""),
    )


def _asked(request: Request, service: str) -> tuple[str, dict[str, Any]] | None:
    """The operation and its parameters, by the protocol: JSON, query, REST."""
    target, body = request.headers.get("X-Amz-Target"), request.get_data()
    if target:
        packed = request.headers.get("Content-Encoding") == "gzip"
        return target.rpartition(".")[2], _json_object(gzip.decompress(body) if packed else body)
    if request.mimetype == "application/x-www-form-urlencoded":
        params = dict(parse_qsl(body.decode()))
        return params.get("Action", ""), params
    if service == "s3":
        return object_call(request)
    return rest_call(service, request) if service in REST_SERVICES else None


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        return dict(json.loads(body or b"{}"))
    except (ValueError, TypeError):
        raise AwsError("SerializationException", "The request is not a JSON object.") from None


def _error_reply(request: Request, error: AwsError) -> Response:
    """An error on the wire: JSON or the service's XML.

    CloudWatch once spoke query and repeats that code in a header (`awsQueryCompatible` in B44:cloudwatch).
    """
    fault = "Sender" if error.status < 500 else "Receiver"
    said = f"<Type>{fault}</Type><Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message>"
    if body := _XML_ERRORS.get(scope_of(request)[3]):
        return Response(body.format(said), status=error.status, content_type="text/xml")
    text = _dumps({"__type": error.code, "message": error.message})
    reply = Response(text, status=error.status, content_type="application/x-amz-json-1.1")
    if request.headers.get("x-amzn-query-mode") == "true":
        reply.headers["x-amzn-query-error"] = f"{error.code};{fault}"
    return reply


def _moto_error(call: Call, reply: Any) -> AwsError:
    try:
        said: Mapping[str, str] = json.loads(reply.get_data())
    except ValueError:
        return _not_here(call)
    code = said.get("__type", "InternalFailure").rpartition("#")[2]
    return AwsError(code, said.get("message") or said.get("Message") or "", status=reply.status_code)


def _dumps(value: object) -> bytes:
    return json.dumps(value, default=_plain).encode()


def _not_here(call: Call) -> AwsError:
    return AwsError("UnknownOperationException", f"The local AWS does not have {call.service} {call.action}.")


def _plain(value: object) -> object:
    """An instant as seconds since 1970, a NumPy array as a list."""
    if isinstance(value, datetime):
        return value.timestamp()
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"not JSON: {type(value).__name__}")
