"""Thresholds compute, and do nothing else."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from provisioner.expressions import MAX_LENGTH, ExpressionError, parse

NUMBERS = st.floats(min_value=-1e6, max_value=1e6, allow_nan=False)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5.0),
        ("0.9 * timeout_ms", 27_000.0),
        ("min(60000, 0.1 * timeout_ms)", 3_000.0),
        ("max(1, 2, 3) - -1", 4.0),
        ("timeout_ms / (2 + 1)", 10_000.0),
    ],
)
def test_an_expression_has_the_value_that_arithmetic_gives_it(text: str, value: float) -> None:
    assert parse(text).value({"timeout_ms": 30_000}) == pytest.approx(value)


def test_an_expression_names_the_facts_that_it_needs() -> None:
    assert parse("min(a, 2) + b * 3").names == {"a", "b"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1 +",
        "True",
        "'text'",
        "None",
        "1j",
        "a.b",
        "a[0]",
        "2 ** 9",
        "1 // 2",
        "1 % 2",
        "not a",
        "+a",
        "a if b else 1",
        "lambda: 1",
        "open('x')",
        "min()",
        "min(1, key=a)",
        "min(*a)",
        "__import__('os')",
        "(a := 1)",
        "[1]",
        "1\x00",
    ],
)
def test_anything_but_arithmetic_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse(text)


def test_an_expression_may_be_as_long_as_the_limit_and_not_longer() -> None:
    longest = "1" + "+1" * ((MAX_LENGTH - 1) // 2)
    longest = longest.ljust(MAX_LENGTH)
    assert len(longest) == MAX_LENGTH
    assert parse(longest).value({}) > 0
    with pytest.raises(ExpressionError):
        parse(longest + " ")


@pytest.mark.parametrize("facts", [{}, {"a": None}, {"a": True}])
def test_a_fact_that_is_not_a_number_has_no_value(facts: dict[str, bool | None]) -> None:
    with pytest.raises(ExpressionError, match="a is not known as a number"):
        parse("2 * a").value(facts)


@pytest.mark.parametrize("text", ["1 / 0", "1e308 * 10", "1e308 * 10 - 1e308 * 10"])
def test_a_value_that_is_not_finite_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse(text).value({})


@given(st.text(max_size=MAX_LENGTH + 5))
def test_no_text_does_anything_but_give_an_expression_or_an_error(text: str) -> None:
    try:
        expression = parse(text)
    except ExpressionError:
        return
    facts = dict.fromkeys(expression.names, 1.0)
    try:
        assert math.isfinite(expression.value(facts))
    except ExpressionError:
        return


@given(NUMBERS, NUMBERS, st.sampled_from(["+", "-", "*"]))
def test_operators_mean_what_they_mean_in_python(left: float, right: float, operator: str) -> None:
    python = {"+": left + right, "-": left - right, "*": left * right}
    assert parse(f"a {operator} b").value({"a": left, "b": right}) == python[operator]
