"""Answers of the local AWS, checked against botocore's service models."""

from functools import cache
from typing import Any

import botocore.session
from botocore.validate import ParamValidator


@cache
def _model(service: str) -> Any:
    return botocore.session.get_session().get_service_model(service)


def shape_problems(service: str, action: str, answer: dict[str, Any]) -> str:
    """What botocore's model finds wrong in an answer: unknown members, missing ones, wrong types; "" if nothing."""
    shape = _model(service).operation_model(action).output_shape
    if shape is None:
        return "" if not answer else f"{action} has no output, yet answered {sorted(answer)}"
    return str(ParamValidator().validate(answer, shape).generate_report())


def assert_shape(service: str, action: str, answer: dict[str, Any]) -> None:
    problems = shape_problems(service, action, answer)
    assert not problems, f"{service} {action}: {problems}"
