"""The preview asks CloudWatch for what widgets show, and works out itself what only makes sense for one widget."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from watchpost_cli.preview.model import DEFAULT_RANGE, Line, shown_range
from watchpost_cli.preview.queries import MOST_POINTS, Asked, asked, lines

END = datetime(2026, 11, 21, 15, 0, tzinfo=UTC)


def _asked(*metrics: list[Any], number: int = 1, hours: int = 3, period: int = 60) -> Asked:
    properties = {"region": "eu-west-1", "period": period, "metrics": metrics}
    return asked(("d", 0), number, properties, END - timedelta(hours=hours), END)


def _line(label: str, *values: float, unit: str = "Count") -> Line:
    return Line(label, tuple((END + timedelta(minutes=n), value) for n, value in enumerate(values)), unit)


def test_a_metric_becomes_a_query_with_its_dimensions_and_statistic() -> None:
    (query,) = _asked(["AWS/Lambda", "Errors", "FunctionName", "a", {"stat": "Sum", "label": "errors"}]).queries
    assert query == {
        "Id": "w1_q0",
        "Label": "errors",
        "ReturnData": True,
        "MetricStat": {
            "Metric": {
                "Namespace": "AWS/Lambda",
                "MetricName": "Errors",
                "Dimensions": [{"Name": "FunctionName", "Value": "a"}],
            },
            "Period": 60,
            "Stat": "Sum",
        },
    }


def test_ids_of_two_widgets_never_meet_and_expressions_follow_them() -> None:
    metrics = (
        [{"expression": "100 * errors / invocations + SEARCH('errors', \"errors\")", "id": "rate"}],
        ["N", "Errors", {"stat": "Sum", "id": "errors", "visible": False}],
        ["N", "Invocations", {"stat": "Sum", "id": "invocations", "visible": False}],
    )
    first, second = (_asked(*metrics, number=number).queries for number in (1, 2))
    assert not {query["Id"] for query in first} & {query["Id"] for query in second}
    assert second[0]["Expression"] == "100 * w2_errors / w2_invocations + SEARCH('errors', \"errors\")"


@pytest.mark.parametrize(("hours", "period"), [(3, 60), (24, 480), (24 * 7, 3060)])
def test_a_long_time_is_read_with_a_longer_period(hours: int, period: int) -> None:
    assert _asked(["N", "M", {"stat": "Sum"}], hours=hours).period == period


@given(hours=st.integers(1, 24 * 90), period=st.sampled_from([60, 300, 3600, 86_400]))
def test_no_line_has_more_points_than_one_call_returns_for_500(hours: int, period: int) -> None:
    wanted = _asked(["N", "M", {"stat": "Sum"}], hours=hours, period=period)
    assert wanted.period % 60 == 0
    assert wanted.period >= period
    assert hours * 3600 / wanted.period <= MOST_POINTS
    assert MOST_POINTS * 500 <= 100_800  # datapoints of one call (CloudWatch API, GetMetricData)


def test_hidden_lines_are_asked_for_and_not_shown() -> None:
    wanted = _asked(["N", "A", {"stat": "Sum", "visible": False}], ["N", "B", {"stat": "Sum"}])
    answers = {"w1_q0": [_line("A", 1)], "w1_q1": [_line("B", 2)]}
    assert len(wanted.queries) == 2
    assert [line.label for line in lines(wanted, answers)] == ["B"]


def _hidden(*names: str) -> list[list[Any]]:
    return [["N", name, {"stat": "Sum", "id": name, "visible": False}] for name in names]


def test_the_sum_of_a_widgets_own_metrics_is_worked_out() -> None:
    wanted = _asked(
        [{"expression": 'SUM(METRICS("traffic"))', "id": "used", "label": "calls"}],
        *_hidden("traffic1", "traffic2", "error1"),
    )
    answers = {"w1_traffic1": [_line("", 1, 2)], "w1_traffic2": [_line("", 10)], "w1_error1": [_line("", 500, 500)]}
    (total,) = lines(wanted, answers)
    assert (total.label, total.unit, [value for _, value in total.points]) == ("calls", "Count", [11, 2])
    assert len(wanted.queries) == 3


def test_the_unit_of_a_sum_is_that_of_all_or_none() -> None:
    wanted = _asked([{"expression": "SUM(METRICS())", "id": "all"}], *_hidden("a", "b"))
    (total,) = lines(wanted, {"w1_a": [_line("", 1)], "w1_b": [_line("", 1, unit="Bytes")]})
    assert total.unit == ""


@pytest.mark.parametrize(
    ("measure", "expected"),
    [("MAX, DESC, 2", ["b", "c"]), ("MIN, ASC, 1", ["b"]), ("SUM, DESC, 1", ["c"]), ("AVG, DESC, 9", ["c", "b", "a"])],
)
def test_the_highest_of_a_widgets_own_metrics_are_worked_out(measure: str, expected: list[str]) -> None:
    wanted = _asked([{"expression": f"SORT(METRICS(), {measure})", "id": "highest"}], *_hidden("a", "b", "c", "empty"))
    answers = {"w1_a": [_line("a", 1, 1)], "w1_b": [_line("b", 9, 0)], "w1_c": [_line("c", 5, 5)], "w1_empty": []}
    assert [line.label for line in lines(wanted, answers)] == expected


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("-PT3H", timedelta(hours=3)),
        ("-P1D", timedelta(days=1)),
        ("-P1W", timedelta(weeks=1)),
        ("-P1DT2H30M", timedelta(days=1, hours=2, minutes=30)),
        ("-PT0H", DEFAULT_RANGE),
        ("2026-11-20T00:00:00Z", DEFAULT_RANGE),
        ("", DEFAULT_RANGE),
        (None, DEFAULT_RANGE),
    ],
)
def test_a_dashboard_says_how_much_time_it_shows(start: str | None, expected: timedelta) -> None:
    assert shown_range({"start": start}) == expected
