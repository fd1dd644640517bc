"""How answers are parsed: not by halves, and points quickly.

Answers that were cut short: botocore takes half a JSON answer for an empty one, and does not ask again.

It tells urllib3 not to hold answers against their Content-Length, and its JSON parser makes `{}` of what is no JSON
(botocore 1.44: `httpsession.send`, `BaseJSONParser._parse_body_as_json`). So half a list of services would be none.
"""

import json
from typing import Any

_CODE = "RequestTimeout"  # botocore tries again on this code, in every retry mode
_SAID = "the answer was cut short"
_JSON = f'{{"__type": "{_CODE}", "message": "{_SAID}"}}'.encode()
_XML = f"<ErrorResponse><Error><Code>{_CODE}</Code><Message>{_SAID}</Message></Error></ErrorResponse>".encode()


def refuse_half_answers(response_dict: dict[str, Any], operation_model: Any, **_: Any) -> None:
    """Make a passing error of an answer that is shorter than it says; a handler of botocore's `before-parse`."""
    said, body = response_dict["headers"].get("Content-Length"), response_dict.get("body")
    if isinstance(body, bytes) and said is not None and len(body) < int(said):
        is_json = "json" in operation_model.service_model.resolved_protocol
        response_dict |= {"status_code": 503, "body": _JSON if is_json else _XML}


def read_points_quickly(
    response_dict: dict[str, Any], operation_model: Any, customized_response_dict: dict[str, Any], **_: Any
) -> None:
    """As `refuse_half_answers`, and take points as JSON says them: botocore would walk them number by number."""
    refuse_half_answers(response_dict, operation_model)
    is_points = operation_model.name == "GetMetricData" and operation_model.service_model.resolved_protocol == "json"
    if is_points and response_dict["status_code"] == 200:
        customized_response_dict |= json.loads(response_dict["body"])
        response_dict["body"] = b"{}"
