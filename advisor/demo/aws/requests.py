"""What a request says of itself: who signed it, and for REST services which operation with which parameters."""

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any
from urllib.parse import unquote

import botocore.session
from werkzeug.wrappers import Request

REST_SERVICES = ("account", "savingsplans", "scheduler")  # names in the credential scope, as botocore has them
_OBJECT = {"GET": "GetObject", "HEAD": "GetObject", "DELETE": "DeleteObject"}  # else PutObject, parts included
_BUCKET = {"GET": "ListBucket", "HEAD": "ListBucket", "DELETE": "DeleteBucket", "PUT": "CreateBucket"}


def scope_of(request: Request) -> list[str]:
    """Access key, date, region, service and the word aws4_request of a signature; empty where there is none."""
    scope = request.headers.get("Authorization", "").partition("Credential=")[2].split(",")[0].split("/")
    return scope if len(scope) == 5 else [""] * 5


def caller_of(access_key: str) -> tuple[str, str]:
    """The account of an access key, and the role that it stands for, or itself."""
    from moto.iam.models import get_account_id_from, iam_backends

    account = get_account_id_from(access_key)
    held = [
        backend.access_keys[access_key]
        for backend in iam_backends[account].values()
        if access_key in backend.access_keys
    ]
    return account, next((str(key.role_arn) for key in held if key.role_arn), access_key)


def rest_call(service: str, request: Request) -> tuple[str, dict[str, Any]] | None:
    """The operation and its parameters, by the service's botocore model; None where none fits."""
    for method, path, members, name in _routes(service):
        if request.method == method and (found := path.fullmatch(request.path)):
            return name, dict(_parameters(members, request, {k: unquote(v) for k, v in found.groupdict().items()}))
    return None


def object_call(request: Request) -> tuple[str, dict[str, Any]]:
    """An S3 request as the IAM action that it needs, with bucket and key."""
    bucket, _, key = request.path.lstrip("/").partition("/")
    if not key:
        return _BUCKET.get(request.method, "DeleteObject"), {"Bucket": bucket}  # POST ?delete takes many keys
    return _OBJECT.get(request.method, "PutObject"), {"Bucket": bucket, "Key": key}


@cache
def _routes(service: str) -> list[tuple[str, re.Pattern[str], dict[str, Any], str]]:
    model = botocore.session.Session().get_service_model(service)
    routes = []
    for name in model.operation_names:
        operation = model.operation_model(name)
        parts = re.split(r"\{(\w+)\+?\}", operation.http["requestUri"].partition("?")[0])
        path = "".join(f"(?P<{part}>[^/]+)" if i % 2 else re.escape(part) for i, part in enumerate(parts))
        members = operation.input_shape.members if operation.input_shape else {}
        routes.append((operation.http["method"], re.compile(path), members, name))
    return routes


def _parameters(members: dict[str, Any], request: Request, labels: dict[str, str]) -> Iterator[tuple[str, Any]]:
    body = json.loads(request.get_data() or b"{}")
    for name, shape in members.items():
        said = shape.serialization
        at, place = said.get("name", name), said.get("location")
        if place == "uri":
            yield name, labels[at]
        elif place == "querystring" and at in request.args:
            yield name, int(request.args[at]) if shape.type_name == "integer" else request.args[at]
        elif place is None and at in body:
            yield name, body[at]
