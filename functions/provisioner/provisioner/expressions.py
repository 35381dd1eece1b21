"""Thresholds as small expressions over a resource's live configuration, such as `0.9 * timeout_ms`.

Numbers, names of facts, + - * /, and min(...) and max(...): nothing else, so a definition can compute but not act.
"""

from __future__ import annotations

import ast
import math
import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MAX_LENGTH = 200  # characters; keeps what is parsed shallow

_OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_FUNCTIONS: dict[str, Callable[[list[float]], float]] = {"min": min, "max": max}
FUNCTIONS = tuple(sorted(_FUNCTIONS))

Fact = float | bool | str | None  # what is known about a resource; only numbers can be reckoned with


class ExpressionError(ValueError):
    """An expression is not allowed, or has no finite value for a resource."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression; `names` are the facts that it needs."""

    text: str
    names: frozenset[str]

    def value(self, facts: Mapping[str, Fact]) -> float:
        """The value for a resource's facts.

        Raises ExpressionError when a fact is not a number or the value is not finite.
        """
        try:
            value = _evaluate(ast.parse(self.text, mode="eval").body, facts)
        except ZeroDivisionError:
            raise ExpressionError(f"{self.text} divides by zero") from None
        if not math.isfinite(value):
            raise ExpressionError(f"{self.text} has no finite value")
        return value


def parse(text: str) -> Expression:
    """Check an expression.

    Raises ExpressionError with what is not allowed in it.
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"longer than {MAX_LENGTH} characters")
    try:
        tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ExpressionError("not an arithmetic expression") from None
    names: set[str] = set()
    _check(tree, names)
    return Expression(text, frozenset(names))


def _check(node: ast.expr, names: set[str]) -> None:
    match node:
        case ast.Constant(value=bool() | complex() | str() | bytes() | None):
            raise ExpressionError(f"{ast.unparse(node)} is not a number")
        case ast.Constant(value=int() | float()):
            return
        case ast.Name(id=name):
            names.add(name)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            _check(operand, names)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            _check(left, names)
            _check(right, names)
        case ast.Call(func=ast.Name(id=function), args=[_, *_], keywords=[]) if function in _FUNCTIONS:
            for argument in node.args:
                _check(argument, names)
        case _:
            raise ExpressionError(f"{type(node).__name__} is not allowed, only numbers, facts, + - * / and min, max")


def _evaluate(node: ast.expr, facts: Mapping[str, Fact]) -> float:
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name):
            fact = facts.get(name)
            if fact is None or isinstance(fact, bool | str):
                raise ExpressionError(f"{name} is not known as a number")
            return float(fact)
        case ast.UnaryOp(operand=operand):
            return -_evaluate(operand, facts)
        case ast.BinOp(left=left, op=op, right=right):
            return _OPERATORS[type(op)](_evaluate(left, facts), _evaluate(right, facts))
        case ast.Call(func=ast.Name(id=function), args=arguments):
            return _FUNCTIONS[function]([_evaluate(argument, facts) for argument in arguments])
        case _:
            raise ExpressionError(f"{type(node).__name__} is not allowed")
