"""Metric math, the part that is simple: arithmetic, and the functions below.

Values are dense: one number per period of the window, NaN where there is no datapoint. What is not here
(SEARCH, SELECT, ANOMALY_DETECTION_BAND, IF ...) is refused with a ValidationError, never answered with nothing.
"""

import ast
import operator
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from advisor.demo.aws.wire import AwsError

Dense = NDArray[np.float64]
Value = Dense | float | list[Dense]
Look = Callable[[str], Dense]  # the series of an id

_ARITHMETIC: dict[type[ast.AST], Callable[[Value, Value], Value]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: np.true_divide,
    ast.Pow: operator.pow,
}
_REDUCE: dict[str, Callable[..., Any]] = {"SUM": np.nansum, "AVG": np.nanmean, "MIN": np.nanmin, "MAX": np.nanmax}
_EACH: dict[str, Callable[[Dense], Dense]] = {"ABS": np.abs, "CEIL": np.ceil, "FLOOR": np.floor}


def evaluate(expression: str, look: Look) -> Dense:
    """The series that an expression gives; `look` finds the series of an id and raises if there is none.

    >>> evaluate("SUM([m1, m1 * 2])", lambda name: np.array([1.0, 2.0]))
    array([3., 6.])
    """
    try:
        tree = ast.parse(expression.strip().replace("^", "**"), mode="eval")
    except (SyntaxError, ValueError, RecursionError):
        raise _refused(expression, "it is not well formed") from None
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)  # periods without any datapoint have no mean
        value = _Evaluator(expression, look).value(tree.body)
    if not isinstance(value, np.ndarray):
        raise _refused(expression, "the result is not a time series")
    return np.where(np.isfinite(value), value, np.nan)


class _Evaluator:
    def __init__(self, expression: str, look: Look) -> None:
        self.expression, self.look = expression, look

    def value(self, node: ast.expr) -> Value:
        match node:
            case ast.Constant(value=int() | float() as number):
                return np.float64(number)
            case ast.Name(id=name):
                return self.look(name)
            case ast.List(elts=items):
                return [self.series(item) for item in items]
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return np.negative(self.one(operand))
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
                return _ARITHMETIC[type(op)](self.one(left), self.one(right))
            case ast.Call(func=ast.Name(id=function), args=arguments, keywords=[]):
                return self.call(function, arguments)
        raise _refused(self.expression, "the local AWS has only simple metric math")

    def call(self, function: str, arguments: list[ast.expr]) -> Value:
        if function == "FILL" and len(arguments) == 2:
            return _fill(self.series(arguments[0]), self.number(arguments[1]))
        if function in _EACH and len(arguments) == 1:
            return _EACH[function](self.series(arguments[0]))
        if function in _REDUCE and len(arguments) == 1:
            return self.reduce(function, self.value(arguments[0]))
        raise _refused(self.expression, f"the local AWS has no {function} with {len(arguments)} arguments")

    def reduce(self, function: str, value: Value) -> Value:
        """Of several series: period by period; of one: a number."""
        if isinstance(value, list) and value:
            together = np.array(value)
            return np.where(np.isnan(together).all(axis=0), np.nan, _REDUCE[function](together, axis=0))
        if isinstance(value, np.ndarray):
            return float(_REDUCE[function](value)) if np.isfinite(value).any() else np.nan
        raise _refused(self.expression, f"{function} takes a series or a list of series")

    def one(self, node: ast.expr) -> Dense | float:
        value = self.value(node)
        if isinstance(value, list):
            raise _refused(self.expression, "arithmetic takes series and numbers, not lists")
        return value

    def series(self, node: ast.expr) -> Dense:
        value = self.value(node)
        if isinstance(value, np.ndarray):
            return value
        raise _refused(self.expression, "a time series is needed")

    def number(self, node: ast.expr) -> float:
        value = self.value(node)
        if isinstance(value, float):
            return value
        raise _refused(self.expression, "a number is needed")


def _fill(series: Dense, number: float) -> Dense:
    return np.where(np.isnan(series), number, series)


def _refused(expression: str, why: str) -> AwsError:
    return AwsError("ValidationError", f"Error in expression '{expression[:200]}': {why}.")
