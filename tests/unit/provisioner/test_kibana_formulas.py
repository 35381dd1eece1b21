"""Formulas are read as Lens reads them, and stored with their parts."""

from __future__ import annotations

import operator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from provisioner.kibana import formulas
from provisioner.kibana.formulas import Call, FormulaError

OPERATIONS = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
}


def calculated(tree: Any, values: dict[str, float]) -> float:
    """What a stored tree means, as Kibana calculates it."""
    if isinstance(tree, str):
        return values[tree]
    if not isinstance(tree, dict):
        return float(tree)
    left, right = (calculated(one, values) for one in tree["args"])
    return float(OPERATIONS[tree["name"]](left, right))


def _math(text: str) -> tuple[Any, dict[Call, str]]:
    parsed = formulas.parse(text)
    ids = {call: f"X{number}" for number, call in enumerate(parsed.calls)}
    return parsed.math(ids), ids


def test_a_division_is_stored_as_exports_have_it() -> None:
    text = "max(a.b)/max(c)"
    tree, ids = _math(text)
    assert ids == {Call("max", "a.b", ""): "X0", Call("max", "c", ""): "X1"}
    assert tree == {
        "type": "function",
        "name": "divide",
        "args": ["X0", "X1"],
        "location": {"min": 0, "max": len(text)},
        "text": text,
    }


def test_a_function_that_is_there_twice_is_one_column() -> None:
    assert formulas.parse("sum(a) / (sum(a) + count())").calls == (Call("sum", "a", ""), Call("count", "", ""))


def test_conditions_are_those_in_quotes() -> None:
    parsed = formulas.parse("count(kql='log.level: \"error\"') / sum(a, kql='b: 1')")
    assert parsed.calls == (Call("count", "", 'log.level: "error"'), Call("sum", "a", "b: 1"))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("count()", 2.0),
        ("count() + 3 * 4", 14.0),
        ("(count() + 3) * 4", 20.0),
        ("12 / count() / 3", 2.0),
        ("12 - count() - 3", 7.0),
        ("12 - (count() - 3)", 13.0),
        ("count() * 0.5", 1.0),
    ],
)
def test_operators_bind_as_in_arithmetic(text: str, value: float) -> None:
    tree, _ = _math(text)
    assert calculated(tree, {"X0": 2.0}) == value


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "1",
            "1 + 2",
            "count(",
            "count)",
            "count() count()",
            "count() +",
            "+ count()",
            "(count()",
            "sum()",
            "sum",
        ),
        *("count(a)", "sum('a')", "median(a)", "sum(a, b)", "sum(a, kql=b)", "sum(a kql='b')", "count(kql='a)"),
        *("count() # 2", "count() ** 2", "-count()", "count(kql='a') = 2"),
    ],
)
def test_what_is_no_formula_is_refused(text: str) -> None:
    with pytest.raises(FormulaError):
        formulas.parse(text)


def test_a_formula_has_at_most_so_many_characters_and_parentheses() -> None:
    longest = "count()" + " " * (formulas.LONGEST - len("count()"))
    assert formulas.parse(longest).calls
    with pytest.raises(FormulaError):
        formulas.parse(longest + " ")

    assert formulas.parse("(" * 20 + "count()" + ")" * 20).calls
    with pytest.raises(FormulaError):
        formulas.parse("(" * 21 + "count()" + ")" * 21)


_values = st.integers(1, 99).map(str) | st.sampled_from(["count()", "sum(a)", "max(b.c)"])
_formulas = st.recursive(
    _values,
    lambda inner: st.builds(lambda a, sign, b: f"({a} {sign} {b})", inner, st.sampled_from("+-*"), inner),
    max_leaves=8,
)


@given(_formulas)
def test_any_formula_means_what_python_says(text: str) -> None:
    text = f"count() + {text}"
    tree, ids = _math(text)
    values = {identifier: float(number + 2) for number, identifier in enumerate(ids.values())}
    python = text
    for call, identifier in ids.items():
        written = "count()" if call.function == "count" else f"{call.function}({call.field})"
        python = python.replace(written, repr(values[identifier]))
    assert calculated(tree, values) == pytest.approx(eval(python))  # noqa: S307  # numbers, signs and parentheses


@given(st.text(alphabet="abc().,+-*/ '=0123456789kql", max_size=30))
def test_any_text_is_a_formula_or_refused(text: str) -> None:
    try:
        parsed = formulas.parse(text)
    except FormulaError:
        return
    assert parsed.calls
