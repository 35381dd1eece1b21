"""The metric math that the preview works out itself, as CloudWatch documents it, and nothing else of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from watchpost_cli.preview.arithmetic import LONGEST, UnknownMathError, Widget, is_here, worked_out
from watchpost_cli.preview.model import Line
from watchpost_cli.preview.queries import asked, lines

if TYPE_CHECKING:
    from watchpost_cli.preview.arithmetic import Series

START = datetime(2026, 11, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)


def _series(*values: float | None) -> Series:
    return {START + HOUR * n: value for n, value in enumerate(values) if value is not None}


def _widget(hours: int = 3, **metrics: Series) -> Widget:
    return Widget(START, START + HOUR * hours, 3600, metrics, {})


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("a", [1, 2, None]),
        ("a + b", [11, None, None]),  # both need a point
        ("SUM([a, b])", [11, 2, 30]),  # a missing point counts as nothing
        ("SUM(METRICS())", [11, 2, 30]),
        ('SUM(METRICS("b"))', [10, None, 30]),
        ('SUM(METRICS("none"))', [None, None, None]),
        ("2 * a - 1", [1, 3, None]),
        ("a / 4", [0.25, 0.5, None]),
        ("1 / a", [1, 0.5, None]),
        ("FILL(a, 0)", [1, 2, 0]),
        ("TIME_SERIES(7)", [7, 7, 7]),
        ("TIME_SERIES(AVG(a))", [1.5] * 3),
        ("TIME_SERIES(AVG(FILL(a, 0)))", [1] * 3),
        ("TIME_SERIES(SUM(a) + PERIOD(a))", [3603] * 3),
    ],
)
def test_functions_do_what_cloudwatch_documents(expression: str, expected: list[float | None]) -> None:
    widget = _widget(a=_series(1, 2), b=_series(10, None, 30))

    assert worked_out(expression, widget) == _series(*expected)


@pytest.mark.parametrize(
    "expression",
    [
        *("nobody", "1", "a +", "METRICS()", "SUM(a)", "AVG(b)", "a / 0", "TIME_SERIES(a)", "FILL(a, b)", "PERIOD(1)"),
        *("METRICS(1)", "SUM(a, a)", "[a] + [a]", "-a", "True", "a.b", "__import__('os')", "MAX(a)", "SUM([1])"),
        "1" + " + 1" * LONGEST,
    ],
)
def test_what_is_not_understood_is_refused(expression: str) -> None:
    with pytest.raises(UnknownMathError):
        worked_out(expression, _widget(a=_series(1), b={}))


@given(st.text(alphabet="ab10+-*/()[],. \"'SUMETRICVGFLPDO_\n\0", max_size=60))
def test_any_text_is_worked_out_or_refused(text: str) -> None:
    try:
        found = worked_out(text, _widget(a=_series(1, 2), b={}))
    except UnknownMathError:
        return
    assert isinstance(found, dict)


@pytest.mark.parametrize("extra", [0, 1])
def test_an_expression_may_be_as_long_as_cloudwatch_takes(extra: int) -> None:
    expression = "a" + " " * (LONGEST - 1 + extra)
    if extra:
        with pytest.raises(UnknownMathError):
            worked_out(expression, _widget(a=_series(1)))
    else:
        assert worked_out(expression, _widget(a=_series(1))) == _series(1)


@pytest.mark.parametrize(
    ("expression", "here"),
    [
        ('SUM(METRICS("p1_")) * 0.5', True),
        ("TIME_SERIES(AVG(a))", True),
        ("100 * errors / invocations", False),  # of one resource: CloudWatch can be asked
        ("SEARCH('METRICS(', 'Sum')", False),
        ("ANOMALY_DETECTION_BAND(METRICS(), 2)", False),
        ("METRICS(", False),
    ],
)
def test_only_what_is_about_all_metrics_of_a_widget_is_worked_out_here(expression: str, here: bool) -> None:
    assert is_here(expression) is here


def _lines(*metrics: list[Any], **points: list[float]) -> list[Line]:
    properties = {"region": "eu-west-1", "period": 3600, "metrics": metrics}
    wanted = asked(("d", 0), 1, properties, START, START + HOUR * 3)
    series = {f"w1_{name}": [Line(name, tuple(_series(*values).items()), "Count")] for name, values in points.items()}
    return list(lines(wanted, series))


def test_what_is_shown_may_be_made_of_what_is_hidden_and_comes_later() -> None:
    shown = [{"expression": "TIME_SERIES(SUM(usd1) + 1)", "id": "month", "label": "USD"}]
    hidden = [{"expression": 'SUM(METRICS("p1_")) * 2', "id": "usd1", "visible": False}]
    metric = ["N", "M", {"stat": "Sum", "id": "p1_1", "visible": False}]

    (line,) = _lines(shown, hidden, metric, p1_1=[1, 2])

    assert (line.label, [value for _, value in line.points], line.unit) == ("USD", [7, 7, 7], "")


def test_an_expression_that_cannot_be_worked_out_has_no_line_and_the_others_have_theirs() -> None:
    broken = [{"expression": "TIME_SERIES(AVG(nobody))", "id": "x"}]
    metric = ["N", "M", {"stat": "Sum", "id": "a"}]

    assert [line.label for line in _lines(broken, metric, a=[1])] == ["a"]
