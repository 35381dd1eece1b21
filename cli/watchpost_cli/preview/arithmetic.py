"""The metric math that our dashboards have over all metrics of a widget, worked out here.

CloudWatch cannot be asked: in a call that many widgets share, METRICS() would be the metrics of all of them.
"""

from __future__ import annotations

import ast
import operator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Series = dict[datetime, float]
Value = float | Series | list[Series]

LONGEST = 2048  # characters (CloudWatch API, MetricDataQuery)
_HERE = ("METRICS(", "TIME_SERIES(")
_OPERATORS: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


class UnknownMathError(ValueError):
    """An expression with something that is not worked out here."""


@dataclass(frozen=True, slots=True)
class Widget:
    """What expressions are about. metrics, values: by id, the metrics' series and what was worked out before."""

    start: datetime
    end: datetime
    period: int  # seconds
    metrics: Mapping[str, Series]
    values: Mapping[str, Value]

    def times(self) -> list[datetime]:
        """The beginnings of the periods between start and end."""
        first = int(self.start.timestamp()) // self.period * self.period
        return [datetime.fromtimestamp(at, UTC) for at in range(first, int(self.end.timestamp()), self.period)]


def is_here(expression: str) -> bool:
    """Whether an expression is one of those that are worked out here; the others are CloudWatch's."""
    if not any(word in expression for word in _HERE):
        return False
    try:
        tree = _parsed(expression)
    except UnknownMathError:
        return False
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return all(isinstance(call, ast.Name) and call.id in {"METRICS", *_FUNCTIONS} for call in calls)


def worked_out(expression: str, widget: Widget) -> Series:
    """The series that an expression is. Raises UnknownMathError for what is not known here, or is no series."""
    value = _value(_parsed(expression), widget)
    if not isinstance(value, dict):
        raise UnknownMathError("an expression shows a series")
    return value


def _parsed(expression: str) -> ast.expr:
    if len(expression) > LONGEST:
        raise UnknownMathError(f"more than {LONGEST} characters")
    try:
        # Of metric math, what is understood here is written as in Python; it is read as a tree and never run.
        return ast.parse(expression, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise UnknownMathError(f"it cannot be read: {error}") from error


def _value(node: ast.expr, widget: Widget) -> Value:
    match node:
        case ast.Constant(value=float() | int() as number) if not isinstance(number, bool):
            return float(number)
        case ast.Name(id=name):
            return _named(name, widget)
        case ast.List(elts=items):
            return [_series(_value(item, widget)) for item in items]
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _applied(_OPERATORS[type(op)], _value(left, widget), _value(right, widget))
        case ast.Call(func=ast.Name(id="METRICS"), args=arguments):
            return _metrics(arguments, widget)
        case ast.Call(func=ast.Name(id=function), args=arguments) if function in _FUNCTIONS:
            return _FUNCTIONS[function]([_value(one, widget) for one in arguments], widget)
    raise UnknownMathError(f"not known here: {ast.unparse(node):.100}")


def _named(name: str, widget: Widget) -> Value:
    if name in widget.values:
        return widget.values[name]
    if name in widget.metrics:
        return widget.metrics[name]
    raise UnknownMathError(f"no line has the id {name:.100}")


def _metrics(arguments: Sequence[ast.expr], widget: Widget) -> list[Series]:
    """All metrics, or those with a text in their ids."""
    match arguments:
        case []:
            part = ""
        case [ast.Constant(value=str() as part)]:
            pass
        case _:
            raise UnknownMathError("METRICS takes one text or nothing")
    return [series for name, series in widget.metrics.items() if part in name]


def _series(value: Value) -> Series:
    if not isinstance(value, dict):
        raise UnknownMathError("a series is needed")
    return value


def _applied(operation: Callable[[float, float], float], left: Value, right: Value) -> Value:
    """Between two series, where both have a point; between a series and a number, at each point."""
    try:
        match left, right:
            case float(), float():
                return operation(left, right)
            case dict(), float():
                return {time: operation(value, right) for time, value in left.items()}
            case float(), dict():
                return {time: operation(left, value) for time, value in right.items()}
            case dict(), dict():
                return {time: operation(value, right[time]) for time, value in left.items() if time in right}
    except (ZeroDivisionError, OverflowError) as error:
        raise UnknownMathError(str(error)) from error
    raise UnknownMathError("an operator takes numbers and series")


def _sum(arguments: Sequence[Value], _: Widget) -> Value:
    """Of several series at each point that one of them has; of one series all of it."""
    match arguments:
        case [list() as several]:
            total: Series = {}
            for series in several:
                for time, value in series.items():
                    total[time] = total.get(time, 0.0) + value
            return total
        case [dict() as series]:
            return float(sum(series.values()))
    raise UnknownMathError("SUM takes one series or a list of them")


def _avg(arguments: Sequence[Value], _: Widget) -> Value:
    match arguments:
        case [dict() as series] if series:
            return sum(series.values()) / len(series)
    raise UnknownMathError("AVG takes one series that has a point")


def _fill(arguments: Sequence[Value], widget: Widget) -> Value:
    match arguments:
        case [dict() as series, float() as number]:
            return {**dict.fromkeys(widget.times(), number), **series}
    raise UnknownMathError("FILL takes a series and a number")


def _period(arguments: Sequence[Value], widget: Widget) -> Value:
    match arguments:
        case [dict()]:
            return float(widget.period)
    raise UnknownMathError("PERIOD takes a series")


def _time_series(arguments: Sequence[Value], widget: Widget) -> Value:
    match arguments:
        case [float() as number]:
            return dict.fromkeys(widget.times(), number)
    raise UnknownMathError("TIME_SERIES takes a number")


_FUNCTIONS: Mapping[str, Callable[[Sequence[Value], Widget], Value]] = {
    "SUM": _sum,
    "AVG": _avg,
    "FILL": _fill,
    "PERIOD": _period,
    "TIME_SERIES": _time_series,
}
