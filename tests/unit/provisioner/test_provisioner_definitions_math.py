"""Metric math of definitions, evaluated: what rings on one side of the threshold and does not on the other."""

from __future__ import annotations

import ast
import importlib.resources
import operator
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from provisioner import loader

from tests.unit.provisioner.reference import rings

KINDS = {kind.kind: kind for kind in loader.load(importlib.resources.files("dashboards") / "services")}
MATH = {
    (kind.kind, alarm.id): alarm
    for kind in KINDS.values()
    for alarm in kind.alarms
    if any(metric.expression for metric in alarm.metrics)
}
OPERATORS: dict[type[ast.AST], Any] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.GtE: operator.ge,
    ast.Gt: operator.gt,
    ast.LtE: operator.le,
    ast.Lt: operator.lt,
    ast.Eq: operator.eq,
}


def _value(node: ast.expr, data: dict[str, float | None]) -> float | None:
    """One datapoint of an expression; None where there is none, as CloudWatch has it for missing metrics."""
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name):
            return data[name]
        case ast.BinOp(left=left, op=op, right=right) | ast.Compare(left=left, ops=[op], comparators=[right]):
            first, second = _value(left, data), _value(right, data)
            return None if first is None or second is None else float(OPERATORS[type(op)](first, second))
        case ast.BoolOp(op=ast.And(), values=parts):
            answers = [_value(part, data) for part in parts]
            return None if None in answers else float(all(answers))
        case ast.Call(func=ast.Name(id="IF"), args=[condition, yes, no]):
            decided = _value(condition, data)
            return None if decided is None else _value(yes if decided else no, data)
        case ast.Call(func=ast.Name(id="SUM"), args=[ast.List(elts=elements)]):
            values = [value for value in (_value(element, data) for element in elements) if value is not None]
            return sum(values) if values else None
    raise AssertionError(f"the test does not know {ast.dump(node)}")


def _rings(kind: str, alarm_id: str, **data: float | None) -> bool:
    """Whether a datapoint of an alarm is breaching. Nothing for a metric is no data."""
    alarm = MATH[(kind, alarm_id)]
    assert alarm.threshold
    values = {metric.id: data.pop(metric.id, None) for metric in alarm.metrics if metric.name}
    assert not data, "metrics that the alarm does not have"
    [returned] = [metric for metric in alarm.metrics if metric.returned]
    # CloudWatch writes AND where Python writes and.
    value = _value(ast.parse(returned.expression.replace(" AND ", " and "), mode="eval").body, values)
    assert alarm.treat_missing_data == "notBreaching"
    return value is not None and rings(alarm, value, alarm.threshold.value({}))


def test_every_expression_of_the_definitions_is_among_these() -> None:
    known = {("lambda", "error-rate"), ("alb", "error-rate"), ("dynamodb", "system-errors")}
    assert set(MATH) == known | {("watchpost", "nothing-delivered")}


@pytest.mark.parametrize(
    ("received", "filtered", "delivered", "duplicate", "rings_"),
    [
        (1, 0, 0, 0, True),
        (1, 0, 1, 0, False),
        (1, 0, 0, 1, False),
        (5, 5, 0, 0, False),
        (6, 5, 0, 0, True),
        (0, 0, 0, 0, False),
        (None, None, None, None, False),
    ],
)
def test_nothing_is_delivered_only_where_something_should_be(
    received: float | None, filtered: float | None, delivered: float | None, duplicate: float | None, *, rings_: bool
) -> None:
    """Lines that are left out on purpose or were delivered before are none that fail; no line at all is no failure."""
    counts = {"received": received, "filtered": filtered, "delivered": delivered, "duplicate": duplicate}
    assert _rings("watchpost", "nothing-delivered", **counts) is rings_


@pytest.mark.parametrize(("kind", "total"), [("lambda", "invocations"), ("alb", "requests")])
@pytest.mark.parametrize(
    ("errors", "requests", "ringing"),
    [
        (5, 100, False),
        (6, 100, True),
        (1, 1, False),  # a rate of 100 %, and nothing to wake anybody for
        (9, 9, False),
        (10, 10, True),
        (1, 10, True),
        (0, 1000, False),
        (None, 1000, False),  # a load balancer reports no errors where there are none
        (None, None, False),
    ],
)
def test_an_error_rate_rings_above_five_percent_of_ten_requests_or_more(
    kind: str, total: str, errors: float | None, requests: float | None, ringing: bool
) -> None:
    assert _rings(kind, "error-rate", **{"errors": errors, total: requests}) is ringing


@given(errors=st.integers(0, 200), requests=st.integers(0, 1000))
def test_an_error_rate_is_what_arithmetic_says(errors: int, requests: int) -> None:
    expected = requests >= 10 and errors * 100 > requests * 5
    assert _rings("lambda", "error-rate", errors=errors, invocations=requests) is expected


OPERATIONS = [metric.id for metric in MATH[("dynamodb", "system-errors")].metrics if metric.name]


@pytest.mark.parametrize("failing", OPERATIONS)
def test_one_error_of_any_operation_is_a_system_error(failing: str) -> None:
    """The others report nothing at that time."""
    assert _rings("dynamodb", "system-errors", **{failing: 1})
    assert not _rings("dynamodb", "system-errors", **{failing: 0})


def test_no_operation_without_errors_is_a_system_error() -> None:
    assert not _rings("dynamodb", "system-errors")


def test_each_operation_is_in_the_sum_once() -> None:
    [returned] = [metric for metric in MATH[("dynamodb", "system-errors")].metrics if metric.returned]
    assert re.findall(r"[a-z_]+", returned.expression) == OPERATIONS
    operations = [dict(metric.dimensions)["Operation"] for metric in MATH[("dynamodb", "system-errors")].metrics[:-1]]
    assert [re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower() for name in operations] == OPERATIONS
